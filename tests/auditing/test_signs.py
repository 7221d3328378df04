import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from auditing.figures.drift import Accuracy, Day, Finding, State, estimated_accuracy
from auditing.figures.estimates import NOTHING, Stratum, estimate, share_interval
from auditing.figures.incidents import Subject, Trouble
from auditing.figures.signs import ALL, AccuracyKind, AccuracySign, below, signs_of, verdicts_of

MIDNIGHT = datetime(2026, 10, 2, 16, tzinfo=UTC)


def day(number, state, distance=0.3, *, answered=0, estimated=0.8, known=0, right=0):
    _, low, high = estimated_accuracy(np.full(answered, estimated))
    accuracy = Accuracy(
        "office", answered, estimated if answered else NOTHING, low, high,
        known, right, right / known if known else NOTHING, *share_interval(right, known),
    )  # fmt: skip
    finding = Finding("labels:office", answered, distance, 0.0, 0.0, state)
    length = Finding("length", answered, NOTHING, NOTHING, NOTHING, State.INSUFFICIENT)
    return Day(MIDNIGHT + timedelta(days=number), answered, (finding, length), (accuracy,))


def test_the_latest_day_that_could_be_told_is_the_one_that_counts():
    days = [day(0, State.DRIFT, 0.4), day(1, State.DRIFT, 0.2), day(2, State.INSUFFICIENT)]
    labels, length = signs_of(days, None).drift
    assert labels == ("labels", "office", 2, 0.2, State.DRIFT)
    assert (length.kind, length.target, length.days, length.state) == ("length", ALL, 0, State.INSUFFICIENT)
    assert math.isnan(length.distance)
    assert signs_of([], None) == ((), ())


def test_accuracies_of_the_days_are_taken_together_with_their_denominators():
    days = [
        day(0, State.STEADY, answered=100, estimated=0.9, known=10, right=4),
        day(1, State.STEADY),
        day(2, State.STEADY, answered=300, estimated=0.7, known=30, right=26),
    ]
    estimated, realised = signs_of(days, None).accuracy
    assert (estimated.kind, estimated.cases) == (AccuracyKind.ESTIMATED, 400)
    assert estimated.value == pytest.approx(0.75)
    assert estimated.low < 0.75 < estimated.high
    # narrower than that of either day
    assert estimated.high - estimated.low < 2 * (estimated_accuracy(np.full(300, 0.7))[2] - 0.7)
    assert (realised.value, realised.cases) == (0.75, 40)


def test_nothing_known_is_no_figure():
    estimated, realised = signs_of([day(0, State.STEADY)], None).accuracy
    assert (estimated.cases, realised.cases) == (0, 0)
    assert math.isnan(estimated.value)
    assert math.isnan(realised.value)


@pytest.mark.parametrize(
    ("sign", "troubled"),
    [
        (AccuracySign(AccuracyKind.ESTIMATED, "office", 0.40, 0.36, 0.44, 500), True),
        (AccuracySign(AccuracyKind.ESTIMATED, "office", 0.49, 0.45, 0.53, 500), None),
        (AccuracySign(AccuracyKind.WEIGHTED, ALL, 0.50, 0.46, 0.54, 500), False),
        (AccuracySign(AccuracyKind.WEIGHTED, ALL, 0.10, 0.01, 0.40, 8), None),
        (AccuracySign(AccuracyKind.REALISED, "office", 0.10, 0.08, 0.12, 500), None),
        (AccuracySign(AccuracyKind.WEIGHTED, ALL, NOTHING, NOTHING, NOTHING, 0), None),
    ],
)
def test_accuracy_is_below_the_floor_only_where_that_is_certain(sign, troubled):
    assert below(sign, 0.5) is troubled


def test_each_kind_is_judged_of_its_version():
    weighted = estimate([Stratum("auto", 1000, 200, 60)])
    found = verdicts_of(signs_of([day(0, State.DRIFT, 0.4)], weighted), "7", 0.5)
    assert found[Subject(Trouble.DRIFT, "7", "labels", "office")] == (True, 0.4)
    assert found[Subject(Trouble.DRIFT, "7", "length", ALL)].troubled is None
    assert found[Subject(Trouble.ACCURACY, "7", "weighted", ALL)] == (True, 0.3)
