"""The tables of privacy: the vault's sealed values, and what customers consented to."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, String, Table, Text

from patron.governance.state.tables.declared import LONGEST_NAME, METADATA, MOMENT

PSEUDONYM: Final = String(26)
LONGEST_FIELD: Final = 40

VAULT: Final = Table(
    "vault",
    METADATA,
    Column("customer", PSEUDONYM, primary_key=True),
    Column("field", String(LONGEST_FIELD), primary_key=True),
    Column("key_version", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("changed_at", MOMENT, nullable=False),
    sqlite_with_rowid=False,
)
CONSENTS: Final = Table(
    "consents",
    METADATA,
    Column("customer_id", Text, primary_key=True),
    Column("purpose", String(LONGEST_FIELD), primary_key=True),
    Column("given", Boolean, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("source", String(LONGEST_NAME), nullable=False),
    Column("change", BigInteger, nullable=False, index=True),
)
CONSENT_CHANGES: Final = Table(
    "consent_changes",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("newest", BigInteger, nullable=False),
)
