import math

import numpy as np
import pytest
from scipy.stats import binomtest

from auditing.figures.estimates import Stratum, estimate, exact_interval, share_interval


def test_a_look_stands_for_as_many_cases_as_its_class_has_per_look():
    found = estimate([Stratum("auto", 900, 9, 9), Stratum("doubtful", 100, 100, 50)])
    assert found.value == pytest.approx(0.95)
    assert (found.looked, found.population, found.covered) == (109, 1000, 1.0)
    # of the looks alone not six in ten were right
    assert found.low < 0.95 < found.high


def test_one_class_alone_gives_the_plain_share_with_its_exact_interval():
    found = estimate([Stratum("all", 500, 40, 30)])
    exact = binomtest(30, 40).proportion_ci(0.95, method="exact")
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))


def test_agreement_of_all_looks_is_no_certainty():
    found = estimate([Stratum("auto", 1000, 20, 20)])
    assert (found.value, found.high) == (1, 1)
    assert 0.8 < found.low < 0.9


def test_a_class_that_nobody_looked_at_is_told_and_not_guessed():
    found = estimate([Stratum("auto", 300, 0, 0), Stratum("doubtful", 100, 50, 25)])
    assert (found.value, found.covered) == (0.5, 0.25)
    nothing = estimate([Stratum("auto", 300, 0, 0)])
    assert math.isnan(nothing.value)
    assert math.isnan(estimate([]).covered)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    generator, hits = np.random.default_rng(0), 0
    for _ in range(400):
        auto, doubtful = generator.random(4000) < 0.97, generator.random(500) < 0.6
        truth = (auto.sum() + doubtful.sum()) / 4500
        drawn = auto[generator.random(4000) < 0.05]
        found = estimate(
            [Stratum("auto", 4000, len(drawn), int(drawn.sum())), Stratum("doubtful", 500, 500, int(doubtful.sum()))]
        )
        hits += found.low <= truth <= found.high
    assert hits / 400 >= 0.93


def test_intervals_of_shares():
    assert exact_interval(0.0, 10)[0] == 0
    assert exact_interval(1.0, 10)[1] == 1
    assert share_interval(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert all(math.isnan(limit) for limit in share_interval(0, 0))
