"""The charter in the console: seen by everybody, changed by leads, never unchecked and never behind another's back."""

import html
import re

import pytest

from auditing.charters.book import CharterBook
from auditing.log.accesses import AccessLog, Action
from auditing.log.events import Role
from auditing.log.verify import verify
from models.charter.demo import DEMO
from models.charter.reading import text_of

pytestmark = pytest.mark.anyio

HOSTILE = "<script>alert(1)</script>{{ 7*7 }}"
TEXT = text_of(DEMO.read_bytes())
RENAMED = TEXT.replace("name: 计量科", "name: 计量处")


@pytest.fixture
def book(log):
    return CharterBook(log.engine)


@pytest.fixture
def fill(token):
    """Post a form of the editing page as a browser does: `await fill(client, "check", text=…)`."""

    async def fill(client, verb, page=None, **fields):
        page = page or await client.get("/console/charter/edit")
        hidden = dict(re.findall(r'name="(seen|checked)" value="(\w*)"', page.text))
        fields = {name: value.replace("\n", "\r\n") for name, value in fields.items()}
        return await client.post(f"/console/charter/{verb}", data={"csrf": token(page)} | hidden | fields)

    return fill


async def activate(fill, client, text, reason="分工调整"):
    checked = await fill(client, "check", text=text)
    return await fill(client, "activate", checked, text=text, reason=reason)


async def test_everybody_sees_the_charter_in_force_and_only_leads_change_it(client, enter, fill, book, log, people):
    await enter(client)
    page = (await client.get("/console/charter")).text
    for said in ("示范", "职责矩阵", "计量科", "东亭街道", "传销", "总局令121号第15条", "首次回应", "食物中毒", "R01"):
        assert said in page, said
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in page
    assert "/console/charter/edit" not in page
    assert (await client.get("/console/charter/edit")).status_code == 403
    front = await client.get("/console/charter")
    for verb in ("check", "activate", "rollback"):
        assert (await fill(client, verb, front, text=RENAMED, reason="x", seen="0")).status_code == 403
    assert book.history() == ()
    refused = [each.detail for each in AccessLog(log.engine).latest() if each.action is Action.REFUSED]
    assert sorted(set(refused)) == [f"/console/charter/{verb}" for verb in ("activate", "check", "edit", "rollback")]
    for role in (Role.LEAD, Role.ADMIN):
        await enter(client, role)
        assert "/console/charter/edit" in (await client.get("/console/charter")).text


async def test_the_check_names_line_and_remedy_and_offers_no_activation_of_what_is_wrong(client, enter, fill):
    await enter(client, Role.LEAD)
    wrong = TEXT.replace("lead: O11", "lead: O99", 1)
    before = wrong[: wrong.index("lead: O99")].splitlines()
    # where the article begins
    line = max(number for number, each in enumerate(before, 1) if each.startswith("  - "))
    page = (await fill(client, "check", text=wrong)).text
    assert f'<td class="number">{line}</td>' in page
    assert "O99" in page
    assert "改法" in page
    assert "启用这份章程" not in page
    assert html.escape(wrong, quote=False)[:200] in page.replace("&#39;", "'").replace("&#34;", '"')


async def test_what_is_no_charter_at_all_is_told_by_line_too(client, enter, fill):
    await enter(client, Role.LEAD)
    for text in ("offices: [", "charter: 1\nname: x\n", ""):
        page = await fill(client, "check", text=text)
        assert page.status_code == 200
        assert "错误" in page.text
        assert "启用这份章程" not in page.text


async def test_the_difference_is_told_in_words_and_by_the_tickets_that_would_move(client, enter, fill, send):
    for number in range(3):
        card = {"source": "12345", "ticket_id": f"T{number}", "text": "外卖里有头发", "address": "东亭菜市场旁"}
        assert (await send(card)).status_code == 200
    await enter(client, Role.LEAD)
    new = RENAMED.replace("      - 桥西街道\n", "      - 桥西街道\n      - 东亭菜市场旁\n")
    page = (await fill(client, "check", text=new)).text
    assert "<del>计量科</del> → <ins>计量处</ins>" in page
    assert "<ins>东亭菜市场旁</ins>" in page
    moved = page[page.index("会换单位的工单") :]
    assert re.search(r"T01</span> 东亭.*T02</span> 桥西.*<td class=\"number\">3</td>", moved, re.DOTALL)
    assert len(re.findall(r'href="/console/cases/p_\w+"', moved)) == 3


async def test_a_checked_text_is_activated_with_its_reason_and_resolves_from_then_on(
    client, enter, fill, book, send, log
):
    await enter(client, Role.LEAD)
    done = await activate(fill, client, RENAMED)
    assert (done.status_code, done.headers["location"]) == (303, "/console/charter?done=1")
    # a browser's line ends have not made another text of it
    assert book.active().text == RENAMED
    page = (await client.get(done.headers["location"])).text
    for said in ("章程已更换", "计量处", "分工调整", "lead-li", "启用"):
        assert said in page, said
    answer = await send({"source": "12345", "ticket_id": "T", "text": "外卖里有头发"})
    assert answer.json()["charter"]["version"] == "1"
    assert not any(report.faults for report in verify(log.engine))


async def test_an_office_that_only_the_charter_knows_can_be_chosen_on_a_case(client, enter, fill, send):
    case = (await send({"source": "12345", "ticket_id": "T", "text": "外卖里有头发"})).json()["prediction_id"]
    await enter(client, Role.LEAD)
    office = "  - {code: O99, name: 新设数字科, kind: 支持}\n  - {code: X00"
    await activate(fill, client, RENAMED.replace("  - {code: X00", office))
    page = (await client.get(f"/console/cases/{case}")).text
    assert '<option value="O99">O99 新设数字科</option>' in page
    assert '<option value="O09">O09 计量处</option>' in page


