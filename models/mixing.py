"""A second linear layer: what the margins of all classes together say of each.

One-against-rest margins know nothing of each other: which offices are mistaken for which shows only in margins out of
fold. Multinomial logistic regression on them (stacked generalisation, D. H. Wolpert, 1992; called matrix scaling by Guo et
al., "On Calibration of Modern Neural Networks", ICML 2017) learns it, and its logits are averaged with the margins
themselves at their best temperature. A linear layer on a linear layer is one: it costs nothing when a complaint is scored.
"""

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from models.calibration import SAMPLE
from models.rows import Floats
from models.solver import Weights

_PENALTY = 1e-3
"""Of the squared distance of the layer from one that mixes nothing."""

_BIAS_PENALTY = 1.0
"""Of the squared bias, which would else turn frequent classes into still more frequent answers."""

_STEPS = 30

_TOGETHER = 512
"""Rows at a time: what is made of them stays in the cache, and no memory is asked for anew."""


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
    parts = [slice(start, start + _TOGETHER) for start in range(0, n, _TOGETHER)]

    def surprise(log_inverse: float) -> float:
        size = np.float32(np.exp(log_inverse))
        return float(sum(_wrong(margins[part] * size, codes[part])[0] for part in parts) / n)

    inverse = float(np.exp(minimize_scalar(surprise, bounds=(-4, 4), method="bounded", options={"xatol": 0.05}).x))
    # All margins are near -1 together, which makes a long narrow valley of the loss: in the axes of their second moments,
    # each as long as the loss curves there, it is nearly round and takes half the steps.
    sizes, basis = np.linalg.eigh((margins.T @ margins).astype(np.float64) / n)
    plain, turned = margins * np.float32(inverse), margins @ (inverse * basis).astype(np.float32)
    curving = np.sum([_curving(plain[part]) for part in parts], axis=0) / n
    stretch = 1 / np.sqrt(
        np.vstack([np.outer(inverse**2 * sizes.clip(0), curving) + 2 * _PENALTY, curving + 2 * _BIAS_PENALTY])
    )

    def loss(x: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        layer = x.reshape(k + 1, k) * stretch
        value = _PENALTY * float((layer[:k] ** 2).sum()) + _BIAS_PENALTY * float((layer[k] ** 2).sum())
        derivatives = np.vstack([2 * _PENALTY * layer[:k], 2 * _BIAS_PENALTY * layer[k]])
        single = layer.astype(np.float32)
        for part in parts:
            logits = turned[part] @ single[:k]
            logits += plain[part]
            logits += single[k]
            surprised, wrong = _wrong(logits, codes[part])
            value += surprised / n
            derivatives[:k] += (turned[part].T @ wrong) / n
            derivatives[k] += wrong.sum(axis=0, dtype=np.float64) / n
        return value, (derivatives * stretch).ravel()

    found = minimize(loss, np.zeros(k * k + k), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}).x
    layer = found.reshape(k + 1, k) * stretch
    change, bias = basis @ layer[:k], layer[k]
    return Mixing((np.eye(k) + change / 2).astype(np.float32), (bias / (2 * inverse)).astype(np.float32))


def _curving(logits: Floats) -> Floats:
    """How the rows' loss curves by the logit of each class [n_classes]: the sum of p(1 - p)."""
    probabilities = softmax(logits, axis=1)
    return np.asarray((probabilities * (1 - probabilities)).sum(axis=0))


def _wrong(logits: Floats, codes: npt.NDArray[np.int32]) -> tuple[float, Floats]:
    """The sum of the rows' negative log likelihoods, and its derivatives by the logits [n, n_classes], in their place."""
    rows = np.arange(len(codes))
    logits -= logits.max(axis=1, keepdims=True)
    chosen = logits[rows, codes]
    wrong = np.exp(logits, out=logits)
    totals = wrong.sum(axis=1, keepdims=True)
    wrong /= totals
    wrong[rows, codes] -= 1
    return float((np.log(totals[:, 0]) - chosen).sum(dtype=np.float64)), wrong
