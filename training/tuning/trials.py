"""One recipe tried in the folds of the training rows, and two recipes held against each other on the same rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.prediction import Target
from training.measuring.figures import Outcome
from training.measuring.intervals import weighted_macro_f1
from training.recipe import Recipe

RESAMPLES = 400

_Floats = npt.NDArray[np.float64]
_Outcomes = Mapping[Target, Outcome]


class TrialState(StrEnum):
    """How a trial ended."""

    COMPLETE = "complete"
    PRUNED = "pruned"
    STOPPED = "stopped"


@dataclass(frozen=True, eq=False)
class Trial:
    """A recipe and what came of it in `folds` folds, all rows asked about together; seconds: by the clock."""

    number: int
    recipe: Recipe
    outcomes: _Outcomes
    folds: int
    state: TrialState
    seconds: float

    @property
    def score(self) -> float:
        """What recipes are chosen by, see `score`; NaN where no fold was finished."""
        return score(self.outcomes)

    def figures(self) -> dict[str, float]:
        """Score, and accuracy, macro-F1, top-3 and ECE of each head, as `<head>/<figure>`."""
        found = {"score": self.score}
        for target, said in self.outcomes.items():
            headline = said.headline()
            found |= {f"{target}/{name}": headline[name] for name in ("accuracy", "macro_f1", "top3", "ece")}
        return found


class Advantage(NamedTuple):
    """What one recipe's score is ahead of another's on the same rows, and the standard error of that."""

    ahead: float
    error: float


def score(outcomes: _Outcomes) -> float:
    """The mean over heads of the mean of accuracy and macro-F1: frequent classes must not pay for rare ones, nor rare for frequent."""
    figures = [said.headline() for said in outcomes.values()]
    return float(np.mean([(each["accuracy"] + each["macro_f1"]) / 2 for each in figures])) if figures else float("nan")


def advantage(one: _Outcomes, other: _Outcomes, *, resamples: int = RESAMPLES, seed: int = 0) -> Advantage:
    """Compare two recipes' outcomes of the same rows, which have groups.

    The standard error is that of the paired bootstrap (see `training.measuring.bootstrap`): whole groups are drawn, the same for
    all heads.
    """
    heads = [_Head.of(one[target], other[target]) for target in one]
    groups = np.unique(np.concatenate([head.groups for head in heads]))
    places = [np.searchsorted(groups, head.groups) for head in heads]
    draw = np.random.default_rng(seed)
    even = np.full(len(groups), 1 / len(groups))
    changes = [
        np.mean([head.ahead(weights[place]) for head, place in zip(heads, places, strict=True)])
        for weights in (draw.multinomial(len(groups), even).astype(float) for _ in range(resamples))
    ]
    return Advantage(score(one) - score(other), float(np.std(changes)))


class _Head(NamedTuple):
    """Codes of what was right and of what both recipes said [n]."""

    truth: npt.NDArray[np.int64]
    said: Sequence[npt.NDArray[np.int64]]
    groups: npt.NDArray[np.int64]
    classes: int

    @classmethod
    def of(cls, one: Outcome, other: Outcome) -> "_Head":
        parts = [one.truth, one.answer, other.answer]
        labels, codes = np.unique(np.concatenate(parts), return_inverse=True)
        truth, *said = np.split(codes, len(parts))
        groups = np.arange(len(truth)) if one.groups is None else one.groups
        return cls(truth, said, groups, len(labels))

    def ahead(self, weights: _Floats) -> float:
        """The first's score less the second's; weights: how often each row counts [n]."""
        first, second = (self._score(said, weights) for said in self.said)
        return first - second

    def _score(self, said: npt.NDArray[np.int64], weights: _Floats) -> float:
        if not weights.any():
            return 0.0
        accuracy = float(weights[said == self.truth].sum() / weights.sum())
        return (accuracy + weighted_macro_f1(self.truth, said, weights, self.classes)) / 2
