"""Three tiers from a policy that reads as a sentence: send it, show it, leave it to a person."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from models.prediction import ABSTAIN, AUTO, SUGGEST, Candidate, Decision, PredictionSet

Floats = npt.NDArray[np.floating[Any]]

_TARGET = re.compile(r"maximum coverage @ precision >= (0\.\d+|1\.0)")
_FLOOR = re.compile(r"confidence >= (0\.\d+|0)")
_COVERAGE = re.compile(r"smallest set @ coverage >= (0\.\d*[1-9]\d*)")

MIN_SUPPORT = 30
"""Rows above a threshold that a class needs before the threshold is its own."""

LEAST_AUTO = 0.5
"""No answer that is likelier wrong than right is sent by itself, however well the others of its class do."""

LOW_MARGIN = 0.10
"""Winner and runner-up closer than this in probability: a doubt."""


class NotAPolicy(ValueError):
    """A policy sentence that cannot be read."""

    def __init__(self, sentence: str, example: str) -> None:
        self.sentence, self.example = sentence, example
        super().__init__(f"{sentence!r} is not a policy; write it like {example!r}")


@dataclass(frozen=True, slots=True)
class Precision:
    """The auto tier: "maximum coverage @ precision >= 0.95"."""

    sentence: str

    def __post_init__(self) -> None:
        """Read the sentence at once, not when a fitted model first needs it. Raises NotAPolicy."""
        _ = self.at_least

    @property
    def at_least(self) -> float:
        """The precision to reach."""
        if not (found := _TARGET.fullmatch(self.sentence)):
            raise NotAPolicy(self.sentence, "maximum coverage @ precision >= 0.95")
        return float(found[1])


@dataclass(frozen=True, slots=True)
class Floor:
    """The suggest tier: "confidence >= 0.20"; below it the answer is left to a person."""

    sentence: str

    def __post_init__(self) -> None:
        """Read the sentence at once, not when a first answer needs it. Raises NotAPolicy."""
        _ = self.at_least

    @property
    def at_least(self) -> float:
        """The confidence to reach."""
        if not (found := _FLOOR.fullmatch(self.sentence)):
            raise NotAPolicy(self.sentence, "confidence >= 0.20")
        return float(found[1])


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the set of an answer is to keep: "smallest set @ coverage >= 0.95"."""

    sentence: str

    def __post_init__(self) -> None:
        """Read the sentence at once, not when a fitted model first needs it. Raises NotAPolicy."""
        _ = self.at_least

    @property
    def at_least(self) -> float:
        """The share of the sets that are to have the right class in them."""
        if not (found := _COVERAGE.fullmatch(self.sentence)):
            raise NotAPolicy(self.sentence, "smallest set @ coverage >= 0.95")
        return float(found[1])


@dataclass(frozen=True)
class Sets:
    """Sets of classes that hold the right one often enough: all with at least a probability, and the best in any case.

    That the probability is the same for all answers gives the sets that are smallest on average (Sadinle, Lei and
    Wasserman, "Least ambiguous set-valued classifiers with bounded error levels", JASA 2019). least: that probability.
    """

    coverage: Coverage
    least: float

    def of(self, best: str, others: Sequence[Candidate], passing: Callable[[], int]) -> PredictionSet:
        """The set of an answer: its class, the next ones, and, asked only where they all pass, how many classes do."""
        least = self.least
        codes: tuple[str, ...] = (best,)
        for code, _, confidence in others:
            if confidence < least:
                break
            codes += (code,)
        else:
            return PredictionSet(self._share, codes, max(0, passing() - len(codes)) if others else 0)
        if len(codes) > 1:
            return PredictionSet(self._share, codes, 0)
        # most answers are sure, and share the sets of one class
        return self._kept.get(best) or self._kept.setdefault(best, PredictionSet(self._share, codes, 0))

    @cached_property
    def _kept(self) -> dict[str, PredictionSet]:
        return {}

    @cached_property
    def _share(self) -> float:
        return self.coverage.at_least

    def to_manifest(self) -> dict[str, Any]:
        """As JSON."""
        return {"coverage": self.coverage.sentence, "least": self.least}

    @classmethod
    def from_manifest(cls, written: Mapping[str, Any] | None) -> Self | None:
        """Back from JSON; none where there were none."""
        return None if written is None else cls(Coverage(written["coverage"]), float(written["least"]))


