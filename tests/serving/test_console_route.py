"""What a case page says of the responsible office: route, urgency and clocks, from the stored answer alone."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from auditing.log.events import Outcome, OutcomeStatus
from features.complaint import Complaint
from models.prediction import Decision, HeadAnswer, ModelVersion, Triage

pytestmark = pytest.mark.anyio

TEXT = "昨晚吃火锅后三个孩子腹泻住院，店家不理"
HOSTILE = "<script>alert(1)</script>"


def party(code, name, confidence=None):
    return {"code": code, "name": name, "confidence": confidence}


def resolved(now, **route):
    return {
        "charter": {"name": "澄州市望江区市场监督管理局", "version": "7"},
        "kind": ["complaint", "report"],
        "route": {
            "state": "needs_place",
            "lead": party("O04", "餐饮服务监督管理科", 0.62),
            "assisting": [party("O18", HOSTILE)],
            "departments": [party("HEAL", "卫生健康局")],
            "tracks": [
                {"kind": "complaint", "lead": party("T01", "东亭市场监管所"), "rule": "R03"},
                {"kind": "report", "lead": None, "rule": None},
            ],
            "place": {"station": "T01", "name": "东亭路", "field": "address", "start": 0, "end": 3},
            "basis": [{"zh": "规则 R03：由属地所主办", "en": "rule R03: the station leads"}],
            "needs": [{"zh": "请问店在哪条路？", "en": "Which street is the shop in?"}],
            "look_at": [{"zh": "诉求人称三个孩子住院", "en": "says that three children are in hospital"}],
        }
        | route,
        "urgency": {
            "level": "P0", "rule": "U01", "name": "疑似食物中毒", "action": "立即电话", "field": "text", "start": 6, "end": 12,
        },
        "due": [
            {"step": "dispatch", "at": now + timedelta(hours=-2), "basis": "本地承诺", "provisional": False, "local": True},
            {"step": "accept_decision", "at": now + timedelta(days=5), "basis": "第15条", "provisional": True, "local": False},
        ],
    }  # fmt: skip


@pytest.fixture
def answered(log, settled):
    """Log an answer with these members besides the usual ones."""

    def answered(more):
        complaint = Complaint(TEXT, source="12345", ticket_id="T", received_at=datetime.now(UTC) - timedelta(hours=4))
        head = HeadAnswer("O04", "餐饮服务监督管理科", 0.6, Decision.SUGGEST, (), None)
        triage = Triage(ModelVersion("complaint-triage", "1"), complaint, None, head, (), (), ())
        entry = log.entry(complaint, settled(triage))
        said = {
            name: value for name, value in orjson.loads(entry.answer).items() if name not in resolved(datetime.now(UTC))
        }
        (recorded,) = log.write([entry._replace(answer=orjson.dumps(said | more))])
        return recorded.prediction_id

    return answered


async def test_a_case_says_who_is_responsible_and_why_and_what_to_ask(client, enter, answered):
    case = answered(resolved(datetime.now(UTC)))
    await enter(client)
    page = (await client.get(f"/console/cases/{case}")).text
    for said in (
        "待补地点", "请问店在哪条路？", "规则 R03：由属地所主办", "62.0%", "HEAL", "卫生健康局", "东亭路", "诉求人称三个孩子住院",
        "P0", "立即处置", "U01", "疑似食物中毒", "立即电话", "<q>三个孩子腹泻</q>", "分别处理", "举报",
        "超 2 小时", "分送", "受理决定", "（暂定）", "第15条", "澄州市望江区市场监督管理局 · 版本 7",
    ):  # fmt: skip
        assert said in page, said
    assert HOSTILE not in page
    await client.get("/console/preferences?language=en")
    page = (await client.get(f"/console/cases/{case}")).text
    assert "Which street is the shop in?" in page
    assert "rule R03: the station leads" in page


async def test_outcomes_stop_the_clocks_of_a_case(client, enter, answered, events):
    case = answered(resolved(datetime.now(UTC)))
    moment = datetime.now(UTC) - timedelta(hours=3)
    events.append(Outcome(case, OutcomeStatus.ACCEPTED, "O04", "office:O04", moment), "k_1")
    await enter(client)
    page = (await client.get(f"/console/cases/{case}")).text
    assert "按时完成" in page
    assert "超 2 小时" not in page


async def test_a_settled_route_asks_nothing(client, enter, answered):
    quiet = {
        "state": "routed",
        "needs": [],
        "look_at": [],
        "place": None,
        "tracks": [],
        "assisting": [],
        "departments": [],
    }
    case = answered(resolved(datetime.now(UTC), **quiet))
    await enter(client)
    page = (await client.get(f"/console/cases/{case}")).text
    assert "已定" in page
    assert "请问诉求人" not in page


async def test_an_answer_of_before_the_charter_is_shown_without_it(client, enter, answered):
    case = answered({})
    await enter(client)
    page = await client.get(f"/console/cases/{case}")
    assert page.status_code == 200
    assert "职责归属" not in page.text


async def test_a_case_says_among_which_offices_the_right_one_is_and_how_many_it_does_not_name(client, enter, answered):
    alternatives = [{"code": "O01", "name": "食品科", "confidence": 0.3}]
    head = {
        "code": "O04", "name": "餐饮科", "confidence": 0.6, "decision": "suggest", "alternatives": alternatives, "contrast": None,
    }  # fmt: skip
    among = {"coverage": 0.95, "codes": ["O04", "O01"], "more": 3}
    case = answered(resolved(datetime.now(UTC)) | {"office": head | {"set": among}})
    await enter(client)
    page = (await client.get(f"/console/cases/{case}")).text
    assert "这样的集合有 95% 含正确答案：" in page
    assert "，另有 3 类未列出" in page
    await client.get("/console/preferences?language=en")
    page = (await client.get(f"/console/cases/{case}")).text
    assert "95% of such sets hold the right answer:" in page
    assert ", and 3 more" in page


@pytest.mark.parametrize("more", [{}, {"set": None}])
async def test_an_answer_without_a_set_says_nothing_of_one(client, enter, answered, more):
    head = {
        "code": "O04",
        "name": "餐饮科",
        "confidence": 0.6,
        "decision": "suggest",
        "alternatives": [],
        "contrast": None,
    }
    case = answered(resolved(datetime.now(UTC)) | {"office": head | more})
    await enter(client)
    page = await client.get(f"/console/cases/{case}")
    assert page.status_code == 200
    assert "含正确答案" not in page.text
