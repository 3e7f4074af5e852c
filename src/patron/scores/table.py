"""The table of scores: one row per customer, from a champion's prediction and its intervals."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from patron.models.arrays import Floats
from patron.models.customers import Customers, Prediction
from patron.periods import EPOCH, day_of

SURE, FAIRLY_SURE = 0.35, 0.8
_EPOCH64 = np.datetime64(EPOCH)


def score_table(
    customers: Customers,
    prediction: Prediction,
    bounds: tuple[Floats, Floats],
    *,
    horizon_days: int,
    model: str,
    proven: bool,
) -> pa.Table:
    """``tables.SCORES`` for these customers; money is rounded to a ten-thousandth, so equal inputs give equal bytes."""
    low, high = bounds
    expected = prediction.expected_value
    historic = customers.column("historic_value")
    count = len(customers)
    as_of: date = day_of(customers.as_of_day)
    return pa.table(
        {
            "customer_id": pa.array(customers.customer_id, pa.string()),
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
            "confidence": pa.array(confidence(expected, low, high, proven=proven)),
            "model": pa.array(np.full(count, model), pa.string()),
        }
    )


def confidence(
    expected: Floats, low: Floats, high: Floats, *, proven: bool
) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    """'high', 'medium' or 'low': how wide the interval is beside what is expected.

    The width is compared with the customer's expected value plus the mean of all, so that a customer of whom little
    is expected is not called uncertain for a few coins. Without a backtest nothing is more than 'low'.
    """
    if not proven:
        return np.full(expected.shape, "low", dtype="<U6")
    usual = float(np.mean(np.abs(expected))) or 1.0
    width = (high - low) / (np.abs(expected) + usual)
    return np.where(width <= SURE, "high", np.where(width <= FAIRLY_SURE, "medium", "low")).astype("<U6")


def _rounded(values: Floats, digits: int = 4) -> pa.Array:
    return pa.array(np.round(values, digits) + 0.0, pa.float64())  # + 0.0: no negative zero


def _days_ahead(as_of_day: int, days: Floats) -> pa.Array:
    known = np.isfinite(days)
    ahead = np.where(known, np.clip(np.round(days), 1, 36_500), 1).astype(np.int64)
    dates = _EPOCH64 + (as_of_day + ahead).astype("timedelta64[D]")
    return pa.array(dates, pa.date32(), mask=~known)
