"""Points in time as complaint files write them."""

import re
from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
"""China Standard Time: the whole country, no daylight saving. A time without an offset is read as this."""

_MOMENT = re.compile(
    r"""
    (?:(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*日?
      |(?P<compact>\d{8}))
    (?:[T\s]*(?P<hour>\d{1,2})[:：时点](?P<minute>\d{1,2})分?(?:[:：]?(?P<second>\d{1,2})(?:[.,]\d+)?秒?)?)?
    \s*(?P<offset>Z|[+-]\d{2}:?\d{2})?
    """,
    re.VERBOSE,
)


def parse_moment(text: str) -> datetime | None:
    """Read a date or a time in year-month-day order (2026-01-31, 2026/1/31 8:05, 2026年1月31日, 20260131, ISO 8601).

    A date without a time is midnight; without an offset it is China Standard Time; fractions of a second are dropped.
    Returns None for anything else: an order that has to be guessed (01/02/2026) is not read.
    """
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        return None
    day = found["compact"]
    date = (day[:4], day[4:6], day[6:]) if day else (found["year"], found["month"], found["day"])
    try:
        return datetime(
            int(date[0]),
            int(date[1]),
            int(date[2]),
            int(found["hour"] or 0),
            int(found["minute"] or 0),
            int(found["second"] or 0),
            tzinfo=_zone(found["offset"]),
        )
    except ValueError:
        return None


def _zone(offset: str | None) -> timezone:
    if offset is None:
        return CHINA
    if offset == "Z":
        return UTC
    minutes = int(offset[1:3]) * 60 + int(offset[-2:])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
