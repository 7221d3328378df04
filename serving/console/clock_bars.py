"""Clocks as the console draws them: a bar and words, worked out here, so that a page needs no script."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from auditing.board.clocks import Ticking, Timing, promised, soon_from, stopped, timing
from auditing.log.events import Event

State = Literal["overdue", "soon", "running", "kept", "late"]


class Bar(NamedTuple):
    """A clock as it is drawn. gone: share of its time that is over, 0 to 1; left: seconds, negative when it is over."""

    clock: Ticking
    state: State
    gone: float
    left: float


def bars_of(clocks: Iterable[Ticking], begun: datetime, now: datetime) -> list[Bar]:
    """Draw clocks that began to run at `begun`: the one that ends first before the others, stopped ones last."""
    found = []
    for clock in sorted(clocks, key=lambda each: (each.stopped_at is not None, each.due)):
        whole = max((clock.due - begun).total_seconds(), 1.0)
        left = (clock.due - (clock.stopped_at or now)).total_seconds()
        found.append(Bar(clock, _state(clock, begun, now), min(1.0, max(0.0, 1 - left / whole)), left))
    return found


def clock_bars(answer: Mapping[str, Any], history: Sequence[Event], now: datetime, begun: datetime) -> list[Bar]:
    """Draw the clocks that a stored answer promised, as the ticket's events, oldest first, have left them."""
    return bars_of(stopped(promised(answer), history), begun, now)


def _state(clock: Ticking, begun: datetime, now: datetime) -> State:
    if clock.stopped_at is not None:
        return "late" if clock.late else "kept"
    match timing(clock.due, soon_from(begun, clock.due), now):
        case Timing.OVERDUE:
            return "overdue"
        case Timing.SOON:
            return "soon"
        case _:
            return "running"
