import pytest

from auditing.log.caselog import CaseLog
from auditing.people.keys import KeyRing
from serving.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, model_retry_seconds=0.05, key_memory_seconds=0)


@pytest.fixture
def ring(settings):
    log = CaseLog.open(settings.caselog_url, settings.digest_key_path)
    yield KeyRing(log.engine)
    log.close()


def bearer(made):
    return {"authorization": f"Bearer {made.token}"}


async def test_without_a_key_nothing_is_answered(client, ticket):
    for response in (
        await client.post("/v1/predict", json=ticket),
        await client.post("/v1/predict/batch", json={"items": [ticket]}),
        await client.get("/v1/predictions/p_0"),
        await client.get("/v1/models"),
        await client.post("/v1/predict", json=ticket, headers={"authorization": "Bearer pd_wrong"}),
        await client.post("/v1/predict", json=ticket, headers={"authorization": "Basic eDp5"}),
        await client.post("/v1/predict", json=ticket, headers={"x-api-key": b"\xff" * 300}),
    ):
        assert response.status_code == 401
        assert response.json()["code"] == "UNAUTHENTICATED"
        assert response.headers["www-authenticate"] == "Bearer"


async def test_a_key_is_taken_from_either_header(client, ring, ticket):
    made = ring.create("intake", ["predict"])
    assert (await client.post("/v1/predict", json=ticket, headers=bearer(made))).status_code == 200
    assert (await client.post("/v1/predict", json=ticket, headers={"x-api-key": made.token})).status_code == 200
    lower = {"authorization": f"bearer {made.token}"}
    assert (await client.post("/v1/predict", json=ticket, headers=lower)).status_code == 200


async def test_a_key_for_predictions_cannot_read_cases(client, ring, ticket):
    predict, review = ring.create("intake", ["predict"]), ring.create("reviewer", ["review"])
    answer = (await client.post("/v1/predict", json=ticket, headers=bearer(predict))).json()
    address = f"/v1/predictions/{answer['prediction_id']}"
    refused = await client.get(address, headers=bearer(predict))
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
    assert (await client.get(address, headers=bearer(review))).status_code == 200
    assert (await client.post("/v1/predict", json=ticket, headers=bearer(review))).status_code == 403


async def test_a_revoked_key_is_refused(client, ring, ticket):
    made = ring.create("intake", ["predict"])
    assert (await client.post("/v1/predict", json=ticket, headers=bearer(made))).status_code == 200
    ring.revoke(made.key.key_id)
    assert (await client.post("/v1/predict", json=ticket, headers=bearer(made))).status_code == 401


async def test_a_remembered_key_is_not_looked_up_again(serve, settings, ring, ticket):
    made = ring.create("intake", ["predict"])
    async with serve(settings.model_copy(update={"key_memory_seconds": 60.0})) as client:
        assert (await client.post("/v1/predict", json=ticket, headers=bearer(made))).status_code == 200
        ring.revoke(made.key.key_id)
        assert (await client.post("/v1/predict", json=ticket, headers=bearer(made))).status_code == 200


async def test_monitors_need_no_key(client):
    for address in ("/livez", "/readyz", "/metrics", "/openapi.json"):
        assert (await client.get(address)).status_code == 200
