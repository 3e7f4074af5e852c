"""Events that were told to the server, and the answers given to requests that may be repeated."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("place", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("told_as", sa.String(30), nullable=False),
        sa.Column("event_id", sa.String(200), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.String(200), nullable=False),
        sa.Column("occurred_at", sa.BigInteger()),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("place", name="pk_events"),
        sa.UniqueConstraint("told_as", "event_id", "version", name="uq_events_told_as"),
    )
    op.create_index("ix_events_customer_id", "events", ["customer_id", "place"])
    op.create_index("ix_events_told_as", "events", ["told_as", "occurred_at"])
    head = op.create_table(
        "events_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events_head"),
    )
    op.bulk_insert(head, [{"id": 1, "place": 0}])
    op.create_table(
        "answered",
        sa.Column("asker", sa.String(32), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("asker", "key", name="pk_answered"),
    )
    op.create_index("ix_answered_at", "answered", ["at"])


def downgrade() -> None:
    for name in ("answered", "events_head", "events"):
        op.drop_table(name)
