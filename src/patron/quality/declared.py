"""The expectations that follow from the declared tables: keys, required columns, types, ranges, and what must add up."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from patron.quality.expectations import LARGEST_FLOAT, Expectation, Kind, Layer
from patron.tables import (
    BEHAVIOUR,
    BRIDGE,
    FORECAST,
    FORECAST_COHORTS,
    MEMBERS,
    MOVES,
    PROVENANCE,
    SCORES,
    SEGMENTS,
    SOURCE_TABLES,
    TRANSACTIONS,
    Column,
    Table,
)

_MEND_GOLD: Final = "This is no fault of a file: run again, and report it if it comes back."
_MEND_SILVER: Final = "Correct the file or its mapping, or take the file out, and run again."
_FEW: Final = 0.01
# What may not be negative; a refund has the sign in its amount or its quantity.
_NOT_NEGATIVE: Final = {"unit_price": _FEW, "discount": 0.05, "cost": 0.0, "price": 0.0}
# Which column refers to which table's key. Customers may be known to one system and not yet to another: that is told only.
_REFERENCES: Final = {
    "product_id": ("products", "block"),
    "branch_id": ("branches", "block"),
    "campaign_id": ("campaigns", "block"),
    "customer_id": ("customers", "warn"),
}
ORPHANS: Final = 0.05
"""The share of rows that may refer to what is not there; history can widen it."""


def silver_expectations(table: Table) -> tuple[Expectation, ...]:
    """What the rows of a source table that hold now must be like."""
    key = ("source", "file_id", "line") if table is TRANSACTIONS else table.key
    columns = (*table.columns, *PROVENANCE)
    found = [*_whole("silver", table, columns, key, _MEND_SILVER)]
    found += [
        Expectation(
            "silver",
            table.name,
            "range",
            (name,),
            least=0,
            allowed_share=share,
            words=f"{name} is below zero",
            to_do="If the source writes refunds so, set refund_when; else correct the file.",
        )
        for name, share in _NOT_NEGATIVE.items()
        if name in table.names
    ]
    return tuple(found)


def references(table: Table, filled: Collection[str]) -> tuple[Expectation, ...]:
    """Which of a table's columns must be keys of other tables that some source fills."""
    return tuple(
        Expectation(
            "silver",
            table.name,
            "reference",
            (name,),
            severity="block" if severity == "block" else "warn",
            parent=f"{parent}.{name}",
            allowed_share=ORPHANS,
            words=f"{name} is not among the {parent}",
            to_do=f"Load the {parent} that are missing, or correct the ids; else name the file in quality.trusted_files.",
        )
        for name, (parent, severity) in _REFERENCES.items()
        if name in table.names and parent != table.name and parent in filled
    )


def score_expectations() -> tuple[Expectation, ...]:
    """What gold.scores must be like before it is published."""
    table = SCORES.name
    return (
        *_whole("gold", SCORES, SCORES.columns, SCORES.key, _MEND_GOLD),
        _gold(table, "range", "horizon_days", least=1, words="the horizon is not above zero"),
        _gold(table, "range", "expected_orders", least=0, most=LARGEST_FLOAT, words="expected orders are below zero"),
        _gold(
            table,
            "ordered",
            "value_low",
            "expected_value",
            "value_high",
            words="the expected value leaves its interval",
        ),
        _gold(
            table, "ordered", "next_purchase_from", "next_purchase_to", words="the next purchase ends before it begins"
        ),
        _gold(
            table,
            "adds_up",
            "total_value",
            "historic_value",
            "expected_value",
            words="total_value is not historic_value + expected_value",
        ),
        _gold(table, "accepted", "confidence", values=("high", "medium", "low"), words="confidence is no known grade"),
    )


def segment_expectations(rfm_names: Collection[str]) -> tuple[Expectation, ...]:
    """What gold.segments must be like; the RFM names are the segments room's."""
    table = SEGMENTS.name
    scores = ("recency_score", "frequency_score", "monetary_score")
    return (
        *_whole("gold", SEGMENTS, SEGMENTS.columns, SEGMENTS.key, _MEND_GOLD),
        _gold(table, "accepted", "tier", values=("high", "medium", "low"), words="the tier is none of the three"),
        *(
            _gold(table, "accepted", name, values=("high", "medium", "low"), words=f"{name} is none of the three")
            for name in ("raw_tier", "brought_tier", "next_tier")
        ),
        *(
            _gold(table, "accepted", name, values=tuple(rfm_names), words=f"{name} is no RFM segment")
            for name in ("rfm_segment", "raw_rfm_segment", "next_rfm_segment")
        ),
        *(_gold(table, "range", name, least=1, most=5, words=f"{name} is not 1 to 5") for name in scores),
    )


