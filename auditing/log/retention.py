"""After a set time texts go and digests stay, so that the history can still be verified.

Emptied are the complaint and the answer (which quotes it) of a prediction, and the notes of its events; codes,
confidences and who did what when remain. Every run is recorded first, in the access log: a text that is missing without
such a record is found by auditing/log/verify.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Engine, Table, select, update
from sqlalchemy.exc import SQLAlchemyError

from auditing.errors import RetentionTooShort, StoreUnavailable
from auditing.log.accesses import Action, access_row
from auditing.store.chain import DIGESTED, append
from auditing.store.database import describe, writing
from auditing.store.schema import predictions
from auditing.store.schema_history import events

_AT_ONCE: Final = 500

SHORTEST: Final = timedelta(days=1)
"""Texts younger than this are still being worked on."""


@dataclass(frozen=True, slots=True)
class Retained:
    """What a run did: texts from before `before` are gone, of so many predictions and events."""

    before: datetime
    predictions: int
    events: int


def retain(
    engine: Engine, keep: timedelta, by: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Retained:
    """Empty the texts that are older than `keep`, at the word of `by`; may be broken off and run again at any time.

    It writes in small portions, so that a running service gets its turn in between.

    Raises:
        RetentionTooShort: `keep` is less than `SHORTEST`.
        StoreUnavailable: the store failed; what was emptied before stays so, and is recorded.

    """
    if keep < SHORTEST:
        raise RetentionTooShort(keep.days, SHORTEST.days)
    at = now()
    before = at - keep
    try:
        with writing(engine) as connection:
            append(connection, "accesses", [access_row(at, by, Action.RETAIN, detail=before.isoformat())])
        emptied = Retained(
            before,
            _empty(engine, predictions, "created_at", before),
            _empty(engine, events, "at", before),
        )
        _forget(engine)
    except (SQLAlchemyError, OSError) as error:
        raise StoreUnavailable(describe(error)) from error
    return emptied


def _empty(engine: Engine, table: Table, written: str, before: datetime) -> int:
    texts: Mapping[str, str] = dict.fromkeys(DIGESTED[table.name], "")
    first = table.c[next(iter(texts))]
    total, last = 0, 0
    while True:
        old = (
            select(table.c.seq)
            .where(table.c.seq > last, table.c[written] < before, first != "")
            .order_by(table.c.seq)
            .limit(_AT_ONCE)
        )
        # found before the turn is taken: to look takes longer than to write
        with engine.connect() as connection:
            numbers = connection.scalars(old).all()
        if not numbers:
            return total
        with writing(engine) as connection:
            if connection.dialect.name == "sqlite":
                # or the file would keep what its pages no longer show
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
            connection.execute(update(table).where(table.c.seq.in_(numbers)).values(texts))
        total, last = total + len(numbers), numbers[-1]


def _forget(engine: Engine) -> None:
    """Have the emptied pages in the file, and not the full ones in the write-ahead log; a server vacuums by itself."""
    if engine.dialect.name == "sqlite":
        driver = engine.raw_connection()
        try:
            driver.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            driver.close()
