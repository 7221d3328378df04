"""How much more often one way is right than others on the same rows, with an interval."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
_CHUNK = 100

Right = npt.NDArray[np.bool_]
"""Whether the first suggestion was right, shape (rows,)."""


class Gain(NamedTuple):
    """Share of rows right less that of the others, and its 95% interval."""

    change: float
    low: float
    high: float


def gain(one: Right, others: Sequence[Right], groups: npt.NDArray[np.int64], seed: int = 0) -> Gain:
    """Compare with the mean of the others by the paired percentile bootstrap.

    Groups of near-duplicates are drawn instead of rows (as training.measuring.bootstrap does, which compares two models). `others`
    are the same way with other seeds: they are drawn as well, so that the interval knows of both kinds of chance.
    """
    members, which = np.unique(groups, return_inverse=True)
    runs = np.stack([one, *others]).astype(float)
    # of each group: rows, and rows right in each run
    totals = np.stack([np.bincount(which, weights, len(members)) for weights in (np.ones(len(one)), *runs)], axis=1)
    draw = np.random.default_rng(seed)
    evenly = np.full(len(members), 1 / len(members))
    changes = []
    for start in range(0, RESAMPLES, _CHUNK):
        often = draw.multinomial(len(members), evenly, min(_CHUNK, RESAMPLES - start))
        rows, right, *rest = (often @ totals).T
        drawn = draw.integers(0, len(others), (len(often), len(others)))
        among = np.take_along_axis(np.stack(rest, axis=1), drawn, axis=1).mean(axis=1)
        changes.append((right - among) / rows)
    low, high = np.quantile(np.concatenate(changes), [0.025, 0.975]).tolist()
    return Gain(float(runs[0].mean() - runs[1:].mean()), low, high)
