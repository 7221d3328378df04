"""The office that returned a ticket is not suggested for it again, unless a reviewer lets it.

Nearly no ticket was ever returned, so what is known of returns is kept in memory, and a prediction costs one look. The
case log sees in every group whether events were added (by whatever process), reads those first, and refuses answers
that were made without them.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from auditing.log.events import Event, OutcomeStatus, ReviewStatus, excluded_offices
from auditing.log.history import event_of
from auditing.store.chain import FIRST, Head
from auditing.store.schema_history import events
from models.charter.answer import Answer
from models.charter.route import Party, RouteState, Sentence
from models.prediction import Candidate, Decision, HeadAnswer, Triage

_CHANGING = (OutcomeStatus.RETURNED.value, ReviewStatus.OVERRIDE.value, ReviewStatus.UNDONE.value)
_AT_ONCE = 500


class Returns:
    """Which offices returned which ticket, as far as the chain of events was read."""

    def __init__(self) -> None:
        self._offices: dict[str, tuple[str, ...]] = {}
        self.read = Head(0, FIRST)
        """Where the chain of events was read to."""

    def of(self, ticket: str) -> tuple[str, ...]:
        """Give the offices not to suggest for `ticket`, sorted."""
        return self._offices.get(ticket, ())

    def catch_up(self, connection: Connection, head: Head) -> None:
        """Read the events up to `head`, where the chain of events ends now."""
        since = events.c.seq > self.read.length
        changed = select(events.c.ticket).where(since, events.c.status.in_(_CHANGING)).distinct()
        tickets = connection.scalars(changed).all()
        for start in range(0, len(tickets), _AT_ONCE):
            self._reread(connection, tickets[start : start + _AT_ONCE])
        self.read = head

    def _reread(self, connection: Connection, tickets: Sequence[str]) -> None:
        histories: dict[str, list[Event]] = {ticket: [] for ticket in tickets}
        for row in connection.execute(select(events).where(events.c.ticket.in_(tickets)).order_by(events.c.seq)):
            histories[row.ticket].append(event_of(row))
        for ticket, history in histories.items():
            offices = excluded_offices(history)
            if offices:
                self._offices[ticket] = offices
            else:
                self._offices.pop(ticket, None)


def leave_out(triage: Triage, excluded: Sequence[str]) -> Triage:
    """`triage` without the `excluded` offices: where one of them was the answer, the next best is.

    That one is never sent by itself, and the doubt `returned_by:<office>` says why it is there. Evidence and contrast
    spoke for the office that is gone, and go with it; so does the set, whose probability is of tickets that nobody has
    returned yet.
    """
    office = triage.office
    if not excluded or office is None or office.code is None:
        return triage
    left = tuple(each for each in office.alternatives if each.code not in excluded)
    if office.code not in excluded:
        return triage._replace(office=office._replace(alternatives=left, set=None))
    return triage._replace(
        office=_promote(left),
        evidence=tuple(each for each in triage.evidence if each.target != "office"),
        doubts=(*triage.doubts, f"returned_by:{office.code}"),
    )


def settle(answer: Answer, excluded: Sequence[str]) -> Answer:
    """`answer` without the `excluded` offices: where the lead is one of them, the next best office leads, or nobody."""
    triage, resolution = answer
    left, route = leave_out(triage, excluded), resolution.route
    lead, state, basis = route.lead, route.state, route.basis
    if lead is not None and lead.code in excluded:
        basis = (_returned(lead), *basis)
        lead = _next(left.office)
        if lead is None and state is RouteState.ROUTED:
            state = RouteState.UNSURE
    tracks = tuple(
        track if track.lead is None or track.lead.code not in excluded else track._replace(lead=lead)
        for track in route.tracks
    )
    assisting = tuple(
        each for each in route.assisting if each.code not in excluded and (lead is None or each.code != lead.code)
    )
    route = route._replace(state=state, lead=lead, assisting=assisting, tracks=tracks, basis=basis)
    return Answer(left, resolution._replace(route=route))


def _next(office: HeadAnswer | None) -> Party | None:
    if office is None or office.code is None or office.name is None:
        return None
    return Party(office.code, office.name, office.confidence)


def _returned(party: Party) -> Sentence:
    return Sentence(
        f"{party.name}已退回本件，不再派给它。", f"{party.name} returned this ticket, which is not sent there again."
    )


def _promote(candidates: Sequence[Candidate]) -> HeadAnswer:
    if not candidates:
        return HeadAnswer(None, None, 0.0, Decision.ABSTAIN, (), None)
    best, *others = candidates
    return HeadAnswer(best.code, best.name, best.confidence, Decision.SUGGEST, tuple(others), None)
