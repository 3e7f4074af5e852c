"""Expressions that engines would compute each in its own way, or slowly, worded so that none can."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir


def quantile(rows: ir.Table, column: str, share: float) -> ir.FloatingScalar:
    """The value below which this share of a column's values lies, between the two nearest by their distance; NULL of none.

    It is found among the counts of equal values: exact, and no engine has to keep every row at once.
    """
    counted = rows.filter(rows[column].notnull()).group_by(among=rows[column]).aggregate(copies=lambda one: one.count())
    so_far = ibis.window(order_by=counted.among, rows=(None, 0))
    placed = counted.mutate(
        up_to=counted.copies.sum().over(so_far).cast("float64"),
        all_told=counted.copies.sum().over(ibis.window()).cast("float64"),
    )
    place = (placed.all_told - 1.0) * share
    value = placed.among.cast("float64")
    low, high = value.min(where=placed.up_to > place.floor()), value.min(where=placed.up_to > place.ceil())
    return low + (high - low) * (place - place.floor()).max()


def agreeing(left: ir.Table, right: ir.Table, columns: Mapping[str, str]) -> list[ir.BooleanValue]:
    """The conditions by which rows of two tables agree in these columns (left's to right's), NULL with NULL.

    PostgreSQL compares every pair of rows where "not distinct" is all it is told; an equality lets it look them up.
    """
    looked_up = [
        left[mine].cast("string").fill_null("") == right[other].cast("string").fill_null("")
        for mine, other in columns.items()
    ]
    return [*looked_up, *(left[mine].identical_to(right[other]) for mine, other in columns.items())]
