"""The console over HTTP: sign-in, roles, forged forms, hostile text, the access log, and what reviewers do."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import insert, update

from auditing.cases.doubts import Doubt
from auditing.figures.profile import profile_of
from auditing.log.accesses import AccessLog, Action
from auditing.log.events import Outcome, OutcomeStatus, ReviewStatus, Role
from auditing.log.verify import verify
from auditing.store.schema import predictions
from auditing.store.schema_history import shadows
from models.history import Change, ChangeKind
from models.prediction import ModelVersion
from models.triage import TriageModel
from models.versions import RegistryUnavailable
from serving.console.visits import at_home
from serving.pages.highlight import Piece, pieces
from serving.pages.rendering import STATIC
from serving.pages.texts import Language, half, texts
from serving.serve import Aliases

pytestmark = pytest.mark.anyio

WORD = "白日依山尽黄河入海流"
HOSTILE = "<script>alert(1)</script>'\"><img src=x onerror=alert(1)>{{ 7*7 }}"


@pytest.fixture
async def client(serve, settings, tiny_model):
    # every answer belongs to the random sample, so that every answer is a case
    async with serve(settings.model_copy(update={"audit_sample_rate": 1.0}), lambda _: tiny_model) as client:
        yield client


@pytest.fixture
def ask(client, tiny_complaints):
    """Have some complaints answered; give their prediction ids."""

    async def ask(count=1, *, text="", ticket="T"):
        found = []
        for number, (said, *_) in enumerate(tiny_complaints[:count]):
            card = {"source": "12345", "ticket_id": f"{ticket}-{number}", "text": said + text}
            response = await client.post("/v1/predict", json=card)
            assert response.status_code == 200, response.text
            found.append(response.json())
        return found

    return ask


def token(page):
    return re.search(r'name="csrf" value="([^"]+)"', page.text)[1]


async def enter(client, role=Role.REVIEWER, password=WORD, **more):
    client.cookies.clear()
    form = {"csrf": token(await client.get("/console/sign-in")), "name": f"{role}-li", "password": password} | more
    return await client.post("/console/sign-in", data=form)


async def decide(client, prediction_id, action, **more):
    for _ in range(20):
        page = await client.get(f"/console/cases/{prediction_id}")
        if page.status_code != 503:  # a busy machine may still be making the case
            break
    seen = re.search(r'name="seen" value="(\d+)"', page.text)[1]
    form = {"csrf": token(page), "seen": seen, "action": action} | more
    return await client.post(f"/console/cases/{prediction_id}", data=form)


def accesses(log):
    return [
        (each.who, each.action, each.prediction_id, each.detail) for each in reversed(AccessLog(log.engine).latest())
    ]


async def test_nobody_gets_in_without_an_account(client, people, ask):
    (answer,) = await ask()
    for path in (
        "",
        "/report",
        "/versions",
        "/accesses",
        f"/cases/{answer['prediction_id']}",
        "/report.csv",
        "/nowhere",
    ):
        response = await client.get(f"/console{path}")
        assert response.status_code == 303, path
        assert response.headers["location"].startswith("/console/sign-in")
    assert (await client.post(f"/console/cases/{answer['prediction_id']}")).status_code == 303
    assert (await client.get("/")).headers["location"] == "/console"


async def test_signing_in_leads_back_to_where_one_wanted_to_go_and_out_again(client, people):
    wanted = await client.get("/console/report?by=week")
    form = await client.get(wanted.headers["location"])
    assert 'name="next" value="/console/report?by=week"' in form.text
    response = await enter(client, next="/console/report?by=week")
    assert (response.status_code, response.headers["location"]) == (303, "/console/report?by=week")
    cookie = next(each for each in response.headers.get_list("set-cookie") if each.startswith("paidan_session="))
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Path=/console"))
    page = await client.get("/console")
    assert page.status_code == 200
    assert (await client.post("/console/sign-out", data={"csrf": token(page)})).status_code == 303
    assert (await client.get("/console")).status_code == 303


async def test_cookies_go_over_https_only_unless_the_service_is_on_loopback(settings):
    assert not settings.has_secure_cookies
    assert settings.model_copy(update={"host": "0.0.0.0"}).has_secure_cookies
    assert settings.model_copy(update={"secure_cookies": True}).has_secure_cookies


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example",
        "//elsewhere.example",
        "/console//elsewhere",
        "/consoles",
        "/v1/models",
        "/console\\..",
        "",
    ],
)
def test_nobody_is_led_elsewhere(address):
    assert at_home(address) == "/console"


async def test_a_wrong_password_is_refused_and_after_some_has_to_wait(client, people, log):
    for _ in range(3):
        refused = await enter(client, password="falsch falsch")
        assert refused.status_code == 401
        assert "falsch" not in refused.text
    waiting = await enter(client)
    assert waiting.status_code == 429
    assert (people[Role.REVIEWER].person_id, Action.REFUSED, None, "sign_in") in accesses(log)


async def test_a_form_that_is_not_ours_changes_nothing(client, people, ask, events):
    (answer,) = await ask()
    address = f"/console/cases/{answer['prediction_id']}"
    forged = await client.post("/console/sign-in", data={"name": "reviewer-li", "password": WORD, "csrf": "x"})
    assert forged.status_code == 403
    await enter(client)
    mine = token(await client.get(address))
    for form, headers in (
        ({"action": "confirmed", "seen": "0"}, {}),
        ({"action": "confirmed", "seen": "0", "csrf": "x" * 64}, {}),
        ({"action": "confirmed", "seen": "0", "csrf": mine}, {"sec-fetch-site": "cross-site"}),
    ):
        assert (await client.post(address, data=form, headers=headers)).status_code == 403
    assert (await client.post("/console/sign-out")).status_code == 403
    assert events.of_prediction(answer["prediction_id"]) == ()
    assert (await client.get("/console")).status_code == 200


async def test_pages_allow_nothing_from_outside_and_no_script_inside_them(client, people, ask):
    (answer,) = await ask()
    await enter(client, Role.ADMIN)
    for path in ("", "/report", "/versions", "/accesses", f"/cases/{answer['prediction_id']}", "/nowhere"):
        page = await client.get(f"/console{path}")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert not re.search(r"(src|href|action)=\"(https?:)?//", page.text)
        assert not re.search(r"<script(?![^>]*src=)|<style| style=| on\w+=", page.text)
    assert (await client.get("/console/static/console.css")).headers["content-type"].startswith("text/css")
    assert (await client.get("/console/static/../rendering.py")).status_code in (303, 404)


async def test_hostile_text_is_shown_and_does_nothing(client, people, ask, events):
    (answer,) = await ask(text=HOSTILE, ticket=HOSTILE)
    outcome = Outcome(
        answer["prediction_id"], OutcomeStatus.RETURNED, "<b>O1</b>", "<i>who</i>", datetime.now(UTC),
        reason_code="R01", note=HOSTILE, target=HOSTILE,
    )  # fmt: skip
    events.append(outcome, "k_1")
    await enter(client)
    for path in (f"/cases/{answer['prediction_id']}", "", "/report", f"?office={HOSTILE}"):
        page = await client.get(f"/console{path}")
        assert page.status_code == 200
        for living in ("<script>alert", "<img src=x", "<b>O1", "<i>who", ">49<"):
            assert living not in page.text
    case = await client.get(f"/console/cases/{answer['prediction_id']}")
    assert "&lt;script&gt;alert(1)" in case.text
    assert "{{ 7*7 }}" in case.text


async def test_a_case_shows_evidence_where_it_stands(client, people, ask):
    (answer,) = await ask()
    await enter(client)
    page = (await client.get(f"/console/cases/{answer['prediction_id']}")).text
    strongest = max(answer["evidence"], key=lambda each: each["weight"])
    assert strongest["text"] in "".join(re.findall(r"<mark[^>]*>([^<]*)</mark>", page))
    contrast = answer["domain"]["contrast"]
    assert f"为何是 {answer['domain']['code']} 而不是 {contrast['against']}" in page


def test_overlapping_evidence_is_cut_into_pieces():
    evidence = [
        {"target": "domain", "field": "text", "start": 1, "end": 4, "weight": 2.0},
        {"target": "office", "field": "text", "start": 3, "end": 99, "weight": -1.0},
        {"target": "office", "field": "title", "start": 0, "end": 1, "weight": 1.0},
    ]
    assert pieces("甲乙丙丁戊", "text", evidence) == [
        Piece("甲", 0.0, 0.0),
        Piece("乙丙", 2.0, 0.0),
        Piece("丁", 2.0, -1.0),
        Piece("戊", 0.0, -1.0),
    ]
    assert pieces("", "text", evidence) == []


async def test_every_look_export_and_change_is_in_the_access_log(client, people, ask, log):
    (answer,) = await ask()
    who, case = people[Role.LEAD].person_id, answer["prediction_id"]
    await enter(client, Role.LEAD)
    await client.get("/console?doubt=audit_sample")
    await decide(client, case, "confirmed")
    for path in ("/report", "/report.csv", "/report.xlsx", "/versions", "/accesses"):
        assert (await client.get(f"/console{path}")).status_code == 200, path
    assert [each[1:] for each in accesses(log) if each[0] == who] == [
        (Action.SIGN_IN, None, ""),
        (Action.SEARCH, None, "queue doubt=audit_sample"),
        (Action.VIEW, case, "console"),
        (Action.CHANGE, case, "review confirmed 1"),
        (Action.SEARCH, None, "report "),
        (Action.EXPORT, None, "report.csv"),
        (Action.EXPORT, None, "report.xlsx"),
        (Action.SEARCH, None, "versions"),
        (Action.SEARCH, None, "accesses"),
    ]
    assert not any(report.faults for report in verify(log.engine))


async def test_the_access_log_is_for_leads_and_admins(client, people, log):
    await enter(client)
    assert (await client.get("/console/accesses")).status_code == 403
    assert (people[Role.REVIEWER].person_id, Action.REFUSED, None, "/console/accesses") in accesses(log)


async def test_a_confirmed_case_leaves_the_queue_and_the_next_one_follows(client, people, ask, events):
    answers = await ask(3)
    await enter(client)
    queue = (await client.get("/console")).text
    order = re.findall(r'href="/console/cases/(p_\w+)"', queue)
    assert len(order) == 3 == len(answers)
    response = await decide(client, order[0], "confirmed")
    assert response.headers["location"].startswith(f"/console/cases/{order[1]}?done=1")
    following = (await client.get(response.headers["location"])).text
    assert "已确认" in following
    assert order[0] not in re.findall(r'data-item href="/console/cases/(p_\w+)"', (await client.get("/console")).text)
    (event,) = events.of_prediction(order[0])
    assert (event.status, event.actor) == (ReviewStatus.CONFIRMED, "reviewer-li")


async def test_undoing_is_a_further_entry_that_opens_the_case_again(client, people, ask, events):
    (answer,) = await ask()
    case = answer["prediction_id"]
    await enter(client)
    response = await decide(client, case, "confirmed")
    page = await client.get(response.headers["location"])
    undone = await client.post(f"/console/cases/{case}/undo", data={"csrf": token(page), "event": "1"})
    assert undone.headers["location"].startswith(f"/console/cases/{case}?")
    assert [event.status for event in events.of_prediction(case)] == [ReviewStatus.CONFIRMED, ReviewStatus.UNDONE]
    assert case in (await client.get("/console")).text
    assert "已撤销" in (await client.get(undone.headers["location"])).text


async def test_what_another_has_decided_is_not_undone_by_a_reviewer(client, people, ask, events):
    (answer,) = await ask()
    case = answer["prediction_id"]
    await enter(client, Role.LEAD)
    await decide(client, case, "confirmed")
    await enter(client)
    page = await client.get("/console")
    refused = await client.post(f"/console/cases/{case}/undo", data={"csrf": token(page), "event": "1"})
    assert refused.status_code == 403
    assert len(events.of_prediction(case)) == 1


async def test_a_correction_names_domain_office_and_reason(client, people, ask, events):
    (answer,) = await ask()
    case = answer["prediction_id"]
    await enter(client)
    await decide(
        client, case, "corrected", domain_code="PRC", office_code="T06", reason_code="R07", note="电话13800000000"
    )
    (event,) = events.of_prediction(case)
    assert (event.status, event.domain_code, event.office_code, event.reason_code) == ("corrected", "PRC", "T06", "R07")
    assert "13800000000" not in event.note
    report = (await client.get("/console/report")).text
    assert f"true=PRC&amp;predicted={answer['domain']['code']}" in report
    cell = await client.get(f"/console/report/cell?target=domain&true=PRC&predicted={answer['domain']['code']}")
    assert case in cell.text


@pytest.mark.parametrize(
    ("action", "form"),
    [
        ("undone", {}),
        ("nonsense", {}),
        ("corrected", {}),
        ("corrected", {"domain_code": "XXX"}),
        ("corrected", {"domain_code": "PRC", "reason_code": "R99"}),
        ("override", {"returned_by": "T01"}),
        ("confirmed", {"seen": "x"}),
    ],
)
async def test_a_decision_that_makes_no_sense_is_refused(client, people, ask, events, action, form):
    (answer,) = await ask()
    await enter(client)
    refused = await decide(client, answer["prediction_id"], action, **form)
    assert refused.status_code == 422
    assert events.of_prediction(answer["prediction_id"]) == ()


async def test_the_final_word_is_a_leads(client, people, ask, events):
    (answer,) = await ask()
    case, form = answer["prediction_id"], {"domain_code": "PRC", "office_code": "T06"}
    await enter(client)
    await decide(client, case, "to_ruling")
    assert (await decide(client, case, "ruled", **form)).status_code == 403
    assert "终局裁定</button>" not in (await client.get(f"/console/cases/{case}")).text
    await enter(client, Role.LEAD)
    assert "疑难件" in (await client.get("/console?doubt=hard_case")).text
    assert (await decide(client, case, "ruled", **form)).status_code == 303
    assert [event.status for event in events.of_prediction(case)] == ["to_ruling", "ruled"]
    assert (await client.get("/console")).text.count("data-item") == 0


async def test_a_decision_on_what_has_changed_meanwhile_is_not_taken(client, people, ask, events):
    (answer,) = await ask()
    case = answer["prediction_id"]
    await enter(client)
    page = await client.get(f"/console/cases/{case}")
    told = Outcome(case, OutcomeStatus.ACCEPTED, answer["office"]["code"], "office:x", datetime.now(UTC))
    events.append(told, "k_1")
    form = {"csrf": token(page), "seen": "0", "action": "confirmed"}
    assert (await client.post(f"/console/cases/{case}", data=form)).status_code == 409
    assert len(events.of_prediction(case)) == 1
    assert (await decide(client, case, "confirmed")).status_code == 303


async def test_an_office_that_returned_a_ticket_can_be_let_in_again_with_a_reason(client, people, ask, events):
    (answer,) = await ask()
    case, office = answer["prediction_id"], answer["office"]["code"]
    moment = datetime.now(UTC) - timedelta(minutes=1)
    events.append(Outcome(case, OutcomeStatus.RETURNED, office, f"office:{office}", moment, reason_code="R02"), "k_1")
    await enter(client)
    assert "退回单位" in (await client.get(f"/console/cases/{case}")).text
    response = await decide(client, case, "override", returned_by=office, note="经会商由该所办理")
    assert response.headers["location"].startswith(f"/console/cases/{case}?")
    assert "退回单位（不再推荐）" not in (await client.get(f"/console/cases/{case}")).text


async def test_a_second_look_does_not_see_the_first_ones_word(client, people, ask):
    (answer,) = await ask()
    case = answer["prediction_id"]
    await enter(client, Role.LEAD)
    await decide(client, case, "corrected", domain_code="PRC", note="第一位的话")
    await decide(client, case, "second_look", asked="reviewer-li")
    await enter(client)
    assert "请求复核" in (await client.get("/console?doubt=second_look")).text
    blind = (await client.get(f"/console/cases/{case}")).text
    assert "第一位的话" not in blind
    assert "独立复核" in blind
    await decide(client, case, "confirmed")
    assert "第一位的话" in (await client.get(f"/console/cases/{case}")).text
    assert "Cohen" in (await client.get("/console/report")).text


async def test_the_queue_is_narrowed_by_what_one_asks_for(client, people, ask):
    answers = await ask(6)
    await enter(client)
    office = answers[0]["office"]["code"]
    shown = (await client.get(f"/console?office={office}&doubt=audit_sample&age=day&version=1")).text
    assert shown.count("data-item") == sum(each["office"]["code"] == office for each in answers)
    assert (await client.get("/console?age=older_month")).text.count("data-item") == 0
    for wrong in ("doubt=x", "age=x", "page=0", "page=x"):
        assert (await client.get(f"/console?{wrong}")).status_code == 422
    assert Doubt.AUDIT_SAMPLE in shown


async def test_a_case_that_is_not_there_is_not_found(client, people):
    await enter(client)
    for name in ("p_x", "p_" + "0" * 44, "p_" + "é" * 44):
        response = await client.get(f"/console/cases/{name}")
        assert response.status_code == 404
        assert response.headers["content-type"].startswith("text/html")


async def test_it_speaks_english_and_is_dark_if_one_likes(client, people):
    await enter(client)
    switched = await client.get("/console/preferences?language=en&theme=dark&keys=off&back=/console/report")
    assert switched.headers["location"] == "/console/report"
    page = (await client.get("/console")).text
    assert 'lang="en" data-theme="dark"' in page
    assert 'data-keys="off"' in page
    assert "Nothing waits here" in page
    assert (await client.get("/console/accesses")).text.count("your role does not allow") == 1


def test_every_text_is_in_both_languages_and_wanted_by_a_page():
    pages = "".join(page.read_text(encoding="utf-8") for page in (STATIC.parent / "templates").iterdir())
    made = tuple(re.findall(r"""["']([a-z]+_)["'] \+""", pages))
    for key, said in texts().items():
        assert all(said[language] for language in Language), key
        assert re.search(rf"""["']{key}["']""", pages) or key.startswith(made) or key == "week", key


def test_a_bilingual_message_is_halved():
    assert half("甲 | b", Language.ENGLISH) == "b"
    assert half("甲 | b", Language.CHINESE) == "甲"
    assert half("both", Language.ENGLISH) == "both"


async def test_where_the_text_is_removed_the_rest_is_shown(client, people, ask, log):
    (answer,) = await ask()
    with log.engine.begin() as connection:
        connection.execute(update(predictions).values(complaint="", answer=""))
    await enter(client)
    page = await client.get(f"/console/cases/{answer['prediction_id']}")
    assert page.status_code == 200
    assert "已过保存期限" in page.text


async def test_versions_tell_of_challenger_and_drift(serve, settings, tiny_bundle, people, tiny_complaints, log):
    model = TriageModel.load(tiny_bundle, ModelVersion("complaint-triage", "1"))
    reference = profile_of(60, {"domain": ["FDS"] * 60}, {"domain": [0.9] * 60}, np.ones((60, 3), np.int64), {})
    model.manifest = {**model.manifest, "about": {"profile": reference.to_manifest()}}
    async with serve(settings, lambda _: model) as client:
        text = tiny_complaints[0][0]
        card = {"source": "12345", "ticket_id": "T", "text": text}
        case = (await client.post("/v1/predict", json=card)).json()["prediction_id"]
        row = {"prediction_id": case, "model_name": "complaint-triage", "model_version": "2", "at": datetime.now(UTC)}
        with log.engine.begin() as connection:
            said = {"domain_code": "PRC", "domain_confidence": 0.8}
            connection.execute(insert(shadows).values(**row, **said))
        await enter(client)
        page = (await client.get("/console/versions")).text
        assert "候选版本 2 与在用版本" in page
        assert f'href="/console/cases/{case}"' in page
        assert "数据不足" in page
        assert "新模型意见不同" in (await client.get("/console?doubt=challenger_disagrees")).text


@pytest.fixture
def registry():
    """A registry by hand: which version is the champion, and how it came to be."""
    at = datetime(2026, 10, 3, 4, tzinfo=UTC)
    first = Change(at, ChangeKind.PROMOTE, "li", "首个版本", None, 1)
    hostile = Change(at + timedelta(days=1), ChangeKind.PROMOTE, "wang", HOSTILE, 1, 2, "overridden; against 1")
    return SimpleNamespace(named="1", changes=[first, hostile], away=False)


@pytest.fixture
def aliases(registry, keyword_service):
    def changes(_):
        if registry.away:
            raise RegistryUnavailable("http://registry.example", "away")
        return registry.changes

    return Aliases(
        lambda *_: ModelVersion("complaint-triage", registry.named),
        lambda *_: keyword_service.KeywordModel(registry.named),
        changes,
    )


@pytest.fixture
def quiet(settings):
    """Settings of a service that looks after the alias when it is asked to, and only then."""
    return settings.model_copy(update={"reload_seconds": 0, "shadow_alias": ""})


async def test_the_changes_of_the_champion_are_told_with_reasons_and_what_the_gate_found(
    serve, quiet, aliases, registry, people, keyword_service
):
    async with serve(quiet, lambda _: keyword_service.KeywordModel(registry.named), aliases) as client:
        await enter(client)
        page = (await client.get("/console/versions")).text
        newest, oldest = re.findall(r"<th scope=\"row\">(\S+ → \S+)</th>", page)
        assert (newest, oldest) == ("1 → 2", "– → 1")
        for said in ("2026-10-03 12:00", "首个版本", "wang", "overridden; against 1", "启用"):
            assert said in page
        assert "<script>alert" not in page
        registry.away = True
        page = await client.get("/console/versions")
        assert (page.status_code, "登记库无响应" in page.text) == (200, True)


async def test_an_administrator_reloads_from_the_console_and_nobody_else(
    serve, quiet, aliases, registry, people, log, keyword_service
):
    async with serve(quiet, lambda _: keyword_service.KeywordModel(registry.named), aliases) as client:

        async def live():
            return (await client.get("/v1/models")).json()["models"][0]["version"]

        registry.named = "2"
        for role in (Role.REVIEWER, Role.LEAD):
            await enter(client, role)
            page = await client.get("/console/versions")
            assert "/console/versions/reload" not in page.text
            assert (await client.post("/console/versions/reload", data={"csrf": token(page)})).status_code == 403
        await enter(client, Role.ADMIN)
        page = await client.get("/console/versions")
        assert 'action="/console/versions/reload"' in page.text
        for form in ({}, {"csrf": "x"}):
            assert (await client.post("/console/versions/reload", data=form)).status_code == 403
        assert await live() == "1"
        done = await client.post("/console/versions/reload", data={"csrf": token(page)})
        assert (done.status_code, await live()) == (303, "2")
        page = (await client.get(done.headers["location"])).text
        assert "已查看登记库" in page
        assert "与登记一致" in page
    who = {person.person_id: role for role, person in people.items()}
    told = [(who.get(each[0]), each[1]) for each in accesses(log) if "reload" in each[3]]
    assert told == [(Role.REVIEWER, "refused"), (Role.LEAD, "refused"), (Role.ADMIN, "change")]


async def test_a_process_that_follows_no_registry_offers_no_reload(client, people):
    await enter(client, Role.ADMIN)
    page = (await client.get("/console/versions")).text
    assert "本进程不使用登记库" in page


async def test_a_store_that_is_away_gives_a_page_that_says_so(client, people, log):
    await enter(client)
    with log.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE cases RENAME TO elsewhere")
    page = await client.get("/console")
    assert page.status_code == 503
    assert "案例日志暂不可用" in page.text


async def test_the_console_is_no_part_of_the_interface_for_machines(client):
    assert "/console" not in (await client.get("/openapi.json")).text
