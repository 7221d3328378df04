"""What became of predictions: chained history, accesses, people, challengers' answers.

Revision ID: 0002
Revises: 0001
"""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_FIRST = "0" * 64
_AT_ONCE = 500
_MOMENT = sa.DateTime(timezone=True)
_SEQ = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# the order of auditing/store/chain.py at the time of this migration, which cannot change without breaking every chain
_COVERED = (
    "prediction_id", "source", "ticket_id", "revision", "content_digest", "model_name", "model_version", "created_at",
    "domain_code", "domain_decision", "domain_confidence", "office_code", "office_decision", "office_confidence",
)  # fmt: skip


def upgrade() -> None:
    """Make the tables, and chain the predictions that are there already."""
    # an empty default, because rows may be there; they are filled below
    for name in ("complaint_digest", "answer_digest", "chain"):
        op.add_column("predictions", sa.Column(name, sa.String(64), nullable=False, server_default=""))
    _make_chains()
    _make_people()
    op.create_table(
        "shadows",
        sa.Column("prediction_id", sa.String(64), nullable=False),
        sa.Column("model_name", sa.String(200), nullable=False),
        sa.Column("model_version", sa.String(64), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("domain_code", sa.Text),
        sa.Column("domain_confidence", sa.Float),
        sa.Column("office_code", sa.Text),
        sa.Column("office_confidence", sa.Float),
        sa.PrimaryKeyConstraint("prediction_id", "model_name", "model_version", name="pk_shadows"),
    )
    op.create_index("ix_shadows_at", "shadows", ["at"])


def _make_chains() -> None:
    length, link = _chain_predictions(op.get_bind())
    heads = op.create_table(
        "chain_heads",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("length", sa.BigInteger, nullable=False),
        sa.Column("link", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_chain_heads"),
    )
    op.bulk_insert(
        heads,
        [
            {"name": "predictions", "length": length, "link": link},
            {"name": "events", "length": 0, "link": _FIRST},
            {"name": "accesses", "length": 0, "link": _FIRST},
        ],
    )
    op.create_table(
        "events",
        sa.Column("seq", _SEQ, autoincrement=False, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("prediction_id", sa.String(64), nullable=False),
        sa.Column("ticket", sa.String(32), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("office_code", sa.Text),
        sa.Column("domain_code", sa.Text),
        sa.Column("reason_code", sa.String(16)),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("note_digest", sa.String(64), nullable=False),
        sa.Column("occurred_at", _MOMENT, nullable=False),
        sa.Column("idempotency", sa.String(64), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("chain", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
        sa.UniqueConstraint("idempotency", name="uq_events_idempotency"),
    )
    op.create_index("ix_events_prediction_id", "events", ["prediction_id"])
    op.create_index("ix_events_ticket", "events", ["ticket"])
    op.create_table(
        "accesses",
        sa.Column("seq", _SEQ, autoincrement=False, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("prediction_id", sa.String(64)),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("chain", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_accesses"),
    )
    op.create_index("ix_accesses_prediction_id", "accesses", ["prediction_id"])


def _make_people() -> None:
    op.create_table(
        "people",
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("disabled_at", _MOMENT),
        sa.PrimaryKeyConstraint("person_id", name="pk_people"),
        sa.UniqueConstraint("name", name="uq_people_name"),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("csrf_hash", sa.String(64), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("last_seen_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_person_id", "sessions", ["person_id"])


def _chain_predictions(connection: sa.Connection) -> tuple[int, str]:
    """Chain the rows in their order and give (how many, last link)."""
    known: list[sa.ColumnClause[Any]] = [
        sa.column("seq"),
        *(sa.column(name) for name in _COVERED if name != "created_at"),
    ]
    rows = sa.table("predictions", *known, *map(sa.column, ("complaint", "answer")), sa.column("created_at", _MOMENT))
    fill = sa.text("UPDATE predictions SET complaint_digest = :c, answer_digest = :a, chain = :link WHERE seq = :seq")
    length, link, last = 0, _FIRST, 0
    while True:
        some = connection.execute(
            sa.select(rows).where(rows.c.seq > last).order_by(rows.c.seq).limit(_AT_ONCE)
        ).fetchall()
        if not some:
            return length, link
        filled = []
        for row in some:
            digests = [sha256(text.encode()).hexdigest() for text in (row.complaint, row.answer)]
            values = [_plain(getattr(row, name)) for name in _COVERED]
            link = sha256(link.encode() + orjson.dumps(["predictions", *values, *digests])).hexdigest()
            filled.append({"c": digests[0], "a": digests[1], "link": link, "seq": row.seq})
        connection.execute(fill, filled)
        length, last = length + len(some), some[-1].seq


def _plain(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def downgrade() -> None:
    """Refuse: to go back would be to throw the history away."""
    raise NotImplementedError("the case log is append-only; restore a backup instead")
