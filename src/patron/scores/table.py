"""The table of scores: what a prediction and its bounds say of each customer, and how sure that is."""

from __future__ import annotations

from datetime import date
from typing import Final

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from patron.models.arrays import Floats
from patron.models.customers import Customers, Prediction
from patron.periods import EPOCH, day_of
from patron.tables import SCORES

SURE, FAIRLY_SURE = 0.35, 0.8
_EPOCH64 = np.datetime64(EPOCH)
VALUED: Final = pa.schema(
    [
        ("customer_id", pa.string()),
        ("as_of", pa.date32()),
        ("horizon_days", pa.int64()),
        ("expected_orders", pa.float64()),
        ("expected_value", pa.float64()),
        ("value_low", pa.float64()),
        ("value_high", pa.float64()),
        ("probability_alive", pa.float64()),
        ("probability_no_purchase", pa.float64()),
        ("historic_value", pa.float64()),
        ("total_value", pa.float64()),
        ("next_purchase_from", pa.date32()),
        ("next_purchase_to", pa.date32()),
        ("model", pa.string()),
        # Not rounded: what totals, tiers and confidence are taken from.
        ("exact_value", pa.float64()),
        ("exact_width", pa.float64()),
    ]
)
"""Scores as they are made batch by batch: all but the confidence, which compares a customer with all others."""


def valued(
    ids: pa.Array,
    customers: Customers,
    prediction: Prediction,
    bounds: tuple[Floats, Floats],
    horizon_days: int,
    model: str,
) -> pa.RecordBatch:
    """A row of ``VALUED`` per customer; money is rounded to a ten-thousandth, so equal inputs give equal bytes."""
    low, high = bounds
    expected = prediction.expected_value
    historic = customers.column("historic_value")
    count = len(customers)
    as_of: date = day_of(customers.as_of_day)
    columns = {
        "customer_id": ids.cast(pa.string()),
        "as_of": pa.array(np.full(count, np.datetime64(as_of)), pa.date32()),
        "horizon_days": pa.array(np.full(count, horizon_days), pa.int64()),
        "expected_orders": _rounded(prediction.expected_orders),
        "expected_value": _rounded(expected),
        "value_low": _rounded(np.minimum(low, expected)),
        "value_high": _rounded(np.maximum(high, expected)),
        "probability_alive": _rounded(prediction.probability_alive, 6),
        "probability_no_purchase": _rounded(prediction.probability_no_purchase, 6),
        "historic_value": _rounded(historic),
        "total_value": _rounded(historic + np.round(expected, 4)),
        "next_purchase_from": _days_ahead(customers.as_of_day, prediction.next_purchase_from_days),
        "next_purchase_to": _days_ahead(customers.as_of_day, prediction.next_purchase_to_days),
        "model": pa.array([model], pa.string()).take(pa.array(np.zeros(count, np.int8))),
        "exact_value": pa.array(expected, pa.float64()),
        "exact_width": pa.array(high - low, pa.float64()),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in VALUED.names], schema=VALUED)


def scores(rows: ir.Table, usual_value: float, *, proven: bool) -> ir.Table:
    """``tables.SCORES`` of valued customers; ``usual_value`` is the mean size of their expected values.

    Confidence tells how wide the interval is beside what is expected: 'high', 'medium' or 'low'. The width is compared
    with the customer's expected value plus the mean of all, so that a customer of whom little is expected is not called
    uncertain for a few coins. Without a backtest nothing is more than 'low'.
    """
    confidence = ibis.literal("low")
    if proven:
        width = rows.exact_width / (rows.exact_value.abs() + ibis.literal(usual_value or 1.0, "float64"))
        confidence = ibis.cases((width <= SURE, "high"), (width <= FAIRLY_SURE, "medium"), else_="low")
    return rows.mutate(confidence=confidence).select(*SCORES.names)


def confidence(width: Floats, expected: Floats, usual_value: float, *, proven: bool) -> list[str]:
    """The confidence of ``scores`` for customers who are not in a table."""
    if not proven:
        return ["low"] * len(width)
    wide = width / (np.abs(expected) + (usual_value or 1.0))
    return np.where(wide <= SURE, "high", np.where(wide <= FAIRLY_SURE, "medium", "low")).tolist()


def rounded(values: Floats, digits: int = 4) -> Floats:
    """Values as they are published: without a negative zero."""
    return np.asarray(np.round(values, digits) + 0.0, dtype=np.float64)


def _rounded(values: Floats, digits: int = 4) -> pa.Array:
    return pa.array(rounded(values, digits), pa.float64())


def _days_ahead(as_of_day: int, days: Floats) -> pa.Array:
    known = np.isfinite(days)
    ahead = np.where(known, np.clip(np.round(days), 1, 36_500), 1).astype(np.int64)
    dates = _EPOCH64 + (as_of_day + ahead).astype("timedelta64[D]")
    return pa.array(dates, pa.date32(), mask=~known)
