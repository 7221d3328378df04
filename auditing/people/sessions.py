"""Sessions of people at the console: begun with a password, known by a random token, ended by time or by hand.

The store has hashes of tokens only. Tokens are 32 random bytes, so a fast hash protects them (see auditing/people/keys.py). The
token against forged requests is derived from the session's, so that whoever shows a form need not keep it, and its hash
is kept, so that whoever reads one needs nothing else.
"""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b, sha256
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from auditing.errors import StoreUnavailable
from auditing.log.accesses import Action, access_row
from auditing.people.accounts import LONGEST_NAME, Person, person_of, written
from auditing.people.errors import SignInRefused, SignInSlowed
from auditing.people.passwords import Passwords
from auditing.store.chain import append
from auditing.store.database import describe, writing
from auditing.store.schema_history import people, sessions, sign_in_failures

IDLE = timedelta(hours=1)
"""A session ends when nothing is asked for so long."""
LONGEST = timedelta(hours=12)
"""A session ends so long after it began."""
FREE_ATTEMPTS = 3
"""Failed attempts before the next one has to wait: 1 second, then twice as long each time."""
LONGEST_WAIT = 60
"""Seconds; for longer, somebody else could keep a person out."""

_FORGOTTEN = timedelta(days=1)
_NOTED_EVERY = timedelta(minutes=1)
_STRANGER = "stranger"
"""Who is in the access log where a name has no account; what was typed may be a password, and is not kept."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is open, whose it is, and the token that its forms must carry."""

    person: Person
    token: str = field(repr=False)
    csrf: str = field(repr=False)
    csrf_hash: str

    def is_meant(self, given: str) -> bool:
        """Whether a form that carries `given` came from a page of this session."""
        return hmac.compare_digest(_hash(given), self.csrf_hash)


class Sessions:
    """The sessions in the store of `engine`. `key` keeps names that failed unreadable; `now` tells the time.

    Every method raises StoreUnavailable where the store fails.
    """

    def __init__(
        self,
        engine: Engine,
        passwords: Passwords,
        key: bytes,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self._passwords = passwords
        self._key = key
        self._now = now

    def sign_in(self, name: str, password: str, replaced: str | None = None) -> Session:
        """Begin a session with a fresh token; the one with the token `replaced` ends.

        Raises:
            SignInSlowed: too many attempts with this name; the password was not looked at.
            SignInRefused: any other reason. All attempts that were looked at are in the access log.

        """
        name = written(name)[: LONGEST_NAME + 1]
        digest = blake2b(name.casefold().encode(), digest_size=16, key=self._key, person=b"sign-in").hexdigest()
        try:
            with writing(self._engine) as connection:
                # counted before the password is looked at: attempts at the same time are not free
                slowed = self._count(connection, digest)
                row = connection.execute(select(people).where(people.c.name == name)).one_or_none()
            if slowed:
                raise SignInSlowed(slowed)
            fits = self._passwords.fits(row.password_hash if row is not None else None, password)
            with writing(self._engine) as connection:
                if row is None or not fits or row.disabled_at is not None:
                    who = row.person_id if row is not None else _STRANGER
                    self._note(connection, who, Action.REFUSED, "sign_in")
                else:
                    connection.execute(delete(sign_in_failures).where(sign_in_failures.c.name_digest == digest))
                    if self._passwords.is_dated(row.password_hash):
                        hashed = self._passwords.hash_again(password)
                        connection.execute(
                            update(people).where(people.c.person_id == row.person_id).values(password_hash=hashed)
                        )
                    return self._begin(connection, person_of(row), replaced)
        except SQLAlchemyError as error:
            raise StoreUnavailable(describe(error)) from error
        raise SignInRefused

    def find(self, token: str) -> Session | None:
        """Give the open session of `token`, and keep it open for another while; None where there is none."""
        hashed, now = _hash(token), self._now()
        query = (
            select(people, sessions.c.csrf_hash, sessions.c.last_seen_at)
            .join(sessions, sessions.c.person_id == people.c.person_id)
            .where(
                sessions.c.token_hash == hashed,
                sessions.c.ended_at.is_(None),
                sessions.c.expires_at > now,
                sessions.c.last_seen_at > now - IDLE,
                people.c.disabled_at.is_(None),
            )
        )
        try:
            with self._engine.connect() as connection:
                row = connection.execute(query).one_or_none()
            if row is None:
                return None
            if now - row.last_seen_at > _NOTED_EVERY:
                with writing(self._engine) as connection:
                    connection.execute(update(sessions).where(_is(hashed)).values(last_seen_at=now))
        except SQLAlchemyError as error:
            raise StoreUnavailable(describe(error)) from error
        return _session(row, token, row.csrf_hash)

    def sign_out(self, session: Session) -> None:
        """End a session."""
        try:
            with writing(self._engine) as connection:
                self._end(connection, session.token)
                self._note(connection, session.person.person_id, Action.SIGN_OUT)
        except SQLAlchemyError as error:
            raise StoreUnavailable(describe(error)) from error

    def _begin(self, connection: Connection, person: Person, replaced: str | None) -> Session:
        if replaced:
            self._end(connection, replaced)
        token, now = secrets.token_urlsafe(32), self._now()
        csrf_hash = _hash(_csrf(token))
        row = {
            "token_hash": _hash(token),
            "person_id": person.person_id,
            "csrf_hash": csrf_hash,
            "created_at": now,
            "last_seen_at": now,
            "expires_at": now + LONGEST,
        }
        connection.execute(insert(sessions), row)
        connection.execute(delete(sessions).where(sessions.c.expires_at < now - _FORGOTTEN))
        self._note(connection, person.person_id, Action.SIGN_IN)
        return Session(person, token, _csrf(token), csrf_hash)

    def _end(self, connection: Connection, token: str) -> None:
        open_one = _is(_hash(token)) & sessions.c.ended_at.is_(None)
        connection.execute(update(sessions).where(open_one).values(ended_at=self._now()))

    def _count(self, connection: Connection, digest: str) -> int:
        """Count an attempt, or give the seconds that it has to wait."""
        now = self._now()
        connection.execute(delete(sign_in_failures).where(sign_in_failures.c.last_at < now - _FORGOTTEN))
        this = sign_in_failures.c.name_digest == digest
        row = connection.execute(select(sign_in_failures).where(this)).one_or_none()
        if row is None:
            connection.execute(insert(sign_in_failures).values(name_digest=digest, failures=1, last_at=now))
            return 0
        left = (row.last_at + timedelta(seconds=wait_after(row.failures)) - now).total_seconds()
        if left > 0:
            return max(1, int(left + 0.5))
        connection.execute(update(sign_in_failures).where(this).values(failures=row.failures + 1, last_at=now))
        return 0

    def _note(self, connection: Connection, who: str, action: Action, detail: str = "") -> None:
        append(connection, "accesses", [access_row(self._now(), who, action, None, detail)])


def wait_after(failures: int) -> int:
    """Give the seconds to wait after so many failed attempts in a row."""
    return 0 if failures < FREE_ATTEMPTS else min(LONGEST_WAIT, 2 ** min(failures - FREE_ATTEMPTS, 10))


def _session(row: Row[Any], token: str, csrf_hash: str) -> Session:
    return Session(person_of(row), token, _csrf(token), csrf_hash)


def _is(token_hash: str) -> Any:
    return sessions.c.token_hash == token_hash


def _hash(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _csrf(token: str) -> str:
    return _hash(f"csrf {token}")
