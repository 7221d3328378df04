from datetime import UTC, datetime

from auditing.cases.book import CaseBook
from auditing.cases.doubts import Doubt
from auditing.cases.queue import Wanted, queue
from auditing.figures.suspicion import suspected_cases
from auditing.log.events import Outcome, OutcomeStatus, Review, ReviewStatus, Role

NOON = datetime(2026, 10, 3, 4, 0, tzinfo=UTC)


def close(events, prediction_id, office):
    events.append(Outcome(prediction_id, OutcomeStatus.CLOSED, office, office, NOON), "key")


def test_an_outcome_that_all_cases_alike_speak_against_enters_the_queue(predicted, events, log):
    book = CaseBook(log.engine, b"k" * 32, sample_rate=0.0)
    assert suspected_cases(log.engine) == set()
    for office in ("O03", "O11"):
        ids = [predicted(f"{office}的第{number}件", office=(office, 0.96, 0.01)) for number in range(12)]
        for each in ids[1:]:
            close(events, each, office)
    odd = predicted("明明是流通科的一件", office=("O03", 0.96, 0.01))
    close(events, odd, "O11")
    reviewed = predicted("有人看过的一件", office=("O03", 0.96, 0.01))
    events.append(
        Review(reviewed, ReviewStatus.CORRECTED, "li", Role.REVIEWER, NOON, office_code="O11", domain_code="FDS"), "li"
    )
    book.refresh()
    assert suspected_cases(log.engine) == {odd}
    book.suspect(suspected_cases(log.engine))
    assert [case.prediction_id for case in queue(log.engine, Wanted(doubt=Doubt.SUSPECTED_LABEL_ERROR))] == [odd]
