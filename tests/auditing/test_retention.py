from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from auditing.errors import RetentionTooShort, TextRemoved
from auditing.log.accesses import AccessLog, Action
from auditing.log.caselog import CaseLog
from auditing.log.events import Outcome, OutcomeStatus
from auditing.log.history import EventLog
from auditing.log.retention import retain
from auditing.log.verify import Damage, verify
from auditing.store.schema import predictions

TODAY = datetime(2026, 10, 3, 14, tzinfo=UTC)
YEAR = timedelta(days=365)


@pytest.fixture
def two_years(log, complaint, answer):
    """A log with a case of two years ago and one of today, each with a note: their prediction_ids."""
    ids = []
    for number, moment in enumerate((TODAY - 2 * YEAR, TODAY)):
        then = CaseLog(log.engine, log.identifier, now=lambda moment=moment: moment)
        case = replace(complaint, ticket_id=f"T-{number}")
        (recorded,) = then.write([then.entry(case, answer(case))])
        outcome = Outcome(recorded.prediction_id, OutcomeStatus.ACCEPTED, "O04", "12345", moment, note="已电话联系")
        EventLog(log.engine, now=lambda moment=moment: moment).append(outcome, "k_1")
        ids.append(recorded.prediction_id)
    return ids


def clean(engine):
    return not any(report.faults for report in verify(engine))


def test_old_texts_go_digests_stay_and_the_chain_verifies(log, two_years):
    old, new = two_years
    done = retain(log.engine, YEAR, "admin", now=lambda: TODAY)
    assert (done.predictions, done.events) == (1, 1)
    with pytest.raises(TextRemoved):
        log.find(old)
    assert "外卖".encode() in log.find(new).complaint
    with log.engine.connect() as connection:
        row = connection.execute(select(predictions).where(predictions.c.prediction_id == old)).one()
    assert (row.complaint, row.answer, row.domain_code, len(row.complaint_digest)) == ("", "", "CAT", 64)
    events = EventLog(log.engine)
    assert [event.note for name in two_years for event in events.of_prediction(name)] == ["", "已电话联系"]
    assert clean(log.engine)


def test_a_run_is_recorded_and_a_second_one_finds_nothing_left(log, two_years):
    retain(log.engine, YEAR, "admin", now=lambda: TODAY)
    again = retain(log.engine, YEAR, "admin", now=lambda: TODAY)
    assert (again.predictions, again.events) == (0, 0)
    recorded = [access for access in AccessLog(log.engine).latest() if access.action is Action.RETAIN]
    assert [(access.who, access.detail) for access in recorded] == [("admin", (TODAY - YEAR).isoformat())] * 2
    assert clean(log.engine)


def test_a_text_emptied_by_another_hand_is_found_also_after_a_retention(log, two_years):
    retain(log.engine, YEAR, "admin", now=lambda: TODAY)
    with log.engine.begin() as connection:
        connection.execute(update(predictions).where(predictions.c.prediction_id == two_years[1]).values(answer=""))
    assert [fault.damage for report in verify(log.engine) for fault in report.faults] == [Damage.TEXT]


def test_what_is_asked_again_after_its_answer_was_removed_is_answered_and_not_stored_again(
    log, two_years, complaint, answer
):
    retain(log.engine, YEAR, "admin", now=lambda: TODAY)
    case = replace(complaint, ticket_id="T-0")
    entry = log.entry(case, answer(case))
    (recorded,) = log.write([entry])
    assert (recorded.prediction_id, recorded.repeated, recorded.answer) == (two_years[0], True, entry.answer)
    with pytest.raises(TextRemoved):
        log.find(two_years[0])


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_nothing_of_a_removed_text_is_left_in_the_files(log, two_years, complaint, answer, tmp_path):
    retain(log.engine, YEAR, "admin", now=lambda: TODAY + 3 * YEAR)
    held = b"".join(path.read_bytes() for path in tmp_path.glob("caselog.db*"))
    assert "头发".encode() not in held
    assert "已电话联系".encode() not in held
    assert clean(log.engine)


def test_texts_that_are_being_worked_on_are_not_removed(log):
    with pytest.raises(RetentionTooShort):
        retain(log.engine, timedelta(hours=5), "admin")
