"""The tables of accounts: people, their sessions, the keys of programs."""

from __future__ import annotations

from typing import Final

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Integer, String, Table

from patron.governance.state.tables.declared import ID, LONGEST_NAME, METADATA, MOMENT

PEOPLE: Final = Table(
    "people",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("name", String(LONGEST_NAME), nullable=False, unique=True),
    Column("role", String(30), nullable=False),
    Column("branches", JSON),
    Column("password_hash", String(200), nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("one_time_until", MOMENT),
    Column("created_at", MOMENT, nullable=False),
    Column("disabled_at", MOMENT),
)
LOGIN_FAILURES: Final = Table(
    "login_failures",
    METADATA,
    Column("tried_hash", String(64), primary_key=True),
    Column("failed", Integer, nullable=False),
    Column("last_at", MOMENT, nullable=False),
    Column("locked_until", MOMENT, nullable=False),
)
SESSIONS: Final = Table(
    "sessions",
    METADATA,
    Column("token_hash", String(64), primary_key=True),
    Column("person_id", ID, ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("csrf_hash", String(64), nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("seen_at", MOMENT, nullable=False),
    Column("ends_at", MOMENT, nullable=False),
    Column("address", String(100), nullable=False),
)
API_KEYS: Final = Table(
    "api_keys",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("name", String(LONGEST_NAME), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("role", String(30), nullable=False),
    Column("permissions", JSON, nullable=False),
    Column("branches", JSON),
    Column("made_by", String(100), nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("ends_at", MOMENT, nullable=False),
    Column("revoked_at", MOMENT),
)
