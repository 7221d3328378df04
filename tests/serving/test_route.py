"""Who is responsible, in the answer to a complaint and without a model; and the charter that the service follows."""

import pytest

from auditing.charters.book import CharterBook
from auditing.people.keys import KeyRing
from auditing.store.database import open_engine, prepare
from models.charter.demo import DEMO
from serving.bodies.schemas_route import RouteResponse
from serving.serve import Aliases

pytestmark = pytest.mark.anyio

TEXT = DEMO.read_text(encoding="utf-8")


@pytest.fixture
def book(settings):
    engine = open_engine(settings.caselog_url)
    prepare(engine)
    yield CharterBook(engine)
    engine.dispose()


@pytest.fixture
def ask(client):
    async def ask(**members):
        return await client.post("/v1/route", json=members)

    return ask


async def test_an_answer_says_who_leads_and_on_what_basis(send, ticket):
    answer = (await send(ticket | {"address": "东亭街道东亭路18号"})).json()
    assert answer["charter"] == {"name": answer["charter"]["name"], "version": "demo"}
    assert answer["route"]["state"] in ("routed", "needs_place", "needs_coordination", "unsure")
    assert answer["route"]["basis"]
    assert answer["urgency"]["level"] == "P2"
    assert {each["kind"] for each in answer["route"]["tracks"]} == set(answer["kind"]) == {"complaint"}
    assert all(each["at"].endswith("+08:00") or each["at"].endswith("Z") or "T" in each["at"] for each in answer["due"])


async def test_what_is_urgent_is_told_where_the_model_is_silent(send, ticket):
    answer = (await send(ticket | {"title": "", "text": "三名学生在食堂吃完饭后上吐下泻，现在住院"})).json()
    assert answer["domain"]["code"] is None
    assert answer["urgency"]["level"] == "P0"
    assert answer["urgency"]["action"]


async def test_without_a_model_the_place_decides(ask):
    answer = RouteResponse.model_validate_json((await ask(domain="CAT", address="东亭街道东亭路18号")).content)
    assert (answer.route.state, answer.route.lead.code, answer.route.place.field) == ("routed", "T01", "address")
    by_code = (await ask(domain="CAT", place="T04")).json()
    assert by_code["route"]["lead"]["code"] == "T04"
    unknown = (await ask(domain="CAT")).json()["route"]
    assert unknown["state"] == "needs_place"
    assert unknown["needs"][0]["zh"]


async def test_kinds_that_are_given_have_a_track_and_clocks_of_their_own(ask):
    answer = (await ask(domain="ADV", kind=["report", "complaint"], received_at="2026-05-06T09:00:00+08:00")).json()
    assert [each["kind"] for each in answer["route"]["tracks"]] == answer["kind"] == ["report", "complaint"]
    assert len({each["step"] for each in answer["due"]}) > 2


async def test_personal_data_is_hidden_before_anything_is_read(ask):
    answer = await ask(domain="CAT", text="我是王某，电话13800000000，自杀", address="东亭街道13800000000", titel="x")
    assert "13800000000" not in answer.text
    assert answer.json()["warnings"] == ["unknown_field:titel"]


@pytest.mark.parametrize(
    ("members", "code", "said"),
    [
        ({"domain": "FOO"}, "DOMAIN_UNKNOWN", "CAT"),
        ({"domain": "CAT", "place": "O04"}, "PLACE_UNKNOWN", "T01"),
        ({}, "SCHEMA_INVALID", "domain"),
        ({"domain": "CAT", "kind": ["guess"]}, "SCHEMA_INVALID", "kind"),
        ({"domain": "CAT", "kind": "report"}, "SCHEMA_INVALID", "kind"),
        ({"domain": "CAT", "text": "长" * 20_001}, "TEXT_TOO_LONG", "20001"),
        ({"domain": "CAT", "address": "\0"}, "SCHEMA_INVALID", "address"),
    ],
)
async def test_what_cannot_be_resolved_is_refused_with_the_way_out(ask, members, code, said):
    response = await ask(**members)
    assert (response.status_code, response.json()["code"]) == (422, code)
    assert said in response.json()["detail"]
    assert "FOO" not in response.text


async def test_a_route_needs_a_key_for_predictions(serve, settings, keyword_service):
    async with serve(settings.model_copy(update={"require_keys": True})) as client:
        assert (await client.post("/v1/route", json={"domain": "CAT"})).status_code == 401
        engine = open_engine(settings.caselog_url)
        for scope, status in (("outcome", 403), ("predict", 200)):
            token = KeyRing(engine).create("intake", (scope,)).token
            response = await client.post("/v1/route", json={"domain": "CAT"}, headers={"x-api-key": token})
            assert response.status_code == status
        engine.dispose()


async def test_a_charter_put_into_force_elsewhere_is_followed(serve, settings, book, ticket, keyword_service):
    model = keyword_service.KeywordModel()
    aliases = Aliases(lambda *_: model.version, lambda *_: model, lambda _: ())
    async with serve(settings.model_copy(update={"reload_seconds": 0.0}), aliases=aliases) as client:
        first = (await client.post("/v1/predict", json=ticket)).json()
        kept = book.put(TEXT.replace("name: 餐饮服务监督管理科", "name: 餐饮科（新）"), "李组长")
        book.activate(kept.number, "李组长", "更名")
        assert (await client.post("/v1/predict", json=ticket)).json() == first
        said = (await client.post("/v1/models/reload")).json()["charter"]
        assert said["version"] == "1"
        second = (await client.post("/v1/predict", json=ticket)).json()
        assert second["charter"]["version"] == "1"
        assert (second["revision"], second["prediction_id"] != first["prediction_id"]) == (first["revision"], True)
        figures = (await client.get("/metrics")).text
        assert 'paidan_charter_info{name="' in figures
        assert 'version="1"} 1.0' in figures
        assert 'paidan_routes_total{state="' in figures


async def test_a_charter_that_cannot_be_read_keeps_the_service_from_being_ready_and_the_next_one_mends_it(
    serve, settings, book
):
    kept = book.put(f"{TEXT}\n# 一\n", "李组长")
    book.activate(kept.number, "李组长", "启用")
    engine = open_engine(settings.caselog_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE charters SET text = 'offices: ['")
    engine.dispose()
    async with serve(settings, ready=False) as client:
        response = await client.get("/readyz")
        assert (response.status_code, response.json()["code"]) == (503, "NO_CHARTER")
        assert (await client.post("/v1/route", json={"domain": "CAT"})).json()["code"] == "NO_CHARTER"
        assert "paidan_charter_following_trouble 1.0" in (await client.get("/metrics")).text
        book.rollback("李组长", "读不出")
        await client.post("/v1/models/reload")
        assert (await client.post("/v1/route", json={"domain": "CAT"})).status_code == 200
