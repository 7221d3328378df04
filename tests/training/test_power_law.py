"""How an error falls with the rows."""

import numpy as np
import pytest

from training.curve.power_law import PowerLaw

ROWS = np.array([100.0, 200, 400, 700, 1000])


@pytest.mark.parametrize("law", [PowerLaw(2.0, 0.4, 0.05), PowerLaw(0.9, 0.25, 0.0), PowerLaw(20.0, 1.0, 0.1)])
def test_a_law_is_found_again_from_its_own_points(law):
    found = PowerLaw.fit(ROWS, np.array([law.error(n) for n in ROWS]))
    assert found.gain(1000, 1000) == pytest.approx(law.gain(1000, 1000), rel=0.02)
    assert found.error(5000) == pytest.approx(law.error(5000), rel=0.05)


def test_an_error_that_does_not_fall_promises_nothing():
    assert PowerLaw.fit(ROWS, np.full(5, 0.3)).gain(1000, 1000) == pytest.approx(0, abs=1e-3)
    assert PowerLaw.fit(ROWS, np.linspace(0.2, 0.3, 5)).gain(1000, 1000) == pytest.approx(0, abs=1e-3)
    assert PowerLaw.fit(ROWS, np.zeros(5)).gain(1000, 1000) == pytest.approx(0, abs=1e-6)


def test_with_a_known_exponent_the_height_is_found_and_never_negative():
    law = PowerLaw(2.0, 0.4, 0.05)
    found = PowerLaw.fit_height(ROWS, np.array([law.error(n) for n in ROWS]), 0.4)
    assert found == pytest.approx(law)
    rising = PowerLaw.fit_height(ROWS, np.linspace(0.2, 0.3, 5), 0.4)
    assert rising.a == 0
    assert rising.gain(1000, 1000) == 0


def test_an_error_is_a_share():
    law = PowerLaw(50.0, 0.5, 0.0)
    assert law.error(1) == 1
    assert law.gain(1, 1) == 0
