"""Recorded labels that are probably wrong, by confident learning.

C. Northcutt, L. Jiang, I. Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70 (2021), as
cleanlab implements it. The probabilities must come from a model that had not learnt the row's label: out-of-fold, or,
for a case of the log, those of the prediction that was made before anyone said what is right.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

LEAST_ROWS = 5
"""Rows that a class needs before its labels can be judged."""


class Suspect(NamedTuple):
    """A row whose label is probably wrong: its place, and how well the label fits it (0 to 1, low is bad)."""

    row: int
    quality: float


def suspected_label_errors(
    labels: Sequence[str], probabilities: npt.NDArray[np.floating], classes: Sequence[str], least: int = LEAST_ROWS
) -> list[Suspect]:
    """Give the rows whose label is probably wrong, worst first.

    labels [n]; probabilities [n, classes]. Rows of classes that fewer than `least` rows have, or that the model does
    not know, are not judged. Fewer than two classes to judge by: nothing is suspected.
    """
    codes = {label: code for code, label in enumerate(classes)}
    given = np.array([codes.get(label, -1) for label in labels], np.int64)
    counts = np.bincount(given[given >= 0], minlength=len(classes))
    judged = np.flatnonzero(counts >= least)
    if len(judged) < 2:  # noqa: PLR2004  with one class there is nothing to confuse
        return []
    rows = np.flatnonzero(np.isin(given, judged))
    some = np.asarray(probabilities, np.float64)[np.ix_(rows, judged)]
    # a row whose whole mass lies on other classes says nothing about these: spread it evenly
    mass = some.sum(axis=1, keepdims=True)
    some = np.where(mass > 0, some / np.where(mass > 0, mass, 1), 1 / len(judged))
    own = np.searchsorted(judged, given[rows])
    worst = find_label_issues(own, some, return_indices_ranked_by="self_confidence", n_jobs=1)
    quality = get_label_quality_scores(own, some, method="self_confidence")
    return [Suspect(int(rows[place]), float(quality[place])) for place in worst]


def spread(ranked: Mapping[str, float], classes: Sequence[str]) -> npt.NDArray[np.float64]:
    """Complete the few best probabilities that the log keeps: what is left is spread evenly over the other classes.

    ranked: probability per class, any number of them; gives [classes], which sums to 1.
    """
    known = np.array([ranked.get(label, np.nan) for label in classes])
    missing = np.isnan(known)
    left = max(0.0, 1.0 - float(np.nansum(known)))
    filled = np.where(missing, left / max(int(missing.sum()), 1), known)
    return np.asarray(filled / filled.sum()) if filled.sum() > 0 else np.full(len(classes), 1 / len(classes))
