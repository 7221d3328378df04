"""The days on which a charter changes."""

from datetime import date, timedelta

from models.charter.articles import Charter


def days_of_change(charter: Charter, on: date) -> tuple[date, ...]:
    """Return `on` and each later day on which an office or a responsibility begins, or is there no more."""
    ranges = [office.validity for office in charter.offices] + [rule.validity for rule in charter.responsibilities]
    begin = {validity.since for validity in ranges if validity.since is not None}
    end = {after(validity.until) for validity in ranges if validity.until is not None}
    return (on, *sorted(day for day in begin | end if day > on))


def after(day: date) -> date:
    """Return the next day, or the last one there is."""
    return day + timedelta(days=1) if day < date.max else day
