"""The log of what became of predictions: outcomes and reviews, appended under rules, never changed.

The same outcome sent again (same prediction, actor, status and moment) is the same event, however often it comes.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, Engine, Row, func, select
from sqlalchemy.exc import SQLAlchemyError

from auditing.discretion import NoteMask, where
from auditing.errors import AuditingError, MayNotRule, RecordRefused, StoreUnavailable, UnknownEvent, UnknownPrediction
from auditing.log.accesses import Action, access_row
from auditing.log.events import (
    HARD_AFTER,
    Event,
    Kind,
    Outcome,
    OutcomeStatus,
    Review,
    Role,
    is_hard_case,
    status_of,
)
from auditing.log.identity import TICKET_LENGTH
from auditing.log.rules import check, may_undo
from auditing.store.chain import append, digest
from auditing.store.database import describe, is_store_trouble, writing
from auditing.store.groupcommit import GroupCommit
from auditing.store.schema import predictions
from auditing.store.schema_history import events

_log = logging.getLogger(__name__)

_AT_ONCE = 500


class Attributed(NamedTuple):
    """An outcome or a review, and the id of the key or the person that it came with."""

    record: Outcome | Review
    by: str


class Appended(NamedTuple):
    """An event that is in the log; `repeated` if it was there before."""

    event: Event
    repeated: bool


class EventLog:
    """The events in the store of `engine`, whose schema is there. Personal data in notes is masked before it is stored.

    `now` tells the time.
    """

    def __init__(self, engine: Engine, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now
        self._mask = NoteMask()
        self._commits: GroupCommit[Attributed, Appended] = GroupCommit(self.write)

    def append(self, record: Outcome | Review, by: str) -> Appended:
        """Write `record` down, now and in this thread, with the access of `by` to its case.

        Raises:
            UnknownPrediction, UnknownEvent: what it is about is not in the log.
            ReasonMissing, UnknownReason, ReasonIncomplete, MayNotForward, MayNotRule, ReviewIncomplete: see
                auditing/log/rules.py.
            StoreUnavailable, RecordRefused: it could not be written.

        """
        (result,) = self.write([Attributed(record, by)])
        if isinstance(result, Exception):
            raise result
        return result

    def submit(self, record: Outcome | Review, by: str) -> asyncio.Future[Appended]:
        """Write `record` down with whatever else is waiting. Needs a running event loop; the future raises as append."""
        return self._commits.submit(Attributed(record, by))

    def write(self, group: Sequence[Attributed]) -> list[Appended | Exception]:
        """Write a group down in one transaction; one result or exception each, in order."""
        try:
            with writing(self._engine) as connection:
                return self._write(connection, group)
        except (SQLAlchemyError, OSError, ValueError, TypeError) as error:
            if is_store_trouble(error):
                _log.error("案例日志不可用 | the case log is unavailable: %s", describe(error))
                return [StoreUnavailable(describe(error)) for _ in group]
            if len(group) > 1:
                return [self.write([each])[0] for each in group]
            _log.error("案例日志拒收记录 | record refused: %s", where(error))
            return [RecordRefused(group[0].record.prediction_id, type(error).__name__)]

    def of_prediction(self, prediction_id: str) -> tuple[Event, ...]:
        """Give every event of one prediction, oldest first. Raises StoreUnavailable."""
        return self._read(select(events).where(events.c.prediction_id == prediction_id))

    def of_ticket(self, ticket: str) -> tuple[Event, ...]:
        """Give every event of all predictions of one ticket, oldest first; `ticket` may be one of their ids.

        Raises:
            StoreUnavailable: the store cannot be read.

        """
        return self._read(select(events).where(events.c.ticket == ticket[:TICKET_LENGTH]))

    def hard_cases(self) -> dict[str, tuple[Event, ...]]:
        """Give the tickets that wait for a final ruling, with their events. Raises StoreUnavailable."""
        returned = events.c.status == OutcomeStatus.RETURNED.value
        often = select(events.c.ticket).where(returned).group_by(events.c.ticket).having(func.count() >= HARD_AFTER)
        histories: dict[str, list[Event]] = {}
        for event in self._read(select(events).where(events.c.ticket.in_(often))):
            histories.setdefault(event.ticket, []).append(event)
        return {ticket: tuple(history) for ticket, history in histories.items() if is_hard_case(history)}

    def close(self) -> None:
        """Write what is waiting, then refuse the rest; the store stays open."""
        self._commits.close()

    def _read(self, query: Any) -> tuple[Event, ...]:
        try:
            with self._engine.connect() as connection:
                return tuple(map(event_of, connection.execute(query.order_by(events.c.seq))))
        except SQLAlchemyError as error:
            raise StoreUnavailable(describe(error)) from error

    def _write(self, connection: Connection, group: Sequence[Attributed]) -> list[Appended | Exception]:
        records = [each.record for each in group]
        keys = [_idempotency(record) for record in records]
        query = select(events).where(events.c.idempotency.in_(keys))
        known = {row.idempotency: event_of(row) for row in connection.execute(query)}
        predicted = select(predictions.c.prediction_id)
        ids = [record.prediction_id for record in records]
        there = set(connection.scalars(predicted.where(predictions.c.prediction_id.in_(ids))))
        at = self._now()
        fresh: dict[str, Attributed] = {}
        results: list[tuple[str, bool] | Exception] = []
        for each, key in zip(group, keys, strict=True):
            try:
                check(each.record)
                if each.record.prediction_id not in there:
                    raise UnknownPrediction(each.record.prediction_id)
                _check_undo(connection, each.record)
            except AuditingError as refusal:
                results.append(refusal)
                continue
            results.append((key, key in known or key in fresh))
            fresh.setdefault(key, each)
        fresh = {key: each for key, each in fresh.items() if key not in known}
        rows = [self._row(each.record, key, at) for key, each in fresh.items()]
        for seq, row in zip(append(connection, "events", rows), rows, strict=True):
            known[row["idempotency"]] = _event({**row, "seq": seq})
        append(connection, "accesses", [_access(known[key], each.by) for key, each in fresh.items()])
        return [
            result if isinstance(result, Exception) else Appended(known[result[0]], result[1]) for result in results
        ]

    def _row(self, record: Outcome | Review, key: str, at: datetime) -> dict[str, Any]:
        note = self._mask(record.note)
        body = {name: self._mask(value) if isinstance(value, str) else value for name, value in record.body.items()}
        return {
            "at": at,
            "kind": record.kind.value,
            "status": record.status.value,
            "prediction_id": record.prediction_id,
            "ticket": record.prediction_id[:TICKET_LENGTH],
            "actor": record.actor,
            "office_code": record.office_code,
            "domain_code": record.domain_code,
            "reason_code": record.reason_code,
            "note": note,
            "note_digest": digest(note),
            "occurred_at": record.occurred_at,
            "idempotency": key,
            "body": orjson.dumps(body).decode(),
        }


def event_of(row: Row[Any]) -> Event:
    """Read an event from its row."""
    return _event(dict(row._mapping))  # noqa: SLF001 - SQLAlchemy's public name for it


def _event(row: Mapping[str, Any]) -> Event:
    return Event(
        seq=row["seq"],
        at=row["at"],
        kind=Kind(row["kind"]),
        status=status_of(row["kind"], row["status"]),
        prediction_id=row["prediction_id"],
        ticket=row["ticket"],
        actor=row["actor"],
        occurred_at=row["occurred_at"],
        office_code=row["office_code"],
        domain_code=row["domain_code"],
        reason_code=row["reason_code"],
        note=row["note"],
        body=orjson.loads(row["body"]),
    )


def _access(event: Event, by: str) -> Mapping[str, Any]:
    return access_row(event.at, by, Action.CHANGE, event.prediction_id, f"{event.kind} {event.status} {event.seq}")


def _check_undo(connection: Connection, record: Outcome | Review) -> None:
    if not isinstance(record, Review) or record.undoes is None:
        return
    written = select(events.c.actor).where(
        events.c.seq == record.undoes, events.c.prediction_id == record.prediction_id
    )
    author = connection.scalar(written)
    if author is None:
        raise UnknownEvent(record.undoes)
    if not may_undo(record, author):
        raise MayNotRule(record.role, Role.LEAD)


def _idempotency(record: Outcome | Review) -> str:
    moment = record.occurred_at.astimezone(UTC).isoformat()
    parts = [record.kind.value, record.prediction_id, record.actor, record.status.value, moment]
    return digest(orjson.dumps(parts).decode())
