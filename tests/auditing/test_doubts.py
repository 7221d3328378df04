import numpy as np
import pytest

from auditing.cases.doubts import (
    TOLD,
    Doubt,
    audit_sample,
    challenger_disagrees,
    handled_by,
    hard_case,
    heads_disagree,
    low_confidence,
    low_margin,
    out_of_distribution,
    returned,
)
from auditing.figures.label_errors import spread, suspected_label_errors
from models.prediction import Decision

KEY = b"k" * 32


def test_a_margin_is_low_where_winner_and_runner_up_are_close():
    assert low_margin(np.array([0.5, 0.9]), np.array([0.45, 0.05])).tolist() == [True, False]
    assert bool(low_margin(0.5, 0.45))
    assert not low_margin(0.5, 0.45, floor=0.01)


def test_confidence_is_low_where_the_policy_leaves_the_answer_to_a_person():
    assert [low_confidence(decision) for decision in (*Decision, None)] == [False, False, True, False]


def test_no_label_is_out_of_distribution():
    assert out_of_distribution(["FDS", None]).tolist() == [False, True]


def test_offices_disagree_with_a_domain_that_they_hardly_ever_handle():
    handled = handled_by({("FDS", "O02"): 60, ("FDS", "O03"): 139, ("FDS", "O11"): 1, ("PRC", "O11"): 5})
    assert handled == {"FDS": {"O02", "O03"}, "PRC": {"O11"}}
    assert heads_disagree("FDS", "O11", handled)
    assert not heads_disagree("FDS", "O03", handled)
    assert not heads_disagree("MET", "O11", handled)
    assert not heads_disagree(None, "O11", handled)


def test_two_returns_or_a_request_make_a_hard_case():
    assert [returned(n) for n in (0, 1)] == [False, True]
    assert [hard_case(n) for n in (1, 2)] == [False, True]
    assert hard_case(0, sent_up=True)


def test_a_challenger_disagrees_when_any_head_differs():
    assert challenger_disagrees(["FDS", "O02"], ["FDS", "O03"])
    assert challenger_disagrees(["FDS"], [None])
    assert not challenger_disagrees(["FDS", "O02"], ["FDS", "O02"])


def test_the_random_sample_has_its_rate_and_cannot_be_told_without_the_key():
    ids = [f"p_{number:044x}" for number in range(5000)]
    drawn = [audit_sample(each, 0.1, KEY) for each in ids]
    assert drawn == [audit_sample(each, 0.1, KEY) for each in ids]
    assert sum(drawn) == pytest.approx(500, abs=5 * np.sqrt(450))
    assert drawn != [audit_sample(each, 0.1, b"other" * 6) for each in ids]
    # whoever is in a small sample is in a larger one
    assert all(audit_sample(each, 0.2, KEY) for each, is_drawn in zip(ids, drawn, strict=True) if is_drawn)
    assert not any(audit_sample(each, 0.0, KEY) for each in ids)
    assert all(audit_sample(each, 1.0, KEY) for each in ids)


def test_every_doubt_has_words_in_both_languages():
    assert set(TOLD) == set(Doubt)
    for told in TOLD.values():
        assert "\u4e00" <= told.name_zh[0] <= "\u9fff"
        assert told.name_en.isascii()
        assert told.why_zh
        assert told.why_en.isascii()


def test_a_label_that_every_alike_row_speaks_against_is_suspected():
    labels = ["FDS"] * 20 + ["PRC"] * 20
    probabilities = np.array([[0.9, 0.1, 0.0]] * 20 + [[0.1, 0.9, 0.0]] * 20)
    labels[3] = "PRC"
    (suspect,) = suspected_label_errors(labels, probabilities, ["FDS", "PRC", "MET"])
    assert suspect.row == 3
    assert suspect.quality == pytest.approx(0.1)


def test_labels_that_are_too_few_or_unknown_to_the_model_are_not_judged():
    probabilities = np.array([[0.9, 0.1]] * 8)
    assert suspected_label_errors(["FDS"] * 7 + ["PRC"], probabilities, ["FDS", "PRC"]) == []
    assert suspected_label_errors(["XXX"] * 8, probabilities, ["FDS", "PRC"]) == []
    assert suspected_label_errors([], np.zeros((0, 2)), ["FDS", "PRC"]) == []


def test_probabilities_that_the_log_has_not_kept_are_spread_evenly():
    assert spread({"B": 0.6, "A": 0.2}, ["A", "B", "C", "D"]).tolist() == pytest.approx([0.2, 0.6, 0.1, 0.1])
    assert spread({}, ["A", "B"]).tolist() == [0.5, 0.5]
