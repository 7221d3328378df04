"""The charters of a bureau: every version that was handed in, which was in force when, and who decided that and why.

Versions and changes are only ever added. Where nothing was activated the demo charter is in force, as version "demo".
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, Row, Table, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from auditing.cases.rows import CHINA
from auditing.charters.errors import ChangeUnexplained, CharterChanged, CharterRefused, NoEarlierCharter, UnknownCharter
from auditing.errors import StoreUnavailable
from auditing.log.accesses import NOBODY, Action, access_row
from auditing.store.chain import append
from auditing.store.database import describe, writing
from auditing.store.schema_charters import charter_changes, charters
from models.charter.articles import Charter
from models.charter.checking import check
from models.charter.demo import DEMO as DEMO_FILE
from models.charter.demo import demo_charter
from models.charter.reading import read_charter, text_of
from models.charter.route import CharterVersion
from models.history import Change, ChangeKind, next_moment, previous_champion

DEMO = 0
"""The number of the demo charter, which is shipped."""


class CharterChangeKind(StrEnum):
    """How the charter in force came to change."""

    ACTIVATE = "activate"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class StoredCharter:
    """A charter as it was handed in: its YAML, by whom and why. `at` is None for the demo."""

    number: int
    digest: str
    name: str
    text: str
    actor: str
    note: str
    at: datetime | None

    @property
    def version(self) -> CharterVersion:
        """What predictions call it."""
        return CharterVersion(self.name, version_of(self.number))

    def read(self) -> Charter:
        """Read it. Raises CharterUnreadable."""
        return demo_charter() if self.number == DEMO else read_charter(self.text, self.name)


@dataclass(frozen=True, slots=True)
class CharterChange:
    """One change of the charter in force, from number `previous` to `number`; `at` is timezone-aware (UTC)."""

    seq: int
    at: datetime
    kind: CharterChangeKind
    actor: str
    reason: str
    previous: int
    number: int


class CharterBook:
    """The charters in the store of `engine`, whose schema is there. `now` tells the time.

    Every method raises StoreUnavailable where the store fails. actor: the name that the history shows; by: the id in the
    access log, where it is another. after: number of the change that whoever changes it has seen last, 0 for none.
    """

    def __init__(self, engine: Engine, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now

    def put(self, text: str, actor: str, note: str = "", *, by: str = "") -> StoredCharter:
        """Keep a charter, which need not be without errors yet; the same text again is the version that is there.

        Raises:
            CharterUnreadable: it is no charter at all.

        """
        charter = read_charter(text)
        try:
            with writing(self._engine) as connection:
                known = connection.execute(select(charters).where(charters.c.digest == charter.digest)).one_or_none()
                if known is not None:
                    return _stored(known)
                number = (connection.scalar(select(func.max(charters.c.number))) or DEMO) + 1
                stored = StoredCharter(number, charter.digest, charter.name, text, actor, note, self._now())
                connection.execute(insert(charters), _row(stored, charters))
                self._note(connection, by or actor, f"charter kept {number} {charter.digest}")
        except SQLAlchemyError as error:
            raise StoreUnavailable(describe(error)) from error
        return stored

    def activate(
        self,
        number: int,
        actor: str,
        reason: str,
        at: datetime | None = None,
        *,
        after: int | None = None,
        by: str = "",
    ) -> CharterChange:
        """Put a charter into force, as of now or of `at`, but after the last change whatever the clocks say.

        Raises:
            UnknownCharter, ChangeUnexplained: each names the way out.
            CharterChanged: `after` is given, and the last change is another one.
            CharterRefused: its check finds errors.

        """
        moment = at or self._now()
        stored = self.get(number)
        # before the turn is taken: what was handed in does not change
        errors = [each for each in check(stored.read(), moment.astimezone(CHINA).date()) if each.severity == "error"]
        if errors:
            raise CharterRefused(stored.name, errors)
        return self._change(CharterChangeKind.ACTIVATE, actor, reason, moment, lambda _: number, after, by)

    def rollback(self, actor: str, reason: str, *, after: int | None = None, by: str = "") -> CharterChange:
        """Put the charter before into force again; each rollback goes one activation further back, at last to the demo.

        It was in force, so it is not checked anew.

        Raises:
            NoEarlierCharter, ChangeUnexplained: each names the way out.
            CharterChanged: `after` is given, and the last change is another one.

        """
        return self._change(CharterChangeKind.ROLLBACK, actor, reason, self._now(), _before, after, by)

    def get(self, number: int) -> StoredCharter:
        """Give a version. Raises UnknownCharter."""
        with self._reading() as connection:
            return _find(connection, number)

    def named(self, version: CharterVersion) -> StoredCharter:
        """Give the version that a prediction names. Raises UnknownCharter."""
        return self.get(DEMO if version.version == version_of(DEMO) else int(version.version))

    def active(self, at: datetime | None = None) -> StoredCharter:
        """Give the charter that is in force, or that was `at` a moment (timezone-aware)."""
        with self._reading() as connection:
            return _find(connection, _number_at(connection, at))

    def active_number(self) -> int:
        """Tell which number is in force now, without the charter itself."""
        with self._reading() as connection:
            return _number_at(connection, None)

    def versions(self) -> tuple[StoredCharter, ...]:
        """Give every version that was handed in, oldest first."""
        with self._reading() as connection:
            return tuple(map(_stored, connection.execute(select(charters).order_by(charters.c.number))))

    def history(self) -> tuple[CharterChange, ...]:
        """List every change, oldest first."""
        with self._reading() as connection:
            return _changes(connection)

    def _change(
        self,
        kind: CharterChangeKind,
        actor: str,
        reason: str,
        moment: datetime,
        choose: Callable[[Sequence[CharterChange]], int],
        after: int | None,
        by: str,
    ) -> CharterChange:
        if not reason.strip():
            raise ChangeUnexplained
        try:
            # one at a time: what this change replaces is what is in force until it is committed
            with writing(self._engine) as connection:
                changes = _changes(connection)
                last = changes[-1] if changes else None
                if after is not None and after != (last.seq if last else 0):
                    raise CharterChanged(last.actor if last else "–")
                change = CharterChange(
                    seq=last.seq + 1 if last else 1,
                    at=next_moment([_as_promotion(last)] if last else [], moment.astimezone(UTC)),
                    kind=kind,
                    actor=actor,
                    reason=reason,
                    previous=last.number if last else DEMO,
                    number=choose(changes),
                )
                connection.execute(insert(charter_changes), _row(change, charter_changes))
                digest = _find(connection, change.number).digest
                self._note(connection, by or actor, f"charter {kind} {change.previous} {change.number} {digest}")
        except SQLAlchemyError as error:
            raise StoreUnavailable(describe(error)) from error
        return change

    def _note(self, connection: Connection, actor: str, detail: str) -> None:
        append(connection, "accesses", [access_row(self._now(), actor or NOBODY, Action.CHANGE, None, detail)])

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreUnavailable(describe(error)) from error


def version_of(number: int) -> str:
    """Give the version by which predictions know the charter of this number."""
    return "demo" if number == DEMO else str(number)


def _number_at(connection: Connection, at: datetime | None) -> int:
    query = select(charter_changes.c.number).order_by(charter_changes.c.seq.desc()).limit(1)
    if at is not None:
        query = query.where(charter_changes.c.at <= at)
    number: int | None = connection.scalar(query)
    return DEMO if number is None else number


def _find(connection: Connection, number: int) -> StoredCharter:
    if number == DEMO:
        demo = demo_charter()
        return StoredCharter(DEMO, demo.digest, demo.name, text_of(DEMO_FILE.read_bytes()), "", "", None)
    row = connection.execute(select(charters).where(charters.c.number == number)).one_or_none()
    if row is None:
        raise UnknownCharter(number, connection.scalars(select(charters.c.number).order_by(charters.c.number)))
    return _stored(row)


def _changes(connection: Connection) -> tuple[CharterChange, ...]:
    rows = connection.execute(select(charter_changes).order_by(charter_changes.c.seq))
    return tuple(
        CharterChange(row.seq, row.at, CharterChangeKind(row.kind), row.actor, row.reason, row.previous, row.number)
        for row in rows
    )


def _row(value: StoredCharter | CharterChange, table: Table) -> dict[str, Any]:
    return {column.name: getattr(value, column.name) for column in table.c}


def _stored(row: Row[Any]) -> StoredCharter:
    return StoredCharter(row.number, row.digest, row.name, row.text, row.actor, row.note, row.at)


def _before(changes: Sequence[CharterChange]) -> int:
    if not changes or changes[-1].number == DEMO:
        raise NoEarlierCharter
    # the demo is at the bottom of every history
    line = [Change(datetime.min.replace(tzinfo=UTC), ChangeKind.PROMOTE, "", "", None, DEMO)]
    before = previous_champion([*line, *map(_as_promotion, changes)], changes[-1].number)
    if before is None:
        raise NoEarlierCharter
    return before


def _as_promotion(change: CharterChange) -> Change:
    kind = ChangeKind.PROMOTE if change.kind is CharterChangeKind.ACTIVATE else ChangeKind.ROLLBACK
    return Change(change.at, kind, change.actor, change.reason, change.previous, change.number)
