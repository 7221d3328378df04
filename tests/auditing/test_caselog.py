import os
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import orjson
import pytest
from sqlalchemy import event, make_url

from auditing.errors import RecordRefused, StoreUnavailable, UnknownPrediction
from auditing.log.caselog import CaseLog
from auditing.log.identity import ID_LENGTH
from auditing.log.verify import verify
from auditing.store.database import open_engine
from models.prediction import ModelVersion

ROOT = Path(__file__).parents[2]


def record(log, complaint, triage):
    (recorded,) = log.write([log.entry(complaint, triage)])
    return recorded


on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def rows_in(engine):
    with engine.connect() as connection:
        return connection.exec_driver_sql("SELECT prediction_id, revision FROM predictions ORDER BY seq").all()


def test_the_same_asked_again_is_the_same_prediction_with_the_stored_answer(log, complaint, answer, settled):
    first = record(log, complaint, answer(complaint))
    later = replace(complaint, received_at=datetime(2026, 10, 3, tzinfo=UTC))
    again = record(log, later, settled(answer(later).triage._replace(doubts=("low_margin",))))
    assert again.prediction_id == first.prediction_id
    assert again.revision == first.revision == 1
    assert again.answer == first.answer
    assert (first.repeated, again.repeated) == (False, True)
    assert len(rows_in(log.engine)) == 1


@pytest.mark.parametrize("field", ["text", "title", "merchant", "address"])
def test_a_changed_content_is_the_next_revision(log, complaint, answer, field):
    first = record(log, complaint, answer(complaint))
    changed = replace(complaint, **{field: "补充：店内后厨脏乱"})
    second = record(log, changed, answer(changed))
    assert (first.revision, second.revision) == (1, 2)
    assert first.prediction_id != second.prediction_id


def test_a_phone_number_corrected_is_another_content_although_the_masked_text_is_equal(log, complaint, answer):
    first = record(log, complaint, answer(complaint))
    corrected = replace(complaint, text=complaint.text.replace("13800000000", "13800000001"))
    second = record(log, corrected, answer(complaint))
    assert second.revision == 2
    assert log.find(first.prediction_id).complaint == log.find(second.prediction_id).complaint
    assert b"13800000000" not in log.find(first.prediction_id).complaint


def test_to_return_to_an_earlier_content_finds_its_prediction(log, complaint, answer):
    changed = replace(complaint, text="另有新情况")
    first = record(log, complaint, answer(complaint))
    record(log, changed, answer(changed))
    assert record(log, complaint, answer(complaint)) == first._replace(repeated=True)


def test_a_new_model_version_answers_anew_and_keeps_the_revision(log, complaint, answer):
    changed = replace(complaint, text="另有新情况")
    first = record(log, complaint, answer(complaint))
    record(log, changed, answer(changed))
    newer = record(log, complaint, answer(complaint, version="2"))
    assert newer.prediction_id != first.prediction_id
    assert (newer.revision, newer.repeated) == (1, False)
    assert log.find(newer.prediction_id).model == ModelVersion("complaint-triage", "2")


def test_another_charter_answers_anew_and_keeps_the_revision(log, complaint, answer):
    first = record(log, complaint, answer(complaint))
    reformed = record(log, complaint, answer(complaint, charter="1"))
    assert reformed.prediction_id != first.prediction_id
    assert (reformed.revision, reformed.repeated) == (1, False)
    assert b'"charter":{"name":"bureau","version":"1"}' in log.find(reformed.prediction_id).answer
    assert record(log, complaint, answer(complaint, charter="1")) == reformed._replace(repeated=True)


def test_tickets_of_two_sources_do_not_share_revisions(log, complaint, answer):
    other = replace(complaint, source="12315", text="别的事")
    assert record(log, complaint, answer(complaint)).revision == 1
    assert record(log, other, answer(other)).revision == 1


def test_one_group_may_hold_repeats_and_revisions_of_one_ticket(log, complaint, answer):
    texts = ["甲", "乙", "甲", "丙", "乙"]
    contents = [replace(complaint, text=text) for text in texts]
    recorded = log.write([log.entry(content, answer(content)) for content in contents])
    assert [each.revision for each in recorded] == [1, 2, 1, 3, 2]
    assert [each.repeated for each in recorded] == [False, False, True, False, True]
    assert [revision for _, revision in rows_in(log.engine)] == [1, 2, 3]
    changed = replace(complaint, text="丁")
    assert record(log, changed, answer(changed)).revision == 4


