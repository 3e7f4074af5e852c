"""The tables of logins by another provider: who is who there, and the logins that were answered."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, String, Table

from patron.governance.state.tables.declared import ID, METADATA, MOMENT

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
