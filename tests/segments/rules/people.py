"""A handful of customers, some of whom lack a value, and rules written as patron.toml writes them."""

from __future__ import annotations

import json
import math
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from patron.segment_terms import Scalar, SegmentRule, Where

QUOTED = "O'Hara \"\\'; DROP TABLE scores; --"
PEOPLE = pa.table(
    {
        "customer_id": ["ann", "bob", "cem", "dee", "eve"],
        "orders": pa.array([1, 5, 12, None, 7], pa.int64()),
        "days_since_last_purchase": pa.array([3.0, 120.0, None, 91.0, math.nan], pa.float64()),
        "probability_alive": pa.array([0.9, 0.2, 0.3, 0.1, None], pa.float64()),
        "first_day": pa.array([19_000, 18_000, 17_000, None, 19_723], pa.int64()),
        "next_purchase_to": pa.array([date(2024, 6, 30), None, date(2024, 7, 1), date(2025, 1, 1), None], pa.date32()),
        "tier": ["high", "medium", "low", None, "high"],
        "rfm_segment": ["Champions", "Loyal", "Lost", "New", None],
        "expected_value": [100.1, 50.25, 0.0, 12.5, 7.0005],
        "model": [QUOTED, "plain", "back\\slash", None, "plain"],
    }
)
COLUMNS = tuple(PEOPLE.column_names[1:])


def rule(name: str = "Some", **where: Any) -> SegmentRule:
    """A rule as the file holds it: column="orders", at_least=5; or all=[…]."""
    return SegmentRule.model_validate_json(json.dumps({"name": name, "where": where}), strict=True)


def people() -> ir.Table:
    return ibis.memtable(PEOPLE)


def belongs_by_hand(where: Where, row: dict[str, Any]) -> bool:
    """What a rule says of one customer, in plain Python: what the engines are held to."""
    if where.all is not None:
        return all(belongs_by_hand(part, row) for part in where.all)
    if where.any is not None:
        return any(belongs_by_hand(part, row) for part in where.any)
    if where.not_ is not None:
        return not belongs_by_hand(where.not_, row)
    value = row[str(where.column)]
    if isinstance(value, float) and math.isnan(value):
        value = None
    if where.test == "missing":
        return (value is None) is where.limit
    if value is None:
        return False
    limits = [_as(limit, value, str(where.column)) for limit in where.limits]
    match where.test:
        case "is" | "in":
            return value in limits
        case "is_not":
            return value != limits[0]
        case "above":
            return value > limits[0]
        case "at_least":
            return value >= limits[0]
        case "below":
            return value < limits[0]
        case "at_most":
            return value <= limits[0]
    return limits[0] <= value <= limits[1]


def _as(limit: Scalar, value: Any, column: str) -> Any:
    if isinstance(value, date):
        return date.fromisoformat(str(limit))
    if column == "first_day" and isinstance(limit, str):
        return (date.fromisoformat(limit) - date(1970, 1, 1)).days
    return limit
