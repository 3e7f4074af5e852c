"""Customers of a workspace as they would be sent to be scored: their silver rows, read from the warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from patron.scores.by_data.sent import (
    SentContact,
    SentEngagement,
    SentReview,
    SentSubscription,
    SentTransaction,
)

FIELDS = {
    "transactions": SentTransaction,
    "engagements": SentEngagement,
    "contacts": SentContact,
    "reviews": SentReview,
    "subscriptions": SentSubscription,
}
_CATEGORIES = "(SELECT product_id, max(category) AS listed FROM silver.products GROUP BY 1)"


def sent_customers(workspace: Path, ids: list[str], present: Mapping[str, Any]) -> list[dict[str, Any]]:  # Any: JSON
    """The body's ``customers``: everything that the release knows of these."""
    with duckdb.connect(str(workspace / "warehouse.duckdb"), read_only=True) as warehouse:
        return [_customer(warehouse, one, present) for one in ids]


def _customer(
    warehouse: duckdb.DuckDBPyConnection, one: str, present: Mapping[str, Any]
) -> dict[str, Any]:  # Any: JSON
    told: dict[str, Any] = {"reference": one}
    for table in FIELDS.keys() & present.keys():
        told[table] = _rows(warehouse, table, one, "category" in present.get("products", ()))
    if "acquired_on" in present.get("customers", ()):
        found = warehouse.execute("SELECT max(acquired_on) FROM silver.customers WHERE customer_id = ?", [one])
        told["attributes"] = {"acquired_on": _written((found.fetchone() or [None])[0])}
    return told


def _rows(
    warehouse: duckdb.DuckDBPyConnection, table: str, one: str, listed: bool
) -> list[dict[str, Any]]:  # Any: JSON
    """The rows that hold; of a product's category, what the products table says."""
    names = ", ".join(FIELDS[table].model_fields)
    rows = f"silver.{table}"
    if table == "transactions" and listed:
        columns = "t.* EXCLUDE (category), coalesce(t.category, p.listed) AS category"
        rows = f"(SELECT {columns} FROM silver.transactions t LEFT JOIN {_CATEGORIES} p USING (product_id))"
    found = warehouse.execute(f"SELECT {names} FROM {rows} WHERE customer_id = ? AND superseded_at IS NULL", [one])
    told = [{name: _written(cell) for name, cell in row.items()} for row in found.to_arrow_table().to_pylist()]
    return [row | {"held_out": bool(row["held_out"])} for row in told] if table == "contacts" else told


def _written(cell: object) -> object:
    if isinstance(cell, datetime):
        return f"{cell.isoformat()}Z"
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell) if isinstance(cell, Decimal) else cell
