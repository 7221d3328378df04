"""The bound that puts a class into the set of an answer, found on rows that were not seen."""

import numpy as np
import pytest

from models.decision import NotAPolicy
from training.fitting.sets import SAMPLE, choose_sets

SENTENCE = "smallest set @ coverage >= 0.9"


def drawn(rows, classes=12, seed=0):
    """Probabilities that mean what they say, and classes drawn from them."""
    draw = np.random.default_rng(seed)
    powers = np.exp(3 * draw.normal(size=(rows, classes)))
    probabilities = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    codes = (probabilities.cumsum(axis=1) < draw.random((rows, 1))).sum(axis=1).clip(0, classes - 1)
    return probabilities, codes


def test_of_new_rows_as_many_sets_hold_the_right_class_as_was_promised():
    sets = choose_sets(SENTENCE, *drawn(4_000))
    probabilities, codes = drawn(4_000, seed=1)
    within = probabilities >= sets.least
    assert within[np.arange(4_000), codes].mean() == pytest.approx(0.9, abs=0.015)
    assert within.sum(axis=1).mean() < 4


def test_the_bound_is_the_quantile_that_leaves_out_no_row_too_many():
    probabilities, codes = drawn(99)
    sets = choose_sets(SENTENCE, probabilities, codes)
    said = np.sort(probabilities[np.arange(99), codes])
    # (n + 1) * 0.9 = 90 of 99 rows have to be in; the bound itself passes
    assert (said >= sets.least).sum() == 90
    assert sets.least == pytest.approx(said[9], rel=1e-5)


def test_more_rows_than_the_sample_give_nearly_the_same_bound():
    probabilities, codes = drawn(SAMPLE + 5_000, classes=4)
    bound = choose_sets(SENTENCE, probabilities, codes).least
    assert bound == pytest.approx(np.quantile(probabilities[np.arange(len(codes)), codes], 0.1), rel=0.1)


def test_a_class_that_no_row_has_is_no_fault():
    probabilities, codes = drawn(200)
    some = codes != 3
    assert choose_sets(SENTENCE, probabilities[some], codes[some]).least > 0


def test_nothing_is_promised_where_it_was_not_asked_for_or_of_too_few_rows():
    probabilities, codes = drawn(11)
    assert choose_sets("", probabilities, codes) is None
    assert choose_sets(SENTENCE, probabilities[:10], codes[:10]) is None
    assert choose_sets(SENTENCE, probabilities, codes) is not None


def test_a_sentence_that_cannot_be_read_is_refused():
    with pytest.raises(NotAPolicy, match="is not a policy"):
        choose_sets("coverage 0.9", *drawn(50))
