"""Accounts of people: who may look at cases, and in which role. Every change is in the access log.

An account is never deleted: the history names it.
"""

import secrets
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from auditing.errors import StoreUnavailable
from auditing.log.accesses import Action, access_row
from auditing.log.events import Role
from auditing.people.errors import NameUnfit, PersonKnown, UnknownPerson
from auditing.people.passwords import Passwords
from auditing.store.chain import append
from auditing.store.database import describe, writing
from auditing.store.schema_history import people, sessions

LONGEST_NAME = 64
"""Characters of a name."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account. `name` stands in the history as the actor, `person_id` in the access log."""

    person_id: str
    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None

    @property
    def is_senior(self) -> bool:
        """Whether this person may give final rulings and read the access log."""
        return self.role in (Role.LEAD, Role.ADMIN)


class People:
    """The accounts in the store of `engine`. Every method raises StoreUnavailable where the store fails."""

    def __init__(
        self, engine: Engine, passwords: Passwords, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._engine = engine
        self._passwords = passwords
        self._now = now

    def add(self, name: str, password: str, role: Role, by: str) -> Person:
        """Make an account; `by` is who makes it.

        Raises:
            NameUnfit, PersonKnown, PasswordUnfit: each names the way out.

        """
        name = written(name)
        if not _is_fit(name):
            raise NameUnfit(LONGEST_NAME)
        person = Person(f"u_{secrets.token_hex(6)}", name, role, self._now(), None)
        row = {
            "person_id": person.person_id,
            "name": name,
            "password_hash": self._passwords.hash(password, name),
            "role": role.value,
            "created_at": person.created_at,
        }
        try:
            with writing(self._engine) as connection:
                if connection.scalar(select(people.c.person_id).where(people.c.name == name)) is not None:
                    raise PersonKnown(name)
                connection.execute(insert(people), row)
                self._note(connection, by, f"person added {person.person_id} {role}")
        except SQLAlchemyError as error:
            raise StoreUnavailable(describe(error)) from error
        return person

    def list(self) -> tuple[Person, ...]:
        """Give everybody, by name, disabled accounts too."""
        try:
            with self._engine.connect() as connection:
                return tuple(map(person_of, connection.execute(select(people).order_by(people.c.name))))
        except SQLAlchemyError as error:
            raise StoreUnavailable(describe(error)) from error

    def disable(self, name: str, by: str) -> Person:
        """Let this person in no more, and end the sessions that are open. Raises UnknownPerson."""
        return self._change(name, by, "disabled", lambda row: {"disabled_at": row.disabled_at or self._now()})

    def set_password(self, name: str, password: str, by: str) -> Person:
        """Give this person another password, end the sessions that are open, and undo a disablement.

        Raises:
            UnknownPerson, PasswordUnfit: each names the way out.

        """
        hashed = self._passwords.hash(password, name)
        return self._change(name, by, "password set", lambda _: {"password_hash": hashed, "disabled_at": None})

    def set_role(self, name: str, role: Role, by: str) -> Person:
        """Give this person another role; sessions that are open have it from their next request on.

        Raises:
            UnknownPerson: there is none of this name.

        """
        return self._change(name, by, f"role {role}", lambda _: {"role": role.value}, end_sessions=False)

    def _change(
        self,
        name: str,
        by: str,
        what: str,
        values: Callable[[Row[Any]], Mapping[str, Any]],
        *,
        end_sessions: bool = True,
    ) -> Person:
        this = people.c.name == written(name)
        try:
            with writing(self._engine) as connection:
                row = connection.execute(select(people).where(this)).one_or_none()
                if row is None:
                    raise UnknownPerson(name, connection.scalars(select(people.c.name).order_by(people.c.name)))
                connection.execute(update(people).where(this).values(**values(row)))
                if end_sessions:
                    open_ones = (sessions.c.person_id == row.person_id) & sessions.c.ended_at.is_(None)
                    connection.execute(update(sessions).where(open_ones).values(ended_at=self._now()))
                self._note(connection, by, f"person {what} {row.person_id}")
                return person_of(connection.execute(select(people).where(this)).one())
        except SQLAlchemyError as error:
            raise StoreUnavailable(describe(error)) from error

    def _note(self, connection: Connection, by: str, detail: str) -> None:
        append(connection, "accesses", [access_row(self._now(), by, Action.CHANGE, None, detail)])


def person_of(row: Row[Any]) -> Person:
    """Read a person from a row with the columns of `people`."""
    return Person(row.person_id, row.name, Role(row.role), row.created_at, row.disabled_at)


def written(name: str) -> str:
    """Give a name as it is stored, however it was typed."""
    return unicodedata.normalize("NFKC", name).strip()


def _is_fit(name: str) -> bool:
    # a colon sets actors of intake systems apart (`office:O04`)
    return 1 <= len(name) <= LONGEST_NAME and ":" not in name and name.isprintable()
