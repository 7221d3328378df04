"""Trust is learnt by likelihood, keeps to the shipped weights where nothing speaks, and calibrates the pool."""

import numpy as np
import pytest

from models.calibration import expected_calibration_error
from models.charter.trust import SHIPPED, Match
from training.trust import Lessons, learn_trust, pooled_probabilities

DUTY, HOME = int(Match.DUTY), int(Match.HOME_TEXT)


def drawn(weights, rows=4000, offices=5, seed=0):
    """Rows whose right office is drawn with the pooled probability of these weights."""
    draw = np.random.default_rng(seed)
    matches = np.zeros((rows, offices, len(Match)), np.float32)
    matches[:, :, DUTY] = draw.normal(size=(rows, offices))
    matches[:, :, HOME] = draw.integers(0, 2, (rows, offices))
    shares = pooled_probabilities(Lessons(matches, np.zeros(rows, np.int64)), weights)
    truth = (shares.cumsum(axis=1) > draw.random((rows, 1))).argmax(axis=1)
    return Lessons(matches, truth)


def test_the_weights_that_made_the_rows_are_found_again_and_calibrated():
    made = np.array(SHIPPED)
    made[DUTY], made[HOME] = 1.5, -2.0
    rows = drawn(made)
    found = learn_trust([rows])
    assert found[DUTY] == pytest.approx(1.5, abs=0.15)
    assert found[HOME] == pytest.approx(-2.0, abs=0.2)
    shares = pooled_probabilities(drawn(made, seed=1), found)
    right = shares.argmax(axis=1) == drawn(made, seed=1).truth
    assert expected_calibration_error(shares.max(axis=1), right) < 0.03
    # no row speaks of the others
    others = [match for match in Match if match not in {Match.DUTY, Match.HOME_TEXT}]
    assert [found[match] for match in others] == pytest.approx([SHIPPED[match] for match in others], abs=1e-3)


def test_rows_of_offices_that_nobody_knows_are_left_out_and_no_rows_keep_the_shipped_weights():
    rows = drawn(SHIPPED, rows=300)
    unknown = Lessons(rows.matches, np.full(300, -1))
    assert learn_trust([unknown]) == tuple(SHIPPED)
    assert learn_trust([rows, unknown]) == pytest.approx(learn_trust([rows]))
