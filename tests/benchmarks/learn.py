"""Training both heads by the recipe that `paidan train` has, from rows in memory."""

import numpy as np
import numpy.typing as npt

from features.segment import Lexicon
from models.prediction import Target
from tests.benchmarks.data import Rows
from training.fitting.fit import Fit, Lesson, fit, lesson
from training.measuring.evaluate import read_background
from training.recipe import Recipe


def lessons(rows: Rows, targets: tuple[Target, ...], least: int) -> list[Lesson]:
    """A lesson per head, without the classes of fewer than `least` rows."""
    return [
        lesson(target, labels, thick(labels, least), {})
        for target, labels in (("domain", rows.domain), ("office", rows.office))
        if target in targets
    ]


def thick(labels: npt.NDArray[np.object_], least: int) -> npt.NDArray[np.int64]:
    """The rows whose class has rows enough."""
    _, codes, counts = np.unique(labels.astype(str), return_inverse=True, return_counts=True)
    return np.flatnonzero((labels != "") & (counts[codes] >= least))


def learn(
    rows: Rows,
    lexicon: Lexicon,
    targets: tuple[Target, ...] = ("domain", "office"),
    *,
    groups: npt.NDArray[np.int64],
    least: int = 2,
) -> Fit:
    """Fit on all cores, calibration and policies included; see training.fitting.fit.fit for `groups`."""
    taught = lessons(rows, targets, least)
    return fit(rows.documents, taught, groups, read_background(), lexicon, Recipe(), lambda *_: None)
