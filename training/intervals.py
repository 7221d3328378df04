"""How far a head's figures would have moved with other rows: the percentile bootstrap over groups of near-duplicates.

Efron, "Bootstrap methods: another look at the jackknife" (1979). Whole groups are drawn, because rows that are nearly the
same text are right or wrong together. For two models on the same rows see `training.bootstrap`.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from training.figures import Outcome

RESAMPLES = 400


def intervals(
    said: Outcome, *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Return low and high of each figure of `said.headline()`, but for the rows.

    Bootstrapped ECE is biased upwards, as each resample's bins are noisier than those of the rows themselves.
    """
    if not len(said.truth):
        return {}
    # numbers compare ten times faster than labels; "" of a head of two classes is one more number
    codes: Any = np.unique(np.concatenate([said.truth, said.answer, said.top.ravel()]), return_inverse=True)[1]
    n = len(said.truth)
    groups = np.arange(n) if said.groups is None else said.groups
    coded = replace(said, truth=codes[:n], answer=codes[n : 2 * n], top=codes[2 * n :].reshape(said.top.shape))
    order = np.argsort(groups, kind="stable")
    _, starts, sizes = np.unique(groups[order], return_index=True, return_counts=True)
    draw = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {}
    for _ in range(resamples):
        chosen = draw.integers(0, len(starts), len(starts))
        counts = sizes[chosen]
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        rows = order[np.repeat(starts[chosen], counts) + within]
        resample = replace(
            coded,
            truth=coded.truth[rows],
            answer=coded.answer[rows],
            confidence=coded.confidence[rows],
            top=coded.top[rows],
        )
        for name, value in resample.headline().items():
            drawn.setdefault(name, []).append(value)
    drawn.pop("rows")
    tail = (1 - confidence) / 2
    return {name: (float(np.quantile(v, tail)), float(np.quantile(v, 1 - tail))) for name, v in drawn.items()}
