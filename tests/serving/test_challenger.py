"""The challenger beside the live model."""

import asyncio
import threading

import httpx
import pytest
from sqlalchemy import select

from auditing.cases.book import CaseBook
from auditing.log.caselog import CaseLog
from auditing.log.events import Outcome, OutcomeStatus, Review, ReviewStatus, Role
from auditing.log.history import EventLog
from auditing.reruns.shadows import ShadowLog
from auditing.store.schema_history import shadows
from features.complaint import Complaint
from models.charter.demo import demo_charter
from models.charter.route import CharterVersion
from models.prediction import ModelVersion
from serving.beside import challenger as module
from serving.beside.challenger import Challenger
from serving.metrics import Metrics
from serving.serve import Aliases, build_app
from serving.service import TriageService


@pytest.fixture
def log(tmp_path):
    log = CaseLog.open(f"sqlite:///{tmp_path}/caselog.db", tmp_path / "digest.key")
    yield log
    log.close()


@pytest.fixture
def champion(keyword_service):
    return keyword_service.KeywordModel("1")


@pytest.fixture
def contrary(keyword_service):
    """Version 2: of food that is past its date it says that it was a meal."""

    class Contrary(keyword_service.KeywordModel):
        def triage(self, complaint):
            said = complaint.text.replace("过期", "外卖")
            return super().triage(type(complaint)(said, source=complaint.source, ticket_id=complaint.ticket_id))

    return Contrary("2")


@pytest.fixture
def answer(log, champion, settled):
    """Have the champion answer texts; give their prediction ids."""

    def answer(*texts):
        entries = []
        for number, text in enumerate(texts):
            complaint = Complaint(text, source="12345", ticket_id=f"T-{text[:4]}-{number}")
            entries.append(log.entry(complaint, settled(champion.triage(complaint))))
        return [recorded.prediction_id for recorded in log.write(entries)]

    return answer


@pytest.fixture
def beside(log, champion, contrary, tmp_path):
    """A challenger of version 2, which has looked once and is driven by the test."""
    service = TriageService(log)
    service.swap(champion)
    service.swap_charter(demo_charter(), CharterVersion("demo", "demo"))

    def beside(model=contrary):
        found = Challenger(
            ShadowLog(log.engine), lambda: model.version, lambda: model, service, Metrics(), tmp_path / "lock"
        )
        found.look()
        return found

    return beside


def rows(log):
    with log.engine.connect() as connection:
        return connection.execute(select(shadows)).mappings().all()


def test_it_is_asked_about_what_is_answered_from_now_on_and_takes_up_where_it_left(log, answer, beside):
    answer("电梯困人")
    first = beside()
    ids = answer("过期牛奶", "外卖有虫")
    assert first.follow() == 2
    assert first.follow() == 0
    more = answer("电梯下坠")
    # after a restart
    assert beside().follow() >= 1
    found = {row["prediction_id"]: row["domain_code"] for row in rows(log)}
    assert found == dict(zip([*ids, *more], ["CAT", "CAT", "SPE"], strict=True))
    assert {row["model_version"] for row in rows(log)} == {"2"}


def test_it_sees_what_was_stored_and_no_more(log, answer, beside, contrary, monkeypatch):
    seen = []
    monkeypatch.setattr(
        contrary, "triage", lambda complaint: seen.append(complaint.text) or type(contrary).triage(contrary, complaint)
    )
    one = beside()
    answer("过期牛奶，回电13800000000")
    one.follow()
    assert seen == ["过期牛奶，回电***********"]


def test_two_processes_write_no_row_twice(log, answer, beside):
    one, other = beside(), beside()
    answer("过期牛奶", "外卖有虫")
    assert (one.follow(), other.follow()) == (2, 2)
    assert len(rows(log)) == 2


def test_a_challenger_that_is_the_live_version_is_not_asked(log, answer, beside, champion):
    same = beside(champion)
    answer("过期牛奶")
    assert same.follow() == 0
    assert same.version is None


def test_far_behind_it_leaves_out_what_is_between(log, answer, beside, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_QUEUE", 3)
    one = beside()
    answer(*(f"过期食品第{number}件" for number in range(10)))
    assert one.follow() == 3
    assert len(rows(log)) == 3


def test_one_complaint_that_it_fails_on_does_not_end_it(log, answer, beside, contrary, monkeypatch):
    one = beside()
    monkeypatch.setattr(
        contrary,
        "triage",
        lambda complaint: type(contrary).triage(contrary, complaint) if "外卖" in complaint.text else 1 / 0,
    )
    answer("过期牛奶", "外卖有虫")
    assert one.follow() == 2
    assert len(rows(log)) == 1


def test_an_office_that_returned_the_ticket_is_not_the_challengers_answer_either(log, answer, beside, keyword_service):
    one = beside()
    (prediction_id,) = answer("过期牛奶")
    office = keyword_service.OFFICE[0]
    EventLog(log.engine).append(
        Outcome(prediction_id, OutcomeStatus.RETURNED, office, f"office:{office}", log._now(), reason_code="R07"), "key"
    )
    one.follow()
    assert rows(log)[0]["office_code"] is None


def test_disagreements_and_both_accuracies_are_told_as_outcomes_arrive(log, answer, beside):
    one = beside()
    spoilt, _, stuck = answer("过期牛奶", "外卖有虫", "电梯困人")
    one.follow()
    history, book = EventLog(log.engine), CaseBook(log.engine, b"k" * 32)
    book.refresh()
    version, told = ModelVersion("complaint-triage", "2"), ShadowLog(log.engine)
    domain, office = told.standing(version)
    assert (domain.asked, domain.differ, domain.known) == (3, 1, 0)
    assert domain.to_dict()["champion_accuracy"] is None
    assert (office.asked, office.differ) == (3, 0)
    (difference,) = told.disagreements(version)
    assert (difference.prediction_id, difference.champion, difference.challenger, difference.right) == (
        spoilt,
        "FDS",
        "CAT",
        None,
    )
    for prediction_id, right in ((spoilt, "FDS"), (stuck, "SPE")):
        history.append(
            Review(prediction_id, ReviewStatus.CORRECTED, "person", Role.REVIEWER, log._now(), "O04", right), "person"
        )
    book.refresh()
    domain, _ = told.standing(version)
    assert (domain.known, domain.champion, domain.challenger) == (2, 2, 1)
    assert domain.to_dict()["challenger_accuracy"] == 0.5
    assert told.disagreements(version)[0].right == "FDS"
    assert told.challengers() == [version]


@pytest.mark.anyio
async def test_a_service_asks_it_after_the_answer_and_tells_of_it(settings, keyword_service, contrary, champion):
    loaded_in = []

    def load(_settings, alias):
        loaded_in.append(threading.current_thread().name)
        return contrary if alias == "challenger" else champion

    aliases = Aliases(
        lambda _settings, alias: ModelVersion("complaint-triage", "2" if alias == "challenger" else "1"),
        load,
        lambda _settings: (),
    )
    app = build_app(settings, keyword_service.load_keywords, aliases)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client,
        asyncio.timeout(20),
    ):
        while (await client.get("/v1/models")).json()["challenger"] is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        ticket = {"source": "12345", "ticket_id": "T-1", "text": "过期牛奶"}
        answered = (await client.post("/v1/predict", json=ticket)).json()
        assert answered["model"]["version"] == "1"
        while (await client.get("/v1/models/challenger")).json()["challenger"] is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        assert "paidan_shadow_predictions_total" in (await client.get("/metrics")).text
    assert loaded_in == ["challenger"]
