"""The same interface with a model that was trained: what the keyword model cannot show."""

import pytest

from serving.bodies.schemas import PredictResponse

pytestmark = pytest.mark.anyio


@pytest.fixture
async def trained(serve, settings, tiny_model):
    async with serve(settings, lambda _: tiny_model) as client:
        yield client


async def test_a_trained_model_is_served_with_evidence_where_it_stands(trained, tiny_complaints):
    text, domain, office = tiny_complaints[0]
    ticket = {"source": "12345", "ticket_id": "T-1", "text": text}
    response = await trained.post("/v1/predict", json=ticket)
    answer = PredictResponse.model_validate_json(response.content)
    assert (answer.domain.code, answer.office.code) == (domain, office)
    assert answer.evidence
    assert all(text[each.start : each.end] == each.text for each in answer.evidence)


async def test_a_trained_model_answers_one_and_many_alike(trained, tiny_complaints):
    items = [
        {"source": "12345", "ticket_id": f"T-{number}", "text": text}
        for number, (text, *_) in enumerate(tiny_complaints)
    ]
    results = (await trained.post("/v1/predict/batch", json={"items": items})).json()["results"]
    for item, result in zip(items, results, strict=True):
        assert result == {"ok": True, **(await trained.post("/v1/predict", json=item)).json()}


async def test_a_phone_number_never_reaches_the_log(trained, settings, tiny_complaints):
    text = tiny_complaints[0][0] + "，请回电13800000000"
    await trained.post("/v1/predict", json={"source": "12345", "ticket_id": "T-1", "text": text})
    assert all(b"13800000000" not in path.read_bytes() for path in settings.home.glob("caselog.db*"))