def test_a_stored_prediction_comes_back_whole(log, complaint, answer):
    beijing = timezone(timedelta(hours=8))
    complaint = replace(complaint, received_at=datetime(2026, 10, 3, 14, tzinfo=beijing))
    recorded = record(log, complaint, answer(complaint))
    stored = log.find(recorded.prediction_id)
    assert (stored.source, stored.ticket_id, stored.revision) == ("12345", "T-1", 1)
    assert stored.answer == recorded.answer
    assert orjson.loads(stored.answer)["domain"]["decision"] == "auto"
    assert orjson.loads(stored.complaint)["received_at"] == "2026-10-03T14:00:00+08:00"
    assert abs(stored.created_at - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("name", ["", "p_1", "p_" + "0" * 44, "'; DROP TABLE predictions"])
def test_an_unknown_prediction_is_said_to_be_unknown(log, name):
    with pytest.raises(UnknownPrediction):
        log.find(name)


def test_ids_have_one_shape(log, complaint, answer):
    recorded = record(log, complaint, answer(complaint))
    assert recorded.prediction_id.startswith("p_")
    assert len(recorded.prediction_id) == ID_LENGTH


def test_a_bad_record_fails_alone(log, complaint, answer):
    good = [replace(complaint, ticket_id=f"T-{number}") for number in range(3)]
    entries = [log.entry(each, answer(each)) for each in good]
    bad = [log.entry(each, answer(each)) for each in (replace(complaint, ticket_id=name) for name in ("X", "Y"))]
    entries.insert(1, bad[0]._replace(source=None))
    entries.append(bad[1]._replace(created_at=datetime(2026, 1, 1)))  # noqa: DTZ001
    outcomes = log.write(entries)
    assert [type(outcome) is RecordRefused for outcome in outcomes] == [False, True, False, False, True]
    assert len(rows_in(log.engine)) == 3


@on_sqlite
def test_a_locked_store_refuses_and_recovers(log, complaint, answer, tmp_path):
    blocker = sqlite3.connect(tmp_path / "caselog.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    assert isinstance(record(log, complaint, answer(complaint)), StoreUnavailable)
    assert log.troubled
    with pytest.raises(StoreUnavailable):
        log.probe()
    blocker.execute("ROLLBACK")
    log.probe()
    assert not log.troubled
    assert record(log, complaint, answer(complaint)).revision == 1
    blocker.close()


@on_sqlite
def test_a_full_disk_refuses_all_that_wait_and_loses_nothing(log, complaint, answer, tmp_path):
    first = record(log, complaint, answer(complaint))
    limits = []

    @event.listens_for(log.engine, "connect")
    def _limit(connection, _):
        for limit in limits:
            connection.execute(f"PRAGMA max_page_count={limit}")

    with sqlite3.connect(tmp_path / "caselog.db") as connection:
        limits.append(connection.execute("PRAGMA page_count").fetchone()[0] + 2)
    log.engine.dispose()
    many = [replace(complaint, ticket_id=str(number), text="长" * 2000) for number in range(20)]
    entries = [log.entry(each, answer(each)) for each in many]
    outcomes = log.write(entries)
    assert {str(outcome) for outcome in outcomes} == {str(StoreUnavailable("database or disk is full"))}
    assert [name for name, _ in rows_in(log.engine)] == [first.prediction_id]
    limits.clear()
    log.engine.dispose()
    assert all(outcome.revision == 1 for outcome in log.write(entries))


@on_sqlite
def test_a_damaged_store_is_unavailable_not_a_crash(log, complaint, answer, tmp_path):
    record(log, complaint, answer(complaint))
    log.engine.dispose()
    for name in ("caselog.db-wal", "caselog.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / "caselog.db").write_bytes(b"not a database" * 1000)
    assert isinstance(record(log, complaint, answer(complaint)), StoreUnavailable)
    with pytest.raises(StoreUnavailable):
        log.find("p_" + "0" * 44)


def test_no_error_quotes_the_complaint(log, complaint, answer):
    entry = log.entry(complaint, answer(complaint))._replace(source=None)
    (outcome,) = log.write([entry])
    assert "外卖" not in str(outcome)
    assert "外卖" not in repr(outcome)


@on_sqlite
@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_the_log_is_readable_by_its_owner_alone(log, tmp_path):
    assert stat.S_IMODE((tmp_path / "caselog.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "digest.key").stat().st_mode) == 0o600


WRITER = """
import sys
from pathlib import Path
from auditing.log.caselog import CaseLog
from features.complaint import Complaint
from models.charter.answer import Answer
from models.charter.articles import Level
from models.charter.route import CharterVersion, Resolution, Route, RouteState, Urgency
from models.prediction import ModelVersion, Triage

url, key, name = sys.argv[1:]
log = CaseLog.open(url, Path(key), busy_timeout=30)
route = Route(RouteState.UNSURE, None, (), (), (), None, (), (), ())
settled = Resolution(CharterVersion("b", "1"), (), route, Urgency(Level.P2, None, "", "", None, 0, 0), ())
for number in range(40):
    shared = Complaint(text=f"共同 {number}", source="s", ticket_id="shared")
    own = Complaint(text=f"{name} {number}", source="s", ticket_id="shared")
    triages = [Triage(ModelVersion("m", "1"), c, None, None, (), (), ()) for c in (shared, own)]
    group = [log.entry(each.complaint, Answer(each, settled)) for each in triages]
    for outcome in log.write(group):
        print(outcome.prediction_id, outcome.revision)
log.close()
"""


def test_several_processes_share_one_log_without_losing_or_doubling_a_revision(url, tmp_path):
    command = [
        sys.executable,
        "-c",
        WRITER,
        make_url(url).render_as_string(hide_password=False),
        str(tmp_path / "digest.key"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    # at once, on a store and with a secret that do not exist yet
    writers = [
        subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True, env=environment) for name in "甲乙丙"
    ]
    answered = [line.split() for writer in writers for line in writer.communicate(timeout=60)[0].splitlines()]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    engine = open_engine(url)
    stored = dict(map(tuple, rows_in(engine)))
    assert {name: int(revision) for name, revision in answered} == stored
    assert sorted(stored.values()) == list(range(1, 40 + 3 * 40 + 1))
    assert not any(report.faults for report in verify(engine))
    engine.dispose()


def test_a_log_that_is_opened_again_goes_on(url, tmp_path, complaint, answer):
    log = CaseLog.open(url, tmp_path / "digest.key")
    first = record(log, complaint, answer(complaint))
    log.close()
    log = CaseLog.open(url, tmp_path / "digest.key")
    assert record(log, complaint, answer(complaint)) == first._replace(repeated=True)
    log.close()
