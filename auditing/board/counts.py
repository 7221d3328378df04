"""The tri-colour board: how many tickets are new, in hand and closed, and which of them are pressing, by office.

The list has parts of one order each: overdue, soon due, running, those without a running clock; within each the clock
that ends first comes first. A page is read on from where the one before it ended, so that the hundredth costs what the
first does, and the counts are kept with the rows (`auditing.board.book`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, and_, func, or_, select

from auditing.board.book import clocks_in
from auditing.board.clocks import USUAL_CLOCKS, Stage, Ticking, Timing, timing
from auditing.log.events import OutcomeStatus
from auditing.store.schema import predictions
from auditing.store.schema_board import board_counts, board_rows

MOST_COUNTED = 10_000
"""Overdue and soon due tickets are counted up to this number."""

IN_HAND = frozenset({OutcomeStatus.ACCEPTED})
"""After which outcomes a ticket is in hand, where a bureau does not say otherwise."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Which tickets; None asks for all. stage: None asks for those that are not closed."""

    office: str | None = None
    stage: Stage | None = None
    timing: Timing | None = None
    urgency: str | None = None


ALL_OPEN = Shown()


class Place(NamedTuple):
    """Where a page ends: the part of the list, the moment that orders it, and the ticket's number."""

    part: Timing | Stage
    moment: datetime | None
    seq: int

    def written(self) -> str:
        """Write it so that it can stand in an address."""
        return f"{self.part}~{self.moment.isoformat() if self.moment else ''}~{self.seq}"


def place_in(text: str) -> Place | None:
    """Read a place back; None where nobody gave it out."""
    try:
        name, moment, number = text.split("~")
        part = Stage.CLOSED if name == Stage.CLOSED else Timing(name)
        found = Place(part, datetime.fromisoformat(moment) if moment else None, int(number))
    except ValueError:
        return None
    if part is Timing.IDLE:
        known = found.moment is None
    else:
        known = found.moment is not None and found.moment.tzinfo is not None
    return found if known and 0 <= found.seq < 1 << 63 else None


class Ticket(NamedTuple):
    """A ticket on the board. office: who has it, empty where nobody does. since: the moment of its last outcome."""

    prediction_id: str
    source: str
    ticket_id: str
    received_at: datetime
    domain: str | None
    office: str
    urgency: str
    stage: Stage
    status: OutcomeStatus | None
    since: datetime | None
    timing: Timing
    clocks: tuple[Ticking, ...]


class Count(NamedTuple):
    """How many tickets an office has, by stage; of those that nobody has, office is empty."""

    office: str
    stages: Mapping[Stage, int]
    overdue: int
    soon: int


class Board(NamedTuple):
    """A page of the board.

    counts: of all offices, whatever is shown. capped: there are more overdue or soon due tickets than are counted.
    after: where the next page begins, None on the last.
    """

    counts: tuple[Count, ...]
    overdue: int
    soon: int
    capped: bool
    tickets: tuple[Ticket, ...]
    after: Place | None


def board(
    engine: Engine,
    now: datetime,
    shown: Shown = ALL_OPEN,
    *,
    in_hand: frozenset[OutcomeStatus] = IN_HAND,
    after: Place | None = None,
    limit: int = 50,
) -> Board:
    """Give a page of the board as it stands at `now`. Raises SQLAlchemyError where the store cannot be read."""
    with engine.connect() as connection:
        overdue, soon = (_pressing(connection, each, now) for each in (Timing.OVERDUE, Timing.SOON))
        counts = _counts(connection, in_hand, overdue, soon)
        tickets, place = _page(connection, now, shown, in_hand, after, limit)
    totals = sum(overdue.values()), sum(soon.values())
    return Board(counts, *totals, capped=MOST_COUNTED in totals, tickets=tickets, after=place)


def stage_of(status: OutcomeStatus | None, in_hand: frozenset[OutcomeStatus] = IN_HAND) -> Stage:
    """Say how far a ticket is by its last outcome."""
    if status is OutcomeStatus.CLOSED:
        return Stage.CLOSED
    return Stage.IN_HAND if status in in_hand else Stage.NEW


def _counts(
    connection: Connection, in_hand: frozenset[OutcomeStatus], overdue: Mapping[str, int], soon: Mapping[str, int]
) -> tuple[Count, ...]:
    columns = (board_counts.c.office_code, board_counts.c.status)
    query = select(*columns, func.sum(board_counts.c.tickets)).where(board_counts.c.tickets > 0).group_by(*columns)
    found: dict[str, dict[Stage, int]] = {}
    for office, status, number in connection.execute(query):
        stages = found.setdefault(office, dict.fromkeys(Stage, 0))
        stages[stage_of(_status(status), in_hand)] += int(number)
    return tuple(
        Count(office, stages, overdue.get(office, 0), soon.get(office, 0)) for office, stages in sorted(found.items())
    )


