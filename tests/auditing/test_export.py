import io
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select, update

from auditing.cases.export import export_labels
from auditing.log.events import Outcome, OutcomeStatus, Review, ReviewStatus, Role
from auditing.store.schema import predictions
from auditing.store.schema_history import accesses
from features.normalise import Normaliser
from training.gate.merge import merge
from training.tables.dataset import read_labelled

NOON = datetime(2026, 10, 3, 4, 0, tzinfo=UTC)


@pytest.fixture
def judge(events):
    def judge(prediction_id, status, *, actor="li", role=Role.REVIEWER, **said):
        review = Review(prediction_id, ReviewStatus(status), actor, role, NOON, **said)
        return events.append(review, actor).event

    return judge


@pytest.fixture
def exported(log):
    def exported(**chosen):
        file = io.BytesIO()
        found = export_labels(log.engine, file, "local", **chosen)
        return found, pq.read_table(io.BytesIO(file.getvalue())).to_pylist()

    return exported


def test_a_reviewed_complaint_is_exported_with_where_its_label_comes_from(predicted, judge, exported):
    one = predicted("买的酸奶过期了", domain=("FDS", 0.9, 0.1), office=("O03", 0.9, 0.1))
    event = judge(one, "corrected", domain_code="FDS", office_code="O02")
    found, (row,) = exported()
    assert (found.rows, found.removed) == (1, 0)
    assert (row["text"], row["source"], row["ticket_id"]) == ("买的酸奶过期了", "12345", "T-1")
    assert (row["domain"], row["office"], row["provenance"]) == ("FDS", "O02", "person")
    assert (row["review"], row["reviewer_role"], row["event"]) == ("corrected", "reviewer", event.seq)
    assert (row["prediction_id"], row["model_version"], row["reviewed_at"]) == (one, "1", event.at)
    assert "li" not in row.values()


def test_what_only_the_model_or_an_outcome_says_is_not_exported(predicted, judge, events, exported):
    predicted("没有人看过的一件")
    accepted = predicted("单位签收的一件")
    events.append(Outcome(accepted, OutcomeStatus.ACCEPTED, "O03", "O03", NOON), "key")
    judge(predicted("送裁定的一件"), "to_ruling")
    undone = judge(one := predicted("撤回的一件"), "confirmed")
    judge(one, "undone", undoes=undone.seq)
    half = predicted("只改了单位的一件", domain=("FDS", 0.4, 0.1))
    judge(half, "corrected", office_code="O02")
    _, (row,) = exported()
    assert (row["prediction_id"], row["domain"], row["office"]) == (half, "", "O02")


def test_a_confirmed_answer_is_a_label_and_a_ruling_outranks_it(predicted, judge, exported):
    confirmed, ruled = predicted("确认的一件"), predicted("裁定的一件")
    judge(confirmed, "confirmed")
    judge(ruled, "confirmed")
    judge(ruled, "ruled", actor="wang", role=Role.LEAD, domain_code="SPF", office_code="O05")
    _, rows = exported()
    assert [(row["domain"], row["office"], row["reviewer_role"]) for row in rows] == [
        ("FDS", "O03", "reviewer"),
        ("SPF", "O05", "lead"),
    ]


def test_the_same_content_under_two_versions_is_one_row(predicted, judge, exported):
    one = predicted("同一件", ticket="T-7", version="1")
    two = predicted("同一件", ticket="T-7", version="2")
    judge(one, "confirmed")
    judge(two, "corrected", actor="wang", domain_code="SPF", office_code="O05")
    _, (row,) = exported()
    assert row["office"] == "O05"


def test_what_an_office_signed_for_is_exported_on_request_and_a_reviewer_outranks_it(
    predicted, judge, events, exported
):
    predicted("没有人看过的一件")
    accepted, sent_back, both = predicted("单位签收的一件"), predicted("退回的一件"), predicted("签收后复核的一件")
    for prediction_id in (accepted, both):
        events.append(Outcome(prediction_id, OutcomeStatus.ACCEPTED, "O03", "O03", NOON), "key")
    events.append(Outcome(sent_back, OutcomeStatus.RETURNED, "O03", "O03", NOON, reason_code="R05"), "key")
    judge(both, "corrected", office_code="O05")
    found, rows = exported(outcomes=True)
    assert (found.rows, found.removed) == (2, 0)
    assert [(row["prediction_id"], row["office"], row["provenance"], row["review"]) for row in rows] == [
        (accepted, "O03", "imported", "accepted"),
        (both, "O05", "person", "corrected"),
    ]


def test_every_exported_case_is_in_the_access_log(predicted, judge, exported, log):
    one = predicted("一件")
    judge(one, "confirmed")
    exported()
    with log.engine.connect() as connection:
        rows = connection.execute(select(accesses).where(accesses.c.action == "export")).all()
    assert [(row.who, row.prediction_id) for row in rows] == [("local", one)]


def test_a_removed_text_is_counted_and_left_out(predicted, judge, exported, log):
    judge(predicted("一件"), "confirmed")
    with log.engine.begin() as connection:
        connection.execute(update(predictions).values(complaint="", answer=""))
    found, rows = exported()
    assert (found.rows, found.removed, rows) == (0, 1, [])


def test_training_reads_the_file_and_lets_people_outrank_imports(predicted, judge, log, tmp_path):
    judge(predicted("超市销售过期酸奶，要求查处"), "corrected", domain_code="FDS", office_code="O03")
    with (tmp_path / "reviewed.parquet").open("wb") as file:
        export_labels(log.engine, file, "local")
    imported = tmp_path / "imported.csv"
    imported.write_text(
        "text,domain,office\n超市销售过期酸奶，要求查处,PRC,O11\n停车场乱收费,PRC,O11\n", encoding="utf-8"
    )
    normalise = Normaliser()
    merged = merge(
        read_labelled([imported, tmp_path / "reviewed.parquet"]), lambda text: normalise(text).text
    )  # fmt: skip
    assert sorted(zip(merged.data.labels("domain"), merged.data.labels("office"), strict=True)) == [
        ("FDS", "O03"),
        ("PRC", "O11"),
    ]
