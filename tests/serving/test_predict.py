import asyncio
import json

import pytest

from serving.bodies.schemas import BatchResponse, ModelsResponse, PredictionRecord, PredictResponse

pytestmark = pytest.mark.anyio


async def test_a_complaint_is_answered_in_the_documented_shape(client, ticket):
    response = await client.post("/v1/predict", json=ticket)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    answer = PredictResponse.model_validate_json(response.content)
    assert answer.revision == 1
    assert answer.model.model_dump() == {"name": "complaint-triage", "version": "1"}
    assert (answer.domain.code, answer.domain.decision) == ("CAT", "auto")
    assert answer.office.code == "O04"
    (evidence,) = answer.evidence
    assert ticket[evidence.field][evidence.start : evidence.end] == evidence.text == "外卖"
    assert list(response.json()) == list(PredictResponse.model_fields)


async def test_a_retry_gets_the_same_answer(client, ticket):
    first = await client.post("/v1/predict", json=ticket)
    again = await client.post("/v1/predict", json={**ticket, "received_at": "2026-10-03T14:00:00+08:00"})
    assert again.content == first.content


async def test_a_changed_content_is_the_next_revision(client, ticket):
    first = (await client.post("/v1/predict", json=ticket)).json()
    second = (await client.post("/v1/predict", json={**ticket, "text": "买到过期牛奶"})).json()
    assert (first["revision"], second["revision"]) == (1, 2)
    assert second["prediction_id"] != first["prediction_id"]


async def test_a_text_like_nothing_learnt_gets_no_label(client, ticket):
    answer = (await client.post("/v1/predict", json={**ticket, "text": "你好"})).json()
    assert answer["domain"]["code"] is None
    assert answer["domain"]["decision"] == "abstain"
    assert answer["doubts"] == ["out_of_distribution"]


async def test_the_same_ticket_sent_by_many_at_once_is_one_prediction(client, ticket):
    responses = await asyncio.gather(*(client.post("/v1/predict", json=ticket) for _ in range(20)))
    assert {response.content for response in responses} == {responses[0].content}


async def test_unknown_fields_are_ignored_and_named(client, ticket):
    extra = {"titel": "外卖", "13900000000": "张三", "电话": "13900000000", "x" * 50: 1}
    response = await client.post("/v1/predict", json={**ticket, **extra})
    assert response.json()["warnings"] == ["unknown_field:titel", "unknown_field", "unknown_field:电话"]
    stored = await client.get(f"/v1/predictions/{response.json()['prediction_id']}")
    assert "13900000000" not in stored.text


async def test_null_is_the_same_as_nothing(client, ticket):
    bare = await client.post("/v1/predict", json=ticket)
    nulls = await client.post("/v1/predict", json={**ticket, "merchant": None, "address": None, "received_at": None})
    assert nulls.content == bare.content


async def test_a_moment_without_offset_is_read_as_chinas_and_said(client, ticket):
    answer = (await client.post("/v1/predict", json={**ticket, "received_at": "2026-10-03 14:00:00"})).json()
    assert answer["warnings"] == ["received_at_without_offset"]
    record = (await client.get(f"/v1/predictions/{answer['prediction_id']}")).json()
    assert record["complaint"]["received_at"] == "2026-10-03T14:00:00+08:00"


async def test_a_moment_with_any_offset_is_kept(client, ticket):
    answer = (await client.post("/v1/predict", json={**ticket, "received_at": "2026-10-03T06:00:00.25Z"})).json()
    record = (await client.get(f"/v1/predictions/{answer['prediction_id']}")).json()
    assert record["complaint"]["received_at"] == "2026-10-03T06:00:00.250000+00:00"


async def test_a_byte_order_mark_is_skipped(send, ticket):
    plain = await send(ticket)
    marked = await send(b"\xef\xbb\xbf" + json.dumps(ticket).encode())
    assert marked.content == plain.content


async def test_a_value_that_looks_like_a_field_name_is_a_value(send, ticket):
    response = await send({**ticket, "title": "text", "merchant": "source"})
    assert response.status_code == 200


async def test_a_prediction_is_found_in_the_log_with_its_masked_complaint(client, ticket):
    answer = (await client.post("/v1/predict", json=ticket)).json()
    response = await client.get(f"/v1/predictions/{answer['prediction_id']}")
    record = PredictionRecord.model_validate_json(response.content)
    assert {name: value for name, value in response.json().items() if name in answer} == answer
    assert (record.source, record.ticket_id) == ("12345", "T-1")
    assert record.complaint.text == ticket["text"].replace("13800000000", "*" * 11)


async def test_the_live_model_is_listed(client):
    (model,) = ModelsResponse.model_validate_json((await client.get("/v1/models")).content).models
    assert (model.name, model.version, model.live) == ("complaint-triage", "1", True)
    assert model.targets == ["domain", "office"]


async def test_a_batch_keeps_its_order_and_a_bad_item_fails_alone(client, send, ticket):
    items = [
        ticket,
        {**ticket, "ticket_id": "T-2", "text": "  "},
        {**ticket, "ticket_id": "T-3", "text": "买到过期牛奶"},
        {"text": "没有编号"},
        "not an object",
        {**ticket, "ticket_id": "T-4", "text": "长" * 20_001},
        {**ticket, "ticket_id": "T-5", "text": "半个\ud800字符"},
        {**ticket, "ticket_id": "T-6", "text": "模型故障"},
        ticket,
    ]
    response = await send({"items": items}, "/v1/predict/batch")
    assert response.status_code == 200
    results = BatchResponse.model_validate_json(response.content).results
    codes = [result.domain.code if result.ok else result.problem.code for result in results]
    assert codes == [
        "CAT",
        "EMPTY_TEXT",
        "FDS",
        "SCHEMA_INVALID",
        "SCHEMA_INVALID",
        "TEXT_TOO_LONG",
        "SCHEMA_INVALID",
        "INTERNAL",
        "CAT",
    ]
    assert results[0] == results[8]
    single = (await client.post("/v1/predict", json=ticket)).json()
    assert response.json()["results"][0] == {"ok": True, **single}


async def test_a_batch_of_a_thousand_is_answered(client, ticket):
    items = [{**ticket, "ticket_id": str(number)} for number in range(1000)]
    results = (await client.post("/v1/predict/batch", json={"items": items})).json()["results"]
    assert all(result["ok"] for result in results)
    assert len({result["prediction_id"] for result in results}) == 1000


async def test_an_empty_batch_has_no_results(send):
    assert (await send({"items": []}, "/v1/predict/batch")).json() == {"results": []}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"items": [{}] * 1001}, "items"),
        ({"items": "x"}, "items"),
        ({}, "items"),
        ([], "body"),
        (b"{", "body"),
        (b"\xff", "body"),
        (b'{"items": ' + b"[" * 100_000, "body"),
        (b'{"items": [], "items": []}', "items"),
    ],
)
async def test_what_is_no_batch_is_refused_as_a_whole(send, body, field):
    response = await send(body, "/v1/predict/batch")
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == field


async def test_a_batch_item_with_a_field_twice_fails_alone(send, ticket):
    once = json.dumps(ticket)
    body = f'{{"items": [{once}, {once[:-1]}, "text": "b"}}]}}'.encode()
    results = (await send(body, "/v1/predict/batch")).json()["results"]
    assert [result["ok"] for result in results] == [True, False]
    assert results[1]["problem"]["errors"][0]["field"] == "text"
