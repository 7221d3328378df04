from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select

from auditing.cases.book import MOST_ALIKE, CaseBook, look_of
from auditing.cases.doubts import Doubt
from auditing.cases.queue import Wanted, case_of, ended_alike, queue, waiting, waiting_by_doubt
from auditing.cases.worth import Worth, value
from auditing.errors import CaseNotReady, UnknownPrediction
from auditing.log.events import Outcome, OutcomeStatus, Review, ReviewStatus, Role
from auditing.store.schema_cases import cases, dispatches
from auditing.store.schema_history import shadows

NOON = datetime(2026, 10, 3, 4, 0, tzinfo=UTC)


def outcome(prediction_id, status, office, *, hours=1, actor="centre", **more):
    if status == "returned":
        more = {"reason_code": "R07"} | more
    return Outcome(prediction_id, OutcomeStatus(status), office, actor, NOON + timedelta(hours=hours), **more)


def review(prediction_id, status, *, actor="li", hours=10, role=Role.REVIEWER, **more):
    return Review(prediction_id, ReviewStatus(status), actor, role, NOON + timedelta(hours=hours), **more)


def rows(log, table=cases):
    with log.engine.connect() as connection:
        return connection.execute(select(table).order_by(*table.primary_key)).all()


@pytest.fixture
def book(log):
    return CaseBook(log.engine, b"k" * 32, sample_rate=0.0)


def test_a_case_that_is_still_being_made_is_told_from_one_that_is_not_there(predicted, book, log):
    logged = predicted("买的酸奶过期了", domain=("FDS", 0.97, 0.01), office=("O03", 0.95, 0.02))
    with pytest.raises(CaseNotReady):
        case_of(log.engine, logged)
    with pytest.raises(UnknownPrediction):
        case_of(log.engine, logged[:-1] + ("0" if logged[-1] != "0" else "1"))
    book.refresh()
    assert case_of(log.engine, logged).prediction_id == logged


def test_a_sure_answer_is_no_case_to_look_at_and_an_unsure_one_is(predicted, book, log):
    sure = predicted("买的酸奶过期了", domain=("FDS", 0.97, 0.01), office=("O03", 0.95, 0.02))
    level = predicted("健身房关门，卡里余额不退", domain=("PRE", 0.5, 0.45), office=("O01", 0.9, 0.02))
    silent = predicted("你好", domain=(None, 0.0, None), office=(None, 0.0, None))
    assert book.refresh() == 3
    found = {case.prediction_id: case for case in queue(log.engine)}
    assert set(found) == {level, silent}
    assert found[level].doubts == (Doubt.LOW_MARGIN,)
    assert found[silent].doubts == (Doubt.OUT_OF_DISTRIBUTION,)
    assert case_of(log.engine, sure).doubts == ()
    assert case_of(log.engine, sure).value.total == 0
    assert book.refresh() == 0


def test_the_queue_is_ordered_by_value_and_says_why(predicted, book, log):
    unsure = predicted("理发店充值卡不退", office=("O01", 0.4, 0.35))
    worse = predicted("停车场乱收费没有公示牌", office=("O11", 0.2, 0.19))
    book.refresh()
    first, second = queue(log.engine)
    assert (first.prediction_id, second.prediction_id) == (worse, unsure)
    assert first.value.total > second.value.total
    assert first.why_zh == "可能有误 80% × 1 + 不确定 99% × 同类待审 1 件 × 0.25 = 1.05"
    assert queue(log.engine) == [first, second]
    assert queue(log.engine, limit=1, offset=1) == [second]


def test_the_stored_value_is_that_of_the_formula(predicted, book, log):
    for number in range(3):
        predicted(f"第{number}家店的年卡不退", office=("O01", 0.3 + number / 50, 0.25))
    book.refresh()
    still = [row for row in rows(log) if row.open]
    assert len(still) == 3
    for row in still:
        expected = value(look_of(row.wrong, row.uncertainty, row.doubts, row.alike), Worth()).total
        assert row.value == pytest.approx(expected)


