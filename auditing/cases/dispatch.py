"""The way of a ticket from office to office, told by its outcomes."""

from collections.abc import Iterable
from typing import NamedTuple

from auditing.log.events import Event, OutcomeStatus, in_force


class Dispatch(NamedTuple):
    """One assignment of a ticket to an office.

    received: the office took it. returned: it sent it back; agreed: and the ticket then went to another office. closed:
    the ticket was settled there.
    """

    office: str
    received: bool
    returned: bool
    agreed: bool
    closed: bool


def dispatches_of(events: Iterable[Event]) -> tuple[Dispatch, ...]:
    """Give the dispatches of one ticket, first to last, from its events in any order.

    Outcomes are taken in the order in which things happened. An office that accepts, returns or settles what nobody
    said was sent to it had been sent it: intake systems need not report the first dispatch.
    """
    told = [event for event in in_force(sorted(events, key=lambda event: event.seq)) if event.office_code]
    found: list[Dispatch] = []
    waiting = False
    for event in sorted(told, key=lambda event: (event.occurred_at, event.seq)):
        if not isinstance(event.status, OutcomeStatus) or event.office_code is None:
            continue
        office = event.office_code
        if event.status is OutcomeStatus.REROUTED or not waiting or found[-1].office != office:
            if found and found[-1].returned:
                found[-1] = found[-1]._replace(agreed=found[-1].office != office)
            found.append(Dispatch(office, received=False, returned=False, agreed=False, closed=False))
            waiting = True
        if event.status is OutcomeStatus.ACCEPTED:
            found[-1] = found[-1]._replace(received=True)
        elif event.status is OutcomeStatus.RETURNED:
            found[-1] = found[-1]._replace(returned=True)
            waiting = False
        elif event.status is OutcomeStatus.CLOSED:
            found[-1] = found[-1]._replace(received=True, closed=True)
    return tuple(found)
