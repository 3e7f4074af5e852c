"""The tables of what was told to the server: events, in the order in which they came, and answers given before."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint

from patron.governance.state.tables.declared import ID, METADATA, MOMENT

LONGEST_ID: Final = 200

EVENTS: Final = Table(
    "events",
    METADATA,
    Column("place", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("told_as", String(30), nullable=False),
    Column("event_id", String(LONGEST_ID), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("customer_id", String(LONGEST_ID), nullable=False),
    Column("occurred_at", MOMENT),
    Column("received_at", MOMENT, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("body", Text, nullable=False),
    Column("content", String(64), nullable=False),
    UniqueConstraint("told_as", "event_id", "version", name="uq_events_told_as"),
    Index("ix_events_customer_id", "customer_id", "place"),
    Index("ix_events_told_as", "told_as", "occurred_at"),
)
EVENTS_HEAD: Final = Table(
    "events_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("place", BigInteger, nullable=False),
)
ANSWERED: Final = Table(
    "answered",
    METADATA,
    Column("asker", ID, primary_key=True),
    Column("key", String(LONGEST_ID), primary_key=True),
    Column("request", String(64), nullable=False),
    Column("answer", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
    Index("ix_answered_at", "at"),
)
