"""What goes to the officer on duty on a day off."""

from datetime import date

import pytest

from models.charter.articles import Level
from models.charter.duty import needs_duty_officer
from models.charter.route import Urgency

SATURDAY = date(2026, 5, 16)
MADE_UP_SATURDAY = date(2026, 5, 9)
HOLIDAY = date(2026, 10, 1)


def urgency(level):
    return Urgency(level, None, "", "", None, 0, 0)


@pytest.mark.parametrize("domain", ["FDS", "CAT", "SPF", "DMC", "SEQ"])
@pytest.mark.parametrize("day", [SATURDAY, HOLIDAY])
def test_food_drugs_and_special_equipment_do_not_wait(domain, day):
    assert needs_duty_officer(domain, urgency(Level.P2), day)


@pytest.mark.parametrize(("text", "goes"), [("民宿国庆坐地起价", True), ("停车费多收", False), ("", False)])
def test_of_prices_only_those_in_tourism_do_not_wait(text, goes):
    assert needs_duty_officer("PRC", urgency(Level.P2), HOLIDAY, text) is goes


@pytest.mark.parametrize(("level", "goes"), [(Level.P0, True), (Level.P1, False), (Level.P2, False)])
def test_of_other_matters_only_danger_does_not_wait(level, goes):
    assert needs_duty_officer("ADV", urgency(level), SATURDAY) is goes
    assert needs_duty_officer(None, urgency(level), SATURDAY) is goes


def test_on_a_workday_and_a_saturday_made_up_nothing_needs_it():
    assert not needs_duty_officer("SEQ", urgency(Level.P0), MADE_UP_SATURDAY)
