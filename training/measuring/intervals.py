"""How far a head's figures would have moved with other rows: the percentile bootstrap over groups of near-duplicates.

Efron, "Bootstrap methods: another look at the jackknife" (1979). Whole groups are drawn, because rows that are nearly the
same text are right or wrong together. For two models on the same rows see `training.measuring.bootstrap`.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from training.measuring.figures import Outcome, f1_of_classes

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
            set_sizes=None if coded.set_sizes is None else coded.set_sizes[rows],
            in_set=None if coded.in_set is None else coded.in_set[rows],
        )
        for name, value in resample.headline().items():
            drawn.setdefault(name, []).append(value)
    drawn.pop("rows")
    tail = (1 - confidence) / 2
    return {name: (float(np.quantile(v, tail)), float(np.quantile(v, 1 - tail))) for name, v in drawn.items()}


def bounds(said: Outcome) -> dict[str, float]:
    """Return the ends of each figure's 95% interval, as <figure>_low and <figure>_high."""
    found = intervals(said).items()
    return {f"{name}_{end}": value for name, ends in found for end, value in zip(("low", "high"), ends, strict=True)}


def accuracy_interval(
    correct: npt.NDArray[np.bool_],
    groups: npt.NDArray[np.int64] | None,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return low and high of the share of rows that is right, NaN where there are none; groups as in an outcome.

    Where every resample says the same, the bootstrap knows nothing of what it has not seen: then the interval is widened
    by the exact binomial bound for none out of so many groups (Clopper and Pearson, 1934).
    """
    if not len(correct):
        return float("nan"), float("nan")
    place = np.arange(len(correct)) if groups is None else np.unique(groups, return_inverse=True)[1]
    sizes, right = np.bincount(place), np.bincount(place, correct)
    # groups that are alike are drawn as one
    units, often = np.unique(np.stack([sizes, right]), axis=1, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(sizes), often / len(sizes), resamples)
    shares = (drawn @ units[1]) / (drawn @ units[0])
    outside = (1 - confidence) / 2
    low, high = np.quantile(shares, [outside, 1 - outside]).tolist()
    if low == high:
        unseen = 1 - outside ** (1 / len(sizes))
        low, high = max(low - unseen, 0.0), min(high + unseen, 1.0)
    return low, high


def macro_f1_interval(
    said: Outcome, *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float]:
    """Return low and high of macro-F1 alone: as `intervals`, without the time that the other figures take."""
    labels, codes = np.unique(np.concatenate([said.truth, said.answer]), return_inverse=True)
    truth, answer = np.split(codes, 2)
    place = np.arange(len(truth)) if said.groups is None else np.unique(said.groups, return_inverse=True)[1]
    groups = int(place.max()) + 1
    draw, even = np.random.default_rng(seed), np.full(groups, 1 / groups)
    drawn = [
        weighted_macro_f1(truth, answer, draw.multinomial(groups, even)[place].astype(float), len(labels))
        for _ in range(resamples)
    ]
    tail = (1 - confidence) / 2
    return float(np.quantile(drawn, tail)), float(np.quantile(drawn, 1 - tail))


def weighted_macro_f1(
    truth: npt.NDArray[np.int64], answer: npt.NDArray[np.int64], weights: npt.NDArray[np.float64], classes: int
) -> float:
    """Macro-F1 over the classes that occur, of codes below `classes` [n]; weights: how often each row counts [n]."""
    f1 = f1_of_classes(truth, answer, classes, weights)
    occurs = ~np.isnan(f1)
    return float(f1[occurs].mean()) if occurs.any() else 0.0
