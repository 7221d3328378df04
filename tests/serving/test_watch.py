"""The watch over the last days: figures for monitors, word to a webhook, suspected labels."""

import asyncio
import itertools
import json
import logging
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import update

from auditing.cases.doubts import Doubt
from auditing.cases.queue import Wanted, queue
from auditing.figures.profile import profile_of
from auditing.log.caselog import CaseLog
from auditing.log.events import Outcome, OutcomeStatus
from auditing.log.history import EventLog
from auditing.store.schema_cases import cases
from features.complaint import Complaint
from models.bundle import BundleDamaged
from models.prediction import ModelVersion
from serving.beside import notices as notices_module
from serving.beside.following import Follower
from serving.beside.keeper import Keeper
from serving.beside.notices import Notices
from serving.beside.watch import Watch
from serving.beside.webhook import Webhook, WebhookFailed
from serving.metrics import Metrics
from serving.service import TriageService
from serving.settings import Settings

PHONE = "13800000000"


@contextmanager
def receiving(*statuses):
    """A server of this machine that answers with these statuses and then with 204; gives its address and what came."""
    answers, came = itertools.chain(statuses, itertools.repeat(204)), []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            came.append((self.path, dict(self.headers), self.rfile.read(int(self.headers["content-length"]))))
            status = next(answers)
            self.send_response(status)
            if status == 302:
                self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield SimpleNamespace(address=f"http://127.0.0.1:{server.server_port}/hook?token=geheim", came=came)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def notices_of(receiver):
    return [json.loads(body) for _, _, body in receiver.came]


@pytest.fixture
def log(tmp_path):
    log = CaseLog.open(f"sqlite:///{tmp_path}/caselog.db", tmp_path / "digest.key")
    yield log
    log.close()


@pytest.fixture
def model(keyword_service):
    """Version 1, which was trained on lifts, and some food."""
    model = keyword_service.KeywordModel("1")
    answers, sure = {"domain": ["SPE"] * 150 + ["FDS"] * 50}, {"domain": [0.96] * 200}
    profile = profile_of(200, answers, sure, np.zeros((0, 3), np.int64), {})
    model.manifest = {"about": {"profile": profile.to_manifest()}}
    return model


@pytest.fixture
def bench(log, model, tmp_path, settled):
    """A watch that the test drives, over a log that it writes."""
    service = TriageService(log)
    service.swap(model)
    keeper = Keeper(log.engine, b"k" * 32, 0.0, service)
    metrics, refusing, count = Metrics(), [], itertools.count()

    def load():
        raise refusing[0]

    follower = Follower(service, load, lambda: ModelVersion("complaint-triage", "2" if refusing else "1"), metrics)

    def watch(webhook=None, **more):
        notices = Notices(Webhook(webhook), tmp_path / "incidents.json") if webhook else None
        settings = {"every": 600.0, "floor": 0.5} | more
        return Watch(keeper, follower, metrics, tmp_path / "watch.lock", notices=notices, **settings)

    def answer(text, number=1):
        entries = []
        for _ in range(number):
            complaint = Complaint(f"{text}，回电{PHONE}", source="12345", ticket_id=f"T-{next(count)}")
            entries.append(log.entry(complaint, settled(service.live.model.triage(complaint))))
        return [recorded.prediction_id for recorded in log.write(entries)]

    yield SimpleNamespace(
        watch=watch, answer=answer, metrics=metrics, follower=follower, refusing=refusing, keeper=keeper, log=log
    )
    keeper.close()


def figures(bench):
    lines = (line for line in bench.metrics.expose().decode().splitlines() if not line.startswith("#"))
    return dict(line.rsplit(" ", 1) for line in lines)


def yesterday(log):
    with log.engine.begin() as connection:
        connection.execute(update(cases).values(created_at=datetime.now(UTC) - timedelta(days=1)))


