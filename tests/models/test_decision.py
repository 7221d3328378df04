"""Policies, thresholds, tiers."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.decision import (
    MIN_SUPPORT,
    Coverage,
    Floor,
    NotAPolicy,
    Policy,
    Precision,
    Sets,
    choose_policy,
    coverage_at,
    sweep,
)
from models.prediction import Candidate, Decision, PredictionSet

AUTO = Precision("maximum coverage @ precision >= 0.95")
SUGGEST = Floor("confidence >= 0.20")


def test_policies_read_as_sentences():
    assert AUTO.at_least == 0.95
    assert Precision("maximum coverage @ precision >= 1.0").at_least == 1
    assert SUGGEST.at_least == 0.2
    assert Floor("confidence >= 0").at_least == 0


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "precision >= 0.95",
        "maximum coverage @ precision > 0.95",
        "maximum coverage @ precision >= 95",
        "maximum coverage @ precision >= 1.5",
        "maximum coverage @ precision >= -0.5",
        "maximum coverage @ precision >= .95",
        "maximum coverage @ precision >= 0.95 ",
        "maximum coverage @ precision >= 0.95; drop all",
        "confidence >= 0.20",
    ],
)
def test_another_sentence_is_no_target_and_the_refusal_shows_one(sentence):
    with pytest.raises(NotAPolicy, match=re.escape("write it like 'maximum coverage @ precision >= 0.95'")):
        Precision(sentence)


@pytest.mark.parametrize("sentence", ["", "confidence > 0.2", "confidence >= 20%", "confidence >= 1.2", AUTO.sentence])
def test_another_sentence_is_no_floor_and_the_refusal_shows_one(sentence):
    with pytest.raises(NotAPolicy, match=re.escape("write it like 'confidence >= 0.20'")):
        Floor(sentence)


def test_a_policy_decides_in_three_tiers_and_bounds_belong_to_the_higher_one():
    policy = Policy(AUTO, SUGGEST, (0.7, np.inf), (0,))
    decided = [policy.decide(0, confidence) for confidence in (1.0, 0.7, 0.6999, 0.2, 0.1999, 0.0)]
    assert decided == ["auto", "auto", "suggest", "suggest", "abstain", "abstain"]
    assert [policy.decide(1, confidence) for confidence in (1.0, 0.2, 0.1)] == ["suggest", "suggest", "abstain"]
    assert policy.suggest_only() == (1,)


def test_a_policy_comes_back_from_json_as_it_was():
    policy = Policy(AUTO, SUGGEST, (0.7123456789012345, np.inf, float(np.float32(0.83))), (0, 2))
    classes = ["食品", "广告", "价格"]
    written = json.loads(json.dumps(policy.to_manifest(classes), allow_nan=False))
    assert Policy.from_manifest(written, classes) == policy
    assert written["suggest_only"] == ["广告"]


ROWS = st.lists(st.tuples(st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9]) | st.floats(0, 1), st.booleans()), max_size=40)


@given(ROWS, st.sampled_from([0.5, 0.75, 0.8, 0.9, 0.95, 1.0]))
@settings(max_examples=500, deadline=None)
def test_coverage_is_that_of_the_best_threshold_of_all(rows, precision):
    confidence, correct = np.array([c for c, _ in rows]), np.array([right for _, right in rows], bool)
    best = (0.0, np.inf)
    for threshold in sorted(set(confidence.tolist()), reverse=True):
        above = confidence >= threshold
        if correct[above].sum() / above.sum() >= precision:
            best = (above.sum() / len(rows), threshold)
    assert coverage_at(precision, confidence, correct) == pytest.approx(best)


def test_rows_of_equal_confidence_are_above_a_threshold_together():
    confidence, correct = np.array([0.9, 0.8, 0.8, 0.8]), np.array([True, True, True, False])
    assert coverage_at(0.95, confidence, correct) == (0.25, 0.9)
    assert coverage_at(0.75, confidence, correct) == (1.0, 0.8)


def scored(rows):
    """Probabilities and codes from (predicted class, confidence, true class) of three classes."""
    probabilities = np.array([[(1 - c) / 2] * 3 for _, c, _ in rows], np.float32)
    for row, (predicted, confidence, _) in enumerate(rows):
        probabilities[row, predicted] = confidence
    return probabilities, np.array([truth for *_, truth in rows], np.int32)


def test_no_answer_that_is_likelier_wrong_than_right_is_sent_by_itself():
    rows = [(0, 0.9, 0)] * 100 + [(0, 0.4, 0)] * 40 + [(1, 0.4, 1)] * 40
    policy = choose_policy(AUTO, SUGGEST, *scored(rows), 3)
    assert policy.thresholds == pytest.approx((0.9, np.inf, np.inf))
    # many that are right do not make up for a few that are mostly wrong
    rows = [(0, 0.9, 0)] * 1000 + [(0, 0.4, 1)] * 50
    assert choose_policy(AUTO, SUGGEST, *scored(rows), 3).thresholds[0] == pytest.approx(0.9)


def test_a_class_with_rows_enough_has_a_threshold_of_its_own_and_keeps_its_promise():
    rows = [(0, 0.9, 0)] * 95 + [(0, 0.9, 1)] * 5 + [(0, 0.6, 1)] * 50 + [(1, 0.7, 1)] * 40
    probabilities, codes = scored(rows)
    policy = choose_policy(AUTO, SUGGEST, probabilities, codes, 3)
    assert policy.own == (0, 1)
    assert policy.thresholds[:2] == pytest.approx((0.9, 0.7))
    chosen = probabilities.argmax(axis=1)
    auto = np.array(
        [
            policy.decide(int(c), float(p)) is Decision.AUTO
            for c, p in zip(chosen, probabilities.max(axis=1), strict=True)
        ]
    )
    assert auto.sum() == 140
    assert (chosen == codes)[auto].mean() >= 0.95


def test_a_class_that_cannot_reach_the_target_is_suggest_only():
    rows = [(0, 0.99, 0)] * 60 + [(1, 0.99, 1), (1, 0.99, 0)] * 40
    policy = choose_policy(AUTO, SUGGEST, *scored(rows), 3)
    assert policy.thresholds[0] == pytest.approx(0.99)
    assert policy.thresholds[1] == np.inf
    assert 1 in policy.suggest_only()
    assert policy.decide(1, 1.0) is Decision.SUGGEST


def test_a_class_that_reaches_the_target_on_too_few_rows_is_suggest_only():
    rows = [(0, 0.99, 0)] * (MIN_SUPPORT - 1) + [(0, 0.6, 1)] * 40
    assert choose_policy(AUTO, SUGGEST, *scored(rows), 3).thresholds[0] == np.inf


def test_classes_of_few_rows_share_the_threshold_that_they_reach_together():
    rows = [(0, 0.9, 0)] * 20 + [(1, 0.8, 1)] * 20 + [(2, 0.5, 0)] * 20
    policy = choose_policy(AUTO, SUGGEST, *scored(rows), 3)
    assert policy.own == ()
    assert policy.thresholds == pytest.approx((0.8, 0.8, 0.8))


def test_nobody_is_automatic_where_all_of_it_is_too_little():
    policy = choose_policy(AUTO, SUGGEST, *scored([(0, 0.9, 0)] * 5), 3)
    assert policy.suggest_only() == (0, 1, 2)


@given(ROWS)
@settings(max_examples=100, deadline=None)
def test_the_sweep_counts_what_is_above_each_threshold(rows):
    confidence, correct = np.array([c for c, _ in rows]), np.array([right for _, right in rows], bool)
    for point in sweep(confidence, correct, [0.0, 0.5, 0.9, 1.0]):
        above = [right for c, right in rows if c >= point.threshold]
        assert point.rows == len(above)
        assert point.coverage == pytest.approx(len(above) / max(1, len(rows)))
        assert point.precision == (pytest.approx(sum(above) / len(above)) if above else 1)


SETS = Sets(Coverage("smallest set @ coverage >= 0.95"), 0.1)


def candidates(*shares):
    return tuple(Candidate(f"O{number}", f"科室{number}", share) for number, share in enumerate(shares, 2))


def unasked():
    raise AssertionError("nobody needs to count")


def test_a_set_has_the_answer_and_every_alternative_that_is_probable_enough():
    assert SETS.of("O1", candidates(0.3, 0.1, 0.09), unasked) == PredictionSet(0.95, ("O1", "O2", "O3"), 0)
    assert SETS.of("O1", candidates(0.05, 0.02, 0.01), unasked) == PredictionSet(0.95, ("O1",), 0)
    assert SETS.of("O1", (), unasked) == PredictionSet(0.95, ("O1",), 0)


def test_a_set_tells_how_many_it_does_not_name():
    assert SETS.of("O1", candidates(0.2, 0.15, 0.12), lambda: 6) == PredictionSet(0.95, ("O1", "O2", "O3", "O4"), 2)
    assert SETS.of("O1", candidates(0.2, 0.15, 0.12), lambda: 4).more == 0


def test_an_answer_that_is_less_probable_than_the_bound_is_in_its_set_all_the_same():
    assert SETS.of("O1", candidates(0.02, 0.01, 0.01), unasked).codes == ("O1",)


def test_sets_come_back_from_json_with_their_policy_and_a_bundle_from_before_has_none():
    policy = Policy(AUTO, SUGGEST, (0.7, 0.8), (0,), SETS)
    written = json.loads(json.dumps(policy.to_manifest(["甲", "乙"])))
    assert Policy.from_manifest(written, ["甲", "乙"]) == policy
    del written["sets"]
    assert Policy.from_manifest(written, ["甲", "乙"]).sets is None


@pytest.mark.parametrize("sentence", ["", "coverage >= 0.95", "smallest set @ coverage >= 0.0", SUGGEST.sentence])
def test_another_sentence_is_no_coverage_and_the_refusal_shows_one(sentence):
    with pytest.raises(NotAPolicy, match=re.escape("write it like 'smallest set @ coverage >= 0.95'")):
        Coverage(sentence)
