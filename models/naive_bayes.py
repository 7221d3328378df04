"""A second opinion for each class: how often its rows have an n-gram.

A support vector machine sees only the rows near its border, and overrates what happens to separate them; multinomial naive
Bayes counts all rows, and cannot. Their sum is better than either (Wang and Manning, "Baselines and Bigrams: Simple, Good
Sentiment and Topic Classification", ACL 2012; why: Ng and Jordan, "On Discriminative vs. Generative Classifiers", NIPS
2001). Both are linear in the same features: the sum is one matrix, and costs nothing when a complaint is scored.
"""

import numpy as np
import numpy.typing as npt

from features.compiled import compiled
from models.rows import Floats, Integers, Rows
from models.solver import Block, Problem, Weights

_PRIOR = np.float32(0.0005)
"""What each class is taken to have had of each feature before the first row; a feature of a row is about 0.1."""

_WORTH = np.float32(0.012)
"""Margin per unit of log probability: 0.3 of what would make naive Bayes as sure as the margins are; docs/quality.md."""


def log_frequencies(problem: Problem) -> Floats:
    """What naive Bayes adds to the weights of each class: float32 [n_features, n_classes], of mean 0 over the classes.

    log((s + prior) / (t + prior * n_features)), s: the sum of a feature over the rows of a class, t: that of all features;
    in units of margin. A class without rows is the least likely whatever is said.
    """
    found: Floats = _log_frequencies(problem.matrix, problem.subset, problem.codes, problem.n_classes)
    return found


def with_frequencies(fitted: Block | Weights, frequencies: Floats) -> None:
    """Add them to what a solver has found, in its place."""
    if isinstance(fitted, Block):
        fitted.weights[:, : len(fitted.classes)] += frequencies[:, fitted.classes]
    else:
        fitted.weights[:] += frequencies


@compiled()
def _log_frequencies(matrix: Rows, subset: Integers, codes: npt.NDArray[np.int32], n_classes: int) -> Floats:
    out = np.zeros((matrix.n_features, n_classes), np.float32)
    totals = np.zeros(n_classes, np.float64)
    for place in range(len(subset)):
        code = codes[place]
        for k in range(matrix.row_ends[subset[place]], matrix.row_ends[subset[place] + 1]):
            out[matrix.columns[k], code] += matrix.values[k]
            totals[code] += matrix.values[k]
    lengths = np.log(np.where(totals > 0, totals, totals.max()) + _PRIOR * matrix.n_features)
    beyond = (lengths - lengths.mean()).astype(np.float32)
    for feature in range(matrix.n_features):
        mean = np.float32(0.0)
        for code in range(n_classes):
            if out[feature, code] > 0:
                out[feature, code] = np.log1p(out[feature, code] / _PRIOR)
                mean += out[feature, code]
        mean /= n_classes
        for code in range(n_classes):
            out[feature, code] = _WORTH * (out[feature, code] - mean - beyond[code])
    return out
