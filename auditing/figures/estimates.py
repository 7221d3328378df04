"""Accuracy over all traffic, estimated from the cases that people looked at.

Cases do not enter the queue with equal chances: the doubtful and the returned all do, of the others only the random
sample. So each look stands for as many cases as its class has per look: weights are the inverse of the chance of being
looked at (D. Horvitz and D. Thompson 1952; the ratio of weighted sums is J. Hájek's, 1971), taken within classes where
not all that entered has been looked at yet (weighting classes, R. Little 1986). Within a class the order of looks should
not depend on the answer: it does not in the sample, it does among the doubtful, whose worst come first. Until those are
worked off the estimate is too low rather than too high.
"""

from collections.abc import Sequence
from typing import NamedTuple

from scipy.stats import beta, binomtest

LEVEL = 0.95
"""Of every interval."""

NOTHING = float("nan")


class Stratum(NamedTuple):
    """A class of cases: how many there are, how many of them people looked at, and how many of those were right."""

    name: str
    population: int
    looked: int
    right: int


class Estimate(NamedTuple):
    """A share with its interval, NaN where nothing was looked at.

    looked: cases that it rests on. covered: share of the population in classes that were looked at at all; the estimate
    speaks of these.
    """

    value: float
    low: float
    high: float
    looked: int
    population: int
    covered: float
    strata: tuple[Stratum, ...]


def estimate(strata: Sequence[Stratum], level: float = LEVEL) -> Estimate:
    """Estimate the share that is right among all cases.

    The interval is that of E. Korn and B. Graubard (Survey Methodology 24, 1998): exact binomial limits at the effective
    sample size p(1-p)/var, with the variance of the weighted share linearised about it; where all looks agree, at L.
    Kish's (sum of weights) squared over sum of squared weights. It is never more than the number of looks.
    """
    seen = [stratum for stratum in strata if stratum.looked]
    looked, population = sum(each.looked for each in seen), sum(each.population for each in strata)
    spoken_of = sum(each.population for each in seen)
    if not looked:
        return Estimate(NOTHING, NOTHING, NOTHING, 0, population, 0.0 if population else NOTHING, tuple(strata))
    share = sum(each.population * each.right / each.looked for each in seen) / spoken_of
    squares = [(each.population / each.looked) ** 2 for each in seen]
    if 0.0 < share < 1.0:
        spread = sum(
            square * (each.right * (1 - share) ** 2 + (each.looked - each.right) * share**2)
            for square, each in zip(squares, seen, strict=True)
        )
        effective = share * (1 - share) * spoken_of**2 / spread
    else:
        effective = spoken_of**2 / sum(square * each.looked for square, each in zip(squares, seen, strict=True))
    low, high = exact_interval(share, min(effective, looked), level)
    return Estimate(share, low, high, looked, population, spoken_of / population, tuple(strata))


def exact_interval(share: float, size: float, level: float = LEVEL) -> tuple[float, float]:
    """Give the interval of C. Clopper and E. Pearson (1934) of a share among `size`, which need not be whole."""
    right, wrong, tail = share * size, (1 - share) * size, (1 - level) / 2
    low = float(beta.ppf(tail, right, wrong + 1)) if right > 0 else 0.0
    high = float(beta.ppf(1 - tail, right + 1, wrong)) if wrong > 0 else 1.0
    return low, high


def share_interval(count: int, total: int, level: float = LEVEL) -> tuple[float, float]:
    """Give the interval of E. Wilson (1927) of a plain share; NaN where there is nothing to divide by."""
    if not total:
        return NOTHING, NOTHING
    found = binomtest(count, total).proportion_ci(level, method="wilson")
    return float(found.low), float(found.high)