def test_drift_and_accuracy_of_the_last_days_are_figures(bench):
    spoilt, stuck, *_ = bench.answer("外卖有虫", 60)
    events = EventLog(bench.log.engine)
    at = datetime.now(UTC)
    events.append(Outcome(spoilt, OutcomeStatus.CLOSED, "O04", "O04", at), "key")
    events.append(Outcome(stuck, OutcomeStatus.CLOSED, "O09", "O09", at), "key")
    assert not any(name.startswith(("paidan_drift", "paidan_accuracy")) for name in figures(bench))
    bench.watch().look(Event())
    found = figures(bench)
    assert found['paidan_drift_days{kind="labels",target="domain"}'] == "1.0"
    assert found['paidan_drift_distance{kind="labels",target="domain"}'] == "1.0"
    assert found['paidan_drift_distance{kind="length",target="all"}'] == "NaN"
    assert float(found['paidan_accuracy{kind="estimated",target="domain"}']) == pytest.approx(0.96)
    assert found['paidan_accuracy_cases{kind="estimated",target="domain"}'] == "60.0"
    assert float(found["paidan_watched_timestamp_seconds"]) >= at.timestamp()
    assert PHONE not in bench.metrics.expose().decode()


def test_what_has_become_known_is_told_beside_what_is_estimated(bench, model):
    model.manifest["about"]["profile"]["labels"]["office"] = {"O04": 200}
    ids = bench.answer("外卖有虫", 4)
    for each, office in zip(ids, ("O04", "O04", "O09"), strict=False):
        told = Outcome(each, OutcomeStatus.CLOSED, office, office, datetime.now(UTC))
        EventLog(bench.log.engine).append(told, "key")
    bench.watch().look(Event())
    found = figures(bench)
    assert float(found['paidan_accuracy{kind="realised",target="office"}']) == pytest.approx(2 / 3)
    assert found['paidan_accuracy_cases{kind="realised",target="office"}'] == "3.0"
    assert float(found['paidan_accuracy{kind="estimated",target="office"}']) == pytest.approx(0.7)


def test_the_webhook_hears_of_drift_when_it_begins_and_when_it_ends(bench):
    with receiving() as receiver:
        watch = bench.watch(receiver.address)
        bench.answer("外卖有虫", 60)
        for _ in range(2):
            watch.look(Event())
            watch._notices.deliver(Event())
        (begun,) = notices_of(receiver)
        # the next day is as in training; another process has taken over
        yesterday(bench.log)
        bench.answer("电梯困人", 45)
        bench.answer("过期牛奶", 15)
        watch = bench.watch(receiver.address)
        for _ in range(2):
            watch.look(Event())
            watch._notices.deliver(Event())
        _, ended = notices_of(receiver)
    assert (begun["event"], begun["incident"], begun["kind"], begun["target"]) == ("begun", "drift", "labels", "domain")
    assert (begun["version"], begun["value"]) == ("1", 1.0)
    assert (ended["event"], ended["incident_id"], ended["value"]) == ("ended", begun["incident_id"], 0.0)
    path, headers, _ = receiver.came[0]
    assert path == "/hook?token=geheim"
    assert headers["content-type"] == "application/json"
    said = b"".join(body for *_, body in receiver.came).decode()
    assert not any(word in said for word in (PHONE, "外卖有虫", "12345", "T-0"))


def test_the_webhook_hears_of_accuracy_below_the_floor(bench):
    with receiving() as receiver:
        watch = bench.watch(receiver.address, floor=0.99)
        bench.answer("电梯困人", 45)
        bench.answer("过期牛奶", 15)
        watch.look(Event())
        watch._notices.deliver(Event())
        told = notices_of(receiver)
    # 0.96 expected of 60 may yet be 0.99, so only of many is it certain
    assert told == []
    with receiving() as receiver:
        watch = bench.watch(receiver.address, floor=0.99)
        bench.answer("电梯下坠", 300)
        bench.answer("过期牛奶", 100)
        watch.look(Event())
        watch._notices.deliver(Event())
        (told,) = notices_of(receiver)
    assert (told["incident"], told["kind"], told["target"]) == ("accuracy", "estimated", "domain")
    assert told["value"] == pytest.approx(0.96)


def test_the_webhook_hears_of_a_refused_version_and_of_the_way_back(bench, tmp_path):
    with receiving() as receiver:
        watch = bench.watch(receiver.address)
        bench.refusing.append(BundleDamaged(tmp_path, "bias.npy"))
        for _ in range(2):
            bench.follower.look()
            watch.heed_refusal()
        bench.refusing.clear()
        bench.follower.look()
        watch.heed_refusal()
        watch._notices.deliver(Event())
        begun, ended = notices_of(receiver)
    assert (begun["event"], begun["incident"], begun["version"]) == ("begun", "version_refused", "2")
    assert (ended["event"], ended["incident_id"]) == ("ended", begun["incident_id"])
    assert str(tmp_path) not in str(begun)


