"""Clocks and medians. Two sides of a ratio take turns, so that a busy machine is as busy for one as for the other."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the wall and of all cores together, and what was made."""

    wall: float
    cpu: float
    result: Any


def took(work: Callable[[], Any]) -> Took:
    """Do it once."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    return Took(time.perf_counter() - wall, time.process_time() - cpu, result)


def each(calls: Sequence[Callable[[], Any]]) -> list[float]:
    """Microseconds of each call by itself."""
    clock, found = time.perf_counter_ns, []
    for call in calls:
        began = clock()
        call()
        found.append((clock() - began) / 1_000)
    return found


def ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """How many times slower: the median over the rounds, each of which measured both."""
    return median(a / b for a, b in zip(slow, fast, strict=True))


def spread(slow: Sequence[float], fast: Sequence[float]) -> list[float]:
    """The smallest and the largest ratio of a round."""
    ratios = [a / b for a, b in zip(slow, fast, strict=True)]
    return [min(ratios), max(ratios)]


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p90 and p99."""
    return dict(zip(("p50", "p90", "p99"), np.percentile(values, (50, 90, 99)).tolist(), strict=True))


def rounded(value: Any) -> Any:
    """Four significant digits: more would pretend."""
    if isinstance(value, dict):
        return {str(key): rounded(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(entry) for entry in value]
    return float(f"{float(value):.4g}") if isinstance(value, (float, np.floating)) else value
