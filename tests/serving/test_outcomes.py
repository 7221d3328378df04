"""Outcomes come back over HTTP; a tiny trained model answers."""

import asyncio

import pytest
from pydantic import SecretStr

from auditing.log.accesses import AccessLog, Action
from auditing.log.caselog import CaseLog
from auditing.log.events import Review, ReviewStatus, Role
from auditing.log.history import EventLog
from auditing.log.verify import verify
from auditing.people.keys import KeyRing
from auditing.store.database import open_engine
from serving.settings import Settings

pytestmark = pytest.mark.anyio

MOMENT = "2026-10-03T15:30:00+08:00"


@pytest.fixture
async def client(serve, settings, tiny_model):
    async with serve(settings, lambda _: tiny_model) as client:
        yield client


@pytest.fixture
def log(settings):
    log = CaseLog.open(settings.caselog_url, settings.digest_key_path)
    yield log
    log.close()


@pytest.fixture
def card():
    return {"source": "12345", "ticket_id": "T-1", "text": "东亭街道的健身房办了年卡，才去两次就关门了，卡里余额要求退"}


async def ask(client, body):
    response = await client.post("/v1/predict", json=body)
    assert response.status_code == 200, response.text
    return response.json()


async def tell(client, answer, **changes):
    told = {
        "status": "returned",
        "office": answer["office"]["code"],
        "reason_code": "R02",
        "actor": f"office:{answer['office']['code']}",
        "occurred_at": MOMENT,
    } | changes
    body = {name: value for name, value in told.items() if value is not None}
    return await client.post(f"/v1/predictions/{answer['prediction_id']}/outcome", json=body)


async def test_an_outcome_is_taken_once_however_often_it_is_sent(client, card, log):
    answer = await ask(client, card)
    first = await tell(client, answer, status="accepted", reason_code=None)
    again = await tell(client, answer, status="accepted", reason_code=None, note="再次发送")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == {
        "prediction_id": answer["prediction_id"],
        "event": 1,
        "status": "accepted",
        "repeated": False,
        "not_again": [],
        "hard_case": False,
        "warnings": [],
    }
    assert again.json() == first.json() | {"repeated": True}
    assert len(EventLog(log.engine).of_prediction(answer["prediction_id"])) == 1


async def test_an_office_that_returned_a_ticket_is_not_suggested_for_it_again(client, card):
    first = await ask(client, card)
    office = first["office"]["code"]
    told = (await tell(client, first)).json()
    assert (told["not_again"], told["hard_case"]) == ([office], False)
    # the same again, a changed content, and in a batch
    more = card | {"text": card["text"] + "，联系不上老板"}
    batch = (await client.post("/v1/predict/batch", json={"items": [card, more]})).json()["results"]
    for later in (await ask(client, card), await ask(client, more), *batch):
        assert later["office"]["code"] != office
        assert office not in [each["code"] for each in later["office"]["alternatives"]]
        assert later["office"]["decision"] != "auto"
        assert f"returned_by:{office}" in later["doubts"]
        assert later["domain"]["code"] == first["domain"]["code"]
    elsewhere = await ask(client, card | {"ticket_id": "T-2"})
    assert elsewhere["office"]["code"] == office


async def test_asked_again_after_a_return_the_answer_is_stable(client, card):
    first = await ask(client, card)
    await tell(client, first)
    second = await ask(client, card)
    assert second["prediction_id"] != first["prediction_id"]
    assert second["revision"] == first["revision"]
    assert await ask(client, card) == second


async def test_two_returns_make_a_hard_case(client, card):
    first = await ask(client, card)
    await tell(client, first)
    second = await ask(client, card)
    told = (await tell(client, second)).json()
    assert told["hard_case"]
    assert told["not_again"] == sorted({first["office"]["code"], second["office"]["code"]})


async def test_a_review_with_a_reason_lets_the_office_in_again(client, card, log):
    first = await ask(client, card)
    await tell(client, first)
    await ask(client, card)
    moment = log._now()
    office = first["office"]["code"]
    override = Review(
        first["prediction_id"], ReviewStatus.OVERRIDE, "li", Role.REVIEWER, moment, office, note="经会商由该所办理"
    )
    EventLog(log.engine).append(override, "u_1")
    assert await ask(client, card) == first


async def test_a_return_that_another_worker_took_counts_at_once(serve, settings, tiny_model, client, card):
    async with serve(settings, lambda _: tiny_model) as other:
        first = await ask(client, card)
        assert await ask(other, card) == first
        await tell(other, first)
        assert f"returned_by:{first['office']['code']}" in (await ask(client, card))["doubts"]


async def test_one_outcome_from_many_at_once_is_one(client, card, log):
    answer = await ask(client, card)
    responses = await asyncio.gather(*(tell(client, answer) for _ in range(20)))
    assert sorted(response.status_code for response in responses) == [200] * 19 + [201]
    assert not any(report.faults for report in verify(log.engine))


