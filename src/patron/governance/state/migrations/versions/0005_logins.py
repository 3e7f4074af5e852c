"""Tables of logins by another provider, when one-time passwords end, and changes that wait for a second administrator."""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_THREE_DAYS = 72 * 3_600_000_000


def upgrade() -> None:
    op.create_table(
        "outside_identities",
        sa.Column("issuer", sa.String(300), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_outside_identities"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name="fk_outside_identities_person_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_outside_identities_person_id", "outside_identities", ["person_id"])
    op.create_table(
        "used_starts",
        sa.Column("state_hash", sa.String(64), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name="pk_used_starts"),
    )
    op.create_table(
        "waiting_changes",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("asked_by", sa.String(100), nullable=False),
        sa.Column("asked_by_id", sa.String(32), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(100)),
        sa.Column("decided_at", sa.BigInteger()),
        sa.Column("outcome", sa.String(20)),
        sa.PrimaryKeyConstraint("id", name="pk_waiting_changes"),
    )
    op.add_column("people", sa.Column("one_time_until", sa.BigInteger()))
    people = sa.table("people", sa.column("must_change", sa.Boolean()), sa.column("one_time_until", sa.BigInteger()))
    until = time.time_ns() // 1000 + _THREE_DAYS
    op.execute(people.update().where(people.c.must_change).values(one_time_until=until))


def downgrade() -> None:
    op.drop_column("people", "one_time_until")
    for name in ("waiting_changes", "used_starts", "outside_identities"):
        op.drop_table(name)
