"""The figures of a head: what it got right, how sure it was, and what can be left to it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import precision_recall_fscore_support

from models.calibration import expected_calibration_error
from models.decision import Sets, SweepPoint, coverage_at, sweep

SWEEP_STEPS = 51
THICK = 10
"""Rows from which a class's F1 is a figure and not an accident."""

TOP = 3


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class: precision, recall and F1 (0 to 1), and its rows."""

    label: str
    precision: float
    recall: float
    f1: float
    rows: int


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a head said of labelled rows.

    truth, answer: labels [n]; confidence: of the answer [n]; top: the three best labels [n, 3], "" where there are
    fewer; target: the precision that coverage is stated at; groups: of near-duplicates [n], None where each row is alone.
    set_sizes: classes in the set of each answer, 0 where it has none [n]; in_set: whether the right one is [n]; None where
    there are no sets at all.
    """

    truth: npt.NDArray[np.str_]
    answer: npt.NDArray[np.str_]
    confidence: npt.NDArray[np.float64]
    top: npt.NDArray[np.str_]
    target: float
    groups: npt.NDArray[np.int64] | None = None
    set_sizes: npt.NDArray[np.int64] | None = None
    in_set: npt.NDArray[np.bool_] | None = None

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Which answers are right."""
        return np.asarray(self.truth == self.answer)

    def headline(self) -> dict[str, float]:
        """Accuracy, macro-F1, top-3, ECE, coverage at the target precision, and the rows.

        macro_f1: the mean F1 over the classes that occur among truths or answers; macro_f1_thick: over those with at least
        THICK of these rows, left out where there are none. coverage_at_target: the largest share of the rows, most confident
        first, that is right often enough. set_share: the share of answers that have a set; of these set_coverage, the share that has
        the right class in it, and mean and median of the sizes; left out where there are no sets.
        """
        if not len(self.truth):
            nothing = float("nan")
            names = ("accuracy", "macro_f1", "macro_f1_thick", "top3", "ece", "coverage_at_target")
            return dict.fromkeys(names, nothing) | {"rows": 0}
        labels, codes = np.unique(np.concatenate([self.truth, self.answer]), return_inverse=True)
        truth, answer = np.split(codes, 2)
        f1 = f1_of_classes(truth, answer, len(labels))
        thick = f1[np.bincount(truth, minlength=len(labels)) >= THICK]
        return {
            "accuracy": float(self.correct.mean()),
            "macro_f1": float(f1.mean()),
            **({"macro_f1_thick": float(thick.mean())} if len(thick) else {}),
            "top3": float((self.top == self.truth[:, None]).any(axis=1).mean()),
            "ece": expected_calibration_error(self.confidence, self.correct),
            "coverage_at_target": coverage_at(self.target, self.confidence, self.correct)[0],
            **self._of_sets(),
            "rows": len(self.truth),
        }

    def _of_sets(self) -> dict[str, float]:
        if self.set_sizes is None or self.in_set is None or not self.set_sizes.any():
            return {}
        given = self.set_sizes > 0
        return {
            "set_share": float(given.mean()),
            "set_coverage": float(self.in_set[given].mean()),
            "set_size_mean": float(self.set_sizes[given].mean()),
            "set_size_median": float(np.median(self.set_sizes[given])),
        }

    def by_class(self) -> list[ClassFigures]:
        """Figures of each class that occurs in truth, most frequent first."""
        labels = np.unique(self.truth)
        precision, recall, f1, rows = precision_recall_fscore_support(
            self.truth, self.answer, labels=labels, zero_division=0
        )
        order = np.argsort(-rows, kind="stable")
        return [
            ClassFigures(str(labels[i]), float(precision[i]), float(recall[i]), float(f1[i]), int(rows[i]))
            for i in order
        ]

    def confusion(self) -> tuple[npt.NDArray[np.int64], list[str]]:
        """Counts [truth, answer] and the labels."""
        labels, codes = np.unique(np.concatenate([self.truth, self.answer]), return_inverse=True)
        counts = np.zeros((len(labels), len(labels)), np.int64)
        np.add.at(counts, (codes[: len(self.truth)], codes[len(self.truth) :]), 1)
        return counts, labels.tolist()

    def sweep(self) -> tuple[SweepPoint, ...]:
        """Coverage and precision at thresholds from 0 to 1."""
        return sweep(self.confidence, self.correct, np.linspace(0, 1, SWEEP_STEPS).tolist())


def f1_of_classes(
    truth: npt.NDArray[np.int64],
    answer: npt.NDArray[np.int64],
    classes: int,
    weights: npt.NDArray[np.float64] | None = None,
) -> npt.NDArray[np.float64]:
    """F1 of each class [classes], NaN of those that do not occur; codes below `classes` [n], weights: how often each row counts [n].

    As `sklearn.metrics.f1_score(average=None, zero_division=nan)`, which takes fifty times as long for a few hundred rows: a
    bootstrap asks it hundreds of times.
    """
    right = truth == answer
    hits = np.bincount(truth[right], None if weights is None else weights[right], classes)
    both = np.bincount(truth, weights, classes) + np.bincount(answer, weights, classes)
    return np.asarray(np.divide(2 * hits, both, out=np.full(classes, np.nan), where=both > 0))


def outcome(
    probabilities: npt.NDArray[np.floating],
    classes: Sequence[str],
    truth: npt.NDArray[np.object_],
    target: float,
    sets: Sets | None = None,
) -> Outcome:
    """From probabilities [n, n_classes]; a truth that is no class of the head counts as a wrong answer, in no set."""
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :TOP]
    labels = np.array(classes, dtype=str)
    top = labels[order]
    if top.shape[1] < TOP:
        top = np.hstack([top, np.full((len(top), TOP - top.shape[1]), "", labels.dtype)])
    confidence = probabilities[np.arange(len(truth)), order[:, 0]].astype(np.float64)
    said = Outcome(truth.astype(str), top[:, 0], confidence, top, target)
    if sets is None:
        return said
    within = probabilities >= sets.least
    within[np.arange(len(truth)), order[:, 0]] = True
    right = within & (said.truth[:, np.newaxis] == labels)
    return replace(said, set_sizes=within.sum(axis=1), in_set=right.any(axis=1))


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcomes of several folds as one; it has groups, and sets, where all of them have."""
    return Outcome(
        np.concatenate([o.truth for o in outcomes]),
        np.concatenate([o.answer for o in outcomes]),
        np.concatenate([o.confidence for o in outcomes]),
        np.concatenate([o.top for o in outcomes]),
        outcomes[0].target,
        *(_all_or_none([getattr(o, name) for o in outcomes]) for name in ("groups", "set_sizes", "in_set")),
    )


def _all_or_none(parts: Sequence[npt.NDArray[Any] | None]) -> Any:
    there = [part for part in parts if part is not None]
    return np.concatenate(there) if len(there) == len(parts) else None
