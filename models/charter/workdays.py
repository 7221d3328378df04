"""Counting days as Chinese law counts them, on the State Council's holidays (chinesecalendar, +08:00).

民法典 201: the day on which a period begins is not counted. 203: where the last day is a legal holiday, the period ends
on the first day after it; the last day ends at 24:00. 行政处罚法 85: workdays leave legal holidays out. Assumed, for want
of a rule that says so: 203's "legal holiday" takes in plain Saturdays and Sundays, and the two codes hold for the
procedures of complaints too, which name no way of counting of their own.
"""

from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

import chinese_calendar

CHINA = timezone(timedelta(hours=8), "+08:00")
"""China keeps one time and no summer time."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_IN_CHINA = _EPOCH.astimezone(CHINA)
_DAY = timedelta(days=1)
_SATURDAY = 5


class LastDay(NamedTuple):
    """The last day of a period. provisional: a year was counted by weekends only, as its holidays are not out yet."""

    day: date
    provisional: bool


def in_china(moment: datetime) -> datetime:
    """Return `moment` in +08:00; one without a zone is taken to be in it already."""
    zone = moment.tzinfo
    if zone is CHINA:
        return moment
    # as astimezone has it, in half its time
    return moment.replace(tzinfo=CHINA) if zone is None else _EPOCH_IN_CHINA + (moment - _EPOCH)


@lru_cache(maxsize=4096)
def is_workday(day: date) -> tuple[bool, bool]:
    """Tell whether `day` is a workday, and whether the table of holidays knows its year; weekends count where not."""
    try:
        return bool(chinese_calendar.is_workday(day)), True
    except NotImplementedError:
        return day.weekday() < _SATURDAY, False


@lru_cache(maxsize=4096)
def after_workdays(start: date, amount: int) -> LastDay:
    """Return the `amount`th workday after `start`, which itself is not counted."""
    day, left, provisional = start, amount, False
    while left > 0:
        day += _DAY
        works, known = is_workday(day)
        left -= works
        provisional |= not known
    return LastDay(day, provisional)


@lru_cache(maxsize=4096)
def after_days(start: date, amount: int) -> LastDay:
    """Return the `amount`th day after `start`, moved on to the next workday where it is none."""
    day = start + amount * _DAY
    works, known = is_workday(day)
    provisional = not known
    while not works:
        day += _DAY
        works, known = is_workday(day)
        provisional |= not known
    return LastDay(day, provisional)
