"""A second opinion for each class: how often its rows have an n-gram.

A support vector machine sees only the rows near its border, and overrates what happens to separate them; multinomial naive
Bayes counts all rows, and cannot. Their sum is better than either (Wang and Manning, "Baselines and Bigrams: Simple, Good
Sentiment and Topic Classification", ACL 2012; why: Ng and Jordan, "On Discriminative vs. Generative Classifiers", NIPS
2001). Both are linear in the same features: the sum is one matrix, and costs nothing when a complaint is scored.
"""

from collections.abc import Sequence

import numpy as np

from features.compiled import compiled
from models.lanes import LANES
from models.rows import Floats, Integers, Rows
from models.solver import Problem

_PRIOR = np.float32(0.0005)
"""What each class is taken to have had of each feature before the first row; a feature of a row is about 0.1."""

_WORTH = np.float32(0.012)
"""Margin per unit of log probability: 0.3 of what would make naive Bayes as sure as the margins are; docs/quality.md."""


def log_frequencies(problem: Problem, blocks: Sequence[Integers]) -> Floats:
    """What naive Bayes adds to the weights of each block: float32 [blocks, n_features, LANES], of mean 0 over the classes.

    log((s + prior) / (t + prior * n_features)), s: the sum of a feature over the rows of a class, t: that of all features;
    in units of margin. blocks: all classes in parts of LANES, each the lanes of one. A class without rows is the least likely
    whatever is said.
    """
    lanes = np.argsort(np.concatenate(blocks))
    found: Floats = _log_frequencies(
        problem.matrix, problem.subset, lanes[problem.codes], problem.n_classes, len(blocks)
    )
    return found


@compiled()
def _log_frequencies(matrix: Rows, subset: Integers, lanes: Integers, n_classes: int, n_blocks: int) -> Floats:
    out = np.zeros((n_blocks, matrix.n_features, LANES), np.float32)
    totals = np.zeros(n_classes, np.float64)
    for place in range(len(subset)):
        block, lane = lanes[place] // LANES, lanes[place] % LANES
        total = np.float64(0.0)
        for k in range(matrix.row_ends[subset[place]], matrix.row_ends[subset[place] + 1]):
            out[block, matrix.columns[k], lane] += matrix.values[k]
            total += matrix.values[k]
        totals[lanes[place]] += total
    lengths = np.log(np.where(totals > 0, totals, totals.max()) + _PRIOR * matrix.n_features)
    beyond = np.zeros(n_blocks * LANES, np.float32)
    beyond[:n_classes] = lengths - lengths.mean()
    for feature in range(matrix.n_features):
        total_of_logs = 0.0  # in double precision: the same in whichever order the classes come
        for block in range(n_blocks):
            for lane in range(LANES):
                if out[block, feature, lane] > 0:
                    out[block, feature, lane] = np.log1p(out[block, feature, lane] / _PRIOR)
                    total_of_logs += out[block, feature, lane]
        mean = np.float32(total_of_logs / n_classes)
        for block in range(n_blocks):
            for lane in range(LANES):
                out[block, feature, lane] = _WORTH * (out[block, feature, lane] - mean - beyond[block * LANES + lane])
    return out
