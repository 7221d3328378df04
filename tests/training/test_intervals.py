"""Bootstrap intervals of a head's figures."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from training.measuring.figures import outcome
from training.measuring.intervals import intervals, macro_f1_interval


@pytest.fixture(scope="module")
def said():
    random = np.random.default_rng(0)
    codes = random.integers(0, 4, 500)
    probabilities = random.dirichlet(np.ones(4), 500)
    probabilities[np.arange(500), codes] += random.uniform(0, 1, 500)
    return outcome(probabilities, ("甲", "乙", "丙", "丁"), np.array(["甲", "乙", "丙", "丁"], object)[codes], 0.9)


def test_every_figure_but_the_rows_has_an_interval_about_it(said):
    headline, found = said.headline(), intervals(said, resamples=200)
    assert set(found) == set(headline) - {"rows"}
    for name in ("accuracy", "macro_f1", "macro_f1_thick", "top3", "coverage_at_target"):
        low, high = found[name]
        assert low <= headline[name] <= high


def test_of_rows_that_are_alone_it_is_as_wide_as_the_binomial_says(said):
    accuracy = said.headline()["accuracy"]
    low, high = intervals(said, resamples=2000)["accuracy"]
    expected = np.array(binom.ppf([0.025, 0.975], 500, accuracy)) / 500
    np.testing.assert_allclose([low, high], expected, atol=0.006)


def test_copies_are_drawn_together_and_make_it_wider(said):
    copied = replace(
        said,
        truth=np.tile(said.truth, 4),
        answer=np.tile(said.answer, 4),
        confidence=np.tile(said.confidence, 4),
        top=np.tile(said.top, (4, 1)),
    )
    grouped = replace(copied, groups=np.tile(np.arange(500), 4))
    (low, high), (narrow_low, narrow_high) = (intervals(each)["accuracy"] for each in (grouped, copied))
    assert high - low > 1.5 * (narrow_high - narrow_low)


def test_of_macro_f1_alone_it_is_the_same_but_for_the_draw(said):
    grouped = replace(said, groups=np.arange(500) // 2)
    np.testing.assert_allclose(
        macro_f1_interval(grouped, resamples=2000), intervals(grouped, resamples=400)["macro_f1"], atol=0.01
    )


def test_no_rows_have_no_intervals(said):
    nothing = outcome(np.empty((0, 4)), ("甲", "乙", "丙", "丁"), np.array([], object), 0.9)
    assert intervals(nothing) == {}
