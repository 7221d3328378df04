"""Which clocks of a ticket run, which have been stopped, and how pressing the one that ends next is. Pure.

The due times are those that the answer promised; outcomes stop them. A promise is not moved by asking again: of each
step the first one that was given counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from auditing.log.events import Event, OutcomeStatus, ReviewStatus, excluded_offices, in_force

_ANY = frozenset(OutcomeStatus)


class Stage(StrEnum):
    """How far a ticket is: the three colours of the board."""

    NEW = "new"
    IN_HAND = "in_hand"
    CLOSED = "closed"


class Timing(StrEnum):
    """How pressing a ticket is. idle: no clock runs."""

    OVERDUE = "overdue"
    SOON = "soon"
    RUNNING = "running"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Stopping:
    """Clocks whose step has one of these words in its name are stopped by the first of these outcomes."""

    words: tuple[str, ...]
    by: frozenset[OutcomeStatus]


@dataclass(frozen=True, slots=True)
class ClockPolicy:
    """What stops a clock, and from when on it is soon due: in the last `soon` of its time, but no earlier than `most`.

    stopping: the first that knows the step counts; a clock that none knows is stopped when the ticket is closed.
    """

    stopping: tuple[Stopping, ...]
    soon: float
    most: timedelta


USUAL_CLOCKS = ClockPolicy(
    stopping=(
        # whoever accepted or returned a ticket had been sent it
        Stopping(("dispatch", "assign", "分送", "派单", "派发", "转办"), _ANY),
        Stopping(
            ("respon", "contact", "回应", "响应", "联系", "签收"),
            frozenset({OutcomeStatus.ACCEPTED, OutcomeStatus.CLOSED}),
        ),
    ),
    soon=0.25,
    most=timedelta(days=1),
)
"""Dispatch ends with the first outcome, the first response with acceptance, everything else with closing; soon due is
the last quarter, at most a day."""


class Ticking(NamedTuple):
    """One clock of a ticket. stopped_at: None while it runs."""

    step: str
    due: datetime
    basis: str
    provisional: bool
    local: bool
    stopped_at: datetime | None

    @property
    def late(self) -> bool:
        """Whether it was stopped after its time."""
        return self.stopped_at is not None and self.stopped_at > self.due


class Told(NamedTuple):
    """What outcomes and reviews say about where a ticket is: who has it (empty where nobody does) and since when."""

    status: OutcomeStatus | None
    since: datetime | None
    office: str


def promised(answer: Mapping[str, Any], known: Iterable[Ticking] = ()) -> tuple[Ticking, ...]:
    """Give the clocks that a stored answer starts, behind those already `known`, which stay as they are."""
    found = {each.step: each._replace(stopped_at=None) for each in known}
    for each in answer.get("due") or ():
        clock = Ticking(
            each["step"],
            datetime.fromisoformat(each["at"]),
            each.get("basis", ""),
            bool(each.get("provisional")),
            bool(each.get("local")),
            None,
        )
        found.setdefault(clock.step, clock)
    return tuple(found.values())


def stopped(
    clocks: Iterable[Ticking], events: Sequence[Event], policy: ClockPolicy = USUAL_CLOCKS
) -> tuple[Ticking, ...]:
    """Stop the clocks whose outcome has come; events: those of the ticket, oldest first."""
    outcomes = [event for event in in_force(events) if isinstance(event.status, OutcomeStatus)]
    return tuple(
        clock._replace(
            stopped_at=min(
                (event.occurred_at for event in outcomes if event.status in _stopping(clock.step, policy)), default=None
            )
        )
        for clock in clocks
    )


def next_to_end(clocks: Iterable[Ticking]) -> Ticking | None:
    """Give the running clock that ends first."""
    return min((each for each in clocks if each.stopped_at is None), key=lambda each: each.due, default=None)


def soon_from(begun: datetime, due: datetime, policy: ClockPolicy = USUAL_CLOCKS) -> datetime:
    """Say from when on a clock is soon due."""
    return due - min(max(due - begun, timedelta(0)) * policy.soon, policy.most)


def timing(due: datetime | None, warn_at: datetime | None, now: datetime) -> Timing:
    """Say how pressing a ticket is by the clock that ends next."""
    if due is None:
        return Timing.IDLE
    if due <= now:
        return Timing.OVERDUE
    return Timing.SOON if warn_at is not None and warn_at <= now else Timing.RUNNING


def told(events: Sequence[Event], suggested: str) -> Told:
    """Say where a ticket is by its events, oldest first; `suggested`: the office of its latest answer.

    What a reviewer has said last about the office stands in for the answer. After a return nobody has the ticket, unless
    somebody else is suggested by now.
    """
    standing = in_force(events)
    last = max(
        (event for event in standing if isinstance(event.status, OutcomeStatus)),
        key=lambda event: (event.occurred_at, event.seq),
        default=None,
    )
    status = OutcomeStatus(last.status) if last else None
    if last is not None and status is not OutcomeStatus.RETURNED and last.office_code:
        return Told(status, last.occurred_at, last.office_code)
    named = [
        event.office_code
        for event in standing
        if event.status in (ReviewStatus.CORRECTED, ReviewStatus.RULED)
        and event.office_code
        and (last is None or event.seq > last.seq)
    ]
    office = named[-1] if named else "" if suggested in excluded_offices(events) else suggested
    return Told(status, last.occurred_at if last else None, office)


def _stopping(step: str, policy: ClockPolicy) -> frozenset[OutcomeStatus]:
    name = step.casefold()
    for each in policy.stopping:
        if any(word in name for word in each.words):
            return each.by
    return frozenset({OutcomeStatus.CLOSED})