async def test_nothing_is_activated_unchecked_or_without_a_reason(client, enter, fill, book):
    await enter(client, Role.LEAD)
    unchecked = await fill(client, "activate", text=RENAMED, reason="急")
    assert unchecked.status_code == 409
    assert "重新核对" in unchecked.text
    checked = await fill(client, "check", text=RENAMED)
    changed = await fill(client, "activate", checked, text=RENAMED.replace("计量处", "计量股"), reason="急")
    assert changed.status_code == 409
    assert "计量股" in changed.text
    silent = await fill(client, "activate", checked, text=RENAMED, reason="  ")
    assert (silent.status_code, "原因" in silent.text) == (409, True)
    assert book.history() == ()
    # what was refused was checked again and is shown: it can be activated now
    again = await fill(client, "activate", changed, text=RENAMED.replace("计量处", "计量股"), reason="急")
    assert again.status_code == 303


async def test_whoever_comes_second_is_told_and_changes_nothing(client, enter, fill, book):
    await enter(client, Role.LEAD)
    checked = await fill(client, "check", text=RENAMED)
    other = book.put(TEXT.replace("name: 计量科", "name: 计量所"), "wang")
    book.activate(other.number, "wang", "先改")
    late = await fill(client, "activate", checked, text=RENAMED, reason="后改")
    assert late.status_code == 409
    assert "wang" in late.text
    assert "<del>计量所</del> → <ins>计量处</ins>" in late.text
    assert book.active().number == other.number
    # having seen that, one may
    assert (await fill(client, "activate", late, text=RENAMED, reason="后改")).status_code == 303
    assert len(book.history()) == 2


async def test_a_rollback_takes_a_reason_and_tells_who_comes_second(client, enter, fill, book):
    await enter(client, Role.LEAD)
    await activate(fill, client, RENAMED)
    page = await client.get("/console/charter")
    assert "退回上一份章程" in page.text
    assert (await fill(client, "rollback", page, reason=" ")).status_code == 422
    assert (await fill(client, "rollback", page, reason="x", seen="x")).status_code == 422
    back = await fill(client, "rollback", page, reason="改错了")
    assert back.status_code == 303
    shown = (await client.get(back.headers["location"])).text
    assert "改错了" in shown
    assert "计量科" in shown
    assert (await fill(client, "rollback", page, reason="再退")).status_code == 409
    assert [each.kind for each in book.history()] == ["activate", "rollback"]
    assert "退回上一份章程" not in shown


async def test_a_form_that_is_not_ours_changes_nothing(client, enter, fill, book):
    await enter(client, Role.LEAD)
    checked = await fill(client, "check", text=RENAMED)
    assert (await fill(client, "activate", checked, text=RENAMED, reason="x", csrf="x")).status_code == 403
    assert book.history() == ()


async def test_earlier_versions_can_be_seen_kept_and_edited(client, enter, fill):
    await enter(client, Role.LEAD)
    await activate(fill, client, RENAMED)
    page = (await client.get("/console/charter?number=0")).text
    assert "未生效" in page
    assert "/console/charter/edit?number=0" in page
    file = await client.get("/console/charter.yaml?number=0")
    assert file.text == TEXT
    assert 'filename="charter-demo.yaml"' in file.headers["content-disposition"]
    assert (await client.get("/console/charter.yaml")).text == RENAMED
    assert "计量科" in (await client.get("/console/charter/edit?number=0")).text
    for number, status in (("9", 404), ("x", 422)):
        assert (await client.get(f"/console/charter?number={number}")).status_code == status


async def test_every_look_and_change_is_in_the_access_log(client, enter, fill, log, people):
    await enter(client, Role.LEAD)
    await client.get("/console/charter")
    await activate(fill, client, RENAMED)
    await client.get("/console/charter.yaml")
    who = people[Role.LEAD].person_id
    told = [(each.action, each.detail) for each in reversed(AccessLog(log.engine).latest()) if each.who == who][1:]
    assert [(action, " ".join(detail.split()[:2])) for action, detail in told] == [
        (Action.SEARCH, "charter"),
        (Action.SEARCH, "charter edit"),
        (Action.SEARCH, "charter check"),
        (Action.CHANGE, "charter kept"),
        (Action.CHANGE, "charter activate"),
        (Action.EXPORT, "charter 1"),
    ]


async def test_hostile_words_in_a_charter_are_shown_and_do_nothing(client, enter, fill):
    await enter(client, Role.LEAD)
    name = html.unescape(HOSTILE)
    checked = await fill(
        client, "check", text=TEXT.replace("name: 计量科", f"name: '{name}'") + f"# </textarea>{name}\n"
    )
    assert "&lt;/textarea&gt;" in checked.text
    done = await fill(
        client, "activate", checked, text=TEXT.replace("name: 计量科", f"name: '{name}'") + f"# </textarea>{name}\n", reason=name
    )  # fmt: skip
    assert done.status_code == 303
    for page in (checked, await client.get("/console/charter"), await client.get("/console/charter/edit")):
        assert "<script>alert" not in page.text
        assert ">49<" not in page.text
        assert not re.search(r"<script(?![^>]*src=)|<style| style=| on\w+=", page.text)


async def test_the_charter_is_told_in_english_too(client, enter):
    await enter(client, Role.LEAD)
    await client.get("/console/preferences?language=en")
    page = (await client.get("/console/charter")).text
    for said in ("Responsibilities: domain × office", "Station of the place", "working days", "leads in some cases"):
        assert said in page, said
    assert "Check" in (await client.get("/console/charter/edit")).text
