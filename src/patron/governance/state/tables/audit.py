"""The tables of the audit: its chain and the chain's head."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from patron.governance.state.tables.declared import LONGEST_NAME, METADATA, MOMENT

AUDIT: Final = Table(
    "audit",
    METADATA,
    Column("place", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", MOMENT, nullable=False),
    Column("who", String(LONGEST_NAME), nullable=False),
    Column("role", String(30), nullable=False),
    Column("via", String(30), nullable=False),
    Column("address", String(100), nullable=False),
    Column("action", String(60), nullable=False),
    Column("subject", Text, nullable=False),
    Column("outcome", String(30), nullable=False),
    Column("details", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_audit_at", "at"),
    Index("ix_audit_subject", "subject"),
)
AUDIT_HEAD: Final = Table(
    "audit_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("place", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)
