"""The tables of the state. Their columns change only together with a step in ``migrations``; a test compares the two."""

from __future__ import annotations

from typing import Final

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
LONGEST_NAME: Final = 100
_ID = String(32)
_MOMENT = BigInteger  # microseconds since 1970 in UTC: equal on every database, and never in a zone

PEOPLE: Final = Table(
    "people",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("name", String(LONGEST_NAME), nullable=False, unique=True),
    Column("role", String(30), nullable=False),
    Column("branches", JSON),
    Column("password_hash", String(200), nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("created_at", _MOMENT, nullable=False),
    Column("disabled_at", _MOMENT),
)
LOGIN_FAILURES: Final = Table(
    "login_failures",
    METADATA,
    Column("tried_hash", String(64), primary_key=True),
    Column("failed", Integer, nullable=False),
    Column("last_at", _MOMENT, nullable=False),
    Column("locked_until", _MOMENT, nullable=False),
)
SESSIONS: Final = Table(
    "sessions",
    METADATA,
    Column("token_hash", String(64), primary_key=True),
    Column("person_id", _ID, ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("csrf_hash", String(64), nullable=False),
    Column("created_at", _MOMENT, nullable=False),
    Column("seen_at", _MOMENT, nullable=False),
    Column("ends_at", _MOMENT, nullable=False),
    Column("address", String(100), nullable=False),
)
API_KEYS: Final = Table(
    "api_keys",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("name", String(LONGEST_NAME), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("role", String(30), nullable=False),
    Column("permissions", JSON, nullable=False),
    Column("branches", JSON),
    Column("made_by", String(100), nullable=False),
    Column("created_at", _MOMENT, nullable=False),
    Column("ends_at", _MOMENT, nullable=False),
    Column("revoked_at", _MOMENT),
)
AUDIT: Final = Table(
    "audit",
    METADATA,
    Column("place", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", _MOMENT, nullable=False),
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
)
AUDIT_HEAD: Final = Table(
    "audit_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("place", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)
