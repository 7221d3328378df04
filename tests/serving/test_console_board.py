"""The tri-colour board over HTTP: what it shows, what it is narrowed by, what leaves it as a file."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from auditing.board.clocks import Stage, Timing
from auditing.log.accesses import AccessLog, Action
from auditing.log.events import Outcome, OutcomeStatus, Role
from features.complaint import Complaint
from models.prediction import Decision, HeadAnswer, ModelVersion, Triage
from serving.colours import Colour, look_of
from serving.pages.rendering import duration
from serving.pages.texts import Language
from serving.settings import Settings

pytestmark = pytest.mark.anyio

HOSTILE = "=cmd|'/c calc'!A0<script>alert(1)</script>"


@pytest.fixture
def promise(log, settled):
    """Log an answer whose steps end in so many hours from now; give its prediction id."""

    def promise(ticket, steps=(), *, office="O04", urgency="P2", received=3):
        now = datetime.now(UTC)
        complaint = Complaint(
            "外卖有头发", source="12345", ticket_id=ticket, received_at=now - timedelta(hours=received)
        )
        head = HeadAnswer(office, office, 0.8, Decision.SUGGEST, (), None)
        triage = Triage(ModelVersion("complaint-triage", "1"), complaint, None, head, (), (), ())
        entry = log.entry(complaint, settled(triage))
        due = [
            {"step": step, "at": now + timedelta(hours=hours), "basis": "本地", "provisional": False, "local": True}
            for step, hours in steps
        ]
        said = orjson.loads(entry.answer) | {"due": due, "urgency": {"level": urgency}}
        (recorded,) = log.write([entry._replace(answer=orjson.dumps(said))])
        return recorded.prediction_id

    return promise


@pytest.fixture
def happen(events):
    def happen(prediction_id, status, office="O04"):
        reason = "R02" if status is OutcomeStatus.RETURNED else None
        moment = datetime.now(UTC) - timedelta(minutes=5)
        events.append(Outcome(prediction_id, status, office, "centre", moment, reason_code=reason), "k_1")

    return happen


def shown(page):
    return re.findall(r"data-item[^>]*><b>([^<]*)</b>", page.text)


async def test_what_is_overdue_stands_first_and_each_clock_says_how_long_it_has(client, enter, promise):
    promise("later", [("dispatch", 30)], received=0)
    promise("gone", [("dispatch", -1.5), ("respond", 21.5)])
    promise("soon", [("dispatch", 0.51)])
    await enter(client)
    page = await client.get("/console/board")
    assert shown(page) == ["gone", "soon", "later"]
    for said in (
        "超 1 小时 30 分",
        "剩 30 分",
        "分送",
        "首次回应",
        "已超时",
        'class="clock overdue"',
        'class="clock soon"',
    ):
        assert said in page.text
    assert shown(await client.get("/console/board?timing=overdue")) == ["gone"]
    await client.get("/console/preferences?language=en")
    english = (await client.get("/console/board")).text
    assert "1 h 30 min over" in english
    assert "first response" in english


async def test_outcomes_change_the_colour_and_stop_the_clocks(client, enter, promise, happen):
    ids = {name: promise(name, [("dispatch", 1), ("respond", 21)]) for name in ("new", "taken", "back", "done")}
    happen(ids["taken"], OutcomeStatus.ACCEPTED)
    happen(ids["back"], OutcomeStatus.RETURNED)
    happen(ids["done"], OutcomeStatus.CLOSED)
    await enter(client)
    for stage, tickets in ((Stage.NEW, {"new", "back"}), (Stage.IN_HAND, {"taken"}), (Stage.CLOSED, {"done"})):
        assert set(shown(await client.get(f"/console/board?stage={stage}"))) == tickets
    assert set(shown(await client.get("/console/board"))) == {"new", "taken", "back"}
    assert shown(await client.get("/console/board?office=-")) == ["back"]
    assert "按时完成" in (await client.get("/console/board?stage=in_hand")).text
    assert shown(await client.get("/console/board?timing=idle")) == ["taken"]


async def test_the_board_is_narrowed_by_office_and_urgency_and_goes_on_to_the_next_page(client, enter, promise):
    for number in range(30):
        promise(f"T{number:02}", [("dispatch", number + 0.5)], office="T01" if number % 3 else "O04")
    promise("urgent", [("dispatch", 99)], urgency="P0")
    await enter(client)
    first = await client.get("/console/board?office=T01&urgency=P2")
    assert len(shown(first)) == 20
    first = await client.get("/console/board")
    address = re.search(r'rel="next" href="([^"]+)"', first.text)[1].replace("&amp;", "&")
    second = await client.get(address)
    assert shown(first) + shown(second) == [f"T{number:02}" for number in range(30)] + ["urgent"]
    assert "立即处置" in second.text
    assert shown(await client.get("/console/board?urgency=P0")) == ["urgent"]


@pytest.mark.parametrize("query", ["stage=x", "timing=x", "urgency=P9", "after=x", "after=soon~~1"])
async def test_what_nobody_can_ask_for_is_refused(client, enter, query):
    await enter(client)
    assert (await client.get(f"/console/board?{query}")).status_code == 422


async def test_an_answer_without_clocks_says_so(client, enter, promise):
    promise("old")
    await enter(client)
    assert "没有记录时限" in (await client.get("/console/board")).text


async def test_the_file_has_what_is_shown_and_nothing_in_it_acts(client, enter, promise, log, people):
    promise(HOSTILE, [("dispatch", -2)])
    promise("other", [("dispatch", 5)], office="T01")
    await enter(client)
    page = await client.get("/console/board")
    assert "<script>alert" not in page.text
    file = await client.get("/console/board.csv?office=O04")
    assert file.headers["content-type"].startswith("text/csv")
    assert 'filename="board.csv"' in file.headers["content-disposition"]
    (row,) = csv.DictReader(io.StringIO(file.content.decode("utf-8-sig")))
    assert row["工单 ticket"] == f"'{HOSTILE}"
    assert (row["时限状态 timing"], row["最近时限 next step"]) == (Timing.OVERDUE, "dispatch")
    assert -2.1 < float(row["剩余小时 hours left"]) < -1.9
    who = people[Role.REVIEWER].person_id
    told = [(each.action, each.detail) for each in reversed(AccessLog(log.engine).latest()) if each.who == who]
    assert told[1:] == [(Action.SEARCH, "board "), (Action.EXPORT, "board.csv office=O04")]


async def test_nobody_sees_the_board_without_an_account(client):
    for path in ("/console/board", "/console/board.csv"):
        assert (await client.get(path)).status_code == 303


async def test_a_bureau_has_its_own_colours_names_and_meaning(serve, settings, enter, promise, happen):
    happen(promise("sent", [("dispatch", 1)]), OutcomeStatus.REROUTED)
    own = settings.model_copy(
        update={
            "board_colours": (Colour.GREY, Colour.AMBER, Colour.BLUE),
            "board_names": ("待签收 | to sign for", "办理中 | being handled", "办结 | done"),
            "board_in_hand": (OutcomeStatus.ACCEPTED, OutcomeStatus.REROUTED),
        }
    )
    async with serve(own) as client:
        await enter(client)
        page = await client.get("/console/board?stage=in_hand")
        assert shown(page) == ["sent"]
        assert '<li class="amber">' in page.text
        assert "办理中" in page.text
        await client.get("/console/preferences?language=en")
        assert "being handled" in (await client.get("/console/board")).text


def test_colours_names_and_meaning_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("PAIDAN_BOARD_COLOURS", '["blue", "amber", "green"]')
    monkeypatch.setenv("PAIDAN_BOARD_IN_HAND", '["accepted", "rerouted"]')
    settings = Settings()
    look = look_of(settings.board_colours, settings.board_names, frozenset(settings.board_in_hand))
    assert look.colours == {Stage.NEW: "blue", Stage.IN_HAND: "amber", Stage.CLOSED: "green"}
    assert look.in_hand == {"accepted", "rerouted"}
    monkeypatch.setenv("PAIDAN_BOARD_COLOURS", '["pink", "amber", "green"]')
    with pytest.raises(ValueError, match="board_colours"):
        Settings()


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (30, "0 分", "0 min"),
        (-90, "1 分", "1 min"),
        (3600, "1 小时", "1 h"),
        (5400, "1 小时 30 分", "1 h 30 min"),
        (86400 + 59, "1 天", "1 d"),
        (90000 + 120, "1 天 1 小时", "1 d 1 h"),
    ],
)
def test_a_duration_is_written_in_its_two_largest_units(seconds, zh, en):
    assert (duration(seconds, Language.CHINESE), duration(seconds, Language.ENGLISH)) == (zh, en)
