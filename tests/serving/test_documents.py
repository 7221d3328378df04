import re

import pytest

from serving.bodies.schemas import PredictRequest, PredictResponse
from serving.http.problems import KINDS

pytestmark = pytest.mark.anyio


def _references(node):
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


@pytest.fixture
async def document(client):
    return (await client.get("/openapi.json")).json()


async def test_requests_and_answers_are_documented(document):
    operation = document["paths"]["/v1/predict"]["post"]
    request = operation["requestBody"]["content"]["application/json"]["schema"]
    assert set(request["properties"]) == set(PredictRequest.model_fields)
    assert request["required"] == ["source", "ticket_id", "text"]
    assert request["properties"]["text"]["maxLength"] == 20_000
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    assert set(document["components"]["schemas"][answer.rpartition("/")[2]]["properties"]) == set(
        PredictResponse.model_fields
    )


async def test_every_problem_is_documented_where_it_may_come(document):
    responses = document["paths"]["/v1/predict"]["post"]["responses"]
    assert set(responses) == {"200", "401", "403", "413", "415", "422", "500", "503"}
    for status, response in responses.items():
        if status != "200":
            assert list(response["content"]) == ["application/problem+json"]
    documented = str(document["paths"])
    unreached = {"METHOD_NOT_ALLOWED", "BAD_REQUEST"}
    assert all(kind.code in documented for kind in KINDS.values() if kind.code not in unreached)


async def test_every_reference_in_the_document_leads_somewhere(document):
    for reference in _references(document):
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


async def test_keys_are_documented(document):
    assert document["paths"]["/v1/predict"]["post"]["security"]
    assert "security" not in document["paths"]["/livez"]["get"]


async def test_the_figures_tell_what_was_served_and_nothing_personal(client, ticket):
    for number in range(3):
        await client.post("/v1/predict", json={**ticket, "ticket_id": f"T-{number}"})
    await client.post("/v1/predict", json=ticket)
    await client.post("/v1/predict", json={**ticket, "text": ""})
    await client.get("/v1/predictions/p_secret")
    await client.get("/somewhere/13800000000")
    response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    lines = dict(line.rsplit(" ", 1) for line in response.text.splitlines() if not line.startswith("#"))
    assert lines['paidan_requests_total{route="/v1/predict",status="200"}'] == "4.0"
    assert lines['paidan_requests_total{route="/v1/predict",status="422"}'] == "1.0"
    assert lines['paidan_requests_total{route="unmatched",status="404"}'] == "1.0"
    assert lines['paidan_requests_total{route="/v1/predictions/{prediction_id}",status="404"}'] == "1.0"
    assert lines['paidan_predictions_total{decision="auto",head="domain",version="1"}'] == "3.0"
    assert lines['paidan_predictions_total{decision="suggest",head="office",version="1"}'] == "3.0"
    assert lines['paidan_problems_total{code="EMPTY_TEXT"}'] == "1.0"
    assert lines['paidan_model_info{name="complaint-triage",version="1"}'] == "1.0"
    assert lines["paidan_caselog_group_size_sum"] == "4.0"
    assert lines["paidan_caselog_errors_total"] == "0.0"
    assert not re.search(r"T-1|13800000000|12345|p_secret", response.text)


async def test_two_applications_do_not_share_figures(client, serve, settings, tmp_path, ticket):
    await client.post("/v1/predict", json=ticket)
    async with serve(settings.model_copy(update={"home": tmp_path / "other"})) as other:
        assert 'route="/v1/predict"' not in (await other.get("/metrics")).text
