"""A second opinion for each class: how often its rows have an n-gram.

A support vector machine sees only the rows near its border, and overrates what happens to separate them; multinomial naive
Bayes counts all rows, and cannot. Their sum is better than either (Wang and Manning, "Baselines and Bigrams: Simple, Good
Sentiment and Topic Classification", ACL 2012; why: Ng and Jordan, "On Discriminative vs. Generative Classifiers", NIPS
2001). Both are linear in the same features: the sum is one matrix, and costs nothing when a complaint is scored.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from features.compiled import compiled, index
from features.ngrams import Positions
from models.lanes import LANES
from models.rows import Floats, Integers, Rows
from models.solver import Problem

_PRIOR = np.float32(0.0005)
"""What each class is taken to have had of each feature before the first row; a feature of a row is about 0.1."""

_PER_PRIOR = np.float32(1 / _PRIOR)

_WORTH = np.float32(0.012)
"""Margin per unit of log probability: 0.3 of what would make naive Bayes as sure as the margins are; docs/quality.md."""

_TOGETHER = 256
"""Features whose weights are made at a time: they stay in the cache meanwhile."""

_ONE_BITS, _ROOT_BITS = np.int32(0x3F800000), np.int32(0x3F3504F3)  # the bits of the float32 numbers 1 and sqrt(1/2)
_LN2 = np.float32(np.log(2))


def log_frequencies(problem: Problem, blocks: Sequence[Integers]) -> Floats:
    """What naive Bayes adds to the weights of each block: float32 [blocks, n_features, LANES], of mean 0 over the classes.

    log((s + prior) / (t + prior * n_features)), s: the sum of a feature over the rows of a class, t: that of all features;
    in units of margin. blocks: all classes in parts of LANES, each the lanes of one. A class without rows is the least likely
    whatever is said.
    """
    lanes = np.argsort(np.concatenate(blocks))
    # allocated here and not in compiled code: numpy asks the system for large pages
    found = np.zeros((len(blocks), problem.matrix.n_features, LANES), np.float32)
    totals = _sum_rows(problem.matrix, problem.subset, lanes[problem.codes], problem.n_classes, found)
    lengths = np.log(np.where(totals > 0, totals, totals.max()) + _PRIOR * problem.matrix.n_features)
    beyond = np.zeros((len(blocks), LANES), np.float32)
    beyond.ravel()[: problem.n_classes] = _WORTH * (lengths - lengths.mean())
    _compare(found, problem.n_classes, beyond)
    return found


@compiled()
def _sum_rows(matrix: Rows, subset: Integers, lanes: Integers, n_classes: int, out: Floats) -> npt.NDArray[np.float64]:
    """Add each row to the lane of its class; return what each class has of all features together [n_classes]."""
    totals = np.zeros(n_classes, np.float64)
    for place in range(len(subset)):
        block, lane = lanes[place] // LANES, lanes[place] % LANES
        total = np.float64(0.0)
        for k in range(matrix.row_ends[subset[place]], matrix.row_ends[subset[place] + 1]):
            out[block, index(matrix.columns[index(k)]), lane] += matrix.values[index(k)]
            total += matrix.values[index(k)]
        totals[lanes[place]] += total
    return totals


@compiled(fastmath=True)
def _compare(sums: Floats, n_classes: int, beyond: Floats) -> None:
    """Turn sums into log probabilities, less the mean of the classes and what each is beyond it, in units of margin."""
    n_blocks, n_features, _ = sums.shape
    exponents, means = np.empty(_TOGETHER * LANES, np.int32), np.empty(_TOGETHER, np.float64)
    for first in range(0, n_features, _TOGETHER):
        last = min(first + _TOGETHER, n_features)
        means[:] = 0.0  # in double precision: the same in whichever order the classes come
        for block in range(n_blocks):
            part = sums[block, first:last]
            _log1p(part.reshape(part.size), exponents)
            for feature in range(last - first):
                for lane in range(LANES):
                    means[feature] += np.float64(part[feature, lane])
        for block in range(n_blocks):
            part = sums[block, first:last]
            for feature in range(last - first):
                mean = np.float32(means[feature] / n_classes)
                for lane in range(LANES):
                    part[feature, lane] = _WORTH * (part[feature, lane] - mean) - beyond[block, lane]


@compiled(fastmath=True, borrows=True, error_model="numpy")
def _log1p(x: Floats, exponents: Positions) -> None:
    """Turn every x >= 0 into log(1 + x / prior), in place, in vector instructions; exponents: working space as long as x.

    A number is 2**k * m with m between sqrt(1/2) and sqrt(2), and log(m) = 2 artanh((m - 1) / (m + 1)), by its series.
    """
    bits = x.view(np.int32)
    for j in range(len(x)):
        x[j] = np.float32(1.0) + x[j] * _PER_PRIOR
    for j in range(len(x)):
        above = bits[j] + (_ONE_BITS - _ROOT_BITS)
        exponents[j] = (above >> np.int32(23)) - np.int32(127)
        bits[j] = (above & np.int32(0x007FFFFF)) + _ROOT_BITS
    for j in range(len(x)):
        s = (x[j] - np.float32(1.0)) / (x[j] + np.float32(1.0))
        q = s * s
        series = np.float32(1 / 7) + q * np.float32(1 / 9)
        series = np.float32(1 / 5) + q * series
        series = np.float32(1 / 3) + q * series
        x[j] = np.float32(2.0) * s * (np.float32(1.0) + q * series) + np.float32(exponents[j]) * _LN2
