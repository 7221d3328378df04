"""Trust is learnt by likelihood, keeps to the shipped weights where nothing speaks, and calibrates the pool."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from models.calibration import Calibration, expected_calibration_error
from models.charter.articles import Office, OfficeKind, Validity
from models.charter.demo import demo_charter
from models.charter.resolution import Resolver
from models.charter.route import CharterVersion
from models.charter.trust import SHIPPED, Match
from models.decision import Floor, Policy, Precision
from models.fitted import Head
from training.measuring.trust import Lessons, learn_trust, pooled_policy, pooled_probabilities

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


TODAY = date(2026, 5, 6)
ALONE = Policy(Precision("maximum coverage @ precision >= 0.95"), Floor("confidence >= 0.20"), (0.5,) * 4, ())


def roster(charter, labels=("O07", "O11", "T01", "T02")):
    head = Head("office", labels, {}, Calibration(3.0, -0.9, 0.15), ALONE)
    return Resolver(charter, CharterVersion(charter.name, "")).roster(TODAY, (head,))


def answered(offices, rows):
    """Pooled probabilities and truth from (answer, confidence, right office, how often)."""
    probabilities = np.full((sum(often for *_, often in rows), len(offices)), 1e-3, np.float32)
    truth, row = [], 0
    for answer, confidence, right, often in rows:
        probabilities[row : row + often, offices.index(answer)] = confidence
        truth += [offices.index(right)] * often
        row += often
    return probabilities, np.array(truth)


def test_combined_answers_have_thresholds_that_keep_the_promise_for_them():
    day = roster(demo_charter())
    rows = [("O11", 0.8, "O11", 96), ("O11", 0.8, "O07", 4), ("O11", 0.6, "O07", 40), ("T01", 0.7, "T01", 50)]
    found = pooled_policy(ALONE, day, *answered(day.offices, rows))
    assert found.thresholds[1:3] == pytest.approx((0.8, 0.7))
    assert found.own == (1, 2)
    # of O07 and T02 too few rows tell anything
    assert [found.thresholds[0], found.thresholds[3]] == [np.inf, np.inf]
    assert (found.auto, found.suggest) == (ALONE.auto, ALONE.suggest)


def test_what_goes_to_an_office_without_a_label_has_no_part_in_the_thresholds_of_others():
    day = roster(demo_charter(), ("O11", "T01"))
    rows = [("O11", 0.8, "O11", 20), ("T01", 0.8, "T01", 20), ("O07", 0.9, "O11", 20)]
    assert pooled_policy(ALONE, day, *answered(day.offices, rows)).thresholds == pytest.approx((0.8, 0.8))


def test_labels_that_have_become_one_office_share_its_threshold_and_those_of_a_split_one_have_none():
    charter, ended = demo_charter(), Validity(until=date(2026, 1, 1))
    heirs = {"O07": ("O97",), "O11": ("O97",), "T01": ("T97", "T98")}
    offices = [replace(o, validity=ended, successors=heirs[o.code]) if o.code in heirs else o for o in charter.offices]
    new = (Office("O97", "合并科", OfficeKind.LINE), *(Office(c, c, OfficeKind.STATION) for c in ("T97", "T98")))
    day = roster(replace(charter, offices=(*offices, *new)))
    rows = [("O97", 0.8, "O97", 60), ("T97", 0.9, "T97", 60), ("T02", 0.7, "T02", 60)]
    found = pooled_policy(ALONE, day, *answered(day.offices, rows))
    assert found.thresholds == pytest.approx((0.8, 0.8, np.inf, 0.7))
    assert found.own == (0, 1, 3)
