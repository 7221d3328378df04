from datetime import date

from features.complaint import Complaint
from models.charter.articles import Request
from models.charter.demo import DEMO, demo_charter
from models.charter.difference import Move, PastTicket, changes, moved
from models.charter.reading import read_charter

TODAY = date(2026, 11, 22)
TEXT = DEMO.read_text(encoding="utf-8")
RENAMED = TEXT.replace(
    "  - {code: O09, name: 计量科, kind: 科室}",
    "  - {code: O09, name: 计量科, kind: 科室, until: 2026-06-30, successors: [O19]}\n"
    "  - {code: O19, name: 计量标准科, kind: 科室, since: 2026-07-01}",
)


def ticket(name, domain, text="", kind=Request.COMPLAINT, **fields):
    return PastTicket(name, Complaint(text, **fields), domain, kind)


def test_a_charter_differs_not_from_itself():
    assert changes(demo_charter(), demo_charter()) == ()
    tickets = [ticket("a", "MET"), ticket("b", "FDS", address="东亭街道")]
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
        {"validity": "", "successors": ""},
        {"validity": "–2026-06-30", "successors": "O19"},
    )
    assert ended.line == text[: text.index("code: O09")].count("\n") + 1
    rule = found["responsibilities", "R14"]
    assert (rule.before, rule.after) == ({"lead": "O11", "kinds": "举报"}, {"lead": "O18", "kinds": "举报、咨询"})
    assert "东亭街道（要旁证）" in found["territories", "T01"].after["names"]


def test_what_is_new_or_gone_is_told_whole():
    (come,) = (change for change in changes(demo_charter(), read_charter(RENAMED)) if change.what == "added")
    assert come.before == {"name": "", "kind": "", "validity": ""}
    assert come.after == {"name": "计量标准科", "kind": "科室", "validity": "2026-07-01–"}
    (gone,) = (change for change in changes(read_charter(RENAMED), demo_charter()) if change.what == "removed")
    assert (gone.before, gone.after) == (come.after, come.before)


def test_of_a_long_list_only_what_changed_is_told():
    (change,) = changes(demo_charter(), read_charter(TEXT.replace("[传销, ", "[星球计划, ")))
    assert (change.before, change.after) == ({"terms": "传销"}, {"terms": "星球计划"})


def test_what_is_gone_is_told_last():
    text = TEXT.replace("  - {code: accept-20,", "  - {code: accept-old,")
    assert [(change.code, change.what) for change in changes(demo_charter(), read_charter(text))] == [
        ("accept-old", "added"),
        ("accept-20", "removed"),
    ]


def test_past_tickets_move_with_their_office_the_largest_move_first():
    text = RENAMED.replace("    kinds: [举报]\n    lead: O11", "    kinds: [举报]\n    lead: O18")
    tickets = [
        ticket("a", "MET", "缺斤少两"),
        ticket("b", "ADV", "虚假广告", Request.REPORT),
        ticket("c", "MET", "缺斤少两", address="东亭街道"),
        ticket("d", "MET", "计价器不准", address="东亭街道"),
        ticket("e", "XXX", "没有这个域"),
    ]
    assert moved(demo_charter(), read_charter(text), tickets, TODAY) == (
        Move("O09", "O19", 2, ("a", "d")),
        Move("O11", "O18", 1, ("b",)),
    )
    assert moved(demo_charter(), read_charter(text), tickets[:1], date(2026, 6, 30)) == ()


def test_a_place_that_changes_hands_moves_the_tickets_that_name_it():
    text = TEXT.replace("      - 桥西街道\n", "      - 桥西街道\n      - 东亭菜市场旁\n")
    tickets = [
        ticket("a", "CAT", "火锅里有头发", address="东亭菜市场旁"),
        ticket("b", "CAT", "有头发", address="桥西街道"),
    ]
    assert moved(demo_charter(), read_charter(text), tickets, TODAY) == (Move("T01", "T02", 1, ("a",)),)


def test_a_ticket_that_nobody_would_have_moves_to_none():
    text = TEXT.replace("domains: [MET]\n    lead: 属地所", "domains: [MET]\n    until: 2026-01-01\n    lead: 属地所")
    tickets = [ticket("a", "MET", "缺斤少两")]
    assert moved(demo_charter(), read_charter(text), tickets, TODAY) == (Move("O09", None, 1, ("a",)),)


def test_places_of_several_stations_leave_a_ticket_with_who_has_it_without_a_place():
    several = ticket("a", "FDS", address="东亭街道和桥西大道交叉口")
    without = TEXT.replace("    without_place: O03\n", "    without_place: O01\n", 1)
    assert without != TEXT
    assert moved(demo_charter(), read_charter(without), [several], TODAY) == (Move("O03", "O01", 1, ("a",)),)
