"""What the last days say, short enough for a monitor: whether complaints drift, and how many answers are right.

Pure: made from the days of `auditing.figures.drift` and the estimate of `auditing.figures.measures`.
"""

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from auditing.figures.drift import LEAST_ROWS, Day, State
from auditing.figures.estimates import NOTHING, Estimate, share_interval
from auditing.figures.incidents import Subject, Trouble, Verdict

ALL = "all"
"""Stands for the target of what is of the answer as a whole."""


class AccuracyKind(StrEnum):
    """Where an accuracy comes from.

    estimated: calibrated confidence, before anybody knows. realised: of whatever has become known, which is no fair
    sample: doubtful cases are looked at first. weighted: of all traffic, from reviewers' looks weighted by their chance.
    """

    ESTIMATED = "estimated"
    REALISED = "realised"
    WEIGHTED = "weighted"


class DriftSign(NamedTuple):
    """One kind of drift over the days: `days` on which it was found, and the distance and state of the latest day.

    The latest day is the latest that could be told; where none could, the distance is NaN and the state INSUFFICIENT.
    """

    kind: str
    target: str
    days: int
    distance: float
    state: State


class AccuracySign(NamedTuple):
    """An accuracy over the days with its 95 % interval, and the number of cases it rests on; NaN where that is 0."""

    kind: AccuracyKind
    target: str
    value: float
    low: float
    high: float
    cases: int


class Signs(NamedTuple):
    """What a look at the last days has found."""

    drift: tuple[DriftSign, ...]
    accuracy: tuple[AccuracySign, ...]


def signs_of(days: Sequence[Day], weighted: Estimate | None) -> Signs:
    """Sum up the days, in their order; `weighted` is the accuracy of all traffic in that time."""
    signals = dict.fromkeys(finding.signal for day in days for finding in day.findings)
    targets = dict.fromkeys(each.target for day in days for each in day.accuracy)
    accuracy = [sign for target in targets for sign in _accuracies(days, target)]
    if weighted is not None:
        accuracy.append(
            AccuracySign(AccuracyKind.WEIGHTED, ALL, weighted.value, weighted.low, weighted.high, weighted.looked)
        )
    return Signs(tuple(_drift(days, signal) for signal in signals), tuple(accuracy))


def verdicts_of(found: Signs, version: str, floor: float) -> dict[Subject, Verdict]:
    """Judge `version`: each kind of drift, and each accuracy against `floor`."""
    verdicts = {}
    for drift in found.drift:
        troubled = None if drift.state is State.INSUFFICIENT else drift.state is State.DRIFT
        verdicts[Subject(Trouble.DRIFT, version, drift.kind, drift.target)] = Verdict(troubled, drift.distance)
    for accuracy in found.accuracy:
        subject = Subject(Trouble.ACCURACY, version, accuracy.kind, accuracy.target)
        verdicts[subject] = Verdict(below(accuracy, floor), accuracy.value)
    return verdicts


def below(sign: AccuracySign, floor: float) -> bool | None:
    """Tell whether an accuracy lies below the floor; None while that cannot be told.

    It does where all of its interval does, and no more once the value has reached the floor. What has become known by
    chance is no measure of all traffic and never told.
    """
    if sign.kind is AccuracyKind.REALISED or sign.cases < LEAST_ROWS or math.isnan(sign.value):
        return None
    if sign.high < floor:
        return True
    return False if sign.value >= floor else None


def _drift(days: Sequence[Day], signal: str) -> DriftSign:
    kind, _, target = signal.partition(":")
    told = [
        finding
        for day in days
        for finding in day.findings
        if finding.signal == signal and finding.state is not State.INSUFFICIENT
    ]
    count = sum(finding.state is State.DRIFT for finding in told)
    latest = told[-1] if told else None
    return DriftSign(
        kind,
        target or ALL,
        count,
        latest.distance if latest else NOTHING,
        latest.state if latest else State.INSUFFICIENT,
    )


def _accuracies(days: Sequence[Day], target: str) -> tuple[AccuracySign, AccuracySign]:
    mine = [each for day in days for each in day.accuracy if each.target == target]
    answered = sum(each.answered for each in mine)
    known, right = sum(each.known for each in mine), sum(each.right for each in mine)
    realised = AccuracySign(
        AccuracyKind.REALISED, target, right / known if known else NOTHING, *share_interval(right, known), known
    )
    if not answered:
        return AccuracySign(AccuracyKind.ESTIMATED, target, NOTHING, NOTHING, NOTHING, 0), realised
    sure = [each for each in mine if each.answered]
    value = sum(each.answered * each.estimated for each in sure) / answered
    # days are independent: the squares of their half widths add up
    half = math.hypot(*(each.answered * (each.high - each.low) / 2 for each in sure)) / answered
    bounds = max(0.0, value - half), min(1.0, value + half)
    return AccuracySign(AccuracyKind.ESTIMATED, target, value, *bounds, answered), realised
