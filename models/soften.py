"""Calibrated probabilities of one head in compiled code: `models.calibration.Calibration` without a call per class.

The compiler turns these loops into vector instructions, which it cannot where they call the C library's exp and log.
"""

import numpy as np
import numpy.typing as npt

from features.compiled import compiled

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_LOG2_E = 1.4426950408889634
_LN2_HIGH = 0.693147180369123816490  # the two parts of ln 2 of fdlibm's e_exp.c: a multiple of the first is exact
_LN2_LOW = 1.90821492927058770002e-10
_SMALLEST = -700.0  # below, exp is as good as 0 and its power of two not a normal number


@compiled(fastmath=True, borrows=True)
def exponential(x: Doubles, powers: npt.NDArray[np.int64]) -> None:
    """Turn every x <= 0 into exp(x), in place, to 1e-11 of its value; powers: int64 working space as long as x.

    exp(x) = 2**k * exp(r) with |r| <= ln 2 / 2 (Cody and Waite), exp(r) by its Taylor series.
    """
    scales = powers.view(np.float64)
    for j in range(len(x)):
        y = max(x[j], _SMALLEST)
        k = np.floor(y * _LOG2_E + 0.5)
        r = (y - k * _LN2_HIGH) - k * _LN2_LOW
        series = 1 / 362880 + r * (1 / 3628800)
        series = 1 / 40320 + r * series
        series = 1 / 5040 + r * series
        series = 1 / 720 + r * series
        series = 1 / 120 + r * series
        series = 1 / 24 + r * series
        series = 1 / 6 + r * series
        series = 0.5 + r * series
        x[j] = 1.0 + r * (1.0 + r * series)
        powers[j] = (np.int64(k) + 1023) << 52
    for j in range(len(x)):
        x[j] *= scales[j]


@compiled(fastmath=True, borrows=True, error_model="numpy")
def soften(
    margins: Doubles,
    steepness: float,
    midpoint: float,
    temperature: float,
    logits: Doubles,
    work: Doubles,
    powers: npt.NDArray[np.int64],
    probabilities: Floats,
) -> None:
    """Write the probabilities of a head's margins [n] and, less the largest, its logits; work, powers: [n]."""
    n = len(margins)
    for j in range(n):
        x = steepness * (margins[j] - midpoint)
        logits[j] = min(x, 0.0)
        work[j] = -abs(x)
    exponential(work, powers)
    for j in range(n):
        # log(1 + z) = 2 artanh(z / (2 + z)), by its series: the argument is at most 1/3
        s = work[j] / (2.0 + work[j])
        q = s * s
        series = 1 / 19 + q * (1 / 21)
        series = 1 / 17 + q * series
        series = 1 / 15 + q * series
        series = 1 / 13 + q * series
        series = 1 / 11 + q * series
        series = 1 / 9 + q * series
        series = 1 / 7 + q * series
        series = 1 / 5 + q * series
        series = 1 / 3 + q * series
        logits[j] = (logits[j] - 2.0 * s * (1.0 + q * series)) / temperature
    largest = logits[0]
    for j in range(1, n):
        largest = max(largest, logits[j])
    for j in range(n):
        logits[j] -= largest
        work[j] = logits[j]
    exponential(work, powers)
    total = 0.0
    for j in range(n):
        total += work[j]
    for j in range(n):
        probabilities[j] = work[j] / total
