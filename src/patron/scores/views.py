"""Feature tables of the warehouse, as the arrays that models take."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from patron.models.customers import Customers, Window

_KEY = ("as_of_day", "customer_id")


def customers_of(features: pa.Table, as_of_day: int) -> Customers:
    """One feature table, sorted by customer, as float64 columns; a missing value is NaN, text is left out."""
    ordered = features.sort_by("customer_id")
    numeric = [field.name for field in ordered.schema if field.name not in _KEY and _is_number(field.type)]
    ids = ordered["customer_id"].combine_chunks().to_numpy(zero_copy_only=False)
    return Customers(as_of_day, ids, {name: _floats(ordered[name]) for name in numeric})


def windows_of(features: pa.Table, outcomes: pa.Table) -> dict[int, Window]:
    """For each past cutoff, the customers then and what each did in the horizon after it."""
    days = sorted(set(features["as_of_day"].to_pylist()))
    return {day: _window(_at(features, day), _at(outcomes, day), day) for day in days}


def _window(features: pa.Table, outcomes: pa.Table, day: int) -> Window:
    ordered = outcomes.sort_by("customer_id")
    return Window(customers_of(features, day), _floats(ordered["future_value"]), _floats(ordered["future_orders"]))


def _at(table: pa.Table, day: int) -> pa.Table:
    return table.filter(pc.equal(table["as_of_day"], day))


def _is_number(kind: pa.DataType) -> bool:
    return (
        pa.types.is_floating(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
    )


def _floats(column: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return column.cast(pa.float64()).combine_chunks().to_numpy(zero_copy_only=False).astype(np.float64)
