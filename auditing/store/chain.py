"""Hash chains: each row of the history carries a digest of itself and of the row before it.

A link is SHA-256 over the link before it (64 hexadecimal digits, ASCII) and the row's canonical bytes: a JSON array,
without blanks, of the chain's name and the values of the columns in `COVERED`, in that order; moments in UTC as
ISO 8601. The first row follows `FIRST`. Long texts are covered by their digests, so that retention may empty them.

The order of rows is their `seq`. `chain_heads` has each chain's length and last link, written with every append:
without it, rows missing at the end would leave no trace. Whoever can rewrite the whole database can also rewrite every
link after the change; against that, write the heads that `paidan audit verify` prints down somewhere else, and have
them compared (auditing/log/verify.py).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, Table, insert, select, update

from auditing.store.schema import predictions
from auditing.store.schema_history import accesses, chain_heads, events

FIRST = "0" * 64
"""What the first row of a chain follows."""

CHAINS: Mapping[str, Table] = {table.name: table for table in (predictions, events, accesses)}
"""The chained tables by name."""

COVERED: Mapping[str, tuple[str, ...]] = {
    "predictions": (
        "prediction_id",
        "source",
        "ticket_id",
        "revision",
        "content_digest",
        "model_name",
        "model_version",
        "created_at",
        "domain_code",
        "domain_decision",
        "domain_confidence",
        "office_code",
        "office_decision",
        "office_confidence",
        "complaint_digest",
        "answer_digest",
    ),
    "events": (
        "at",
        "kind",
        "status",
        "prediction_id",
        "ticket",
        "actor",
        "office_code",
        "domain_code",
        "reason_code",
        "note_digest",
        "occurred_at",
        "idempotency",
        "body",
    ),
    "accesses": ("at", "who", "action", "prediction_id", "detail"),
}
"""The columns that a chain's links cover, in their order; it cannot change without breaking every chain."""

DIGESTED: Mapping[str, Mapping[str, str]] = {
    "predictions": {"complaint": "complaint_digest", "answer": "answer_digest"},
    "events": {"note": "note_digest"},
    "accesses": {},
}
"""The texts that are covered by a digest, and the column of the digest."""


class Head(NamedTuple):
    """Where a chain ends: how many rows it has, and the link of the last one."""

    length: int
    link: str


def digest(text: str) -> str:
    """SHA-256 of `text` in UTF-8, hexadecimal."""
    return sha256(text.encode()).hexdigest()


def canonical(chain: str, values: Sequence[Any]) -> bytes:
    """Make the bytes that stand for a row: `values` of the columns `COVERED[chain]`, moments in UTC."""
    return orjson.dumps([chain, *values])


def follow(link: str, row: bytes) -> str:
    """Give the link of the canonical `row` that comes after `link`."""
    return sha256(link.encode() + row).hexdigest()


def read_head(connection: Connection, chain: str) -> Head:
    """Where `chain` ends now; call it with the writer's turn if a row is to follow."""
    row = connection.execute(
        select(chain_heads.c.length, chain_heads.c.link).where(chain_heads.c.name == chain)
    ).one_or_none()
    return Head(row.length, row.link) if row is not None else Head(0, FIRST)


def append(connection: Connection, chain: str, rows: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
    """Number, link and add `rows` to `events` or `accesses`; call it with the writer's turn. Gives their numbers.

    Predictions are many, and are linked by the case log itself (auditing/log/caselog.py).
    """
    length, link = read_head(connection, chain)
    numbers = range(length + 1, length + len(rows) + 1)
    linked = []
    for seq, row in zip(numbers, rows, strict=True):
        link = follow(link, canonical(chain, [_in_utc(row[column]) for column in COVERED[chain]]))
        linked.append({**row, "seq": seq, "chain": link})
    if linked:
        connection.execute(insert(CHAINS[chain]), linked)
        connection.execute(update(chain_heads).where(chain_heads.c.name == chain).values(length=numbers[-1], link=link))
    return tuple(numbers)


def _in_utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
