"""Logarithms and exponentials of many numbers at once, in compiled code.

One at a time each is a call into the system's library, and a ticket has two hundred of them: as loops without a call or a
branch the compiler makes four or eight at a time. Both take a double apart (IEEE 754: 11 bits of exponent, biased by 1023,
above 52 of mantissa) and are right to nine digits.
"""

import numpy as np
import numpy.typing as npt

from features.compiled import compiled

Doubles = npt.NDArray[np.float64]

_MANTISSA, _BIAS = 52, 1023
_FRACTION, _ONE = (1 << _MANTISSA) - 1, _BIAS << _MANTISSA
_LN2 = np.log(2.0)
_LEAST_EXPONENT = -700.0
"""Of less the exponential is as good as 0, and its exponent would no longer fit."""


@compiled(fastmath=True, error_model="numpy")  # nothing is divided by 0, and to ask would be a branch
def to_logarithms(values: Doubles) -> None:
    """Replace each number, normal and above 0, by its natural logarithm.

    log m = 2 artanh((m - 1) / (m + 1)), a series of odd powers that is short near 1 (Abramowitz and Stegun, 4.1.27).
    """
    bits = values.view(np.int64)
    exponents = np.empty(len(values), np.int32)
    for i in range(len(values)):
        exponents[i] = np.int32(bits[i] >> _MANTISSA) - np.int32(_BIAS)
        bits[i] = bits[i] & _FRACTION | _ONE
    for i in range(len(values)):
        m, exponent = values[i], np.float64(exponents[i])
        above = m > np.sqrt(2.0)
        m, exponent = m * 0.5 if above else m, exponent + 1.0 if above else exponent
        s = (m - 1.0) / (m + 1.0)
        z = s * s
        series = 1.0 + z * (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * (1 / 9 + z * (1 / 11)))))
        values[i] = exponent * _LN2 + 2.0 * s * series


@compiled(fastmath=True)
def sum_of_exponentials(values: Doubles, less: float) -> float:
    """The sum of exp(value - less), where no value is above `less`.

    exp x = 2^n exp r, where n is the nearest whole number to x / ln 2, and r, at most ln 2 / 2, has a short series.
    """
    powers = np.empty(len(values), np.int64)
    total = 0.0
    rests = np.empty(len(values), np.float64)
    for i in range(len(values)):
        x = max(values[i] - less, _LEAST_EXPONENT)
        n = np.int32(x * (1.0 / _LN2) - 0.5)
        powers[i] = np.int64(n + np.int32(_BIAS)) << _MANTISSA
        r = x - np.float64(n) * _LN2
        rests[i] = 1 + r * (1 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r / 5040))))))
    factors = powers.view(np.float64)
    for i in range(len(values)):
        total += rests[i] * factors[i]
    return total