def test_a_receiver_that_stumbles_is_asked_again(caplog):
    with receiving(503, 429) as receiver, caplog.at_level(logging.WARNING):
        Webhook(receiver.address).post({"event": "begun"})
    assert notices_of(receiver) == [{"event": "begun"}] * 3
    assert "geheim" not in caplog.text


def test_a_name_and_a_password_in_the_address_are_sent_as_such():
    with receiving() as receiver:
        Webhook(receiver.address.replace("http://", "http://li:x@")).post({})
    assert receiver.came[0][1]["authorization"] == "Basic bGk6eA=="


@pytest.mark.parametrize("status", [302, 400, 404])
def test_a_receiver_that_does_not_want_it_is_not_asked_again_nor_followed_elsewhere(status):
    with receiving(status) as receiver, pytest.raises(WebhookFailed, match=f"HTTP {status}") as failed:
        Webhook(receiver.address).post({})
    assert len(receiver.came) == 1
    assert "geheim" not in str(failed.value)


def test_a_notice_waits_for_a_receiver_that_is_away_which_is_said_once(bench, caplog, monkeypatch):
    monkeypatch.setattr(notices_module, "RETRY_SECONDS", 0.0)
    with receiving() as receiver:
        pass
    watch = bench.watch(receiver.address)
    bench.answer("外卖有虫", 60)
    watch.look(Event())
    with caplog.at_level(logging.INFO, "serving"):
        for _ in range(2):
            watch._notices.deliver(Event())
        assert caplog.text.count("未送达") == 1
        assert "geheim" not in caplog.text
        with receiving(500, 500, 500) as receiver:
            # the address is another one after a restart
            watch = bench.watch(receiver.address)
            watch._notices.deliver(Event())
            watch._notices.deliver(Event())
            watch._notices.deliver(Event())
            assert len(receiver.came) == 4
            assert len({body for *_, body in receiver.came}) == 1
        assert caplog.text.count("未送达") == 2
        assert caplog.text.count("恢复送达") == 1


def test_suspected_labels_reach_the_queue_by_themselves(bench):
    events = EventLog(bench.log.engine)

    def close(prediction_id, office):
        events.append(Outcome(prediction_id, OutcomeStatus.CLOSED, office, office, datetime.now(UTC)), "key")

    model = bench.keeper.service.live.model
    ordinary = type(model).triage
    model.triage = lambda complaint: _of_office(ordinary(model, complaint))
    for text, office in (("外卖有虫", "O04"), ("电梯困人", "O11")):
        for each in bench.answer(text, 12):
            close(each, office)
    (odd,) = bench.answer("外卖里有虫的一件")
    close(odd, "O11")
    watch = bench.watch()
    watch.look(Event())
    wanted = Wanted(doubt=Doubt.SUSPECTED_LABEL_ERROR)
    assert [case.prediction_id for case in queue(bench.log.engine, wanted)] == [odd]


def _of_office(triage):
    """Lifts are another office's."""
    office = triage.office._replace(code="O11" if triage.domain.code == "SPE" else "O04", confidence=0.96)
    return triage._replace(office=office)


@pytest.mark.anyio
async def test_a_service_watches_by_itself_and_one_of_two_tells(serve, settings, model):
    with receiving() as receiver:
        busy = settings.model_copy(
            update={"watch_seconds": 0.05, "webhook_url": Settings(webhook_url=receiver.address).webhook_url}
        )
        async with serve(busy, lambda _: model) as client, serve(busy, lambda _: model), asyncio.timeout(30):
            items = [{"source": "12345", "ticket_id": f"T-{number}", "text": "外卖有虫"} for number in range(60)]
            assert (await client.post("/v1/predict/batch", json={"items": items})).status_code == 200
            while not receiver.came:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            assert "paidan_drift_days" in (await client.get("/metrics")).text
            await asyncio.sleep(1.5)
    assert [notice["event"] for notice in notices_of(receiver)] == ["begun"]


def test_the_webhooks_address_is_checked_and_shows_nowhere():
    assert Settings().webhook_url is None
    settings = Settings(webhook_url="https://hooks.example.gov.cn/x?token=geheim")
    assert "geheim" not in repr(settings)
    for wrong in ("ftp://hooks.example.gov.cn", "hooks.example.gov.cn"):
        with pytest.raises(ValueError, match="webhook_url") as refused:
            Settings(webhook_url=wrong)
        assert "hooks.example" not in str(refused.value)
