from dataclasses import replace
from datetime import date

import pytest

from models.charter.checking import check, errors_of
from models.charter.demo import demo_charter
from models.charter.reading import read_charter

TODAY = date(2026, 11, 22)
SMALL = """\
charter: 1
name: 小局
locality: [望江]
domains: {FDS: 食品, GEN: 其他}
offices:
  - {code: O01, name: 消保科, kind: 中心}
  - {code: O02, name: 食品科, kind: 科室}
  - {code: O09, name: 法规科, kind: 支持}
  - {code: T01, name: 东所, kind: 所}
  - {code: T02, name: 西所, kind: 所}
territories:
  - station: T01
    names: [东亭街道]
  - station: T02
    names: [西亭街道]
conditions:
  - {code: made, name: 生产, terms: [作坊]}
responsibilities:
  - {code: R1, domains: [FDS], lead: 属地所, without_place: O02}
  - {code: R2, domains: [GEN], lead: O01}
  - {code: R3, domains: [FDS], condition: made, lead: O02}
urgency:
  - {code: U1, level: P1, name: 急, expressions: [今晚], action: 当日到场}
clocks:
  - {code: C1, step: accept, start: received, amount: 7, unit: 工作日, basis: 旧, until: 2026-04-14}
  - {code: C2, step: accept, start: received, amount: 7, unit: 工作日, basis: 新, since: 2026-04-15}
"""


def found(text, on=TODAY):
    return [(finding.code, finding.line) for finding in check(read_charter(text), on)]


def line_of(text, part):
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def changed(old, new, where=None):
    """The finding codes and lines after one change; `where`: a part of the line that has to be named."""
    assert old in SMALL
    text = SMALL.replace(old, new)
    return found(text), line_of(text, where or new.splitlines()[-1])


def test_nothing_is_wrong_with_the_small_charter_nor_with_the_demo():
    assert found(SMALL) == []
    assert check(demo_charter(), TODAY) == ()
    assert check(demo_charter(), date(2025, 1, 1)) == ()


@pytest.mark.parametrize(
    ("old", "new", "where", "code"),
    [
        ("domains: [GEN]", "domains: [GEN], until: 2026-12-31", None, "gap"),
        ("domains: [GEN]", "domains: [GEN], since: 2027-01-01", None, "gap"),
        ("domains: [GEN]", "domains: [GEN], kinds: [投诉]", None, "gap"),
        ("domains: [GEN]", "domains: [GEN], places: [T01]", None, "gap"),
        ("domains: [GEN]", "domains: [GEN], condition: made", None, "gap"),
        ("domains: [GEN]", "domains: [GEN, FDS]", None, "overlap"),
        ("lead: O01}", "lead: O01}\n  - {code: R4, domains: [GEN], kinds: [举报], lead: O02}", None, "overlap"),
        ("lead: O01}", "lead: O07}", None, "unknown_code"),
        ("domains: [GEN]", "domains: [GEN, ABC]", None, "unknown_code"),
        ("condition: made", "condition: makes", None, "unknown_code"),
        ("lead: O01}", "lead: O01, assisting: [O77]}", None, "unknown_code"),
        ("lead: O01}", "lead: O01, departments: [CITY]}", None, "unknown_code"),
        ("station: T02", "station: O02", None, "unknown_code"),
        ("{code: O02,", "{code: O01,", "name: 食品科", "duplicate_code"),
        ("{code: R2,", "{code: R1,", "domains: [GEN]", "duplicate_code"),
        ("name: 西所, kind: 所", "name: 西所, kind: 所, aliases: [东所]", None, "ambiguous_label"),
        ("lead: O01}", "lead: O09}", None, "support_leads"),
        ("kind: 科室}", "kind: 科室, until: 2026-12-31}", "code: R1", "retired"),
        ("kind: 科室}", "kind: 科室, until: 2026-12-31, successors: [O01, O09]}", "code: R3", "split_undecided"),
        ("kind: 科室}", "kind: 科室, successors: [O01]}", None, "successors_without_end"),
        ("kind: 科室}", "kind: 科室, until: 2026-12-31, successors: [O02]}", None, "successors_loop"),
        ("[西亭街道]", "[东亭街道, 西岭街道]", None, "name_collides"),
        ("西亭街道", "西亭街道, 西亭街道", None, "name_twice"),
        ("西亭街道", "东亭街道西口", None, "name_contained"),
        ("西亭街道", "西亭", None, "name_ambiguous"),
        ("西亭街道", "人民西路", None, "name_ambiguous"),
        ("[西亭街道]", "[{name: 西亭, second_sign: true, excluded: [山西路]}]", None, "exclusion_pointless"),
        ("  - station: T02\n    names: [西亭街道]\n", "", "code: T02", "no_territory"),
        ("domains: [GEN]", "domains: [GEN], since: 2026-02-01, until: 2026-01-31", None, "dead_dates"),
        ("[今晚]", "['今晚(']", None, "bad_expression"),
        ("[今晚]", "['今晚|']", None, "expression_matches_all"),
        ("[今晚]", "['(今+)+晚']", None, "expression_slow"),
        ("since: 2026-04-15", "since: 2026-05-01", None, "clock_gap"),
        ("since: 2026-04-15", "since: 2026-04-14", None, "clock_overlap"),
        (
            "start: received, amount: 7, unit: 工作日, basis: 新",
            "start: recieved, amount: 7, unit: 工作日, basis: 新",
            None,
            "clock_start",
        ),
        (
            "start: received, amount: 7, unit: 工作日, basis: 新",
            "start: accept, amount: 7, unit: 工作日, basis: 新",
            None,
            "clock_loop",
        ),
        ("condition: made, lead", "lead", "code: made", "condition_unused"),
        ("terms: [作坊]", "terms: [厂]", None, "term_short"),
    ],
)
def test_what_is_wrong_is_found_in_its_line(old, new, where, code):
    findings, line = changed(old, new, where)
    assert (code, line) in findings


