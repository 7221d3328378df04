"""The case log: predictions, the writer's turn, API keys.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the first version."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "predictions",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False),
        sa.Column("prediction_id", sa.String(64), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("ticket_id", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("content_digest", sa.String(64), nullable=False),
        sa.Column("model_name", sa.Text, nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("domain_code", sa.Text),
        sa.Column("domain_decision", sa.String(16)),
        sa.Column("domain_confidence", sa.Float),
        sa.Column("office_code", sa.Text),
        sa.Column("office_decision", sa.String(16)),
        sa.Column("office_confidence", sa.Float),
        sa.Column("complaint", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_predictions"),
        sa.UniqueConstraint("prediction_id", name="uq_predictions_prediction_id"),
        sqlite_autoincrement=True,
    )
    turn = op.create_table(
        "writer_turn",
        sa.Column("turn", sa.Integer, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("turn", name="pk_writer_turn"),
    )
    op.bulk_insert(turn, [{"turn": 1}])
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("revoked_at", moment),
        sa.PrimaryKeyConstraint("key_id", name="pk_api_keys"),
        sa.UniqueConstraint("token_hash", name="uq_api_keys_token_hash"),
    )


def downgrade() -> None:
    """Refuse: to go back would be to throw the log away."""
    raise NotImplementedError("the case log is append-only; restore a backup instead")
