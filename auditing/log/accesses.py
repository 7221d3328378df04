"""The access log: who saw, exported or changed which case, and who came in. Chained like the rest of the history.

What cannot be written down must not be shown: record the access first, then give the case.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from auditing.errors import StoreUnavailable
from auditing.store.chain import append
from auditing.store.database import describe, writing
from auditing.store.schema_history import accesses

NOBODY = "local"
"""Who acts where no key and no account is needed: on a loopback address, or at the command line."""


class Action(StrEnum):
    """What somebody did, or was refused."""

    VIEW = "view"
    SEARCH = "search"
    EXPORT = "export"
    CHANGE = "change"
    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    REFUSED = "refused"
    RETAIN = "retain"


@dataclass(frozen=True, slots=True)
class Access:
    """One entry: `who` is the id of a person or a key; `detail` says more, never in the words of a complaint."""

    seq: int
    at: datetime
    who: str
    action: Action
    prediction_id: str | None
    detail: str


class AccessLog:
    """The access log in the store of `engine`; blocking, so call it off the event loop."""

    def __init__(self, engine: Engine, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now

    def record(self, who: str, action: Action, prediction_id: str | None = None, detail: str = "") -> None:
        """Write one access down. Raises StoreUnavailable."""
        try:
            with writing(self._engine) as connection:
                append(connection, "accesses", [access_row(self._now(), who, action, prediction_id, detail)])
        except (SQLAlchemyError, OSError) as error:
            raise StoreUnavailable(describe(error)) from error

    def of_prediction(self, prediction_id: str) -> tuple[Access, ...]:
        """Give every access to one prediction, oldest first. Raises StoreUnavailable."""
        query = select(accesses).where(accesses.c.prediction_id == prediction_id).order_by(accesses.c.seq)
        return self._read(query)

    def latest(self, count: int = 100, before: int | None = None) -> tuple[Access, ...]:
        """Give the last `count` accesses, newest first, or those before number `before`. Raises StoreUnavailable."""
        query = select(accesses).order_by(accesses.c.seq.desc()).limit(count)
        return self._read(query if before is None else query.where(accesses.c.seq < before))

    def _read(self, query: Any) -> tuple[Access, ...]:
        try:
            with self._engine.connect() as connection:
                return tuple(
                    Access(row.seq, row.at, row.who, Action(row.action), row.prediction_id, row.detail)
                    for row in connection.execute(query)
                )
        except SQLAlchemyError as error:
            raise StoreUnavailable(describe(error)) from error


def access_row(
    at: datetime, who: str, action: Action, prediction_id: str | None = None, detail: str = ""
) -> Mapping[str, Any]:
    """Make the row of an access, for a transaction that holds more than it."""
    return {"at": at, "who": who, "action": action.value, "prediction_id": prediction_id, "detail": detail}


def retained_before(connection: Connection) -> datetime | None:
    """Before which moment texts may be missing: the latest that a retention run recorded, or None where none did."""
    details = connection.scalars(select(accesses.c.detail).where(accesses.c.action == Action.RETAIN.value))
    return max(map(datetime.fromisoformat, details), default=None)
