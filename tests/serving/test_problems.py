import gzip
import json
import sqlite3
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.bodies.intake import Intake, read_many, read_one
from serving.http.problems import KINDS, Problem
from serving.refusals import Refusal

pytestmark = pytest.mark.anyio

SECRET = "13800000000"


def problem_of(response, status, code):
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(response.content)
    assert (problem.status, problem.code) == (status, code)
    assert problem.request_id == response.headers["x-request-id"]
    assert problem.detail.index("|") > 0
    return problem


@pytest.mark.parametrize("text", ["", "   ", "\n\t　", "\u200b\ufeff \u00a0"])
async def test_a_blank_text_is_empty(send, ticket, text):
    problem_of(await send({**ticket, "text": text}), 422, "EMPTY_TEXT")


async def test_a_text_is_too_long_beyond_twenty_thousand_characters(send, ticket):
    assert (await send({**ticket, "text": "😀" * 20_000})).status_code == 200
    problem = problem_of(await send({**ticket, "text": "长" * 20_001}), 422, "TEXT_TOO_LONG")
    assert "20001" in problem.detail


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"source": None}, "source"),
        ({"source": " "}, "source"),
        ({"source": "a\nb"}, "source"),
        ({"source": "s" * 201}, "source"),
        ({"ticket_id": 20261003}, "ticket_id"),
        ({"ticket_id": "a\u0000"}, "ticket_id"),
        ({"text": None}, "text"),
        ({"text": [SECRET]}, "text"),
        ({"text": f"空\u0000字符{SECRET}"}, "text"),
        ({"title": {"a": SECRET}}, "title"),
        ({"title": "长" * 2001}, "title"),
        ({"merchant": True}, "merchant"),
        ({"address": 1.5}, "address"),
        ({"received_at": f"昨天{SECRET}"}, "received_at"),
        ({"received_at": "2026-13-01T00:00:00Z"}, "received_at"),
        ({"received_at": ""}, "received_at"),
    ],
)
async def test_a_bad_field_is_named_with_a_remedy_and_without_its_value(send, ticket, change, field):
    response = await send({**ticket, **change})
    problem = problem_of(response, 422, "SCHEMA_INVALID")
    assert [fault.field for fault in problem.errors] == [field]
    assert all(fault.what and fault.remedy for fault in problem.errors)
    assert SECRET not in response.text


@pytest.mark.parametrize("field", ["source", "ticket_id", "text"])
async def test_a_missing_field_is_named(send, ticket, field):
    del ticket[field]
    (fault,) = problem_of(await send(ticket), 422, "SCHEMA_INVALID").errors
    assert fault.field == field
    assert "缺少" in fault.what


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "JSON"),
        (b"null", "JSON"),
        (b"[]", "JSON"),
        (b'"text"', "JSON"),
        (b"{'source': 'a'}", "JSON"),
        (b'{"source": "a"', "JSON"),
        (b'{"text": "a\\ud800b"}', "surrogate"),
        (b'{"text": "\xed\xa0\x80"}', "UTF-8"),
        (b'{"text": "\xff"}', "UTF-8"),
        ('{"text": "外卖"}'.encode("gbk"), "UTF-8"),
        ('{"text": "外卖"}'.encode("utf-16"), "UTF-8"),
        (b'{"text": "a\x00b"}', "JSON"),
        (b'{"x": ' + b"[" * 100_000, "nested"),
        (b'{"x": ' + b'{"x": ' * 100_000, "nested"),
        (b'{"x": ' + b"1" * 10_000 + b"}", "JSON"),
    ],
)
async def test_a_body_that_is_no_json_object_is_explained(send, body, said):
    (fault,) = problem_of(await send(body), 422, "SCHEMA_INVALID").errors
    assert fault.field == "body"
    assert said in fault.what


async def test_a_field_sent_twice_is_refused(send, ticket):
    body = json.dumps(ticket)[:-1].encode() + b', "text": "other"}'
    (fault,) = problem_of(await send(body), 422, "SCHEMA_INVALID").errors
    assert fault.field == "text"


async def test_other_media_types_and_compressed_bodies_are_refused(send, ticket):
    body = json.dumps(ticket).encode()
    for headers in (
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-encoding": "gzip"},
    ):
        problem_of(await send(gzip.compress(body), **headers), 415, "UNSUPPORTED_MEDIA_TYPE")
    assert (await send(body, **{"content-type": "Application/JSON; charset=utf-8"})).status_code == 200


async def test_a_large_body_is_refused_by_its_announced_length(send, ticket):
    problem_of(await send({**ticket, "text": "a" * (1 << 20)}), 413, "BODY_TOO_LARGE")