def _pressing(connection: Connection, part: Timing, now: datetime) -> dict[str, int]:
    first = select(board_rows.c.office_code).where(*_within(part, now)).limit(MOST_COUNTED).subquery()
    query = select(first.c.office_code, func.count()).group_by(first.c.office_code)
    return {office: int(number) for office, number in connection.execute(query)}


def _page(
    connection: Connection,
    now: datetime,
    shown: Shown,
    in_hand: frozenset[OutcomeStatus],
    after: Place | None,
    limit: int,
) -> tuple[tuple[Ticket, ...], Place | None]:
    parts = _parts(shown)
    if after is not None:
        parts = parts[parts.index(after.part) :] if after.part in parts else ()
    found: list[tuple[Timing | Stage, Row[Any]]] = []
    for part in parts:
        if len(found) <= limit:
            query = _listed(part, now, shown, in_hand, after if after and after.part == part else None)
            found += [(part, row) for row in connection.execute(query.limit(limit + 1 - len(found)))]
    page = found[:limit]
    tickets = _tickets(connection, [row for _, row in page], now, in_hand)
    if len(found) <= limit:
        return tickets, None
    part, last = page[-1]
    return tickets, Place(part, last.status_at if part is Stage.CLOSED else last.due, last.seq)


def _parts(shown: Shown) -> tuple[Timing | Stage, ...]:
    if shown.stage is Stage.CLOSED:
        return () if shown.timing else (Stage.CLOSED,)
    return (shown.timing,) if shown.timing else tuple(Timing)


def _listed(
    part: Timing | Stage, now: datetime, shown: Shown, in_hand: frozenset[OutcomeStatus], begin: Place | None
) -> Select[Any]:
    rows = board_rows.c
    query = select(board_rows).where(*_within(part, now), *_asked(shown, in_hand))
    if part is Stage.CLOSED:
        if begin:
            same = and_(rows.status_at == begin.moment, rows.seq < begin.seq)
            query = query.where(rows.status_at <= begin.moment, or_(rows.status_at < begin.moment, same))
        return query.order_by(rows.status_at.desc(), rows.seq.desc())
    if part is Timing.IDLE:
        return (query.where(rows.seq > begin.seq) if begin else query).order_by(rows.seq)
    if begin:
        same = and_(rows.due == begin.moment, rows.seq > begin.seq)
        # the first condition finds the place in the index, the second is exact
        query = query.where(rows.due >= begin.moment, or_(rows.due > begin.moment, same))
    return query.order_by(rows.due, rows.seq)


def _within(part: Timing | Stage, now: datetime) -> Sequence[ColumnElement[bool]]:
    rows = board_rows.c
    match part:
        case Stage.CLOSED:
            return (~rows.open,)
        case Timing.OVERDUE:
            return (rows.open, rows.due <= now)
        case Timing.SOON:
            return (rows.open, rows.due > now, rows.due <= now + USUAL_CLOCKS.most, rows.warn_at <= now)
        case Timing.RUNNING:
            return (rows.open, rows.due > now, rows.warn_at > now)
        case _:
            return (rows.open, rows.due.is_(None))


def _asked(shown: Shown, in_hand: frozenset[OutcomeStatus]) -> Sequence[ColumnElement[bool]]:
    rows, found = board_rows.c, list[ColumnElement[bool]]()
    held = sorted(status.value for status in in_hand)
    if shown.office is not None:
        found.append(rows.office_code == shown.office)
    if shown.urgency is not None:
        found.append(rows.urgency == shown.urgency)
    if shown.stage is Stage.NEW:
        found.append(rows.status.not_in(held))
    elif shown.stage is Stage.IN_HAND:
        found.append(rows.status.in_(held))
    return found


def _tickets(
    connection: Connection, rows: Sequence[Row[Any]], now: datetime, in_hand: frozenset[OutcomeStatus]
) -> tuple[Ticket, ...]:
    columns: tuple[ColumnElement[Any], ...] = (
        predictions.c.seq,
        predictions.c.prediction_id,
        predictions.c.source,
        predictions.c.ticket_id,
    )
    query = select(*columns).where(predictions.c.seq.in_([row.seq for row in rows]))
    known = {row.seq: row for row in connection.execute(query)}
    return tuple(_ticket(row, known[row.seq], now, in_hand) for row in rows)


def _ticket(row: Row[Any], known: Row[Any], now: datetime, in_hand: frozenset[OutcomeStatus]) -> Ticket:
    status = _status(row.status)
    return Ticket(
        prediction_id=known.prediction_id,
        source=known.source,
        ticket_id=known.ticket_id,
        received_at=row.received_at,
        domain=row.domain_code,
        office=row.office_code,
        urgency=row.urgency,
        stage=stage_of(status, in_hand),
        status=status,
        since=row.status_at,
        timing=timing(row.due, row.warn_at, now),
        clocks=clocks_in(row.clocks),
    )


def _status(text: str) -> OutcomeStatus | None:
    return OutcomeStatus(text) if text else None
