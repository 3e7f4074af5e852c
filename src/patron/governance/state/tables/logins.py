"""The tables of logins by another provider: who is who there, and the logins that were answered; and changes that wait for a second administrator."""

from __future__ import annotations

from typing import Final

from sqlalchemy import JSON, Column, ForeignKey, String, Table

from patron.governance.state.tables.declared import ID, LONGEST_NAME, METADATA, MOMENT

OUTSIDE_IDENTITIES: Final = Table(
    "outside_identities",
    METADATA,
    Column("issuer", String(300), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("person_id", ID, ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", MOMENT, nullable=False),
)
USED_STARTS: Final = Table(
    "used_starts",
    METADATA,
    Column("state_hash", String(64), primary_key=True),
    Column("ends_at", MOMENT, nullable=False),
)
WAITING_CHANGES: Final = Table(
    "waiting_changes",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("action", String(40), nullable=False),
    Column("body", JSON, nullable=False),
    Column("asked_by", String(LONGEST_NAME), nullable=False),
    Column("asked_by_id", ID, nullable=False),
    Column("asked_at", MOMENT, nullable=False),
    Column("decided_by", String(LONGEST_NAME)),
    Column("decided_at", MOMENT),
    Column("outcome", String(20)),
)
