from datetime import date

from models.charter.articles import (
    STATION,
    Charter,
    Condition,
    Office,
    OfficeKind,
    Request,
    Responsibility,
    Validity,
)
from models.charter.demo import demo_charter
from models.charter.division import Division

TODAY = date(2026, 11, 22)
CENTRE = Office("O01", "消保科", OfficeKind.CENTRE)
LINE = Office("O02", "食品科", OfficeKind.LINE, aliases=("食品处",))
EAST = Office("T01", "东所", OfficeKind.STATION)
WEST = Office("T02", "西所", OfficeKind.STATION)
STATIONS_LEAD = Responsibility("R1", ("FDS",), STATION, assisting=("O02",), without_place="O02")


def charter(*rules, offices=(CENTRE, LINE, EAST, WEST), conditions=()):
    return Charter("局", "", (("FDS", "食品"),), offices, rules, conditions=conditions)


def lead(made, condition=None, place=None, on=TODAY):
    duty = Division(made, on).duty("FDS", Request.COMPLAINT, condition, place)
    return duty and duty.lead


def test_the_station_of_the_place_leads_and_without_one_the_place_is_asked_for():
    division = Division(charter(STATIONS_LEAD), TODAY)
    there = division.duty("FDS", Request.REPORT, None, "T02")
    assert there == ("T02", ("O02",), (), "R1", "", False)
    nowhere = division.duty("FDS", Request.REPORT, None, None)
    assert (nowhere.lead, nowhere.assisting, nowhere.needs_place) == ("O02", (), True)


def test_a_place_that_is_no_station_counts_as_unknown():
    assert lead(charter(STATIONS_LEAD), place="T09") == "O02"


def test_the_centre_holds_what_nobody_is_named_for():
    assert lead(charter(Responsibility("R1", ("FDS",), STATION))) == "O01"


def test_nobody_leads_where_no_rule_says_so():
    assert Division(charter(STATIONS_LEAD), TODAY).duty("GEN", Request.OTHER, None, None) is None


def test_a_rule_with_a_condition_outranks_one_without_and_within_that_one_with_places():
    made = charter(
        STATIONS_LEAD,
        Responsibility("R2", ("FDS",), "O01", places=("T01",)),
        Responsibility("R3", ("FDS",), "O02", condition="made"),
        Responsibility("R4", ("FDS",), "T02", condition="made", places=("T02",)),
        Responsibility("R5", ("FDS",), "O01", condition="big", places=("T02",)),
        conditions=(Condition("made", "生产", ("厂",)), Condition("big", "重大", ("大",))),
    )
    assert [lead(made, None, place) for place in ("T01", "T02", None)] == ["O01", "T02", "O02"]
    assert [lead(made, "made", place) for place in ("T01", "T02", None)] == ["O02", "T02", "O02"]
    assert [lead(made, "big", place) for place in ("T01", "T02", None)] == ["O01", "O01", "O02"]
    assert lead(made, "没有条款的", "T02") == "T02"


def test_a_closed_office_is_followed_to_its_successors_and_back():
    closed = Validity(until=date(2026, 6, 30))
    opened = Validity(since=date(2026, 7, 1))
    renamed = Office("T01", "东所", OfficeKind.STATION, validity=closed, successors=("T11",))
    made = charter(
        STATIONS_LEAD,
        offices=(CENTRE, LINE, renamed, Office("T11", "东亭所", OfficeKind.STATION, validity=opened), WEST),
    )
    assert Division(made, TODAY).today("东所") == ("T11",)
    assert Division(made, date(2026, 6, 30)).today("T11") == ("T01",)
    assert (lead(made, place="T11"), lead(made, place="T01", on=date(2026, 6, 30))) == ("T11", "T01")
    assert set(Division(made, TODAY).stations) == {"T11", "T02"}


def test_a_split_office_is_followed_to_all_and_leads_nothing_alone():
    split = Office(
        "O02", "食品科", OfficeKind.LINE, validity=Validity(until=date(2026, 6, 30)), successors=("O03", "O04")
    )
    parts = (Office("O03", "流通科", OfficeKind.LINE), Office("O04", "餐饮科", OfficeKind.LINE))
    made = charter(Responsibility("R1", ("FDS",), "O02"), offices=(CENTRE, split, *parts))
    assert Division(made, TODAY).today("O02") == ("O03", "O04")
    assert lead(made) is None


def test_successors_that_loop_lead_nowhere():
    closed = Validity(until=date(2026, 6, 30))
    loop = (
        Office("A", "甲", OfficeKind.LINE, validity=closed, successors=("B",)),
        Office("B", "乙", OfficeKind.LINE, validity=closed, successors=("A",)),
    )
    assert Division(charter(offices=loop), TODAY).today("A") == ()


def test_an_office_is_known_by_code_name_and_alias():
    division = Division(charter(), TODAY)
    assert [division.office(label) for label in ("O02", "食品科", "食品处")] == [LINE] * 3
    assert division.office("城管局") is None
    assert division.today("城管局") == ()


def test_the_demo_bureau_dispatches_as_its_label_rules_say():
    division = Division(demo_charter(), TODAY)

    def leads(domain, kind=Request.COMPLAINT, condition=None, place=None):
        return division.duty(domain, kind, condition, place).lead

    assert [leads(domain) for domain in ("FDS", "CAT", "PRE", "OLT", "SEQ", "OOS", "GEN")] == [
        "O03",
        "O04",
        "O01",
        "O13",
        "O07",
        "X00",
        "O01",
    ]
    assert leads("FDS", place="T03") == "T03"
    assert leads("FDS", condition="production", place="T04") == "O02"
    assert (leads("ADV", place="T01"), leads("ADV", Request.REPORT, place="T01")) == ("T01", "O11")