def test_near_identical_open_cases_raise_each_others_value_until_one_is_labelled(predicted, book, events, log):
    text = "昨晚在某健身房办理的年卡被告知停业，卡内余额一千二百元要求退还，店家电话无人接听，请尽快协调处理"
    alike = [predicted(text + end, office=("O01", 0.5, 0.45)) for end in ("", "。", "！")]
    other = predicted("停车场乱收费没有公示牌", office=("O01", 0.5, 0.45))
    book.refresh()
    assert [case.alike for case in queue(log.engine)] == [3, 3, 3, 1]
    assert queue(log.engine)[-1].prediction_id == other
    events.append(review(alike[0], "corrected", office_code="O11"), "li")
    book.refresh()
    assert {case.alike for case in queue(log.engine) if case.prediction_id in alike} == {0}
    assert "同类已有人工标注" in case_of(log.engine, alike[1]).why_zh
    ended = ended_alike(log.engine, alike[1])
    assert [each.prediction_id for each in ended] == [alike[0], alike[2]]
    assert (ended[0].true_office, ended[0].source) == ("O11", "person")
    assert MOST_ALIKE > 3


def test_a_return_opens_a_case_and_a_second_one_makes_it_hard(predicted, book, events, log):
    sure = predicted("买的酸奶过期了", office=("O03", 0.97, 0.01))
    events.append(outcome(sure, "returned", "O03", actor="O03"), "key")
    book.refresh()
    assert case_of(log.engine, sure).doubts == (Doubt.RETURNED,)
    assert case_of(log.engine, sure).wrong == 1.0
    events.append(outcome(sure, "rerouted", "O04", hours=2), "key")
    events.append(outcome(sure, "returned", "O04", hours=3, actor="O04"), "key")
    book.refresh()
    assert case_of(log.engine, sure).doubts == (Doubt.HARD_CASE, Doubt.RETURNED)
    told = [(row.office_code, row.returned, row.agreed, row.last) for row in rows(log, dispatches)]
    assert told == [("O03", True, True, False), ("O04", True, False, True)]
    events.append(review(sure, "ruled", role=Role.LEAD, actor="lead", office_code="O05", domain_code="SPF"), "lead")
    book.refresh()
    assert waiting(log.engine) == 0
    assert rows(log)[0].true_office == "O05"


def test_an_accepted_ticket_leaves_the_queue_but_not_the_random_sample(predicted, events, log):
    book = CaseBook(log.engine, b"k" * 32, sample_rate=1.0)
    unsure = predicted("理发店充值卡不退", office=("O01", 0.4, 0.35))
    events.append(outcome(unsure, "accepted", "O01", actor="O01"), "key")
    book.refresh()
    case = case_of(log.engine, unsure)
    assert case.doubts == (Doubt.AUDIT_SAMPLE,)
    assert case.why_zh == "随机抽检 0.50"
    assert case.value.total == Worth().measuring


def test_what_is_taken_back_opens_the_case_again(predicted, book, events, log):
    unsure = predicted("理发店充值卡不退", office=("O01", 0.4, 0.35))
    said = events.append(review(unsure, "confirmed", office_code="O01"), "li")
    book.refresh()
    assert waiting(log.engine) == 0
    events.append(review(unsure, "undone", hours=11, undoes=said.event.seq), "li")
    book.refresh()
    assert waiting(log.engine) == 1


def test_a_second_look_waits_for_somebody_else(predicted, book, events, log):
    unsure = predicted("理发店充值卡不退", office=("O01", 0.4, 0.35))
    events.append(review(unsure, "confirmed", office_code="O01"), "li")
    events.append(review(unsure, "second_look", hours=11), "li")
    book.refresh()
    assert case_of(log.engine, unsure).doubts == (Doubt.SECOND_LOOK,)
    events.append(review(unsure, "confirmed", hours=12, actor="wang", office_code="O01"), "wang")
    book.refresh()
    assert waiting(log.engine) == 0


