"""What each way of writing badly costs, in points of accuracy on rows that were not learnt from: only shares are printed.

Run with `python -m tests.experiments.robustness [../shared/data]`: the starter set by author, and the two files of real complaints
with every fifth group of near-duplicates held out, where the folder has them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from features.complaint import Complaint
from features.normalise import Normaliser
from features.segment import Lexicon
from models.prediction import ModelVersion, Target
from models.triage import TriageModel, out_of_scope
from tests.experiments.slips import SLIPS, Slip
from training.fitting.fit import fit
from training.gate.examine import examine
from training.gate.split import folds
from training.measuring.evaluate import lessons_of, read_background, read_documents
from training.recipe import Recipe
from training.tables.columns import Role
from training.tables.dataset import LabelledComplaints, read_labelled
from training.written.starter import starter_files

Part = tuple[TriageModel, LabelledComplaints, npt.NDArray[np.int64]]
"""A model and the rows of the data that it has not seen."""

REAL = (("taidi2020c.csv.gz", {}), ("haikou12345.csv.gz", {Role.OFFICE: "office_group", Role.DOMAIN: ""}))
TURNS = 3


def starter_by_author(lexicon: Lexicon) -> list[Part]:
    """Three models of the starter set, each with the authors that it has not seen."""
    files = starter_files()
    data = read_labelled(files)
    author = np.repeat(np.arange(len(files)), [len(read_labelled([file])) for file in files])
    return list(_parts(data, [author % TURNS == turn for turn in range(TURNS)], lexicon))


def real(path: Path, columns: dict[Role, str], lexicon: Lexicon) -> list[Part]:
    """One model of four fifths of the file."""
    data, recipe = read_labelled([path], columns), Recipe()
    examined = examine(data, recipe, Normaliser().text_of)
    (target,) = data.targets
    _, test = folds(data.labels(target), np.maximum(examined.groups, 0), 5, recipe.seed)[0]
    return list(_parts(data, [np.isin(np.arange(len(data)), test)], lexicon))


def _parts(data: LabelledComplaints, unseen: Sequence[npt.NDArray[np.bool_]], lexicon: Lexicon) -> Iterator[Part]:
    recipe, documents, background = Recipe(), read_documents(data), read_background()
    examined = examine(data, recipe, Normaliser().text_of)
    for held in unseen:
        rows = np.flatnonzero(~held & (examined.groups >= 0))
        lessons = lessons_of(data, examined, rows, recipe, {})
        fitted = fit(documents[rows], lessons, examined.groups[rows], background, lexicon, recipe, lambda *_: None)
        yield TriageModel(fitted.model, ModelVersion("complaint-triage", "1"), {}), data, np.flatnonzero(held)


def written(complaint: Complaint, slip: Slip) -> Complaint:
    """The complaint with text and title as the slip has them."""
    title = complaint.title and slip(complaint.title, "")
    return replace(complaint, text=slip(complaint.text, complaint.title), title=title)


def right(parts: Sequence[Part], slip: Slip | None = None) -> tuple[dict[Target, float], float]:
    """Share of rows whose most probable class is the label, per head, and share that is turned away as no complaint."""
    correct: dict[Target, list[npt.NDArray[np.bool_]]] = {}
    outside: list[bool] = []
    for model, data, rows in parts:
        complaints = [data.complaint(int(row)) for row in rows]
        scores = model.score_many(written(each, slip) if slip else each for each in complaints)
        outside += [
            bool(out_of_scope(model.scope, facts, margin))
            for facts, margin in zip(scores.facts.tolist(), scores.scope.tolist(), strict=True)
        ]
        for number, head in enumerate(model.heads):
            labels = data.labels(head.target)[rows]
            best = np.array(head.classes, object)[scores.leading[:, number, 0]]
            correct.setdefault(head.target, []).append((best == labels)[labels != ""])
    return {target: float(np.concatenate(each).mean()) for target, each in correct.items()}, float(np.mean(outside))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("../shared/data"))
def main(folder: Path) -> None:
    """Print a table: of each slip the points lost, and the share turned away."""
    lexicon = Lexicon.load()
    sets = [("starter, by author", starter_by_author(lexicon))]
    sets += [
        (name.split(".")[0], real(folder / name, columns, lexicon))
        for name, columns in REAL
        if (folder / name).exists()
    ]
    for name, parts in sets:
        clean, outside = right(parts)
        heads = ", ".join(f"{target} {share:.3f}" for target, share in clean.items())
        click.echo(f"{name}: {sum(len(rows) for *_, rows in parts)} rows, {heads}, turned away {outside:.3f}")
        for kind, (slip, most) in SLIPS.items():
            copied, gone = right(parts, slip)
            lost = {target: 100 * (clean[target] - copied[target]) for target in clean}
            over = "  MORE than" if max(lost.values()) > most else "  at most"
            said = ", ".join(f"{target} {points:+.1f}" for target, points in lost.items())
            click.echo(f"  {kind:<28} {said:<30} {over} {most:g}; turned away {gone:.3f}")


if __name__ == "__main__":
    main()
