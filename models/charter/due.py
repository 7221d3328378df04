"""Due times: a charter's clocks, run from when a ticket came in.

Which clocks run is decided by the day on which the ticket was received (+08:00): the national procedure changed on
2026-04-15, and a ticket keeps the one that it came in under. Days are counted as `workdays` says and end with the last
second of the last day; hours and minutes run from the moment (民法典 201, second paragraph).
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from types import MappingProxyType

from models.charter.articles import Charter, Clock, Request
from models.charter.route import Due
from models.charter.workdays import CHINA, after_days, after_workdays, in_china
from models.prediction import made

RECEIVED = "received"
"""What a clock starts from, where it does not start from another step."""

NOTHING: Mapping[str, datetime] = MappingProxyType({})

_LAST_SECOND = time(23, 59, 59, tzinfo=CHINA)
_PROVISIONAL = "节假日安排尚未公布，暂按周末推算"
_UNVERIFIED = "依据待核"


_OF_A_MOMENT = frozenset({"hours", "minutes"})
"""Units of the clocks that run from the moment; the others run from its day."""

_Wait = tuple[str, timedelta, str, bool]
"""A clock of hours or minutes, as far as it does not depend on the ticket: step, time, basis, whether it is local."""

Running = tuple[list[Due], tuple[tuple[int, _Wait], ...]]
"""Due times of the tickets of a day, as if they had come at midnight; and by place in that list what the moment decides."""


class Deadlines:
    """The clocks of one charter; may be shared by threads."""

    def __init__(self, charter: Charter) -> None:
        self._clocks = charter.clocks

    def of(
        self, kinds: tuple[Request, ...], received_at: datetime, done: Mapping[str, datetime] = NOTHING
    ) -> tuple[Due, ...]:
        """Return when each step has to be done, in the charter's order.

        kinds: what the ticket asks for; a clock without kinds runs for all. done: when steps were done, by the code of
        their clock or their own name: these are due no more, and clocks that start from them run. A clock whose start
        is still to come is left out. Times without a zone are taken to be in +08:00.
        """
        received = in_china(received_at)
        if not done:
            return at_moment(self.running(kinds, received.date()), received)
        found = []
        for clock in self._valid(kinds, received.date()):
            if clock.code in done or clock.step in done:
                continue
            if clock.start == RECEIVED:
                found.append(_of(clock, received))
            elif clock.start in done:
                found.append(_of(clock, in_china(done[clock.start])))
        return tuple(found)

    def _valid(self, kinds: tuple[Request, ...], day: date) -> Iterable[Clock]:
        for clock in self._clocks:
            if clock.validity.holds(day) and (not clock.kinds or any(kind in clock.kinds for kind in kinds)):
                yield clock

    def running(self, kinds: tuple[Request, ...], day: date) -> Running:
        """What runs from the receipt on `day` (+08:00) while nothing is done yet: the same for all tickets of these kinds."""
        midnight = datetime.combine(day, time(tzinfo=CHINA))
        clocks = [clock for clock in self._valid(kinds, day) if clock.start == RECEIVED]
        waits = tuple([(place, _wait(clock)) for place, clock in enumerate(clocks) if clock.unit in _OF_A_MOMENT])
        return [_of(clock, midnight) for clock in clocks], waits


def at_moment(running: Running, received: datetime) -> tuple[Due, ...]:
    """Return the due times of a ticket for which nothing is done yet; received: in +08:00, on the day of `running`."""
    days, waits = running
    found = [*days]
    for place, (step, wait, basis, local) in waits:
        found[place] = made(Due, (step, received + wait, basis, False, local))
    return tuple(found)


def due(
    charter: Charter, kinds: tuple[Request, ...], received_at: datetime, done: Mapping[str, datetime] = NOTHING
) -> tuple[Due, ...]:
    """Return the due times of one ticket; for many, keep a `Deadlines`, which this asks."""
    return Deadlines(charter).of(kinds, received_at, done)


def _of(clock: Clock, start: datetime) -> Due:
    if clock.unit in _OF_A_MOMENT:
        step, wait, basis, local = _wait(clock)
        return Due(step, start + wait, basis, provisional=False, local=local)
    last = (after_workdays if clock.unit == "workdays" else after_days)(start.date(), clock.amount)
    basis = f"{_basis(clock)}；{_PROVISIONAL}" if last.provisional else _basis(clock)
    return Due(clock.step, datetime.combine(last.day, _LAST_SECOND), basis, last.provisional, clock.local)


def _wait(clock: Clock) -> _Wait:
    minutes = clock.amount * 60 if clock.unit == "hours" else clock.amount
    return clock.step, timedelta(minutes=minutes), _basis(clock), clock.local


def _basis(clock: Clock) -> str:
    return f"{clock.basis}；{_UNVERIFIED}" if clock.unverified else clock.basis
