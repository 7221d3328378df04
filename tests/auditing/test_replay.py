"""A stored prediction once more."""

import orjson
import pytest
from sqlalchemy import update

from auditing.charters.book import CharterBook
from auditing.errors import TextRemoved, UnknownPrediction
from auditing.log.caselog import CaseLog
from auditing.log.events import Outcome, OutcomeStatus
from auditing.log.history import EventLog
from auditing.log.returns import settle
from auditing.reruns.replay import Sameness, again_as, replay
from auditing.store.chain import digest
from auditing.store.schema import predictions
from features.complaint import Complaint
from models.charter.answer import Answer
from models.charter.demo import DEMO as DEMO_FILE
from models.charter.demo import demo_charter
from models.charter.resolution import Resolver
from models.charter.route import CharterVersion

DEMO = CharterVersion(demo_charter().name, "demo")


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
        at, triage = log._now(), tiny_model.triage_and_scores(complaint)
        masked = triage[0].complaint
        answer = settle(Answer(*Resolver(demo_charter(), DEMO).resolve(*triage, masked, at)), excluded)
        (recorded,) = log.write([log.entry(complaint, answer, tuple(excluded), at=at)])
        return recorded.prediction_id

    return predict


@pytest.fixture
def again(log, tiny_model):
    def again(prediction_id, model=tiny_model):
        return replay(log.engine, prediction_id, again_as(CharterBook(log.engine), lambda version: model))

    return again


def test_the_stored_version_gives_the_stored_answer_again(predict, again, tiny_complaints):
    found = again(predict(tiny_complaints[0][0]))
    assert (found.sameness, found.differences, found.hidden) == (Sameness.EQUAL, (), False)
    assert (found.model.version, found.charter) == ("1", DEMO)


def test_it_is_resolved_by_the_charter_that_was_in_force_then(log, predict, again, tiny_complaints):
    prediction_id, text = predict(tiny_complaints[0][0]), DEMO_FILE.read_text(encoding="utf-8")
    book = CharterBook(log.engine)
    book.activate(book.put(text.replace("name: 食品流通安全监督管理科", "name: 流通科"), "李").number, "李", "更名")
    found = again(prediction_id)
    assert (found.sameness, found.charter) == (Sameness.EQUAL, DEMO)


def test_an_answer_from_before_there_were_charters_is_replayed_without_one(log, predict, again, tiny_complaints):
    prediction_id = predict(tiny_complaints[0][0])
    old = orjson.loads(log.find(prediction_id).answer)
    for name in ("kind", "route", "urgency", "due", "charter"):
        del old[name]
    office = tiny_complaints[0][2]
    told = orjson.dumps(old).decode()
    with log.engine.begin() as connection:
        connection.execute(update(predictions).values(answer=told, answer_digest=digest(told)))
    found = again(prediction_id)
    assert found.charter is None
    assert old["office"]["code"] == office
    assert not [each for each in found.differences if each.where == "domain.code"]


def test_hidden_personal_data_is_told_of(predict, again, tiny_complaints):
    found = again(predict(f"{tiny_complaints[0][0]}，回电13800000000"))
    assert found.hidden
    assert found.sameness in (Sameness.EQUAL, Sameness.SAME_ANSWER)


def test_another_answer_is_told_of_where_it_differs(predict, again, tiny_complaints, tiny_model):
    class Another:
        def triage_and_scores(self, complaint):
            return tiny_model.triage_and_scores(Complaint(tiny_complaints[40][0]))

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


@pytest.mark.parametrize(("column", "to"), [("complaint", "酸奶"), ("answer", '"FDS"')])
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
