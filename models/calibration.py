"""From margins to probabilities that mean what they say."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import log_expit, log_softmax

ECE_BINS = 15

SAMPLE = 20_000
"""Rows that three numbers are fitted to, evenly spread."""

_PART = 8
"""Of so many rows one is asked first."""

_CHUNK = 10_000
"""Rows in double precision at a time."""

_TOGETHER = 512
"""Rows at a time of the loss: what is made of them stays in the cache."""


class Calibration(NamedTuple):
    """logit = log sigmoid(steepness * (margin - midpoint)) / temperature; probabilities are the softmax of the logits.

    The sigmoid is Platt's ("Probabilistic Outputs for Support Vector Machines", 1999), shared by all classes as
    one-against-rest margins want it; the temperature is Guo's ("On Calibration of Modern Neural Networks", ICML 2017).
    The order of the classes stays that of their margins. With a temperature alone the top probability of a head of a
    hundred classes, most of them near margin -1, comes out far too high.
    """

    steepness: float
    midpoint: float
    temperature: float

    def logits(self, margins: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Calibrated logits [n, n_classes] of margins [n, n_classes], up to a constant of each row."""
        return np.asarray(
            log_expit(self.steepness * (np.asarray(margins, np.float64) - self.midpoint)) / self.temperature
        )

    def probabilities(
        self, margins: npt.NDArray[np.floating], out: npt.NDArray[np.float32] | None = None
    ) -> npt.NDArray[np.float32]:
        """Probabilities [n, n_classes] of margins [n, n_classes]; out: where they go, which may be the margins' place."""
        found = np.empty(margins.shape, np.float32) if out is None else out
        for start in range(0, len(found), _CHUNK):
            found[start : start + _CHUNK] = np.exp(log_softmax(self.logits(margins[start : start + _CHUNK]), axis=1))
        return found


def fit_calibration(margins: npt.NDArray[np.floating], codes: npt.NDArray[np.int32]) -> Calibration:
    """The calibration with the least negative log likelihood, on SAMPLE of the rows where there are more.

    margins: out-of-fold, [n, n_classes]; codes: the true classes [n].
    """
    # imported here, for serving has no use for it, and the import takes a fifth of a start
    from scipy.optimize import minimize  # noqa: PLC0415

    at = np.linspace(0, len(codes) - 1, min(len(codes), SAMPLE)).astype(np.int64)
    found = np.array([np.log(3.0), -0.9, np.log(0.15)])
    # a part of the rows finds nearly the same in a part of the time: from there all of them need few steps
    for rows in (at[::_PART], at) if len(at) > _PART * _TOGETHER else (at,):
        found = minimize(
            _Loss(np.asarray(margins[rows], np.float32), codes[rows]),
            found,
            jac=True,
            method="L-BFGS-B",
            bounds=[(-6, 6), (-3, 3), (-6, 6)],
        ).x
    return Calibration(float(np.exp(found[0])), float(found[1]), float(np.exp(found[2])))


class _Loss(NamedTuple):
    """The mean negative log likelihood and its derivatives, by the logarithm of the steepness, by the midpoint and by the logarithm of the temperature."""

    margins: npt.NDArray[np.float32]
    codes: npt.NDArray[np.int32]

    def __call__(self, x: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        steepness, midpoint, temperature = np.array([np.exp(x[0]), x[1], np.exp(x[2])], np.float32)
        found = np.zeros(4)
        for start in range(0, len(self.codes), _TOGETHER):
            codes = self.codes[start : start + _TOGETHER]
            rows = np.arange(len(codes))
            beyond = self.margins[start : start + _TOGETHER] - midpoint
            scaled = steepness * beyond
            small = np.exp(-np.abs(scaled))
            both = 1 + small
            logits = (np.minimum(scaled, 0) - np.log(both)) / temperature
            slopes = np.where(scaled >= 0, small, np.float32(1)) / (both * temperature)
            top = logits.max(axis=1, keepdims=True)
            wrong = np.exp(logits - top)
            total = wrong.sum(axis=1, keepdims=True)
            loss = (top + np.log(total))[:, 0] - logits[rows, codes]
            wrong /= total
            wrong[rows, codes] -= 1  # the derivative by each logit
            slopes *= wrong
            found += (
                loss.sum(dtype=np.float64),
                steepness * (slopes * beyond).sum(dtype=np.float64),
                -steepness * slopes.sum(dtype=np.float64),
                -(wrong * logits).sum(dtype=np.float64),
            )
        found /= len(self.codes)
        return float(found[0]), found[1:]


def expected_calibration_error(
    confidence: npt.NDArray[np.floating], correct: npt.NDArray[np.bool_], bins: int = ECE_BINS
) -> float:
    """ECE over bins of equal mass: sum over bins of share * |accuracy - mean confidence| (Naeini et al., AAAI 2015).

    NaN where there are no rows.
    """
    if not len(confidence):
        return float("nan")
    order = np.argsort(confidence, kind="stable")
    return float(
        sum(
            len(part) / len(order) * abs(correct[part].mean() - confidence[part].mean())
            for part in np.array_split(order, min(bins, len(order)))
        )
    )