async def test_predictions_and_outcomes_at_once_keep_every_chain(client, card, log):
    async def journey(number):
        answer = await ask(client, card | {"ticket_id": f"T-{number}"})
        return (await tell(client, answer)).status_code

    assert await asyncio.gather(*map(journey, range(40))) == [201] * 40
    assert [(report.rows, report.faults) for report in verify(log.engine)] == [(40, ())] * 3


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"reason_code": None}, 422, "REASON_MISSING"),
        ({"reason_code": "R77"}, 422, "REASON_UNKNOWN"),
        ({"reason_code": "R16"}, 422, "REASON_INCOMPLETE"),
        ({"status": "rerouted"}, 422, "MAY_NOT_FORWARD"),
        ({"status": "lost"}, 422, "SCHEMA_INVALID"),
        ({"office": " "}, 422, "SCHEMA_INVALID"),
        ({"occurred_at": None}, 422, "SCHEMA_INVALID"),
        ({"note": "长" * 3000}, 422, "SCHEMA_INVALID"),
    ],
)
async def test_what_cannot_be_taken_is_refused_with_the_way_out(client, card, changes, status, code):
    response = await tell(client, await ask(client, card), **changes)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert "R77" not in response.text


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"", b'{"status":"accepted","status":"closed"}'])
async def test_a_body_that_is_no_outcome_is_named_as_such(client, card, body):
    answer = await ask(client, card)
    response = await client.post(f"/v1/predictions/{answer['prediction_id']}/outcome", content=body)
    assert (response.status_code, response.json()["code"]) == (422, "SCHEMA_INVALID")


async def test_a_prediction_that_is_not_there_has_no_outcome(client, card):
    answer = await ask(client, card)
    for name in ("p_" + "0" * 44, "nothing"):
        response = await tell(client, answer | {"prediction_id": name})
        assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")


async def test_the_centre_may_reroute_and_unknown_fields_are_named(client, card):
    answer = await ask(client, card)
    response = await tell(client, answer, status="rerouted", reason_code=None, actor="centre:zhang", reasn="R02")
    assert response.status_code == 201
    assert response.json()["warnings"] == ["unknown_field:reasn"]


async def test_the_whole_way_on_postgresql(serve, settings, tiny_model, postgresql, card):
    address = postgresql.make()
    on_server = settings.model_copy(update={"database_url": SecretStr(address.render_as_string(hide_password=False))})
    async with serve(on_server, lambda _: tiny_model) as client:
        first = await ask(client, card)
        assert (await tell(client, first)).status_code == 201
        assert f"returned_by:{first['office']['code']}" in (await ask(client, card))["doubts"]
        stored = await client.get(f"/v1/predictions/{first['prediction_id']}")
        assert stored.json()["office"] == first["office"]
    engine = open_engine(address)
    assert [(report.rows, report.faults) for report in verify(engine)] == [(2, ()), (1, ()), (2, ())]
    engine.dispose()
    postgresql.drop(address)


class TestScopes:
    @pytest.fixture
    def settings(self, tmp_path):
        return Settings(home=tmp_path, model_retry_seconds=0.05, key_memory_seconds=0)

    @pytest.fixture
    def ring(self, log):
        return KeyRing(log.engine)

    async def test_keys_send_outcomes_and_cannot_read_cases(self, client, ring, card, log):
        keys = {scope: ring.create(scope, [scope]) for scope in ("predict", "outcome", "review")}
        bearers = {scope: {"authorization": f"Bearer {made.token}"} for scope, made in keys.items()}
        answer = (await client.post("/v1/predict", json=card, headers=bearers["predict"])).json()
        address = f"/v1/predictions/{answer['prediction_id']}"
        outcome = {"status": "accepted", "office": "T01", "actor": "12345", "occurred_at": MOMENT}

        async def statuses(method, address, **body):
            return {
                scope: (await client.request(method, address, headers=headers, **body)).status_code
                for scope, headers in bearers.items()
            }

        assert await statuses("GET", address) == {"predict": 403, "outcome": 403, "review": 200}
        taken = await statuses("POST", f"{address}/outcome", json=outcome)
        assert taken == {"predict": 201, "outcome": 200, "review": 403}
        asked = await statuses("POST", "/v1/predict", json=card)
        assert asked == {"predict": 200, "outcome": 403, "review": 403}
        seen = [(each.who, each.action) for each in AccessLog(log.engine).of_prediction(answer["prediction_id"])]
        assert seen == [
            (keys["predict"].key.key_id, Action.REFUSED),
            (keys["outcome"].key.key_id, Action.REFUSED),
            (keys["review"].key.key_id, Action.VIEW),
            (keys["predict"].key.key_id, Action.CHANGE),
        ]
