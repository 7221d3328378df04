"""API keys for machines: shown once, stored as a hash.

A token is 32 random bytes. Nobody can try 2^256 of them, so a fast hash (SHA-256) protects it as well as a slow one
would, and costs a request a microsecond; slow hashes are for passwords, which people choose. For the same reason the
look-up by hash needs no constant-time comparison: to learn about a hash helps nobody to its token.
"""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import Engine, Row, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from auditing.errors import StoreUnavailable
from auditing.people.errors import UnknownKey, UnknownScope
from auditing.store.database import describe, writing
from auditing.store.schema import api_keys

TOKEN_PREFIX = "pd_"  # noqa: S105
"""How every token begins, so that people and secret scanners recognise one."""


class Scope(StrEnum):
    """What a key may do: ask for predictions, tell what became of them, read cases, change keys and models."""

    PREDICT = "predict"
    OUTCOME = "outcome"
    REVIEW = "review"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as the store knows it; its token is not among that."""

    key_id: str
    label: str
    scopes: frozenset[Scope]
    created_at: datetime
    revoked_at: datetime | None

    def allows(self, scope: Scope) -> bool:
        """Whether the key may act in `scope`.

        An admin's may in every one, since it could make itself a key for it. Who may ask for predictions may tell what
        became of them; an office's system may tell that and nothing else.
        """
        if scope is Scope.OUTCOME and Scope.PREDICT in self.scopes:
            return True
        return scope in self.scopes or Scope.ADMIN in self.scopes


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made just now, with the token that is never shown again."""

    key: ApiKey
    token: str = field(repr=False)


class KeyRing:
    """The keys in the store of `engine`.

    What `authenticate` finds is remembered for `remember` seconds, so long may a revoked key still be taken by another
    process; `tick` is the clock for that. At most `longest_memory` tokens are remembered.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        remember: float = 5.0,
        longest_memory: int = 1024,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._remember = remember
        self._longest_memory = longest_memory
        self._now = now
        self._tick = tick
        self._memory: OrderedDict[bytes, tuple[float, ApiKey | None]] = OrderedDict()
        self._lock = threading.Lock()

    def create(self, label: str, scopes: Iterable[str]) -> NewKey:
        """Make a key for `scopes`, at least one.

        Raises:
            UnknownScope: no or another scope than those of `Scope`.
            StoreUnavailable: the store cannot be written.

        """
        token = TOKEN_PREFIX + secrets.token_urlsafe(32)
        key = ApiKey(f"k_{secrets.token_hex(6)}", label, _parse_scopes(scopes), self._now(), None)
        row = {
            "key_id": key.key_id,
            "token_hash": sha256(token.encode()).hexdigest(),
            "label": label,
            "scopes": " ".join(sorted(key.scopes)),
            "created_at": key.created_at,
        }
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(api_keys), row)
        except SQLAlchemyError as error:
            raise StoreUnavailable(describe(error)) from error
        return NewKey(key, token)

    def list(self) -> tuple[ApiKey, ...]:
        """Give all keys, oldest first, revoked ones too. Raises StoreUnavailable."""
        try:
            with self._engine.connect() as connection:
                return tuple(map(_key, connection.execute(select(api_keys).order_by(api_keys.c.created_at))))
        except SQLAlchemyError as error:
            raise StoreUnavailable(describe(error)) from error

    def revoke(self, key_id: str) -> ApiKey:
        """Take the key back; one that is revoked already stays as it is.

        Raises:
            UnknownKey: there is none with this id.
            StoreUnavailable: the store cannot be written.

        """
        try:
            with writing(self._engine) as connection:
                connection.execute(
                    update(api_keys)
                    .where(api_keys.c.key_id == key_id, api_keys.c.revoked_at.is_(None))
                    .values(revoked_at=self._now())
                )
                row = connection.execute(select(api_keys).where(api_keys.c.key_id == key_id)).one_or_none()
        except SQLAlchemyError as error:
            raise StoreUnavailable(describe(error)) from error
        if row is None:
            raise UnknownKey(key_id, (key.key_id for key in self.list()))
        with self._lock:
            self._memory.clear()
        return _key(row)

    def recall(self, token: str) -> tuple[bool, ApiKey | None]:
        """Look `token` up in memory, without the store: (whether it is remembered, its key or None if it has none)."""
        known = self._memory.get(_hash(token))
        if known is None or known[0] < self._tick():
            return False, None
        return True, known[1]

    def authenticate(self, token: str) -> ApiKey | None:
        """Give the key of `token`, or None if there is none or it is revoked. Reads the store where memory fails.

        Raises:
            StoreUnavailable: the store cannot be read.

        """
        remembered, key = self.recall(token)
        if remembered:
            return key
        digest = _hash(token)
        try:
            with self._engine.connect() as connection:
                row = connection.execute(select(api_keys).where(api_keys.c.token_hash == digest.hex())).one_or_none()
        except SQLAlchemyError as error:
            raise StoreUnavailable(describe(error)) from error
        key = _key(row) if row is not None and row.revoked_at is None else None
        with self._lock:
            self._memory[digest] = (self._tick() + self._remember, key)
            self._memory.move_to_end(digest)
            while len(self._memory) > self._longest_memory:
                self._memory.popitem(last=False)
        return key


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def _parse_scopes(scopes: Iterable[str]) -> frozenset[Scope]:
    asked = tuple(scopes)
    for scope in asked or ("",):
        if scope not in tuple(Scope):
            raise UnknownScope(scope, tuple(Scope))
    return frozenset(map(Scope, asked))


def _key(row: Row[tuple[object, ...]]) -> ApiKey:
    return ApiKey(row.key_id, row.label, frozenset(map(Scope, row.scopes.split())), row.created_at, row.revoked_at)
