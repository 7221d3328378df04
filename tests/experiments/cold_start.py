"""A bureau without labels: what the first reviews bring, in the queue's order and at random; only shares are printed.

Run with `python -m tests.experiments.cold_start ../shared/data/haikou12345.csv.gz`. The last fifth of the rows by date is the
test. Of the earlier ones some get their true office, as a reviewer would give it, and a model learns from those alone:
the first 250 at random, because nothing can be ranked yet; the others by their worth to the model so far
(`auditing.cases.worth`, as the console orders its queue), or at random.
"""

from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from auditing.cases.worth import USUAL, Look, uncertainty, value
from features.normalise import Normaliser
from features.segment import Lexicon
from training.fitting.fit import Fit, fit
from training.gate.examine import Examined, examine
from training.measuring.evaluate import lessons_of, read_background, read_documents, scored
from training.recipe import Recipe
from training.tables.columns import Role
from training.tables.dataset import LabelledComplaints, read_labelled

BUDGETS = (250, 500, 1_000, 2_000, 5_000)
SEEDS = (0, 1)

Rows = npt.NDArray[np.int64]


class ColdStart:
    """The rows of a hotline, of which a model may learn those that were reviewed."""

    def __init__(self, data: LabelledComplaints) -> None:
        self.data, self.labels = data, data.labels("office")
        self.recipe, self.lexicon = Recipe(folds=3), Lexicon.load()
        self.examined: Examined = examine(data, self.recipe, Normaliser().text_of)
        self.documents = read_documents(data)
        self.background = read_background()
        usable = np.flatnonzero((self.examined.groups >= 0) & (self.labels != ""))
        by_time = usable[np.argsort(data.received[usable], kind="stable")]
        self.pool, self.test = by_time[: len(by_time) * 4 // 5], by_time[len(by_time) * 4 // 5 :]

    def learnt(self, rows: Rows) -> Fit:
        """The model of the rows that were reviewed."""
        rows = np.sort(rows)
        lessons = lessons_of(self.data, self.examined, rows, self.recipe, {})
        groups = self.examined.groups[rows]
        return fit(self.documents[rows], lessons, groups, self.background, self.lexicon, self.recipe, lambda *_: None)

    def right(self, fitted: Fit) -> float:
        """The share of the test rows whose first suggestion is right."""
        best, _ = self._answers(fitted, self.test)
        return float((best == self.labels[self.test]).mean())

    def queued(self, fitted: Fit, reviewed: Rows, many: int) -> Rows:
        """The rows of the pool that are worth most, one of those alike at a time."""
        waiting = np.setdiff1d(self.pool, reviewed)
        _, leading = self._answers(fitted, waiting)
        groups = self.examined.groups
        known = set(groups[reviewed].tolist())
        alike = dict(zip(*(part.tolist() for part in np.unique(groups[waiting], return_counts=True)), strict=True))
        worth = [
            value(Look(1 - first, uncertainty(first, second), alike[group], group in known, sampled=False), USUAL).total
            for (first, second), group in zip(leading.tolist(), groups[waiting].tolist(), strict=True)
        ]
        order = np.argsort(-np.array(worth), kind="stable")
        _, first = np.unique(groups[waiting][order], return_index=True)
        return waiting[order[np.sort(first)[:many]]]

    def _answers(self, fitted: Fit, rows: Rows) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.float32]]:
        (head,) = fitted.model.heads
        probabilities = np.concatenate([part.probabilities for _, part in scored(fitted.model, self.documents[rows])])
        return np.array(head.classes, object)[probabilities.argmax(axis=1)], -np.sort(-probabilities, axis=1)[:, :2]


def curve(start: ColdStart, seed: int, *, by_worth: bool) -> Sequence[float]:
    """The share right at each of BUDGETS."""
    shuffled = np.random.default_rng(seed).permutation(start.pool)
    reviewed, shares, fitted = shuffled[:0], [], None
    for budget in BUDGETS:
        more = budget - len(reviewed)
        chosen = (
            start.queued(fitted, reviewed, more)
            if by_worth and fitted
            else shuffled[~np.isin(shuffled, reviewed)][:more]
        )
        reviewed = np.concatenate([reviewed, chosen])
        fitted = start.learnt(reviewed)
        shares.append(start.right(fitted))
    return shares


@click.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
def main(path: Path) -> None:
    """Print both curves, means over the seeds."""
    start = ColdStart(read_labelled([path], {Role.OFFICE: "office_group", Role.DOMAIN: ""}))
    most = np.unique(start.labels[start.test].astype(str), return_counts=True)[1].max() / len(start.test)
    click.echo(f"{len(start.pool)} rows to review, {len(start.test)} later ones to judge by")
    click.echo(f"labels 0: always the most frequent office {most:.3f}")
    random, queue = (np.mean([curve(start, seed, by_worth=way) for seed in SEEDS], axis=0) for way in (False, True))
    for budget, by_chance, by_queue in zip(BUDGETS, random, queue, strict=True):
        click.echo(f"labels {budget}: at random {by_chance:.3f}, in the queue's order {by_queue:.3f}")
    click.echo(f"labels {len(start.pool)}: all {start.right(start.learnt(start.pool)):.3f}")


if __name__ == "__main__":
    main()