def coverage_at(precision: float, confidence: Floats, correct: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """The largest share of rows, most confident first, that is right at least `precision` of the time.

    Returns that coverage and the confidence that its last row has; (0, inf) where no share reaches it.
    """
    if not len(confidence):
        return 0.0, np.inf
    order = np.argsort(-confidence, kind="stable")
    sorted_confidence = confidence[order]
    reached = np.cumsum(correct[order]) / np.arange(1, len(order) + 1)
    # rows of equal confidence are all above a threshold or none of them is
    last_of_ties = np.append(sorted_confidence[1:] != sorted_confidence[:-1], True)
    good = np.flatnonzero((reached >= precision) & last_of_ties)
    if not len(good):
        return 0.0, np.inf
    return float((good[-1] + 1) / len(order)), float(sorted_confidence[good[-1]])


@dataclass(frozen=True)
class Policy:
    """What a head may do by itself: thresholds found on out-of-fold rows, stored with the model.

    auto, suggest: the sentences. thresholds: the least confidence for `auto` per class; infinity for a class that
    cannot reach the target (it is suggest-only). own: the classes whose threshold is their own; the others share one.
    sets: what puts a class into the set of an answer; None where that was not asked for, or cannot be told.
    """

    auto: Precision
    suggest: Floor
    thresholds: tuple[float, ...]
    own: tuple[int, ...]
    sets: Sets | None = None

    def decide(self, code: int, confidence: float) -> Decision:
        """The tier of an answer: class number and calibrated probability."""
        if confidence >= self.thresholds[code]:
            return AUTO
        return SUGGEST if confidence >= self._floor else ABSTAIN

    @cached_property
    def _floor(self) -> float:
        return self.suggest.at_least

    def suggest_only(self) -> tuple[int, ...]:
        """The classes that never reach the target."""
        return tuple(i for i, threshold in enumerate(self.thresholds) if threshold == np.inf)

    def to_manifest(self, classes: Sequence[str]) -> dict[str, Any]:
        """As JSON, with the classes' labels."""
        return {
            "auto": self.auto.sentence,
            "suggest": self.suggest.sentence,
            "thresholds": {
                label: None if threshold == np.inf else threshold
                for label, threshold in zip(classes, self.thresholds, strict=True)
            },
            "own": [classes[i] for i in self.own],
            "suggest_only": [classes[i] for i in self.suggest_only()],
            "sets": None if self.sets is None else self.sets.to_manifest(),
        }

    @classmethod
    def from_manifest(cls, written: Mapping[str, Any], classes: Sequence[str]) -> Self:
        """Back from JSON; a bundle from before there were sets has none."""
        thresholds = written["thresholds"]
        return cls(
            Precision(written["auto"]),
            Floor(written["suggest"]),
            tuple(np.inf if thresholds[label] is None else float(thresholds[label]) for label in classes),
            tuple(classes.index(label) for label in written["own"]),
            Sets.from_manifest(written.get("sets")),
        )


def choose_policy(
    auto: Precision, suggest: Floor, probabilities: Floats, codes: npt.NDArray[np.int32], n_classes: int
) -> Policy:
    """Find the thresholds on out-of-fold probabilities [n, n_classes] and true classes [n].

    A class has its own threshold where at least MIN_SUPPORT rows stand above it; the classes with fewer predicted rows
    share the threshold that all of them reach together. A class with MIN_SUPPORT predicted rows that reaches the target
    at no threshold is suggest-only. No threshold is below LEAST_AUTO.
    """
    chosen = probabilities.argmax(axis=1)
    confidence = probabilities[np.arange(len(codes)), chosen]
    correct = chosen == codes
    likely = confidence >= LEAST_AUTO
    thresholds = np.full(n_classes, np.inf)
    own, thin = [], []
    for code in range(n_classes):
        mine = chosen == code
        if mine.sum() < MIN_SUPPORT:
            thin.append(code)
            continue
        mine &= likely
        coverage, threshold = coverage_at(auto.at_least, confidence[mine], correct[mine])
        if coverage * mine.sum() >= MIN_SUPPORT:
            thresholds[code] = threshold
            own.append(code)
    shared = np.isin(chosen, thin) & likely
    coverage, threshold = coverage_at(auto.at_least, confidence[shared], correct[shared])
    if coverage * shared.sum() >= MIN_SUPPORT:
        thresholds[thin] = threshold
    return Policy(auto, suggest, tuple(float(t) for t in thresholds), tuple(own))


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """One row of the sweep: what share is answered at a threshold, and how much of it is right."""

    threshold: float
    coverage: float
    precision: float
    rows: int


def sweep(confidence: Floats, correct: npt.NDArray[np.bool_], thresholds: Sequence[float]) -> tuple[SweepPoint, ...]:
    """Coverage and precision at each threshold; precision is 1 where nothing is answered."""
    points = []
    for threshold in thresholds:
        above = confidence >= threshold
        rows = int(above.sum())
        points.append(
            SweepPoint(float(threshold), rows / max(1, len(above)), float(correct[above].mean()) if rows else 1.0, rows)
        )
    return tuple(points)
