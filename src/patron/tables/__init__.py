"""Every table, declared once: its name, layer, key, columns, types and what they mean.

Rooms meet here. A column's *kind* is one of the words of ``KINDS``; each room translates kinds, never
its neighbours' types. Times are UTC; a day is a whole number of days since 1970-01-01 (``periods``).
"""

from __future__ import annotations

from typing import Final

from patron.tables.declared import KINDS, MONEY_SCALE, Column, Kind, Layer, Table
from patron.tables.gold import BEHAVIOUR, BRIDGE, FORECAST, FORECAST_COHORTS, LINEAGE, MEMBERS, MOVES, SCORES, SEGMENTS
from patron.tables.judged import (
    BATCH_PROFILES,
    DECIDED,
    DERIVED,
    FILES,
    INTAKE,
    IS_DELETED,
    PROVENANCE,
    QUALITY_RESULTS,
    QUARANTINE,
    REJECTS,
    REVIEW,
    ROW_VERSION,
    silver_columns,
)
from patron.tables.sources import (
    BRANCHES,
    CAMPAIGNS,
    CONTACTS,
    CUSTOMERS,
    ENGAGEMENTS,
    PRODUCTS,
    REVIEWS,
    SOURCE_TABLES,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    source_table,
)

ALL_TABLES: Final = (
    *SOURCE_TABLES,
    FILES,
    REJECTS,
    QUARANTINE,
    REVIEW,
    DECIDED,
    INTAKE,
    BATCH_PROFILES,
    QUALITY_RESULTS,
    SCORES,
    SEGMENTS,
    MOVES,
    MEMBERS,
    BEHAVIOUR,
    BRIDGE,
    FORECAST,
    FORECAST_COHORTS,
    LINEAGE,
)

__all__ = [
    "ALL_TABLES",
    "BATCH_PROFILES",
    "BEHAVIOUR",
    "BRANCHES",
    "BRIDGE",
    "CAMPAIGNS",
    "CONTACTS",
    "CUSTOMERS",
    "DECIDED",
    "DERIVED",
    "ENGAGEMENTS",
    "FILES",
    "FORECAST",
    "FORECAST_COHORTS",
    "INTAKE",
    "IS_DELETED",
    "KINDS",
    "LINEAGE",
    "MEMBERS",
    "MONEY_SCALE",
    "MOVES",
    "PRODUCTS",
    "PROVENANCE",
    "QUALITY_RESULTS",
    "QUARANTINE",
    "REJECTS",
    "REVIEW",
    "REVIEWS",
    "ROW_VERSION",
    "SCORES",
    "SEGMENTS",
    "SOURCE_TABLES",
    "SUBSCRIPTIONS",
    "TRANSACTIONS",
    "Column",
    "Kind",
    "Layer",
    "Table",
    "silver_columns",
    "source_table",
]
