"""What reviewers' lists and figures are read from: cases, their dispatches, the index of texts alike.

The tables are derived and start empty; `auditing.cases.book` fills them from the history.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_SEQ = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _make_cases()
    op.create_table(
        "dispatches",
        sa.Column("ticket", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("office_code", sa.Text, nullable=False),
        sa.Column("received", sa.Boolean, nullable=False),
        sa.Column("returned", sa.Boolean, nullable=False),
        sa.Column("agreed", sa.Boolean, nullable=False),
        sa.Column("last", sa.Boolean, nullable=False),
        sa.Column("closed", sa.Boolean, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("week", sa.String(8), nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("domain_code", sa.Text),
        sa.Column("suggested_office", sa.Text),
        sa.PrimaryKeyConstraint("ticket", "number", name="pk_dispatches"),
    )
    op.create_index("ix_dispatches_created_at", "dispatches", ["created_at"])
    op.create_table(
        "case_bands",
        sa.Column("band", _SEQ, autoincrement=False, nullable=False),
        sa.Column("seq", _SEQ, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("band", "seq", name="pk_case_bands"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "case_marks",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("seq", _SEQ, nullable=False),
        sa.Column("at", _MOMENT),
        sa.PrimaryKeyConstraint("name", name="pk_case_marks"),
    )


def _make_cases() -> None:
    op.create_table(
        "cases",
        sa.Column("seq", _SEQ, autoincrement=False, nullable=False),
        sa.Column("prediction_id", sa.String(64), nullable=False),
        sa.Column("ticket", sa.String(32), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("week", sa.String(8), nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("domain_code", sa.Text),
        sa.Column("domain_confidence", sa.Float),
        sa.Column("domain_runner_up", sa.Float),
        sa.Column("office_code", sa.Text),
        sa.Column("office_confidence", sa.Float),
        sa.Column("office_runner_up", sa.Float),
        sa.Column("auto", sa.Boolean, nullable=False),
        sa.Column("first", sa.Boolean, nullable=False),
        sa.Column("latest", sa.Boolean, nullable=False),
        sa.Column("likeness", _SEQ, nullable=False),
        sa.Column("own_doubts", sa.Text, nullable=False),
        sa.Column("sampled", sa.Boolean, nullable=False),
        sa.Column("suspected", sa.Boolean, nullable=False),
        sa.Column("doubtful", sa.Boolean, nullable=False),
        sa.Column("returned", sa.Boolean, nullable=False),
        sa.Column("doubts", sa.Text, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("labelled", sa.Boolean, nullable=False),
        sa.Column("true_domain", sa.Text),
        sa.Column("true_office", sa.Text),
        sa.Column("true_source", sa.String(16)),
        sa.Column("wrong", sa.Float, nullable=False),
        sa.Column("uncertainty", sa.Float, nullable=False),
        sa.Column("alike", sa.Integer, nullable=False),
        sa.Column("value", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_cases"),
    )
    op.create_index("ix_cases_ticket", "cases", ["ticket"])
    op.create_index("ix_cases_created_at", "cases", ["created_at"])
    op.create_index(
        "ix_cases_queue",
        "cases",
        [sa.text("value DESC"), "seq", "doubts", "office_code", "domain_code", "model_version", "created_at"],
        sqlite_where=sa.text("open = 1"),
        postgresql_where=sa.text("open"),
    )
    op.create_index("ix_cases_likeness", "cases", ["likeness", "open", "labelled"])


def downgrade() -> None:
    """Drop the tables: nothing stands in them that the history does not say."""
    for name in ("case_marks", "case_bands", "dispatches", "cases"):
        op.drop_table(name)
