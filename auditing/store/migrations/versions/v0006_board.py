"""The tri-colour board: one row per ticket, and how many there are of each kind.

The tables are derived and start empty; `auditing.board.book` fills them from the history.

Revision ID: 0006
Revises: 0005
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_IS_OPEN: dict[str, Any] = {"sqlite_where": sa.text("open = 1"), "postgresql_where": sa.text("open")}
_IS_CLOSED: dict[str, Any] = {"sqlite_where": sa.text("open = 0"), "postgresql_where": sa.text("NOT open")}


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "board_rows",
        sa.Column("ticket", sa.String(32), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("domain_code", sa.Text),
        sa.Column("suggested", sa.Text, nullable=False),
        sa.Column("office_code", sa.Text, nullable=False),
        sa.Column("urgency", sa.String(8), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("status_at", _MOMENT),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("due", _MOMENT),
        sa.Column("warn_at", _MOMENT),
        sa.Column("clocks", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("ticket", name="pk_board_rows"),
    )
    by_due = ["due", "seq", "warn_at", "office_code", "status", "urgency"]
    by_office = ["office_code", "due", "seq"]
    by_end = ["status_at", "seq", "office_code", "urgency"]
    op.create_index("ix_board_rows_due", "board_rows", by_due, **_IS_OPEN)
    op.create_index("ix_board_rows_office", "board_rows", by_office, **_IS_OPEN)
    op.create_index("ix_board_rows_closed", "board_rows", by_end, **_IS_CLOSED)
    op.create_table(
        "board_counts",
        sa.Column("office_code", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("urgency", sa.String(8), nullable=False),
        sa.Column("tickets", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("office_code", "status", "urgency", name="pk_board_counts"),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("board_counts")
    op.drop_table("board_rows")
