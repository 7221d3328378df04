"""How an error falls with the rows that are learnt from: a power law, and what more rows would bring by it.

error = a * rows ** -b + c, as J. Hestness et al., "Deep Learning Scaling is Predictable, Empirically" (2017), found it for
many kinds of model; c is what no number of rows takes away.
"""

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import curve_fit, nnls

STEEPEST, FLATTEST = 2.0, 0.02
"""Of the exponent b: beyond these five points cannot tell it from a constant or a step."""

_Floats = npt.NDArray[np.float64]


class PowerLaw(NamedTuple):
    """error = a * rows ** -b + c; a and c are not negative."""

    a: float
    b: float
    c: float

    def error(self, rows: float) -> float:
        """The error, 0 to 1, after learning from so many rows."""
        return float(np.clip(self.a * rows**-self.b + self.c, 0, 1))

    def gain(self, rows: float, more: float) -> float:
        """What the error falls by when `more` rows are added to so many."""
        return self.error(rows) - self.error(rows + more)

    @classmethod
    def fit(cls, rows: _Floats, errors: _Floats) -> Self:
        """Fit all three to errors [n] after learning from rows [n], n at least 3; least squares."""
        most = rows.max()
        shares = rows / most

        def law(x: _Floats, a: float, b: float, c: float) -> _Floats:
            return np.asarray(a * x**-b + c)

        guess = (max(float(errors[-1]) / 2, 1e-3), 0.5, float(errors[-1]) / 2)
        (a, b, c), _ = curve_fit(law, shares, errors, guess, bounds=([0, FLATTEST, 0], [2, STEEPEST, 1]))
        return cls(float(a * most**b), float(b), float(c))

    @classmethod
    def fit_height(cls, rows: _Floats, errors: _Floats, b: float) -> Self:
        """Fit a and c where b is known: what few rows can tell."""
        most = rows.max()
        (a, c), _ = nnls(np.stack([(rows / most) ** -b, np.ones(len(rows))], axis=1), errors)
        return cls(float(a * most**b), b, float(c))
