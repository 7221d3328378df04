"""Two recipes held against each other on the same rows."""

import numpy as np
import pytest

from training.measuring.figures import Outcome
from training.tuning.trials import advantage, score


def outcome(truth, answer, groups=None):
    truth, answer = np.array(truth, str), np.array(answer, str)
    top = np.stack([answer, answer, answer], axis=1)
    return Outcome(truth, answer, np.full(len(truth), 0.5), top, 0.95, groups)


@pytest.fixture(scope="module")
def said():
    """400 rows of two classes; the first recipe is right in 360, the second in 340 of them, and 20 of those are others."""
    truth = np.array(["A", "B"] * 200)
    other = np.where(truth == "A", "B", "A")
    wrong_1, wrong_2 = np.zeros(400, bool), np.zeros(400, bool)
    wrong_1[:40], wrong_2[20:80] = True, True
    groups = np.arange(400)
    return tuple(outcome(truth, np.where(wrong, other, truth), groups) for wrong in (wrong_1, wrong_2))


def test_the_score_is_the_mean_of_accuracy_and_macro_f1_over_the_heads():
    truth = ["A", "A", "A", "B"]
    always = outcome(truth, ["A"] * 4)
    macro_f1 = (6 / 7 + 0) / 2
    assert score({"domain": always}) == pytest.approx((0.75 + macro_f1) / 2)
    assert score({"domain": always, "office": outcome(truth, truth)}) == pytest.approx((1 + (0.75 + macro_f1) / 2) / 2)


def test_a_recipe_is_not_ahead_of_itself(said):
    assert advantage({"domain": said[0]}, {"domain": said[0]}) == (0, 0)


def test_the_error_is_that_of_the_paired_difference(said):
    ahead, error = advantage({"domain": said[0]}, {"domain": said[1]})
    # of the same rows 60 differ: 40 for the first, 20 for the second
    assert ahead == pytest.approx(20 / 400, abs=1e-3)
    assert error == pytest.approx(np.sqrt(60 / 400 - (20 / 400) ** 2) / 20, rel=0.1)


def test_rows_that_are_alike_count_as_one_piece_of_evidence(said):
    twice = [outcome(np.tile(each.truth, 4), np.tile(each.answer, 4), np.tile(each.groups, 4)) for each in said]
    alone = advantage({"domain": said[0]}, {"domain": said[1]}).error
    assert advantage({"domain": twice[0]}, {"domain": twice[1]}).error == pytest.approx(alone, rel=0.05)


def test_heads_are_judged_together(said):
    both = advantage(dict.fromkeys(("domain", "office"), said[0]), dict.fromkeys(("domain", "office"), said[1]))
    assert both == pytest.approx(advantage({"domain": said[0]}, {"domain": said[1]}))
