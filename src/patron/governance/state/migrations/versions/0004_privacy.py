"""Tables of the vault and of consent, and the audit's entries found by whom they are about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vault",
        sa.Column("customer", sa.String(26), nullable=False),
        sa.Column("field", sa.String(40), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "field", name="pk_vault"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "consents",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "purpose", name="pk_consents"),
    )
    op.create_index("ix_consents_change", "consents", ["change"])
    op.create_index("ix_audit_subject", "audit", ["subject"])
    newest = op.create_table(
        "consent_changes",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consent_changes"),
    )
    op.bulk_insert(newest, [{"id": 1, "newest": 0}])


def downgrade() -> None:
    op.drop_index("ix_audit_subject", "audit")
    for name in ("consent_changes", "consents", "vault"):
        op.drop_table(name)
