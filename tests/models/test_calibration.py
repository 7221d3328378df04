"""From margins to probabilities, and how far they can be trusted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from models.calibration import Calibration, expected_calibration_error, fit_calibration

CALIBRATIONS = st.builds(Calibration, st.floats(0.05, 50), st.floats(-3, 3), st.floats(0.02, 50))
MARGINS = st.lists(st.floats(-3, 3, width=32), min_size=2, max_size=8)


@given(CALIBRATIONS, MARGINS)
@settings(max_examples=300, deadline=None)
def test_the_order_of_the_classes_stays(calibration, margins):
    logits = calibration.logits(np.array([margins]))[0]
    probabilities = calibration.probabilities(np.array([margins]))[0]
    assert (np.diff(logits[np.argsort(margins)]) >= 0).all()
    assert (np.diff(probabilities[np.argsort(margins)]) >= 0).all()
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)


@given(CALIBRATIONS, MARGINS)
@settings(max_examples=100, deadline=None)
def test_logits_are_the_formula_of_the_docstring(calibration, margins):
    steepness, midpoint, temperature = calibration
    expected = -np.log(1 + np.exp(-steepness * (np.array([margins]) - midpoint))) / temperature
    finite = np.isfinite(expected)
    np.testing.assert_allclose(calibration.logits(np.array([margins]))[finite], expected[finite], rtol=1e-6, atol=1e-12)


def labelled_margins(n_classes, seed=0, n=600):
    """Margins of one-against-rest machines that are right about two times of three."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, n_classes, n).astype(np.int32)
    margins = random.normal(-0.95, 0.12, (n, n_classes))
    margins[np.arange(n), codes] += random.exponential(0.6, n)
    return margins.astype(np.float32), codes


def loss(calibration, margins, codes):
    return -log_softmax(calibration.logits(margins), axis=1)[np.arange(len(codes)), codes].mean()


@pytest.mark.parametrize("n_classes", [2, 7, 117])
def test_the_fitted_calibration_is_likelier_than_the_first_guess_and_calibrated(n_classes):
    margins, codes = labelled_margins(n_classes)
    fitted = fit_calibration(margins, codes)
    assert loss(fitted, margins, codes) < loss(Calibration(3.0, -0.9, 0.15), margins, codes)
    softmax = Calibration(0.001, 0.0, 0.0005)  # nearly a softmax of the margins themselves
    assert loss(fitted, margins, codes) < loss(softmax, margins, codes)
    probabilities = fitted.probabilities(margins)
    correct = probabilities.argmax(axis=1) == codes
    assert expected_calibration_error(probabilities.max(axis=1), correct, 5) < 0.05


def test_no_step_away_from_the_fitted_calibration_is_likelier():
    margins, codes = labelled_margins(7, n=2000)
    fitted = fit_calibration(margins, codes)
    best = loss(fitted, margins, codes)
    for part in range(3):
        for factor in (0.8, 1.25):
            moved = list(fitted)
            moved[part] *= factor
            assert loss(Calibration(*moved), margins, codes) > best - 1e-3


def test_rows_that_come_apart_completely_give_finite_numbers():
    margins = np.array([[1, -1], [-1, 1]] * 20, np.float32)
    fitted = fit_calibration(margins, np.array([0, 1] * 20, np.int32))
    probabilities = fitted.probabilities(margins)
    assert np.isfinite([*fitted]).all()
    assert np.isfinite(probabilities).all()
    assert probabilities.argmax(axis=1).tolist() == [0, 1] * 20


def brute_force_ece(confidence, correct, bins):
    """Equal mass: the rows in order of confidence, cut into parts whose sizes differ by one at the most."""
    rows = sorted(range(len(confidence)), key=lambda row: confidence[row])
    bins = min(bins, len(rows))
    error, start = 0.0, 0
    for part in range(bins):
        size = len(rows) // bins + (part < len(rows) % bins)
        mine = rows[start : start + size]
        start += size
        gap = sum(correct[row] for row in mine) / size - sum(confidence[row] for row in mine) / size
        error += size / len(rows) * abs(gap)
    return error


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60, unique_by=lambda row: row[0]),
    st.integers(1, 20),
)
@settings(max_examples=200, deadline=None)
def test_ece_is_its_definition(rows, bins):
    confidence, correct = np.array([c for c, _ in rows]), np.array([right for _, right in rows])
    found = expected_calibration_error(confidence, correct, bins)
    assert found == pytest.approx(brute_force_ece(confidence, correct, bins))


def test_ece_of_the_certain_and_of_nobody():
    assert expected_calibration_error(np.ones(4), np.ones(4, bool)) == 0
    assert expected_calibration_error(np.ones(4), np.zeros(4, bool)) == 1
    assert np.isnan(expected_calibration_error(np.array([]), np.array([], bool)))
