"""The responsibility matrix: who has which part in which domain, as values and as a picture."""

from datetime import date
from xml.etree import ElementTree as ET

from auditing.charters.matrix import Cell, Part, matrix_of, matrix_svg
from models.charter.articles import STATION, Charter, Office, OfficeKind, Request, Responsibility, Validity
from models.charter.demo import demo_charter

DAY = date(2026, 11, 20)
WORDS = {Part.LEAD: "主办", Part.SOMETIMES: "有条件主办", Part.ASSISTS: "协办"}


def rule(code, lead, **more):
    return Responsibility(code, ("ADV",), lead, **more)


def charter(*rules):
    offices = tuple(Office(code, f"{code}科 <b>", OfficeKind.LINE) for code in ("O1", "O2", "O3"))
    return Charter("局", "", (("ADV", "广告"), ("MET", "计量")), offices, rules)


def test_an_office_has_the_weightiest_of_its_parts_and_all_of_its_rules():
    found = matrix_of(
        charter(
            rule("R1", "O1", assisting=("O2",)),
            rule("R2", "O2", kinds=(Request.REPORT,), assisting=("O1",)),
            rule("R3", STATION, without_place="O1"),
        ),
        DAY,
        "属地所",
    )
    assert found.offices == ((STATION, "属地所"), ("O1", "O1科 <b>"), ("O2", "O2科 <b>"))
    assert found.cells == {
        ("ADV", "O1"): Cell(Part.LEAD, ("R1", "R2", "R3")),
        ("ADV", "O2"): Cell(Part.SOMETIMES, ("R1", "R2")),
        ("ADV", STATION): Cell(Part.LEAD, ("R3",)),
    }


def test_rules_of_other_days_are_left_out():
    old = rule("R1", "O1", validity=Validity(until=date(2026, 11, 19)))
    assert matrix_of(charter(old, rule("R2", "O2")), DAY, "所").offices == (("O2", "O2科 <b>"),)


def test_the_picture_says_in_words_what_it_draws_and_nothing_in_it_acts():
    found = matrix_of(charter(rule("R1", "O1"), rule("R2", "O2", condition="made")), DAY, "所")
    picture = matrix_svg(found, WORDS, "<矩阵>")
    said = ["".join(each.itertext()) for each in ET.fromstring(picture).iter() if each.tag.endswith("title")]
    assert "ADV 广告，O1科 <b>：主办 R1" in said
    assert "ADV 广告，O2科 <b>：有条件主办 R2" in said
    assert "<b>" not in picture


def test_every_domain_of_the_demo_bureau_has_somebody_who_leads():
    found = matrix_of(demo_charter(), DAY, "属地所")
    led = {domain for (domain, _), cell in found.cells.items() if cell.part is not Part.ASSISTS}
    assert led == {code for code, _ in found.domains}
