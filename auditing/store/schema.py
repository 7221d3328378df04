"""The tables of predictions and keys; auditing/store/schema_history.py has those of what became of them.

Rows are added, never changed, but for the day on which a key was revoked and the texts that retention empties.

The one index on `predictions` is the unique one on `prediction_id`. Its first part names the ticket and its second the
content, so that the same index answers "was this asked before?" and "how many contents has this ticket had?", and an
insert touches one random page however long the log is; everything else is appended at the end.
"""

from datetime import UTC, datetime

from sqlalchemy import BigInteger, Column, DateTime, Dialect, Float, Integer, MetaData, String, Table, Text
from sqlalchemy.types import TypeDecorator

HEAD = "0006"
"""The newest migration in auditing/store/migrations; a test holds the two equal."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: timezone-aware on both sides, UTC inside, also in stores that know no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware moment into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored; use datetime.now(UTC)")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment its time zone back."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

predictions = Table(
    "predictions",
    metadata,
    # SQLite counts rows only in a column of type INTEGER
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("prediction_id", String(64), nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("ticket_id", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("content_digest", String(64), nullable=False),
    Column("model_name", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("domain_code", Text),
    Column("domain_decision", String(16)),
    Column("domain_confidence", Float),
    Column("office_code", Text),
    Column("office_decision", String(16)),
    Column("office_confidence", Float),
    # JSON as text: it is stored as it is answered, byte for byte
    Column("complaint", Text, nullable=False),
    Column("answer", Text, nullable=False),
    # sha256 of the two texts as stored, and the link of the chain (auditing/store/chain.py)
    Column("complaint_digest", String(64), nullable=False, server_default=""),
    Column("answer_digest", String(64), nullable=False, server_default=""),
    Column("chain", String(64), nullable=False, server_default=""),
    # a deleted last row must leave a gap: its number is not given again
    sqlite_autoincrement=True,
)

IMMEDIATE = "paidan_immediate"
"""Execution option: begin the transaction with the writer's lock (SQLite)."""

writer_turn = Table(
    "writer_turn",
    metadata,
    # one row; to lock it is to have the turn, where the database has no lock for writers of its own
    Column("turn", Integer, primary_key=True, autoincrement=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", String(32), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("label", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
)
