"""Whatever a charter says: one lead for all that it covers, and no gap or overlap that its check does not find."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from models.charter.articles import (
    STATION,
    Charter,
    Condition,
    Office,
    OfficeKind,
    PlaceName,
    Request,
    Responsibility,
    Territory,
    Validity,
)
from models.charter.checking import check, errors_of
from models.charter.demo import demo_charter
from models.charter.division import Division

START = date(2026, 1, 1)
DAYS = st.integers(0, 30).map(lambda days: START + timedelta(days=days))
DOMAINS = ("FDS", "ADV")
STATIONS = ("T1", "T2", "T3")
CONDITIONS = ("made", "big")
OFFICES = (
    Office("O1", "中心", OfficeKind.CENTRE, line=1),
    *(Office(code, f"{code}科", OfficeKind.LINE, line=2) for code in ("O2", "O3")),
    *(Office(code, f"{code}所", OfficeKind.STATION, line=3) for code in STATIONS),
)
VALIDITIES = st.builds(Validity, st.none() | DAYS, st.none() | DAYS)
PLACES = st.lists(st.sampled_from(STATIONS), unique=True, max_size=2).map(tuple)
RULES = st.builds(
    Responsibility,
    code=st.just("R"),
    domains=st.lists(st.sampled_from(DOMAINS), unique=True, min_size=1).map(tuple),
    lead=st.sampled_from(("O2", "O3", STATION)),
    kinds=st.lists(st.sampled_from(list(Request)), unique=True, max_size=4).map(tuple),
    condition=st.none() | st.sampled_from(CONDITIONS),
    places=PLACES,
    without_place=st.none() | st.just("O2"),
    validity=VALIDITIES,
)


def bureau(rules):
    return Charter(
        "局",
        "",
        tuple((code, code) for code in DOMAINS),
        OFFICES,
        tuple(replace(rule, code=f"R{i}", line=10 + i) for i, rule in enumerate(rules)),
        tuple(Territory(code, (PlaceName(f"{code}街道"),)) for code in STATIONS),
        conditions=tuple(Condition(code, code, (f"{code}词",)) for code in CONDITIONS),
    )


def outranked(rule):
    """What a rule yields to: one with a condition, then one with places."""
    return (rule.condition is None, not rule.places)


def applying(charter, domain, kind, condition, place, day):
    """The rules of the highest rank for a cell, found the slow way."""
    rules = [
        rule
        for rule in charter.responsibilities
        if rule.validity.holds(day)
        and domain in rule.domains
        and (not rule.kinds or kind in rule.kinds)
        and rule.condition in {None, condition}
        and (not rule.places or place in rule.places)
    ]
    best = min(map(outranked, rules), default=None)
    return [rule for rule in rules if outranked(rule) == best]


CELLS = [
    (domain, kind, condition, place)
    for domain in DOMAINS
    for kind in Request
    for condition in (None, *CONDITIONS)
    for place in (None, *STATIONS)
]


@settings(deadline=None)
@given(rules=st.lists(RULES, max_size=8), day=DAYS)
def test_every_cell_has_the_lead_of_its_one_rule_or_the_check_finds_it(rules, day):
    charter = bureau(rules)
    division = Division(charter, day)
    codes = {finding.code for finding in check(charter, day)}
    for cell in CELLS:
        found = applying(charter, *cell, day)
        duty = division.duty(*cell)
        if not found:
            assert duty is None
            assert "gap" in codes
        elif len(found) == 1:
            assert duty.rule == found[0].code
            station = cell[3] if found[0].lead == STATION else found[0].lead
            assert duty.lead == (station or found[0].without_place or "O1")
            assert duty.needs_place == (found[0].lead == STATION and cell[3] is None)
        else:
            assert duty.rule in {rule.code for rule in found}
            assert "overlap" in codes


@settings(deadline=None)
@given(rules=st.lists(RULES, min_size=1, max_size=8), day=DAYS)
def test_a_charter_without_errors_has_one_lead_for_every_cell_from_that_day_on(rules, day):
    whole = [replace(rules[0], domains=DOMAINS, kinds=(), condition=None, places=(), validity=Validity()), *rules[1:]]
    charter = bureau(whole)
    if errors_of(check(charter, day)):
        return
    for later in (day, day + timedelta(days=1), START + timedelta(days=31), START + timedelta(days=3650)):
        division = Division(charter, later)
        for cell in CELLS:
            assert len(applying(charter, *cell, later)) == 1
            assert division.duty(*cell) is not None


BASE = [rule for rule in demo_charter().responsibilities if rule.condition is None]


@settings(deadline=None)
@given(rule=st.sampled_from(BASE), day=DAYS, end=DAYS)
def test_the_demo_without_one_of_its_rules_has_a_gap(rule, day, end):
    demo = demo_charter()
    rest = tuple(other for other in demo.responsibilities if other is not rule)
    ended = replace(rule, validity=Validity(None, end))
    for left in (rest, (*rest, ended)):
        found = check(replace(demo, responsibilities=left), day)
        assert "gap" in {finding.code for finding in errors_of(found)}


@settings(deadline=None)
@given(
    rule=st.sampled_from(demo_charter().responsibilities), kind=st.sampled_from(list(Request)), since=st.none() | DAYS
)
def test_the_demo_with_one_of_its_rules_twice_has_an_overlap(rule, kind, since):
    demo = demo_charter()
    again = replace(rule, code="again", kinds=(rule.kinds or (kind,))[:1], validity=Validity(since))
    found = check(replace(demo, responsibilities=(*demo.responsibilities, again)), START)
    assert "overlap" in {finding.code for finding in errors_of(found)}


@settings(deadline=None)
@given(
    domain=st.sampled_from([code for code, _ in demo_charter().domains]),
    kind=st.sampled_from(list(Request)),
    place=st.none() | st.sampled_from([office.code for office in demo_charter().offices if office.kind == "station"]),
    condition=st.none() | st.sampled_from([condition.code for condition in demo_charter().conditions]),
    day=st.dates(date(2020, 1, 1), date(2040, 1, 1)),
)
def test_the_demo_names_one_lead_for_everything_on_any_day(domain, kind, place, condition, day):
    duty = Division(demo_charter(), day).duty(domain, kind, condition, place)
    assert duty.lead != "O17"
    assert duty.lead not in duty.assisting
    assert duty.basis
