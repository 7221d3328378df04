"""A second linear layer: what the margins of all classes together say of each.

One-against-rest margins know nothing of each other: which offices are mistaken for which shows only in margins out of
fold. Multinomial logistic regression on them (stacked generalisation, D. H. Wolpert, 1992; called matrix scaling by Guo et
al., "On Calibration of Modern Neural Networks", ICML 2017) learns it, and its logits are averaged with the margins
themselves at their best temperature. A linear layer on a linear layer is one: it costs nothing when a complaint is scored.
"""

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax

from models.calibration import SAMPLE
from models.rows import Floats
from models.solver import Weights

_PENALTY = 1e-3
"""Of the squared distance of the layer from one that mixes nothing."""

_BIAS_PENALTY = 1.0
"""Of the squared bias, which would else turn frequent classes into still more frequent answers."""

_STEPS = 60


class Mixing(NamedTuple):
    """mixed margins = margins @ matrix + bias; matrix float32 [n_classes, n_classes], bias float32 [n_classes]."""

    matrix: Floats
    bias: Floats

    @classmethod
    def none(cls, n_classes: int) -> Self:
        """The layer that changes nothing."""
        return cls(np.eye(n_classes, dtype=np.float32), np.zeros(n_classes, np.float32))

    @classmethod
    def mean(cls, layers: list["Mixing"]) -> Self:
        """The layer whose margins are the mean of theirs."""
        return cls(
            np.mean([each.matrix for each in layers], axis=0, dtype=np.float32),
            np.mean([each.bias for each in layers], axis=0, dtype=np.float32),
        )

    def margins(self, margins: Floats) -> Floats:
        """Mixed margins [n, n_classes]."""
        return np.asarray(margins @ self.matrix + self.bias)

    def fold(self, head: Weights) -> Weights:
        """The head whose margins are mixed already."""
        return Weights(head.weights @ self.matrix, head.bias @ self.matrix + self.bias, head.n_iter)


def cross_mix(margins: Floats, codes: npt.NDArray[np.int32], folds: npt.NDArray[np.int64]) -> Mixing:
    """Learn a layer from each half of the folds, mix the other half's margins in their place, return the layers' mean.

    margins: out of fold, float32 [n, n_classes], written over; codes: the true classes [n]; folds: which fold each row
    was held out in [n].
    """
    halves = [np.flatnonzero(folds % 2 == half) for half in (0, 1)]
    n_classes = margins.shape[1]
    if not all(len(half) for half in halves):
        return Mixing.none(n_classes)
    layers = [fit_mixing(margins[half], codes[half]) for half in halves]
    for half, layer in zip(halves, reversed(layers), strict=True):
        margins[half] = layer.margins(margins[half])
    return Mixing.mean(layers)


def fit_mixing(margins: Floats, codes: npt.NDArray[np.int32]) -> Mixing:
    """The mean of margins and of what logistic regression makes of them, in the size of the margins.

    margins [n, n_classes], codes [n]; of more than SAMPLE rows some, evenly spread.
    """
    # imported here, for serving has no use for it
    from scipy.optimize import minimize, minimize_scalar  # noqa: PLC0415

    at = np.linspace(0, len(codes) - 1, min(len(codes), SAMPLE)).astype(np.int64)
    margins, codes = np.asarray(margins[at], np.float32), codes[at]
    n, k = margins.shape
    rows = np.arange(n)

    def surprise(log_inverse: float) -> float:
        return -float(log_softmax(margins * np.float32(np.exp(log_inverse)), axis=1)[rows, codes].mean())

    inverse = float(np.exp(minimize_scalar(surprise, bounds=(-4, 4), method="bounded", options={"xatol": 0.05}).x))

    def loss(x: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        change, bias = x[: k * k].reshape(k, k), x[k * k :]
        layer = (inverse * (np.eye(k) + change)).astype(np.float32)
        logs = log_softmax(margins @ layer + bias.astype(np.float32), axis=1)
        wrong = np.exp(logs)
        wrong[rows, codes] -= 1
        wrong /= n
        value = -float(logs[rows, codes].mean(dtype=np.float64))
        value += _PENALTY * float((change**2).sum()) + _BIAS_PENALTY * float((bias**2).sum())
        by_layer = inverse * (margins.T @ wrong) + 2 * _PENALTY * change
        by_bias = wrong.sum(axis=0) + 2 * _BIAS_PENALTY * bias
        return value, np.concatenate([by_layer.ravel(), by_bias]).astype(np.float64)

    found = minimize(loss, np.zeros(k * k + k), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}).x
    change, bias = found[: k * k].reshape(k, k), found[k * k :]
    return Mixing((np.eye(k) + change / 2).astype(np.float32), (bias / (2 * inverse)).astype(np.float32))