async def test_a_large_body_in_pieces_is_refused_without_reading_on(client):
    read = []

    async def pieces():
        for _ in range(100):
            read.append(1)
            yield b"a" * 100_000

    response = await client.post("/v1/predict", content=pieces(), headers={"content-type": "application/json"})
    problem_of(response, 413, "BODY_TOO_LARGE")
    assert len(read) < 15


async def test_a_batch_may_be_larger_than_a_single_request(client, ticket):
    items = [{**ticket, "ticket_id": str(number), "text": "外卖" * 5000} for number in range(60)]
    response = await client.post("/v1/predict/batch", json={"items": items})
    assert response.status_code == 200


async def test_addresses_and_methods_that_do_not_exist_are_problems_too(client):
    problem_of(await client.get("/nothing"), 404, "NOT_FOUND")
    problem_of(await client.post("/v1/predict/"), 404, "NOT_FOUND")
    problem_of(await client.get("/docs"), 404, "NOT_FOUND")
    problem_of(await client.get("/v1/predictions/p_0"), 404, "NOT_FOUND")
    response = await client.get("/v1/predict")
    problem_of(response, 405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "POST"


async def test_an_internal_error_shows_no_trace_and_logs_no_complaint(send, ticket, caplog):
    response = await send({**ticket, "text": f"模型故障 {SECRET}"})
    problem = problem_of(response, 500, "INTERNAL")
    assert SECRET not in response.text
    assert "Traceback" not in response.text
    assert ".py" not in response.text
    assert SECRET not in caplog.text
    assert "RuntimeError at keyword_service.py" in caplog.text
    assert problem.request_id in caplog.text


async def test_without_a_model_the_answer_says_when_to_retry(serve, settings, ticket):
    def none_yet(_):
        raise LookupError("no champion")

    async with serve(settings, none_yet, ready=False) as client:
        for response in (await client.post("/v1/predict", json=ticket), await client.get("/readyz")):
            problem_of(response, 503, "NO_MODEL")
            assert int(response.headers["retry-after"]) >= 1
        assert (await client.post("/v1/predict/batch", json={"items": [ticket]})).status_code == 503
        assert (await client.get("/v1/models")).json()["models"] == []
        assert (await client.get("/livez")).status_code == 200


async def test_a_model_that_comes_late_is_served(serve, settings, keyword_service, ticket):
    attempts = []

    def third_time(settings):
        attempts.append(settings)
        if len(attempts) < 3:
            raise LookupError("no champion")
        return keyword_service.load_keywords(settings)

    async with serve(settings, third_time) as client:
        assert (await client.post("/v1/predict", json=ticket)).status_code == 200
    assert len(attempts) == 3


async def test_a_store_that_is_away_answers_nothing_and_comes_back(client, settings, ticket):
    blocker = sqlite3.connect(settings.home / "caselog.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    response = await client.post("/v1/predict", json=ticket)
    problem_of(response, 503, "STORE_UNAVAILABLE")
    assert int(response.headers["retry-after"]) >= 1
    problem_of(await client.post("/v1/predict/batch", json={"items": [ticket]}), 503, "STORE_UNAVAILABLE")
    problem_of(await client.get("/readyz"), 503, "STORE_UNAVAILABLE")
    assert (await client.get("/livez")).status_code == 200
    blocker.execute("ROLLBACK")
    blocker.close()
    assert (await client.get("/readyz")).status_code == 200
    assert (await client.post("/v1/predict", json=ticket)).json()["revision"] == 1


async def test_a_request_keeps_the_name_that_it_came_with(client, ticket):
    response = await client.post("/v1/predict", json=ticket, headers={"x-request-id": "intake-42"})
    assert response.headers["x-request-id"] == "intake-42"
    response = await client.get("/nothing", headers={"x-request-id": b"bad name\xff"})
    assert response.headers["x-request-id"] == response.json()["request_id"] != "bad name\xff"


def test_every_code_has_one_status():
    statuses = {}
    for kind in KINDS.values():
        assert statuses.setdefault(kind.code, kind.status) == kind.status


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "source", "x"]), inner),
    max_leaves=6,
)
BODIES = st.dictionaries(st.sampled_from(["source", "ticket_id", "text", "title", "received_at", "items", "?"]), JSON)


@given(BODIES.map(lambda body: json.dumps(body).encode()) | st.binary(max_size=60))
def test_any_bytes_are_a_complaint_or_a_refusal(body):
    with suppress(Refusal):
        assert isinstance(read_one(body), Intake)


@given(st.lists(BODIES, max_size=3).map(lambda items: json.dumps({"items": items}).encode()) | st.binary(max_size=60))
def test_any_batch_is_complaints_and_refusals(body):
    with suppress(Refusal):
        assert all(isinstance(reading, (Intake, Refusal)) for reading in read_many(body))