def test_a_domain_that_no_rule_names_is_a_gap_of_the_whole_file():
    assert ("gap", 0) in found(SMALL.replace("{FDS: 食品, ", "{FDS: 食品, ADV: 广告, "))


def test_a_gap_is_told_with_its_kinds_and_days():
    text = SMALL.replace("domains: [GEN]", "domains: [GEN], kinds: [投诉, 举报], until: 2026-12-31")
    gaps = [finding.message.zh for finding in check(read_charter(text), TODAY) if finding.code == "gap"]
    assert gaps == [
        "GEN × 投诉、举报 自 2027-01-01 起没有不带情形的条款",
        "GEN × 咨询、意见建议、其他 自 2026-11-22 起没有不带情形的条款",
    ]


def test_a_gap_that_is_over_is_history():
    text = SMALL.replace("domains: [GEN]", "domains: [GEN], since: 2026-06-01")
    assert found(text, TODAY) == []
    assert found(text, date(2026, 5, 31)) == [("gap", line_of(text, "code: R2"))]


def test_two_rules_that_follow_one_another_leave_neither_gap_nor_overlap():
    text = SMALL.replace(
        "  - {code: R2, domains: [GEN], lead: O01}",
        "  - {code: R2, domains: [GEN], lead: O01, until: 2026-12-31}\n"
        "  - {code: R2b, domains: [GEN], lead: O02, since: 2027-01-01}",
    )
    assert found(text) == []


def test_a_split_station_is_told_apart_by_moving_its_names():
    split = SMALL.replace(
        "name: 西所, kind: 所", "name: 西所, kind: 所, until: 2026-12-31, successors: [T03, T04]"
    ).replace(
        "territories:",
        "  - {code: T03, name: 西北所, kind: 所, since: 2027-01-01}\n"
        "  - {code: T04, name: 西南所, kind: 所, since: 2027-01-01}\nterritories:",
    )
    assert [code for code, _ in found(split)] == ["territory_undecided"]
    moved = split.replace(
        "station: T02\n    names: [西亭街道]",
        "station: T03\n    names: [西亭街道]\n  - station: T04\n    names: [南亭街道]",
    )
    assert found(moved) == []


def test_every_finding_has_both_languages_and_a_way_out():
    broken = SMALL.replace("GEN]", "GEN, FDS, X]").replace("[今晚]", "['(']")
    findings = check(read_charter(broken), TODAY)
    assert errors_of(findings)
    for finding in findings:
        assert finding.message.zh != finding.message.en
        assert finding.remedy.zh
        assert finding.remedy.en


def test_the_check_of_two_thousand_places_and_three_hundred_offices_is_done_in_one_pass():
    demo = demo_charter()
    station = demo.offices[-2]
    offices = tuple(replace(station, code=f"S{i}", name=f"第{i}监管所", aliases=()) for i in range(300))
    place = demo.territories[0].names[0]
    territories = tuple(
        replace(
            demo.territories[0], station=office.code, names=tuple(replace(place, name=f"{i}区{j}弄") for j in range(7))
        )
        for i, office in enumerate(offices)
    )
    large = replace(demo, offices=demo.offices + offices, territories=demo.territories + territories)
    assert errors_of(check(large, TODAY)) == ()
