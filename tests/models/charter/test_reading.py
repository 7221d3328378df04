import hashlib
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.charter.articles import OfficeKind, Request, Validity
from models.charter.demo import DEMO, demo_charter
from models.charter.reading import CharterUnreadable, read_charter, text_of

SMALL = """\
charter: 1
name: 小局
domains: {FDS: 食品}
offices:
  - {code: O01, name: 消保科, kind: 中心}
  - {code: T01, name: 东所, kind: 所, aliases: [东], until: 2026-12-31, successors: [O01]}
territories:
  - station: T01
    names:
      - 东街
      - {name: 东, second_sign: true, excluded: [山东]}
responsibilities:
  - code: R01
    domains: [FDS]
    kinds: [投诉]
    lead: 属地所
    without_place: O01
"""


def faults_of(text):
    with pytest.raises(CharterUnreadable) as refused:
        read_charter(text, "局.yaml")
    return refused.value.faults


def test_the_articles_say_what_the_file_says_and_where():
    charter = read_charter(SMALL)
    assert charter.digest == hashlib.sha256(SMALL.encode()).hexdigest()
    assert charter.domains == (("FDS", "食品"),)
    station = charter.offices[1]
    assert (station.kind, station.aliases, station.successors) == (OfficeKind.STATION, ("东",), ("O01",))
    assert station.validity == Validity(None, date(2026, 12, 31))
    rule = charter.responsibilities[0]
    assert (rule.kinds, rule.lead, rule.without_place) == ((Request.COMPLAINT,), "station", "O01")
    names = charter.territories[0].names
    assert [(name.name, name.second_sign, name.excluded) for name in names] == [
        ("东街", False, ()),
        ("东", True, ("山东",)),
    ]
    assert (station.line, rule.line, [name.line for name in names]) == (6, 13, [10, 11])


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "empty", 0),
        ("# 只有注释\n", "empty", 0),
        (SMALL.replace("name: 小局", "name: 小局\nname: 大局"), "duplicate_key", 3),
        (SMALL.replace("  - station", "\t- station"), "tab", 8),
        (SMALL.replace("小局", "!!python/object:os.system 小局"), "yaml_feature", 2),
        (SMALL.replace("小局", "&a 小局"), "yaml_feature", 2),
        (SMALL.replace("小局", "[小局"), "yaml", 3),
        (SMALL.replace("小局", "'小\n  局'"), "open_quote", 2),
        (SMALL.replace("小局", "小\x07局"), "strange_character", 2),
        (SMALL.replace("小局", "[小, 局]"), "shape", 2),
        (SMALL.replace("kind: 中心", "kind: 总部"), "shape", 5),
        (SMALL.replace("2026-12-31", "2026-02-30"), "shape", 6),
        (SMALL.replace("code: O01", "code: 17"), "shape", 5),
        (SMALL.replace("without_place", "without_places"), "unknown_key", 17),
        (SMALL.replace("name: 小局\n", ""), "missing_key", 1),
        ("一张便条", "shape", 1),
        ("[" * 5000, "too_deep", 1),
        ("a" * (1 << 20), "too_long", 0),
    ],
)
def test_a_fault_names_its_line_and_the_way_out_in_both_languages(text, code, line):
    fault = faults_of(text)[0]
    assert (fault.severity, fault.code, fault.line) == ("error", code, line)
    assert fault.message.zh
    assert fault.message.en
    assert fault.remedy.zh
    assert fault.remedy.en


def test_all_faults_are_told_at_once():
    text = SMALL.replace("kind: 中心", "kind: 总部").replace("[FDS]", "[]").replace("name: 小局\n", "")
    assert [fault.code for fault in faults_of(text)] == ["missing_key", "shape", "shape"]


def test_a_misspelt_key_is_met_with_the_right_one():
    fault = faults_of(SMALL.replace("successors", "sucessors"))[0]
    assert "successors" in fault.remedy.zh


@settings(deadline=None)
@given(st.text("a:-[]{},\"'|>#&*!%@`?\n \t~1中\r\u2028\ufeff\x85.\0\ud800", max_size=60))
def test_no_text_ends_in_a_trace(text):
    assert faults_of(text)


@settings(deadline=None)
@given(st.data())
def test_no_slip_of_the_pen_ends_in_a_trace(data):
    place = data.draw(st.integers(0, len(SMALL) - 1))
    gone = data.draw(st.integers(0, 3))
    text = SMALL[:place] + data.draw(st.text(":-[]{},\"'|#&*!\n \t1中", max_size=3)) + SMALL[place + gone :]
    try:
        read_charter(text)
    except CharterUnreadable as unreadable:
        lines = [fault.line for fault in unreadable.faults]
    else:
        lines = [0]
    assert 0 <= min(lines) <= max(lines) <= text.count("\n") + 1


def test_another_encoding_is_named():
    assert text_of(b"\xef\xbb\xbf" + SMALL.encode()) == SMALL
    with pytest.raises(CharterUnreadable) as refused:
        text_of(SMALL.encode("gb18030"))
    assert (refused.value.faults[0].code, refused.value.faults[0].line) == ("encoding", 2)


def test_a_code_of_digits_keeps_its_noughts():
    charter = read_charter(SMALL.replace("T01", "001"))
    assert charter.offices[1].code == "001"


def test_the_demo_charter_is_read():
    charter = demo_charter()
    assert charter.digest == hashlib.sha256(DEMO.read_bytes()).hexdigest()
    assert (len(charter.domains), len(charter.offices), len(charter.departments)) == (20, 25, 21)
    assert demo_charter() is charter
