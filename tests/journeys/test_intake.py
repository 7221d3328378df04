"""An intake system's journey: keys, complaints in, answers out, outcomes back, and a registry that goes down."""

import os
import sqlite3

import httpx
import pytest

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="POSIX signals"),
    # MLflow 3.17 on SQLAlchemy 2.1
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning"),
]

PHONE = "13800000000"


@pytest.fixture
def keys(door):
    """A header for each scope."""

    def key(scope):
        code, said = door("keys", "create", "--label", scope, "--scope", scope)
        assert code == 0
        return {"authorization": f"Bearer {said.strip().splitlines()[-1]}"}

    return {scope: key(scope) for scope in ("predict", "outcome", "review", "admin")}


def outcome(status, office, at, **more):
    return {
        "status": status,
        "office": office,
        "actor": f"office:{office}",
        "occurred_at": f"2026-10-03T{at}+08:00",
    } | more


def test_from_the_first_complaint_to_a_final_ruling(  # noqa: PLR0915 - a journey is one story
    champion, keys, serving, tiny_complaints, home, eventually
):
    text, domain, office = tiny_complaints[0]
    ticket = {"source": "12345", "ticket_id": "2026-000123", "text": f"{text}，请回电{PHONE}"}
    with serving() as address, httpx.Client(base_url=address, timeout=30) as client:
        # a complaint in, an answer out
        assert client.post("/v1/predict", json=ticket).status_code == 401
        first = client.post("/v1/predict", json=ticket, headers=keys["predict"]).json()
        assert (first["domain"]["code"], first["office"]["code"], first["revision"]) == (domain, office, 1)
        assert first["model"]["version"] == "1"
        assert any(each["text"] in text for each in first["evidence"])
        # a retry is the same prediction; more from the citizen is the next revision
        again = client.post("/v1/predict", json=ticket, headers=keys["predict"]).json()
        assert again == first
        more = ticket | {"text": f"{ticket['text']}。补充：商家已承认"}
        assert client.post("/v1/predict", json=more, headers=keys["predict"]).json()["revision"] == 2
        # the charter says who leads and why, how urgent it is and by when
        assert (first["route"]["lead"]["code"], first["charter"]["version"]) == (office, "demo")
        assert first["route"]["basis"]
        assert first["due"]
        placed = {"source": "12345", "ticket_id": "P-1", "text": text, "address": "东亭街道东亭路18号"}
        asked = client.post("/v1/predict", json=placed, headers=keys["predict"]).json()["route"]
        assert (asked["state"], asked["lead"]["code"], asked["place"]["field"]) == ("routed", office, "address")
        placeless = {"domain": domain, "text": "买的酸奶早就过期了，店员不肯退款"}
        asked = client.post("/v1/route", json=placeless, headers=keys["predict"]).json()["route"]
        assert asked["state"] == "needs_place"
        assert asked["needs"][0]["zh"]
        elsewhere = {"domain": "OOS", "text": "小区物业不作为，公租房供暖不热，要求住建部门处理"}
        asked = client.post("/v1/route", json=elsewhere, headers=keys["predict"]).json()["route"]
        assert asked["state"] == "needs_coordination"
        assert "PROP" in [each["code"] for each in asked["departments"]]
        at_once = placed | {"ticket_id": "P-3", "text": "几个学生在食堂吃完饭后上吐下泻，已经送医院"}
        urgent = client.post("/v1/predict", json=at_once, headers=keys["predict"]).json()["urgency"]
        assert urgent["level"] == "P0"
        assert at_once[urgent["field"]][urgent["start"] : urgent["end"]]
        # a batch: what is wrong fails alone
        items = [
            {"source": "12345", "ticket_id": f"B-{n}", "text": said} for n, (said, *_) in enumerate(tiny_complaints)
        ]
        items[7]["text"] = " "
        results = client.post("/v1/predict/batch", json={"items": items}, headers=keys["predict"]).json()["results"]
        assert [each["ok"] for each in results].count(False) == 1
        assert results[7]["problem"]["code"] == "EMPTY_TEXT"

        # a key for complaints reads no case
        case = f"/v1/predictions/{first['prediction_id']}"
        assert client.get(case, headers=keys["predict"]).status_code == 403
        stored = client.get(case, headers=keys["review"]).json()
        assert PHONE not in str(stored)
        assert "***" in stored["complaint"]["text"]

        # the office returns it: not without a reason, and not to a colleague of its own choice
        told = f"{case}/outcome"
        unsaid = client.post(told, json=outcome("returned", office, "10:00:00"), headers=keys["outcome"])
        assert (unsaid.status_code, unsaid.json()["code"]) == (422, "REASON_MISSING")
        forwarded = outcome("rerouted", "T04", "10:00:00", actor=f"office:{office}")
        assert client.post(told, json=forwarded, headers=keys["outcome"]).status_code == 422
        returned = outcome("returned", office, "10:00:00", reason_code="R07")
        said = client.post(told, json=returned, headers=keys["outcome"])
        assert (said.status_code, said.json()["not_again"]) == (201, [office])
        assert client.post(told, json=returned, headers=keys["outcome"]).json()["repeated"]

        # it is not suggested for this ticket again
        anew = ticket | {"text": f"{ticket['text']}。市民再次来电"}
        second = client.post("/v1/predict", json=anew, headers=keys["predict"]).json()
        assert second["office"]["code"] != office
        assert f"returned_by:{office}" in second["doubts"]
        assert second["office"]["decision"] != "auto"
        # and a second return makes it a hard case
        other = second["office"]["code"]
        hard = client.post(
            f"/v1/predictions/{second['prediction_id']}/outcome",
            json=outcome("returned", other, "15:00:00", reason_code="R02", note="在柳坞镇"),
            headers=keys["outcome"],
        ).json()
        assert hard["hard_case"]
        assert hard["not_again"] == sorted({office, other})

    with sqlite3.connect(home / "caselog.db") as connection:
        assert PHONE not in "".join(connection.iterdump())
    connection.close()
    assert PHONE not in (home / "service.log").read_text(encoding="utf-8")

    # the registry is gone, and the office opens as on every other morning
    (home / "mlflow.db").write_bytes(b"this is no database")
    with serving(reload_seconds=0.1) as address, httpx.Client(base_url=address, timeout=30) as client:
        assert {"ok": True} | client.post("/v1/predict", json=items[0], headers=keys["predict"]).json() == results[0]
        following = eventually(lambda: client.get("/v1/models", headers=keys["predict"]).json()["following"])
        assert following["state"] == "registry_away"
        assert client.post("/v1/models/reload", headers=keys["predict"]).status_code == 403
        assert client.post("/v1/models/reload", headers=keys["admin"]).json()["code"] == "REGISTRY_UNAVAILABLE"
