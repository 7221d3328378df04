import math
from datetime import UTC, datetime, timedelta

import pytest

from auditing.cases.book import CaseBook
from auditing.cases.dispatch import dispatches_of
from auditing.cases.doubts import audit_sample
from auditing.figures.agreement import agreement, reviewers_agreement
from auditing.figures.measures import FORMULAS, By, Metric, Window, accuracy_of_all, figures
from auditing.figures.misroutes import SILENT, Chosen, cases_of_cell, confusion, reasons
from auditing.log.events import Outcome, OutcomeStatus, Review, ReviewStatus, Role

NOON = datetime(2026, 10, 3, 4, 0, tzinfo=UTC)


@pytest.fixture
def happen(events):
    """Say what became of a prediction: status and office, one after the other."""

    def happen(prediction_id, *told):
        for hour, (status, office) in enumerate(told):
            reason = "R07" if status == "returned" else None
            # an office speaks for itself, the centre assigns
            actor = "centre" if status == "rerouted" else office
            at = NOON + timedelta(hours=hour)
            events.append(
                Outcome(prediction_id, OutcomeStatus(status), office, actor, at, reason_code=reason), "key"
            )  # fmt: skip

    return happen


@pytest.fixture
def judge(events):
    def judge(prediction_id, status, *, actor="li", **said):
        events.append(Review(prediction_id, ReviewStatus(status), actor, Role.REVIEWER, NOON, **said), actor)

    return judge


@pytest.fixture
def book(log):
    return CaseBook(log.engine, b"k" * 32, sample_rate=0.0)


def by_metric(log, by=None, window=Window()):  # noqa: B008
    return {(each.metric, each.group): each for each in figures(log.engine, by, window)}


@pytest.fixture
def four(predicted, happen, book):
    """Four tickets: taken at once; sent on once; sent on twice; on its way."""
    ids = [predicted(f"第{number}件", office=("O03", 0.95, 0.01)) for number in range(4)]
    happen(ids[0], ("accepted", "O03"), ("closed", "O03"))
    happen(ids[1], ("returned", "O03"), ("rerouted", "O04"), ("accepted", "O04"), ("closed", "O04"))
    happen(
        ids[2], ("returned", "O03"), ("rerouted", "O04"), ("returned", "O04"), ("rerouted", "O05"), ("closed", "O05")
    )
    happen(ids[3], ("rerouted", "O03"))
    book.refresh()
    return ids


def test_a_way_is_told_by_its_outcomes(events, predicted, happen):
    one = predicted("一件")
    happen(one, ("returned", "O03"), ("rerouted", "O04"), ("closed", "O04"))
    first, second = dispatches_of(events.of_ticket(one))
    assert first == ("O03", False, True, True, False)
    assert second == ("O04", True, False, False, True)


def test_a_return_is_not_agreed_to_when_the_same_office_gets_the_ticket_again(events, predicted, happen):
    one = predicted("一件")
    happen(one, ("returned", "O03"), ("rerouted", "O03"), ("accepted", "O03"))
    first, second = dispatches_of(events.of_ticket(one))
    assert (first.returned, first.agreed) == (True, False)
    assert (second.office, second.received) == ("O03", True)


@pytest.mark.usefixtures("four")
def test_the_figures_show_what_is_divided_by_what(log):
    found = by_metric(log)
    divided = {metric: (each.numerator, each.denominator) for (metric, _), each in found.items()}
    assert divided == {
        Metric.FIRST_DISPATCH: (1, 4),
        Metric.FIRST_SUGGESTION: (1, 3),
        # seven dispatches, three of them sent back and then on elsewhere
        Metric.RETURN_RATE: (3, 7),
        Metric.EFFECTIVE_RETURN_RATE: (3, 7),
        Metric.MEAN_HOPS: (3, 3),
        Metric.SENT_ABOUT: (1, 3),
        Metric.OVERRIDE_RATE: (0, 0),
        Metric.AUTO_RATE: (4, 4),
        Metric.AUTO_ERROR: (2, 3),
    }
    assert found[Metric.MEAN_HOPS, None].value == 1
    assert math.isnan(found[Metric.OVERRIDE_RATE, None].value)
    assert math.isnan(found[Metric.OVERRIDE_RATE, None].low)
    first = found[Metric.FIRST_DISPATCH, None]
    assert first.low < first.value == 0.25 < first.high


@pytest.mark.usefixtures("four")
def test_figures_by_office_count_for_the_office_sent_to(log):
    found = by_metric(log, By.OFFICE)
    assert (found[Metric.RETURN_RATE, "O03"].numerator, found[Metric.RETURN_RATE, "O03"].denominator) == (2, 4)
    assert (found[Metric.RETURN_RATE, "O04"].numerator, found[Metric.RETURN_RATE, "O04"].denominator) == (1, 2)
    assert found[Metric.FIRST_SUGGESTION, "O05"].value == 0
    assert (Metric.AUTO_RATE, "O04") not in found


@pytest.mark.usefixtures("four")
def test_figures_by_week_domain_and_version_add_up(log):
    for by in (By.WEEK, By.DOMAIN, By.VERSION):
        found = by_metric(log, by)
        assert sum(each.denominator for (metric, _), each in found.items() if metric is Metric.RETURN_RATE) == 7
    now = datetime.now(UTC)
    assert by_metric(log, None, Window(since=now + timedelta(hours=1)))[Metric.FIRST_DISPATCH, None].denominator == 0
    assert by_metric(log, None, Window(until=now + timedelta(hours=1)))[Metric.FIRST_DISPATCH, None].denominator == 4


