"""From margins to probabilities that mean what they say."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import log_expit, log_softmax

ECE_BINS = 15


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

    def probabilities(self, margins: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Probabilities [n, n_classes] of margins [n, n_classes]."""
        return np.asarray(np.exp(log_softmax(self.logits(margins), axis=1)), np.float32)


def fit_calibration(margins: npt.NDArray[np.floating], codes: npt.NDArray[np.int32]) -> Calibration:
    """The calibration with the least negative log likelihood.

    margins: out-of-fold, [n, n_classes]; codes: the true classes [n].
    """
    rows = np.arange(len(codes))

    def unpack(x: npt.NDArray[np.float64]) -> Calibration:
        steepness, temperature = np.exp(np.clip(x[[0, 2]], -6.0, 6.0))
        return Calibration(float(steepness), float(np.clip(x[1], -3.0, 3.0)), float(temperature))

    def loss(x: npt.NDArray[np.float64]) -> float:
        return -float(log_softmax(unpack(x).logits(margins), axis=1)[rows, codes].mean())

    # imported here, for serving has no use for it, and the import takes a fifth of a start
    from scipy.optimize import minimize  # noqa: PLC0415

    found = minimize(
        loss, np.array([np.log(3.0), -0.9, np.log(0.15)]), method="Nelder-Mead", options={"maxiter": 200, "fatol": 1e-5}
    )
    return unpack(found.x)


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