def movement_expectations() -> tuple[Expectation, ...]:
    """What gold.moves, gold.members, gold.behaviour and gold.bridge must be like; all but behaviour may be empty."""
    made = [
        expectation
        for table in (MOVES, MEMBERS, BEHAVIOUR, BRIDGE)
        for expectation in _whole("gold", table, table.columns, table.key, _MEND_GOLD)
        if expectation.kind != "rows" or table is BEHAVIOUR
    ]
    name = BEHAVIOUR.name
    made += [
        _gold(name, "accepted", "alert", values=("act now", "watch", "calm"), words="the alert is none of the three"),
        _gold(name, "range", "engagement", least=0, most=100.01, words="engagement is not 0 to 100"),
        _gold(name, "range", "value_at_risk", least=0, most=LARGEST_FLOAT, words="a loss below zero"),
    ]
    return tuple(made)


def forecast_expectations() -> tuple[Expectation, ...]:
    """What the forecast tables must be like; they may be empty where history is too young."""
    made = [
        *_whole("gold", FORECAST, FORECAST.columns, FORECAST.key, _MEND_GOLD),
        _gold(FORECAST.name, "ordered", "low", "expected", "high", words="the forecast leaves its interval"),
        *_whole("gold", FORECAST_COHORTS, FORECAST_COHORTS.columns, FORECAST_COHORTS.key, _MEND_GOLD),
        _gold(FORECAST_COHORTS.name, "range", "customers", least=0, most=LARGEST_FLOAT, words="customers below zero"),
    ]
    return tuple(one for one in made if one.kind != "rows")


def feature_expectations() -> tuple[Expectation, ...]:
    """What gold.customer_features must be like; its columns depend on what the sources tell."""
    table = "customer_features"
    return (
        _gold(table, "rows", least=1, words="an empty table"),
        _gold(table, "required", "customer_id", words="a customer without a name"),
        _gold(table, "unique", "customer_id", words="repeat a customer"),
    )


def all_expectations(rfm_names: Collection[str], filled: Collection[str]) -> tuple[Expectation, ...]:
    """Every declared expectation on the silver tables that are filled and on gold: what a contract exports."""
    silver = [table for table in SOURCE_TABLES if table.name in filled]
    return (
        *(one for table in silver for one in silver_expectations(table)),
        *(one for table in silver for one in references(table, filled)),
        *feature_expectations(),
        *score_expectations(),
        *segment_expectations(rfm_names),
        *movement_expectations(),
        *forecast_expectations(),
    )


def _whole(
    layer: Layer, table: Table, columns: tuple[Column, ...], key: tuple[str, ...], to_do: str
) -> list[Expectation]:
    """Not empty, its key unique, each column of its type, required ones filled, shares and floats in their range."""
    name = table.name
    made = [Expectation(layer, name, "rows", least=1, words="an empty table", to_do=to_do)]
    made += [Expectation(layer, name, "unique", key, to_do=to_do)]
    made += [Expectation(layer, name, "type", (column.name,), to_do=to_do) for column in columns]
    made += [Expectation(layer, name, "required", (c.name,), to_do=to_do) for c in columns if c.required]
    shares = [column.name for column in columns if column.kind == "share"]
    reals = [column.name for column in columns if column.kind == "real" and column.name not in _BOUNDED]
    made += [_range(layer, name, column, 0.0, 1.0, "is not between 0 and 1", to_do) for column in shares]
    made += [_range(layer, name, c, -LARGEST_FLOAT, LARGEST_FLOAT, "is no finite number", to_do) for c in reals]
    return made


# Their range is stated beside what else they must be.
_BOUNDED: Final = frozenset({"expected_orders", "customers", "engagement", "value_at_risk"})


def _range(layer: Layer, table: str, column: str, least: float, most: float, wrong: str, to_do: str) -> Expectation:
    return Expectation(layer, table, "range", (column,), least=least, most=most, words=f"{column} {wrong}", to_do=to_do)


def _gold(
    table: str,
    kind: Kind,
    *columns: str,
    words: str,
    least: float | None = None,
    most: float | None = None,
    values: tuple[str, ...] = (),
) -> Expectation:
    return Expectation(
        "gold", table, kind, columns, least=least, most=most, values=values, words=words, to_do=_MEND_GOLD
    )