def test_a_challenger_that_differs_opens_a_case(predicted, book, log):
    sure = predicted("买的酸奶过期了", office=("O03", 0.9, 0.01))
    book.refresh()
    with log.engine.begin() as connection:
        connection.execute(
            insert(shadows).values(
                prediction_id=sure, model_name="complaint-triage", model_version="2", at=NOON,
                domain_code="FDS", domain_confidence=0.9, office_code="O04", office_confidence=0.7,
            )
        )  # fmt: skip
    assert book.refresh() == 1
    assert case_of(log.engine, sure).doubts == (Doubt.CHALLENGER_DISAGREES,)
    assert case_of(log.engine, sure).wrong == pytest.approx(1 - (0.9 + 0.3) / 2)
    assert book.refresh() == 0


def test_only_the_latest_prediction_of_a_ticket_waits(predicted, book, log):
    predicted("理发店充值卡不退", ticket="T-9", office=("O01", 0.4, 0.35))
    later = predicted("理发店充值卡不退，已报警", ticket="T-9", office=("O01", 0.4, 0.35))
    book.refresh()
    assert [case.prediction_id for case in queue(log.engine)] == [later]
    assert [(row.first, row.latest) for row in rows(log)] == [(True, False), (False, True)]


def test_the_queue_is_filtered_by_doubt_office_domain_version_and_age(predicted, book, log):
    one = predicted("理发店充值卡不退", domain=("PRE", 0.9, 0.02), office=("O01", 0.4, 0.35))
    two = predicted("停车场乱收费", domain=("PRC", 0.9, 0.02), office=("O11", 0.4, 0.35), version="2")
    three = predicted("你好", domain=(None, 0.0, None), office=(None, 0.0, None))
    book.refresh()

    def found(**wanted):
        return {case.prediction_id for case in queue(log.engine, Wanted(**wanted))}

    assert found() == {one, two, three}
    assert found(doubt=Doubt.LOW_MARGIN) == {one, two}
    assert found(office="O11") == {two}
    assert found(domain="PRE") == {one}
    assert found(version="2") == {two}
    now = datetime.now(UTC)
    assert found(since=now - timedelta(hours=1)) == {one, two, three}
    assert found(until=now - timedelta(hours=1)) == set()
    assert waiting(log.engine, Wanted(doubt=Doubt.LOW_MARGIN)) == 2
    assert waiting_by_doubt(log.engine)[Doubt.OUT_OF_DISTRIBUTION] == 1


def test_suspicions_enter_and_leave_the_queue(predicted, book, log):
    sure = predicted("买的酸奶过期了", office=("O03", 0.97, 0.01))
    book.refresh()
    book.suspect([sure])
    assert case_of(log.engine, sure).doubts == (Doubt.SUSPECTED_LABEL_ERROR,)
    book.suspect([])
    assert waiting(log.engine) == 0


def test_domain_and_office_that_never_go_together_are_a_doubt(predicted, log):
    book = CaseBook(log.engine, b"k" * 32, sample_rate=0.0, handled={"FDS": {"O02", "O03"}})
    odd = predicted("买的酸奶过期了", domain=("FDS", 0.97, 0.01), office=("O11", 0.95, 0.02))
    predicted("买的牛奶过期了", domain=("FDS", 0.97, 0.01), office=("O02", 0.95, 0.02))
    book.refresh()
    assert [(case.prediction_id, case.doubts) for case in queue(log.engine)] == [(odd, (Doubt.HEADS_DISAGREE,))]


def test_made_anew_the_cases_are_the_same(predicted, book, events, log):
    for number in range(5):
        last = predicted(f"第{number}家店的年卡不退", office=("O01", 0.3 + number / 10, 0.25))
    events.append(outcome(last, "returned", "O01", actor="O01"), "key")
    book.refresh()
    before = rows(log), rows(log, dispatches)
    assert book.rebuild() == 6
    assert (rows(log), rows(log, dispatches)) == before
    with log.engine.begin() as connection:
        connection.execute(delete(cases))
    assert queue(log.engine) == []
