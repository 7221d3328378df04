"""Which kind of prediction set is smallest where all keep their coverage; only shares are printed.

python -m tests.experiments.prediction_sets --data taidi2020c.csv.gz --column domain=l1
python -m tests.experiments.prediction_sets --data haikou12345.csv.gz --column office=office_group --column domain= --by-time

Each part of the rows is asked of a model of the others, whose out-of-fold probabilities the sets are made from: LAC (one
bound on a class's probability), APS (classes are added until the probabilities add up to enough) and RAPS (the same with
a price on size), all of them MAPIE's and without its random last class: the same complaint has to have the same set.
The best class is in every set, as in the product.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import numpy.typing as npt
from mapie.classification import SplitConformalClassifier
from mapie.conformity_scores import APSConformityScore, LACConformityScore, RAPSConformityScore

from features.normalise import Normaliser
from features.segment import Lexicon
from training.fitting.fit import fit
from training.fitting.sets import Given
from training.gate.examine import examine
from training.gate.split import folds
from training.measuring.evaluate import lessons_of, read_background, read_documents, scored
from training.measuring.intervals import accuracy_interval
from training.recipe import Recipe
from training.tables.columns import parse_mapping
from training.tables.dataset import LabelledComplaints, read_labelled

SCORES = {"lac": LACConformityScore, "aps": APSConformityScore, "raps": RAPSConformityScore}
WAYS = (("lac", {}), ("aps", {}), ("aps", {"include_last_label": False}), ("raps", {}))

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating]


class Asked(NamedTuple):
    """A part of the rows: probabilities of the learnt ones, out of fold, and of the asked ones; codes, -1 for unknown."""

    learnt: Floats
    learnt_codes: Indices
    asked: Floats
    codes: Indices
    groups: Indices


def parts(data: LabelledComplaints, recipe: Recipe, n_folds: int, *, by_time: bool) -> Iterator[Asked]:
    """Fit and ask for each part; by_time: one part, that which a training run holds out."""
    examined = examine(data, recipe, Normaliser().text_of)
    documents, background, lexicon = read_documents(data), read_background(), Lexicon.load()
    (target,) = data.targets
    labels = data.labels(target)
    rows = np.flatnonzero((examined.texts != "") & (labels != ""))
    pairs = [
        (rows[train], rows[test]) for train, test in folds(labels[rows], examined.groups[rows], n_folds, recipe.seed)
    ]
    if by_time:
        held_out = examined.split.test
        pairs = [(examined.split.train, held_out[labels[held_out] != ""])]
    for learnt, asked in pairs:
        lessons = lessons_of(data, examined, learnt, recipe, {})
        groups = examined.groups[learnt]
        fitted = fit(documents[learnt], lessons, groups, background, lexicon, recipe, lambda *_: None)
        (own,) = fitted.out_of_fold
        said = np.concatenate([scores.probabilities for _, scores in scored(fitted.model, documents[asked])])
        numbers = {label: code for code, label in enumerate(own.lesson.classes)}
        codes = np.array([numbers.get(label, -1) for label in labels[asked]], np.int64)
        yield Asked(own.probabilities, own.lesson.codes, said, codes, examined.groups[asked])


def sets(asked: Asked, way: str, settings: Mapping[str, bool], coverage: float) -> npt.NDArray[np.bool_]:
    """Which classes are in the set of each asked row [n, n_classes]."""
    learnt, said = (
        probabilities / probabilities.sum(axis=1, keepdims=True)
        for probabilities in (asked.learnt.astype(np.float64), asked.asked.astype(np.float64))
    )
    conformal = SplitConformalClassifier(Given(learnt.shape[1]), coverage, SCORES[way](), random_state=0)
    with warnings.catch_warnings():
        # of classes without a row among the learnt ones
        warnings.simplefilter("ignore", UserWarning)
        # RAPS sets rows of each class aside, and of a single one it cannot
        enough = np.bincount(asked.learnt_codes)[asked.learnt_codes] > (way == "raps")
        conformal.conformalize(learnt[enough], asked.learnt_codes[enough])
    found = conformal.predict_set(said, conformity_score_params=dict(settings) or None)[1][:, :, 0]
    found[np.arange(len(said)), said.argmax(axis=1)] = True
    return found


def figures(found: npt.NDArray[np.bool_], asked: Asked) -> list[npt.NDArray[np.generic]]:
    """Of each asked row: whether the right class is in its set, the set's size, and how sure the best class is."""
    known = asked.codes >= 0
    covered = np.zeros(len(known), bool)
    covered[known] = found[np.flatnonzero(known), asked.codes[known]]
    return [covered, found.sum(axis=1), asked.asked.max(axis=1)]


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--column", "columns", multiple=True, metavar="ROLE=NAME")
@click.option("--folds", "n_folds", default=5, show_default=True)
@click.option("--by-time", is_flag=True, help="ask the last fifth of the days as well")
@click.option("--coverage", "coverages", default=(0.9, 0.95), multiple=True, show_default=True)
def main(data: Path, columns: Sequence[str], n_folds: int, by_time: bool, coverages: Sequence[float]) -> None:  # noqa: FBT001
    """Print, for each kind of set, coverage with its interval, and sizes."""
    rows = read_labelled([data], parse_mapping(columns))
    for way, later in (("cross-validated", False), ("by time", True))[: 1 + by_time]:
        tell(way, list(parts(rows, Recipe(), n_folds, by_time=later)), coverages)


def tell(title: str, asked: Sequence[Asked], coverages: Sequence[float]) -> None:
    """Print the figures of all parts together."""
    groups = np.concatenate([each.groups for each in asked])
    click.echo(f"{title}, {len(groups)} rows")
    for coverage in coverages:
        for way, settings in WAYS:
            name = way if not settings else f"{way}, without the last"
            told = [figures(sets(each, way, settings, coverage), each) for each in asked]
            covered, sizes, sure = (np.concatenate(column) for column in zip(*told, strict=True))
            low, high = accuracy_interval(covered, groups)
            unsure = sure < np.median(sure)
            click.echo(
                f"  {coverage}  {name:24} coverage {covered.mean():.4f} [{low:.4f}, {high:.4f}]  size mean {sizes.mean():.2f} "
                f"median {np.median(sizes):.0f}  of one {np.mean(sizes == 1):.3f}  over four {np.mean(sizes > 4):.3f}  "
                f"largest {sizes.max()}  coverage of the less sure half {covered[unsure].mean():.4f}"
            )


if __name__ == "__main__":
    main()
