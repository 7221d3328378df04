"""The figures of a head: what it got right, how sure it was, and what can be left to it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import f1_score, precision_recall_fscore_support

from models.calibration import expected_calibration_error
from models.decision import SweepPoint, coverage_at, sweep

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
    """

    truth: npt.NDArray[np.str_]
    answer: npt.NDArray[np.str_]
    confidence: npt.NDArray[np.float64]
    top: npt.NDArray[np.str_]
    target: float
    groups: npt.NDArray[np.int64] | None = None

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Which answers are right."""
        return np.asarray(self.truth == self.answer)

    def headline(self) -> dict[str, float]:
        """Accuracy, macro-F1, top-3, ECE, coverage at the target precision, and the rows.

        macro_f1: the mean F1 over the classes that occur among truths or answers; macro_f1_thick: over those with at least
        THICK of these rows, left out where there are none. coverage_at_target: the largest share of the rows, most confident
        first, that is right often enough.
        """
        if not len(self.truth):
            nothing = float("nan")
            names = ("accuracy", "macro_f1", "macro_f1_thick", "top3", "ece", "coverage_at_target")
            return dict.fromkeys(names, nothing) | {"rows": 0}
        labels, rows = np.unique(self.truth, return_counts=True)
        of_classes = {"macro_f1": None, "macro_f1_thick": labels[rows >= THICK]}
        return {
            "accuracy": float(self.correct.mean()),
            **{
                name: float(f1_score(self.truth, self.answer, labels=some, average="macro", zero_division=0))
                for name, some in of_classes.items()
                if some is None or len(some)
            },
            "top3": float((self.top == self.truth[:, None]).any(axis=1).mean()),
            "ece": expected_calibration_error(self.confidence, self.correct),
            "coverage_at_target": coverage_at(self.target, self.confidence, self.correct)[0],
            "rows": len(self.truth),
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


def outcome(
    probabilities: npt.NDArray[np.floating], classes: Sequence[str], truth: npt.NDArray[np.object_], target: float
) -> Outcome:
    """From probabilities [n, n_classes]; a truth that is no class of the head counts as a wrong answer."""
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :TOP]
    labels = np.array(classes, dtype=str)
    top = labels[order]
    if top.shape[1] < TOP:
        top = np.hstack([top, np.full((len(top), TOP - top.shape[1]), "", labels.dtype)])
    confidence = probabilities[np.arange(len(truth)), order[:, 0]].astype(np.float64)
    return Outcome(truth.astype(str), top[:, 0], confidence, top, target)


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcomes of several folds as one; it has groups where all of them have."""
    groups = [o.groups for o in outcomes if o.groups is not None]
    return Outcome(
        np.concatenate([o.truth for o in outcomes]),
        np.concatenate([o.answer for o in outcomes]),
        np.concatenate([o.confidence for o in outcomes]),
        np.concatenate([o.top for o in outcomes]),
        outcomes[0].target,
        np.concatenate(groups) if len(groups) == len(outcomes) else None,
    )
