"""Feature tables of the warehouse, as the arrays that models take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from patron.features.outcomes import EARLY
from patron.models.arrays import Floats
from patron.models.customers import Customers, Window

_KEY = ("as_of_day", "customer_id")


def customers_of(features: pa.Table, as_of_day: int) -> Customers:
    """One feature table, sorted by customer, as float64 columns; a missing value is NaN, text is left out."""
    ordered = features.sort_by("customer_id")
    ids = ordered["customer_id"].combine_chunks().to_numpy(zero_copy_only=False)
    return Customers(as_of_day, ids, _numbers(ordered))


def numbered(features: pa.RecordBatch, as_of_day: int) -> Customers:
    """One batch of a feature table in its own order; customers are told apart by their place."""
    return Customers(as_of_day, np.arange(features.num_rows), _numbers(features))


@dataclass(frozen=True, eq=False)
class Past:
    """Customers at past cutoffs, and what they did in the horizon after each, as it was known by some later day.

    ``early`` is what they brought in the first days of that horizon, where the outcomes tell it.
    """

    features: dict[int, Customers]
    outcomes: dict[tuple[int, int], tuple[Floats, Floats]]
    early: dict[tuple[int, int], Floats] = field(default_factory=dict)

    def window(self, cutoff: int, known_by: int) -> Window:
        """Customers at a cutoff with their outcome as known by a day."""
        return Window(self.features[cutoff], *self.outcomes[cutoff, known_by])

    def windows(self, cutoffs: Iterable[int], known_by: int) -> tuple[Window, ...]:
        """The same for several cutoffs; one that was not described is left out."""
        return tuple(self.window(cutoff, known_by) for cutoff in cutoffs if (cutoff, known_by) in self.outcomes)


def past_of(features: pa.Table, outcomes: pa.Table) -> Past:
    """The past from its two tables: features by as_of_day, outcomes by as_of_day and known_by."""
    days = sorted(set(features["as_of_day"].to_pylist()))
    pairs = sorted(set(zip(outcomes["as_of_day"].to_pylist(), outcomes["known_by"].to_pylist(), strict=True)))
    ordered = {
        (day, known): _at(outcomes.filter(pc.equal(outcomes["known_by"], known)), day).sort_by("customer_id")
        for day, known in pairs
    }
    told = ordered if EARLY in outcomes.column_names else {}
    return Past(
        {day: customers_of(_at(features, day), day) for day in days},
        {pair: (_floats(rows["future_value"]), _floats(rows["future_orders"])) for pair, rows in ordered.items()},
        {pair: _floats(rows[EARLY]) for pair, rows in told.items()},
    )


def _at(table: pa.Table, day: int) -> pa.Table:
    return table.filter(pc.equal(table["as_of_day"], day))


def _numbers(rows: pa.Table | pa.RecordBatch) -> dict[str, Floats]:
    numeric = [field.name for field in rows.schema if field.name not in _KEY and _is_number(field.type)]
    return {name: _floats(rows[name]) for name in numeric}


def _is_number(kind: pa.DataType) -> bool:
    return (
        pa.types.is_floating(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
    )


def _floats(column: pa.ChunkedArray | pa.Array) -> Floats:
    return column.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
