from datetime import date

from models.charter.articles import Request
from models.charter.demo import DEMO, demo_charter
from models.charter.difference import Moved, PastTicket, changes, moved
from models.charter.reading import read_charter

TODAY = date(2026, 11, 22)
TEXT = DEMO.read_text(encoding="utf-8")
RENAMED = TEXT.replace(
    "  - {code: O09, name: 计量科, kind: 科室}",
    "  - {code: O09, name: 计量科, kind: 科室, until: 2026-06-30, successors: [O19]}\n"
    "  - {code: O19, name: 计量标准科, kind: 科室, since: 2026-07-01}",
)


def ticket(domain, place=None, kind=Request.COMPLAINT, condition=None, office=None):
    return PastTicket(domain, kind, condition, place, office)


def test_a_charter_differs_not_from_itself():
    assert changes(demo_charter(), demo_charter()) == ()
    tickets = [ticket("MET"), ticket("FDS", "T01")]
    assert moved(demo_charter(), demo_charter(), tickets, TODAY) == ()


def test_changes_are_told_in_the_words_of_the_file():
    text = (
        RENAMED.replace("  PRC: 价格与收费\n", "  PRC: 价格\n")
        .replace("      - 东亭街道\n", "      - {name: 东亭街道, second_sign: true}\n", 1)
        .replace("    kinds: [举报]\n    lead: O11", "    kinds: [举报, 咨询]\n    lead: O18")
        .replace("    kinds: [投诉, 咨询, 意见建议, 其他]", "    kinds: [投诉, 意见建议, 其他]")
    )
    found = {(change.section, change.code): change for change in changes(demo_charter(), read_charter(text))}
    assert [(key, change.what) for key, change in found.items()] == [
        (("domains", "PRC"), "changed"),
        (("offices", "O09"), "changed"),
        (("offices", "O19"), "added"),
        (("responsibilities", "R14"), "changed"),
        (("responsibilities", "R15"), "changed"),
        (("territories", "T01"), "changed"),
    ]
    ended = found["offices", "O09"]
    assert (ended.before, ended.after) == (
        {"validity": "–", "successors": ""},
        {"validity": "–2026-06-30", "successors": "O19"},
    )
    assert ended.line == text[: text.index("code: O09")].count("\n") + 1
    rule = found["responsibilities", "R14"]
    assert (rule.before, rule.after) == ({"lead": "O11", "kinds": "举报"}, {"lead": "O18", "kinds": "举报、咨询"})
    assert "东亭街道（要旁证）" in found["territories", "T01"].after["names"]


def test_what_is_gone_is_told_last():
    text = TEXT.replace("  - {code: accept-20,", "  - {code: accept-old,")
    assert [(change.code, change.what) for change in changes(demo_charter(), read_charter(text))] == [
        ("accept-old", "added"),
        ("accept-20", "removed"),
    ]


def test_past_tickets_move_with_their_office_the_largest_move_first():
    text = RENAMED.replace("    kinds: [举报]\n    lead: O11", "    kinds: [举报]\n    lead: O18")
    tickets = [
        ticket("MET"),
        ticket("ADV", kind=Request.REPORT),
        ticket("MET", "T01"),
        ticket("MET", condition="taximeter", place="T01"),
        ticket("XXX"),
    ]
    assert moved(demo_charter(), read_charter(text), tickets, TODAY) == (
        Moved("O09", "O19", 2, (0, 3)),
        Moved("O11", "O18", 1, (1,)),
    )
    assert moved(demo_charter(), read_charter(text), tickets[:1], date(2026, 6, 30)) == ()


def test_a_ticket_that_nobody_would_have_moves_to_none():
    text = TEXT.replace("domains: [MET]\n    lead: 属地所", "domains: [MET]\n    until: 2026-01-01\n    lead: 属地所")
    assert moved(demo_charter(), read_charter(text), [ticket("MET")], TODAY) == (Moved("O09", None, 1, (0,)),)
