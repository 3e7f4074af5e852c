"""Tables of reviews and overrides."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID, _NAME = sa.String(32), sa.String(100)


def upgrade() -> None:
    op.create_table(
        "overrides",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("customer_id", sa.String(200), nullable=False),
        sa.Column("field", sa.String(20), nullable=False),
        sa.Column("value", sa.String(40), nullable=False),
        sa.Column("published", sa.String(40), nullable=False),
        sa.Column("historic", sa.String(40), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("release", sa.String(100), nullable=False),
        sa.Column("as_of", sa.String(10), nullable=False),
        sa.Column("horizon_days", sa.Integer(), nullable=False),
        sa.Column("made_by", _NAME, nullable=False),
        sa.Column("made_by_id", _ID, nullable=False),
        sa.Column("person_behind", _NAME, nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("needs_second", sa.Boolean(), nullable=False),
        sa.Column("judged_by", _NAME),
        sa.Column("judged_at", sa.BigInteger()),
        sa.Column("judged_because", sa.Text()),
        sa.Column("approved", sa.Boolean()),
        sa.Column("ended_by", _NAME),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("ended_because", sa.Text()),
        sa.Column("replaces", _ID),
        sa.Column("replaced_by", _ID),
        sa.PrimaryKeyConstraint("number", name="pk_overrides"),
        sa.UniqueConstraint("id", name="uq_overrides_id"),
    )
    op.create_index("ix_overrides_customer_id", "overrides", ["customer_id"])
    op.create_index("ix_overrides_until", "overrides", ["until"])
    head = op.create_table(
        "overrides_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_overrides_head"),
    )
    op.bulk_insert(head, [{"id": 1, "version": 0}])
    op.create_table(
        "reviews",
        sa.Column("id", _ID, nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("owner", _NAME),
        sa.Column("verdict", sa.String(20)),
        sa.Column("because", sa.Text()),
        sa.Column("decided_by", _NAME),
        sa.Column("decided_at", sa.BigInteger()),
        sa.Column("about", sa.String(100)),
        sa.PrimaryKeyConstraint("id", name="pk_reviews"),
    )


def downgrade() -> None:
    for name in ("reviews", "overrides_head", "overrides"):
        op.drop_table(name)
