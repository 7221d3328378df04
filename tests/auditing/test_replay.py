"""A stored prediction once more."""

import pytest
from sqlalchemy import update

from auditing.caselog import CaseLog
from auditing.errors import TextRemoved, UnknownPrediction
from auditing.events import Outcome, OutcomeStatus
from auditing.history import EventLog
from auditing.replay import Sameness, replay
from auditing.returns import leave_out
from auditing.schema import predictions
from features.complaint import Complaint


@pytest.fixture
def log(tmp_path):
    log = CaseLog.open(f"sqlite:///{tmp_path}/caselog.db", tmp_path / "digest.key")
    yield log
    log.close()


@pytest.fixture
def predict(log, tiny_model):
    """Answer a text as the service does; give the prediction's id."""

    def predict(text, excluded=()):
        complaint = Complaint(text, source="12345", ticket_id="T-1")
        answer = leave_out(tiny_model.triage(complaint), excluded)
        (recorded,) = log.write([log.entry(complaint, answer, tuple(excluded))])
        return recorded.prediction_id

    return predict


@pytest.fixture
def again(log, tiny_model):
    def again(prediction_id, model=tiny_model):
        return replay(log.engine, prediction_id, lambda version: model.triage)

    return again


def test_the_stored_version_gives_the_stored_answer_again(predict, again, tiny_complaints):
    found = again(predict(tiny_complaints[0][0]))
    assert (found.sameness, found.differences, found.hidden) == (Sameness.EQUAL, (), False)
    assert found.model.version == "1"


def test_hidden_personal_data_is_told_of(predict, again, tiny_complaints):
    found = again(predict(f"{tiny_complaints[0][0]}，回电13800000000"))
    assert found.hidden
    assert found.sameness in (Sameness.EQUAL, Sameness.SAME_ANSWER)


def test_another_answer_is_told_of_where_it_differs(predict, again, tiny_complaints, tiny_model):
    class Another:
        def triage(self, complaint):
            return tiny_model.triage(Complaint(tiny_complaints[40][0]))

    found = again(predict(tiny_complaints[0][0]), Another())
    assert found.sameness is Sameness.DIFFERS
    code = next(each for each in found.differences if each.where == "domain.code")
    assert (code.stored, code.now) == (tiny_complaints[0][1], tiny_complaints[40][1])


def test_offices_that_had_returned_the_ticket_then_are_left_out_again(log, predict, again, tiny_complaints):
    text, _, office = tiny_complaints[0]
    first = predict(text)
    outcome = Outcome(first, OutcomeStatus.RETURNED, office, f"office:{office}", log._now(), reason_code="R07")
    EventLog(log.engine).append(outcome, "key")
    # the answer from before the return is still the model's own
    assert again(first).sameness is Sameness.EQUAL
    second = predict(f"{text}。补充", [office])
    assert again(second).sameness is Sameness.EQUAL


@pytest.mark.parametrize(("column", "to"), [("complaint", "酸奶"), ("answer", '"auto"')])
def test_what_was_altered_since_is_not_taken_for_the_original(column, to, log, predict, again, tiny_complaints):
    prediction_id = predict(tiny_complaints[0][0])
    stored = getattr(log.find(prediction_id), column).decode()
    altered = stored.replace(to, to[:-1] + "x" + to[-1:])
    assert altered != stored
    with log.engine.begin() as connection:
        connection.execute(update(predictions).values({column: altered}))
    assert again(prediction_id).sameness is Sameness.ALTERED


def test_what_is_not_there_cannot_be_replayed(log, predict, again, tiny_complaints):
    with pytest.raises(UnknownPrediction):
        again("p_none")
    prediction_id = predict(tiny_complaints[0][0])
    with log.engine.begin() as connection:
        connection.execute(update(predictions).values(complaint="", answer=""))
    with pytest.raises(TextRemoved):
        again(prediction_id)
