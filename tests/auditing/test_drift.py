import math
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import update

from auditing.cases.book import CaseBook
from auditing.figures.drift import (
    LEAST_ROWS,
    Comparison,
    State,
    compare,
    drift,
    estimated_accuracy,
    first_days,
    judge,
    labels_compared,
    reading,
    values_compared,
)
from auditing.figures.profile import KEPT, SILENT, Profile, profile_of, quantiles
from auditing.log.events import Outcome, OutcomeStatus
from auditing.store.schema_cases import cases

NOON = datetime(2026, 10, 3, 4, 0, tzinfo=UTC)


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def only(comparison):
    (finding,) = judge([comparison])
    return finding


def test_another_mix_of_labels_is_drift():
    finding = only(labels_compared("labels:domain", {"FDS": 500, "PRE": 500}, {"FDS": 180, "PRE": 20}))
    assert finding.state is State.DRIFT
    assert finding.distance == pytest.approx(0.4)
    assert finding.rows == 200


def test_few_complaints_are_insufficient_data_and_no_alarm():
    few = LEAST_ROWS - 1
    assert only(labels_compared("labels", {"FDS": 500, "PRE": 500}, {"FDS": few})).state is State.INSUFFICIENT
    assert only(values_compared("length", range(500), range(10_000, 10_000 + few))).state is State.INSUFFICIENT
    assert math.isnan(only(values_compared("length", range(500), [])).q)
    assert only(labels_compared("labels", {}, {"FDS": 100})).state is State.INSUFFICIENT


def test_rare_labels_are_taken_together_and_do_not_alarm():
    reference = {"FDS": 500} | {f"D{number:02}": 5 for number in range(100)}
    day = {"FDS": 44} | {f"D{number:02}": 1 for number in range(40)}
    found = labels_compared("labels:domain", reference, day)
    assert found.p > 0.5
    assert only(found).state is State.STEADY
    one = labels_compared("labels:domain", {"FDS": 100}, {"FDS": 50})
    assert (one.distance, only(one).state) == (0, State.INSUFFICIENT)


def test_a_label_that_was_never_seen_is_drift_when_it_is_frequent():
    assert only(labels_compared("labels", {"FDS": 300, "PRE": 300}, {"FDS": 80, "NEW": 80})).state is State.DRIFT
    assert (
        only(labels_compared("labels", {"FDS": 300, "PRE": 300}, {"FDS": 80, "PRE": 80, "NEW": 1})).state
        is not State.DRIFT
    )


def test_days_like_the_reference_raise_no_alarm(generator):
    names = [f"D{number:02}" for number in range(20)]
    shares = generator.dirichlet(np.ones(20))
    reference = dict(zip(names, generator.multinomial(2000, shares).tolist(), strict=True))
    lengths = quantiles(generator.lognormal(4, 0.6, 2000))
    compared = []
    for _ in range(60):
        day = dict(zip(names, generator.multinomial(60, shares).tolist(), strict=True))
        compared.append(labels_compared("labels", reference, day))
        compared.append(values_compared("length", lengths, quantiles(generator.lognormal(4, 0.6, 60))))
    findings = judge(compared)
    assert {finding.state for finding in findings} == {State.STEADY}


def test_longer_texts_are_drift(generator):
    finding = only(values_compared("length", generator.normal(80, 20, 500), generator.normal(120, 20, 100)))
    assert finding.state is State.DRIFT


def test_a_difference_that_is_certain_but_small_is_no_drift():
    assert only(Comparison("length", 10**6, 0.02, 1e-30)).state is State.STEADY


def test_many_looks_are_corrected_for():
    lucky = Comparison("length", 100, 0.2, 0.005)
    assert only(lucky).state is State.DRIFT
    others = [Comparison("length", 100, 0.05, 0.5)] * 30
    assert judge([lucky, *others])[0].state is State.STEADY
    assert judge([]) == []


def test_a_profile_survives_the_manifest(generator):
    facts = generator.integers(1, 50, (40, 3))
    facts[:, 2] = np.minimum(facts[:, 2], facts[:, 1])
    made = profile_of(40, {"domain": ["FDS", None] * 20}, {"domain": generator.random(20)}, facts, {("FDS", "O03"): 7})
    assert made.labels["domain"] == {SILENT: 20, "FDS": 20}
    assert Profile.from_manifest(made.to_manifest()) == made
    assert len(quantiles(generator.random(5000))) == KEPT
    assert quantiles([]) == ()


def test_the_mean_confidence_estimates_accuracy(generator):
    confidences = generator.beta(5, 2, 2000)
    mean, low, high = estimated_accuracy(confidences)
    hits = [(generator.random(2000) < confidences).mean() for _ in range(200)]
    assert np.mean([low <= share <= high for share in hits]) > 0.9
    assert low < mean < high
    assert all(math.isnan(value) for value in estimated_accuracy(np.zeros(0)))
    assert estimated_accuracy(np.ones(5)) == (1, 1, 1)


@pytest.fixture
def watched(log, predicted):
    """Two days of predictions, the second of another mix; 40 each."""
    ids = [predicted(f"第{number}件投诉", domain=("FDS" if number < 40 else "PRC", 0.95, 0.01)) for number in range(80)]
    book = CaseBook(log.engine, b"k" * 32, sample_rate=0.0)
    book.refresh()
    with log.engine.begin() as connection:
        connection.execute(update(cases).where(cases.c.seq <= 40).values(created_at=NOON))
        connection.execute(update(cases).where(cases.c.seq > 40).values(created_at=NOON + timedelta(days=1)))
    return SimpleNamespace(ids=ids, book=book)


def test_drift_is_told_day_by_day(log, watched, events):
    reference = first_days(log.engine, "1", rows=40)
    assert reference.labels == {"domain": {"FDS": 40}, "office": {"O03": 40}}
    events.append(Outcome(watched.ids[0], OutcomeStatus.CLOSED, "O03", "O03", NOON), "key")
    events.append(Outcome(watched.ids[1], OutcomeStatus.CLOSED, "O04", "O04", NOON), "key")
    watched.book.refresh()
    days = drift(log.engine, reference, "1", NOON, NOON + timedelta(days=7))
    assert [day.rows for day in days] == [40, 40]
    states = [{finding.signal: finding.state for finding in day.findings} for day in days]
    assert states[0]["labels:domain"] is State.INSUFFICIENT
    assert states[1]["labels:domain"] is State.DRIFT
    assert states[1]["confidence:domain"] is State.STEADY
    assert states[1]["length"] is State.INSUFFICIENT
    office = next(each for each in days[0].accuracy if each.target == "office")
    assert (office.known, office.right, office.realised) == (2, 1, 0.5)
    assert office.estimated == pytest.approx(0.95)
    assert math.isnan(days[1].accuracy[0].realised)
    assert first_days(log.engine, "1", rows=81) is None
    assert drift(log.engine, reference, "9", NOON, NOON + timedelta(days=7)) == []


def test_texts_are_read_again_with_the_version(log, watched, tiny_model):
    profile = first_days(log.engine, "1", rows=80, facts_of=reading(tiny_model))
    assert len(profile.length) == 80
    assert len(watched.ids) == 80
    assert all(0 <= share <= 1 for share in profile.unknown)
    assert {finding.signal for finding in judge(compare(profile, profile))} == {
        "labels:domain", "confidence:domain", "labels:office", "confidence:office", "length", "unknown n-grams",
    }  # fmt: skip