def test_an_empty_log_has_figures_without_values(log):
    assert {each.denominator for each in figures(log.engine)} == {0}
    assert all(math.isnan(each.value) for each in figures(log.engine))
    assert figures(log.engine, By.WEEK) == []
    assert math.isnan(accuracy_of_all(log.engine).value)


def test_every_figure_says_how_it_is_made():
    assert set(FORMULAS) == set(Metric)
    assert all("÷" in each.formula_zh and "÷" in each.formula_en for each in FORMULAS.values())


def test_the_override_rate_is_that_of_the_suggestions_looked_at(predicted, judge, book, log):
    one, two, three = (predicted(f"第{number}件", office=("O03", 0.5, 0.45)) for number in range(3))
    judge(one, "confirmed")
    judge(two, "corrected", office_code="O04", domain_code="FDS")
    predicted("没有看过的一件")
    judge(three, "to_ruling")
    book.refresh()
    found = by_metric(log)[Metric.OVERRIDE_RATE, None]
    assert (found.numerator, found.denominator) == (1, 2)


def test_accuracy_over_all_traffic_weighs_the_sample(predicted, judge, log):
    book = CaseBook(log.engine, b"k" * 32, sample_rate=0.25)
    doubtful = [predicted(f"疑难第{number}件", office=("O03", 0.5, 0.45)) for number in range(4)]
    sure = [predicted(f"平常第{number}件") for number in range(40)]
    judge(doubtful[0], "confirmed")
    judge(doubtful[1], "corrected", office_code="O04", domain_code="FDS")
    book.refresh()
    drawn = [each for each in sure if audit_sample(each, 0.25, b"k" * 32)]
    others = [each for each in sure if each not in drawn]
    for each in drawn:
        judge(each, "confirmed")
    # found by chance and not by the sample: does not count
    judge(others[0], "corrected", office_code="O04", domain_code="FDS")
    book.refresh()
    found = accuracy_of_all(log.engine)
    assert found.value == pytest.approx((40 * 1 + 4 * 0.5) / 44)
    assert found.looked == len(drawn) + 2
    assert {stratum.name for stratum in found.strata} == {"auto, no doubt", "not auto, doubtful"}


@pytest.mark.usefixtures("four")
def test_the_cells_of_the_confusion_lead_to_the_cases(log, four):
    found = confusion(log.engine, "office")
    assert found.labels == ("O03", "O04", "O05")
    assert found.counts.tolist() == [[1, 0, 0], [1, 0, 0], [1, 0, 0]]
    assert (found.right, found.total) == (1, 3)
    assert cases_of_cell(log.engine, "office", "O04", "O03") == [four[1]]
    assert [cell.cases for cell in found.cells] == [1, 1, 1]
    assert found.cells[-1] == ("O03", "O03", 1)
    assert confusion(log.engine, "domain").total == 0
    assert confusion(log.engine, "office", Chosen(auto=False)).total == 0
    assert confusion(log.engine, "office", Chosen(version="1")).total == 3


@pytest.mark.usefixtures("four")
def test_returns_are_counted_by_office_and_reason(log):
    assert reasons(log.engine) == [("O03", "R07", 2), ("O04", "R07", 1)]
    assert reasons(log.engine, Window(since=datetime.now(UTC) + timedelta(hours=1))) == []


def test_a_silent_model_has_a_column_of_its_own(predicted, judge, book, log):
    one = predicted("你好", domain=(None, 0.0, None), office=(None, 0.0, None))
    judge(one, "corrected", office_code="O01", domain_code="GEN")
    book.refresh()
    found = confusion(log.engine, "domain")
    assert found.labels == ("GEN", SILENT)
    assert cases_of_cell(log.engine, "domain", "GEN", SILENT) == [one]


def test_kappa_is_the_agreement_beyond_chance():
    pairs = [("A", "A")] * 20 + [("A", "B")] * 5 + [("B", "A")] * 10 + [("B", "B")] * 15
    found = agreement("office", pairs)
    assert (found.agreed, found.pairs, found.value) == (35, 50, 0.7)
    assert found.kappa == pytest.approx(0.4)
    assert math.isnan(agreement("office", [("A", "A")]).kappa)
    assert math.isnan(agreement("office", []).value)


def test_the_last_word_of_each_of_two_people_is_compared(predicted, judge, events, book, log):
    one, two = predicted("第一件"), predicted("第二件")
    judge(one, "confirmed")
    judge(one, "corrected", actor="wang", office_code="O04", domain_code="FDS")
    judge(two, "confirmed")
    judge(two, "confirmed", actor="wang")
    # one person alone is no pair
    judge(predicted("第三件"), "confirmed")
    book.refresh()
    domain, office = reviewers_agreement(log.engine)
    assert (domain.pairs, domain.agreed) == (2, 2)
    assert (office.pairs, office.agreed) == (2, 1)
    assert reviewers_agreement(log.engine, Window(since=datetime.now(UTC) + timedelta(hours=1)))[1].pairs == 0
