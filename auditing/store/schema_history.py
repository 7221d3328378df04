"""The tables of what became of predictions: events, accesses, people, challengers' answers, and the heads of chains.

They share the metadata of auditing/store/schema.py. `events` and `accesses` are chained as `predictions` is (auditing/store/chain.py)
and numbered from 1 without gaps.
"""

from sqlalchemy import BigInteger, Column, Float, Integer, String, Table, Text

from auditing.store.schema import UtcDateTime, metadata

__all__ = ["accesses", "chain_heads", "events", "metadata", "people", "sessions", "shadows", "sign_in_failures"]

_SEQ = BigInteger().with_variant(Integer, "sqlite")

chain_heads = Table(
    "chain_heads",
    metadata,
    # one row per chain, written with each append: without it nobody would miss the last rows
    Column("name", String(16), primary_key=True),
    Column("length", BigInteger, nullable=False),
    Column("link", String(64), nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("seq", _SEQ, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("prediction_id", String(64), nullable=False, index=True),
    Column("ticket", String(32), nullable=False, index=True),
    Column("actor", Text, nullable=False),
    Column("office_code", Text),
    Column("domain_code", Text),
    Column("reason_code", String(16)),
    Column("note", Text, nullable=False),
    Column("note_digest", String(64), nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("idempotency", String(64), nullable=False, unique=True),
    # JSON, what has no column
    Column("body", Text, nullable=False),
    Column("chain", String(64), nullable=False),
)

accesses = Table(
    "accesses",
    metadata,
    Column("seq", _SEQ, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    # the id of a person or of a key
    Column("who", String(64), nullable=False),
    Column("action", String(16), nullable=False),
    Column("prediction_id", String(64), index=True),
    Column("detail", Text, nullable=False),
    Column("chain", String(64), nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("person_id", String(32), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    # argon2id, with its parameters and salt
    Column("password_hash", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("person_id", String(32), nullable=False, index=True),
    Column("csrf_hash", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    # keyed digest of the name that was typed: it may be a password in the wrong field
    Column("name_digest", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False, index=True),
)

shadows = Table(
    "shadows",
    metadata,
    # what a challenger would have answered; not chained, for nobody acts on it
    Column("prediction_id", String(64), primary_key=True),
    Column("model_name", String(200), primary_key=True),
    Column("model_version", String(64), primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("domain_code", Text),
    Column("domain_confidence", Float),
    Column("office_code", Text),
    Column("office_confidence", Float),
)
