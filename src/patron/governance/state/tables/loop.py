"""The tables of people in the loop: what they set by hand, what they decide on what waits for them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from patron.governance.state.tables.declared import ID, LONGEST_NAME, METADATA, MOMENT

OVERRIDES: Final = Table(
    "overrides",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("id", ID, nullable=False, unique=True),
    Column("customer_id", String(200), nullable=False, index=True),
    Column("field", String(20), nullable=False),
    Column("value", String(40), nullable=False),
    Column("published", String(40), nullable=False),
    Column("historic", String(40), nullable=False),
    Column("because", Text, nullable=False),
    Column("release", String(100), nullable=False),
    Column("as_of", String(10), nullable=False),
    Column("horizon_days", Integer, nullable=False),
    Column("made_by", String(LONGEST_NAME), nullable=False),
    Column("made_by_id", ID, nullable=False),
    Column("person_behind", String(LONGEST_NAME), nullable=False),
    Column("made_at", MOMENT, nullable=False),
    Column("until", MOMENT, nullable=False),
    Column("needs_second", Boolean, nullable=False),
    Column("judged_by", String(LONGEST_NAME)),
    Column("judged_at", MOMENT),
    Column("judged_because", Text),
    Column("approved", Boolean),
    Column("ended_by", String(LONGEST_NAME)),
    Column("ended_at", MOMENT),
    Column("ended_because", Text),
    Column("replaces", ID),
    Column("replaced_by", ID),
    Index("ix_overrides_until", "until"),
)
OVERRIDES_HEAD: Final = Table(
    "overrides_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
)
REVIEWS: Final = Table(
    "reviews",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("kind", String(30), nullable=False),
    Column("subject", Text, nullable=False),
    Column("first_seen", MOMENT, nullable=False),
    Column("owner", String(LONGEST_NAME)),
    Column("verdict", String(20)),
    Column("because", Text),
    Column("decided_by", String(LONGEST_NAME)),
    Column("decided_at", MOMENT),
    Column("about", String(100)),
)
