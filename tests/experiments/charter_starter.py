"""What the demo charter adds on the starter set: offices by cross-validation, an author's complaints in one part.

python -m tests.experiments.charter_starter

Each part is asked by a model of the others, with the trust that was learnt on their out-of-fold probabilities, and with
the shipped trust, as a model has it that was trained without a charter.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from features.normalise import Normaliser
from features.segment import Lexicon
from models.charter.articles import Charter
from models.charter.demo import demo_charter
from models.charter.resolution import Resolver
from models.charter.route import CharterVersion
from models.charter.trust import SHIPPED, Match
from models.taxonomy import names_of
from tests.benchmarks.data import ROOT
from tests.experiments.charter_combination import alone, figures
from training.bootstrap import Answers, PairedBootstrap
from training.dataset import LabelledComplaints, read_labelled
from training.evaluate import lessons_of, read_background, read_documents, scored
from training.fit import Fit, fit
from training.gate import Examined, examine
from training.recipe import Recipe
from training.split import folds
from training.spool import Documents
from training.starter import starter_files
from training.trust import Lessons, learn_trust, lessons, pooled_probabilities, trust_in

_Rows = npt.NDArray[np.int64]
WAYS = ("model", "charter", "shipped trust", "learnt trust")


@click.command()
@click.option("--folds", "n_folds", default=5, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), default=ROOT / "var" / "charter-starter.json")
def main(n_folds: int, output: Path) -> None:
    """Run the experiment; figures go to a file and to the terminal."""
    text = json.dumps(run(starter_files(), demo_charter(), n_folds), ensure_ascii=False, indent=1)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text + "\n", encoding="utf-8")
    click.echo(text)


def run(files: Sequence[Path], charter: Charter, n_folds: int) -> dict[str, Any]:
    """The figures of each way, and what learnt trust gains."""
    recipe, normalise = Recipe(group_by="batch"), Normaliser()
    data = read_labelled(files)
    examined = examine(data, recipe, normalise.text_of)
    documents = read_documents(data)
    office = data.labels("office").astype(str)
    rows = np.flatnonzero((examined.groups >= 0) & (office != "") & (data.labels("domain") != ""))
    asked: list[tuple[Lessons, Mapping[str, Sequence[float]], _Rows]] = []
    for number, (learnt, held) in enumerate(folds(office[rows], examined.groups[rows], n_folds, recipe.seed), 1):
        click.echo(f"[{datetime.now(UTC):%H:%M:%S}] part {number}/{n_folds} …", err=True)
        asked.append(_asked(data, examined, documents, charter, rows[learnt], rows[held], recipe))
    truth = np.concatenate([part.truth for part, *_ in asked])
    said = {way: np.concatenate([pooled_probabilities(part, ways[way]) for part, ways, _ in asked]) for way in WAYS}
    groups = examined.groups[np.concatenate([held for *_, held in asked])]
    best = {way: probabilities.argmax(axis=1).astype(str) for way, probabilities in said.items()}
    gain = {
        way: PairedBootstrap(Answers("office", truth.astype(str), best["model"], best[way], groups)).accuracy()
        for way in WAYS[1:]
    }
    return {
        "rows": len(truth),
        "trust": _named(learn_trust([part for part, *_ in asked])),
        "ways": {way: figures(probabilities, truth) for way, probabilities in said.items()},
        "less_model": {way: {"change": d.change, "low": d.low, "high": d.high} for way, d in gain.items()},
    }


def _asked(
    data: LabelledComplaints,
    examined: Examined,
    documents: Documents,
    charter: Charter,
    learnt: _Rows,
    held: _Rows,
    recipe: Recipe,
) -> tuple[Lessons, Mapping[str, Sequence[float]], _Rows]:
    """What is told of the rows held out, and the weights of each way."""
    names = {target: names_of(target, np.unique(data.labels(target)).tolist()) for target in data.targets}
    taught = lessons_of(data, examined, learnt, recipe, names)
    fitted: Fit = fit(
        documents[learnt], taught, examined.groups[learnt], read_background(), Lexicon.load(), recipe, lambda *_: None
    )
    on = datetime.now(UTC).date()
    trust = trust_in(charter, fitted, data, learnt, on)
    assert trust is not None
    resolver = Resolver(charter, CharterVersion(charter.name, ""))
    probabilities = np.concatenate([scores.probabilities for _, scores in scored(fitted.model, documents[held])])
    heads = fitted.model.heads
    domains = next(head.classes for head in heads if head.target == "domain")
    likely = probabilities[:, : len(domains)].argmax(axis=1).tolist()
    readings = [
        resolver.read(data.complaint(row), domains[best]) for row, best in zip(held.tolist(), likely, strict=True)
    ]
    told = lessons(
        resolver.roster(on, heads),
        probabilities,
        [(sighting, given) for sighting, given, _ in readings],
        data.labels("office")[held].tolist(),
    )
    weights = {
        "model": alone(Match.MODEL),
        "charter": alone(Match.DUTY),
        "shipped trust": SHIPPED,
        "learnt trust": trust.weights,
    }
    return told, weights, held


def _named(weights: Sequence[float]) -> dict[str, float]:
    return {match.name.lower(): round(weight, 3) for match, weight in zip(Match, weights, strict=True)}


if __name__ == "__main__":
    main()
