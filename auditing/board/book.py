"""Keeps the board's rows up with the history, in turns of the writer as short as those of `auditing.cases.book`."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, Row, delete, insert, select, update

from auditing.board.clocks import USUAL_CLOCKS, ClockPolicy, Ticking, next_to_end, promised, soon_from, stopped, told
from auditing.cases.book import CHUNK, events_of, mark_of, set_mark
from auditing.cases.rows import CHINA
from auditing.log.events import Event, OutcomeStatus
from auditing.log.identity import TICKET_LENGTH
from auditing.store.database import writing
from auditing.store.schema import predictions
from auditing.store.schema_board import board_counts, board_rows
from auditing.store.schema_history import events

_PREDICTIONS, _EVENTS = "board", "board_events"


class _Key(NamedTuple):
    office: str
    status: str
    urgency: str


class BoardBook:
    """Keeps the board of `engine`. A changed `policy` reaches tickets with their next event, and all by `rebuild`."""

    def __init__(self, engine: Engine, policy: ClockPolicy = USUAL_CLOCKS) -> None:
        self.engine = engine
        self._policy = policy

    def refresh(self) -> int:
        """Take in everything that is new; returns how many predictions and events that were. Raises SQLAlchemyError."""
        total = 0
        while taken := self.take():
            total += taken
        return total

    def take(self) -> int:
        """Take in the next portion of predictions or events; returns how many, 0 where nothing is new.

        Raises:
            SQLAlchemyError: as `refresh`.

        """
        return self._take_predictions() or self._take_events()

    def rebuild(self) -> int:
        """Make the board anew. Answers whose texts retention has removed keep no clocks."""
        with writing(self.engine) as connection:
            for table in (board_rows, board_counts):
                connection.execute(delete(table))
            for name in (_PREDICTIONS, _EVENTS):
                set_mark(connection, name, 0)
        return self.refresh()

    def _take_predictions(self) -> int:
        wanted: tuple[ColumnElement[Any], ...] = (
            predictions.c.seq,
            predictions.c.prediction_id,
            predictions.c.created_at,
            predictions.c.domain_code,
            predictions.c.office_code,
            predictions.c.complaint,
            predictions.c.answer,
        )
        with self.engine.connect() as connection:
            mark = mark_of(connection, _PREDICTIONS)
            query = select(*wanted).where(predictions.c.seq > mark).order_by(predictions.c.seq).limit(CHUNK)
            rows = connection.execute(query).all()
        if not rows:
            return 0
        with writing(self.engine) as connection:
            # another process may have been first
            if mark_of(connection, _PREDICTIONS) == mark:
                tickets = sorted({row.prediction_id[:TICKET_LENGTH] for row in rows})
                known = _known(connection, tickets)
                drafts = {ticket: dict(row._mapping) for ticket, row in known.items()}  # noqa: SLF001 - its public name
                for row in rows:
                    ticket = row.prediction_id[:TICKET_LENGTH]
                    drafts[ticket] = _answered(row, drafts.get(ticket))
                self._settle(connection, drafts, known)
                set_mark(connection, _PREDICTIONS, rows[-1].seq)
        return len(rows)

    def _take_events(self) -> int:
        with self.engine.connect() as connection:
            mark = mark_of(connection, _EVENTS)
            query = select(events.c.seq, events.c.ticket).where(events.c.seq > mark)
            rows = connection.execute(query.order_by(events.c.seq).limit(CHUNK)).all()
        if not rows:
            return 0
        with writing(self.engine) as connection:
            if mark_of(connection, _EVENTS) == mark:
                known = _known(connection, sorted({row.ticket for row in rows}))
                drafts = {ticket: dict(row._mapping) for ticket, row in known.items()}  # noqa: SLF001 - its public name
                self._settle(connection, drafts, known)
                set_mark(connection, _EVENTS, rows[-1].seq)
        return len(rows)

    def _settle(
        self, connection: Connection, drafts: Mapping[str, Mapping[str, Any]], known: Mapping[str, Row[Any]]
    ) -> None:
        if not drafts:
            return
        happened = events_of(connection, list(drafts))
        rows = [self._settled(draft, happened.get(ticket, ())) for ticket, draft in drafts.items()]
        connection.execute(delete(board_rows).where(board_rows.c.ticket.in_(list(known))))
        connection.execute(insert(board_rows), rows)
        change = Counter(_Key(row["office_code"], row["status"], row["urgency"]) for row in rows)
        change.subtract(_Key(row.office_code, row.status, row.urgency) for row in known.values())
        _count(connection, change)

    def _settled(self, draft: Mapping[str, Any], happened: Sequence[Event]) -> dict[str, Any]:
        clocks = stopped(clocks_in(draft["clocks"]), happened, self._policy)
        where = told(happened, draft["suggested"])
        is_open = where.status is not OutcomeStatus.CLOSED
        ending = next_to_end(clocks) if is_open else None
        return {
            **draft,
            "office_code": where.office,
            "status": where.status.value if where.status else "",
            "status_at": where.since,
            "open": is_open,
            "due": ending.due if ending else None,
            "warn_at": soon_from(draft["received_at"], ending.due, self._policy) if ending else None,
            "clocks": _written(clocks),
        }


def clocks_in(text: str) -> tuple[Ticking, ...]:
    """Read the clocks of a row."""
    return tuple(
        Ticking(step, datetime.fromisoformat(due), basis, provisional, local, _moment(stopped_at))
        for step, due, basis, provisional, local, stopped_at in orjson.loads(text)
    )


def _written(clocks: Iterable[Ticking]) -> str:
    return orjson.dumps([list(each) for each in clocks]).decode()


def _answered(row: Row[Any], known: Mapping[str, Any] | None) -> dict[str, Any]:
    """Make the draft of a ticket from its next answer; what retention has emptied says nothing new."""
    answer = orjson.loads(row.answer) if row.answer else {}
    lead = (answer.get("route") or {}).get("lead") or {}
    return {
        "ticket": row.prediction_id[:TICKET_LENGTH],
        "seq": row.seq,
        "received_at": known["received_at"] if known else _received(row),
        "domain_code": row.domain_code,
        "suggested": lead.get("code") or row.office_code or "",
        "urgency": (answer.get("urgency") or {}).get("level") or (known["urgency"] if known else ""),
        "clocks": _written(promised(answer, clocks_in(known["clocks"]) if known else ())),
    }


def _received(row: Row[Any]) -> datetime:
    complaint = orjson.loads(row.complaint) if row.complaint else {}
    given = _moment(complaint.get("received_at"))
    if given is None:
        return row.created_at  # type: ignore[no-any-return]
    return given if given.tzinfo else given.replace(tzinfo=CHINA)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _known(connection: Connection, tickets: Collection[str]) -> dict[str, Row[Any]]:
    found = connection.execute(select(board_rows).where(board_rows.c.ticket.in_(tickets)))
    return {row.ticket: row for row in found}


def _count(connection: Connection, change: Mapping[_Key, int]) -> None:
    for key, difference in change.items():
        if not difference:
            continue
        this = (
            (board_counts.c.office_code == key.office)
            & (board_counts.c.status == key.status)
            & (board_counts.c.urgency == key.urgency)
        )
        moved = update(board_counts).where(this).values(tickets=board_counts.c.tickets + difference)
        if not connection.execute(moved).rowcount:
            row = {"office_code": key.office, "status": key.status, "urgency": key.urgency, "tickets": difference}
            connection.execute(insert(board_counts).values(row))
