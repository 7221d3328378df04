"""Due times of a ticket under the clocks of a charter."""

from datetime import UTC, date, datetime

import pytest

from models.charter.articles import Charter, Clock, Request, Validity
from models.charter.due import Deadlines, due
from models.charter.workdays import CHINA

C, R = Request.COMPLAINT, Request.REPORT
OLD = Validity(until=date(2026, 4, 14))
NEW = Validity(since=date(2026, 4, 15))

CLOCKS = (
    Clock("accept", "受理决定", (C,), "received", 7, "workdays", "受理 7 个工作日"),
    Clock("mediate-20", "调解", (C,), "accept", 45, "workdays", "总局令第20号", OLD),
    Clock("mediate-121", "调解", (C,), "accept", 60, "days", "总局令第121号第23条", NEW),
    Clock("check", "核查", (R,), "received", 15, "workdays", "可延15工作日", unverified=True),
    Clock("dispatch", "派单", (), "received", 2, "hours", "本地", local=True),
    Clock("on site", "到场", (R,), "dispatch", 30, "minutes", "本地", local=True),
)


@pytest.fixture
def deadlines():
    return Deadlines(
        Charter("demo", "0" * 64, domains=(("FDS", "食品"),), offices=(), responsibilities=(), clocks=CLOCKS)
    )


def at(*moment):
    return datetime(*moment, tzinfo=CHINA)


def times(dues):
    return {item.step: item.at for item in dues}


def test_only_the_clocks_of_the_kinds_asked_for_run(deadlines):
    assert list(times(deadlines.of((C,), at(2026, 5, 11, 9)))) == ["受理决定", "派单"]
    assert list(times(deadlines.of((C, R), at(2026, 5, 11, 9)))) == ["受理决定", "核查", "派单"]
    assert list(times(deadlines.of((Request.OTHER,), at(2026, 5, 11, 9)))) == ["派单"]


def test_a_day_ends_with_its_last_second_in_china_and_hours_run_from_the_moment(deadlines):
    found = times(deadlines.of((C,), at(2026, 5, 11, 23, 30)))

    assert found["受理决定"] == at(2026, 5, 20, 23, 59, 59)
    assert found["派单"] == at(2026, 5, 12, 1, 30)


def test_the_day_received_is_the_day_in_china(deadlines):
    found = times(deadlines.of((C,), datetime(2026, 5, 10, 20, tzinfo=UTC)))

    assert found["受理决定"] == at(2026, 5, 20, 23, 59, 59)


@pytest.mark.parametrize(
    ("received", "due_at", "basis"),
    [
        # 45 workdays after Apr 14: Apr 15-17 = 3, 20-24 = 8, 27-30 = 12, May 6-9 = 16, 11-29 = 31, Jun 1-12 = 41,
        # 15-18 = 45
        (at(2026, 4, 14, 12), at(2026, 6, 18, 23, 59, 59), "总局令第20号"),
        # 60 days after Apr 15 (accepted the same day): Jun 14, a Sunday
        (at(2026, 4, 15, 0), at(2026, 6, 15, 23, 59, 59), "总局令第121号第23条"),
    ],
)
def test_the_procedure_is_the_one_in_force_when_the_ticket_came_in(deadlines, received, due_at, basis):
    [mediation] = [item for item in deadlines.of((C,), received, {"accept": received}) if item.step == "调解"]

    assert (mediation.at, mediation.basis) == (due_at, basis)


def test_a_ticket_of_the_old_procedure_keeps_it_when_it_is_accepted_under_the_new(deadlines):
    found = deadlines.of((C,), at(2026, 4, 14, 12), {"accept": at(2026, 4, 20, 9)})

    assert [item.basis for item in found if item.step == "调解"] == ["总局令第20号"]


def test_a_step_that_is_done_is_due_no_more_and_starts_the_next(deadlines):
    found = times(deadlines.of((R,), at(2026, 5, 11, 9), {"dispatch": at(2026, 5, 11, 9, 40)}))

    assert found == {"核查": at(2026, 6, 1, 23, 59, 59), "到场": at(2026, 5, 11, 10, 10)}


def test_what_is_local_unverified_or_provisional_is_said(deadlines):
    accept, check, dispatch = deadlines.of((C, R), at(2026, 12, 30, 9))

    assert (accept.provisional, check.provisional, dispatch.provisional) == (True, True, False)
    assert (accept.local, dispatch.local) == (False, True)
    assert check.basis == "可延15工作日；依据待核；节假日安排尚未公布，暂按周末推算"


def test_one_ticket_may_be_asked_for_without_keeping_the_clocks(deadlines):
    charter = Charter("demo", "0" * 64, domains=(), offices=(), responsibilities=(), clocks=CLOCKS)

    assert due(charter, (C,), at(2026, 5, 11, 9)) == deadlines.of((C,), at(2026, 5, 11, 9))
