"""The queries of a profile: a few aggregates per column, worded so that every engine gives the same figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from patron.quality.profile.findings import Bin, ValueCount
from patron.warehouse import Warehouse

MOST_TOP: Final = 10
MOST_BINS: Final = 30
QUANTILES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_SHOWN_LENGTH: Final = 200


def figures(warehouse: Warehouse, rows: ir.Table, families: dict[str, str]) -> dict[str, dict[str, Any]]:
    """For each column, in one query: how many values, and of numbers, texts and days what their ends are."""
    asked: dict[str, ir.Scalar] = {"rows": rows.count()}
    for place, (name, family) in enumerate(families.items()):
        asked |= {f"{place}_{key}": scalar for key, scalar in _asked_of(rows[name], family).items()}
    told = warehouse.fetch(rows.aggregate(**asked)).to_pylist()[0]
    return {"": {"rows": told["rows"]}} | {
        name: {key.split("_", 1)[1]: value for key, value in told.items() if key.split("_", 1)[0] == str(place)}
        for place, name in enumerate(families)
    }


def _asked_of(column: ir.Column, family: str) -> dict[str, ir.Scalar]:
    asked: dict[str, ir.Scalar] = {"given": column.count()}
    if family == "number":
        number = column.cast("float64")
        asked |= {
            "least": number.min(),
            "most": number.max(),
            "mean": number.mean(),
            "deviation": number.std(how="pop"),
        }
        asked |= {"zeros": (column == 0).sum(), "negatives": (column < 0).sum()}
        asked |= {"broken": (number != number.floor()).sum()}
    elif family == "text":
        length = column.length().cast("int64")
        asked |= {"least": length.min(), "most": length.max(), "mean": length.cast("float64").mean()}
        asked |= {"padded": (column != column.strip()).sum()}
    elif family == "date":
        asked |= {"least": column.min().cast("string"), "most": column.max().cast("string")}
    return asked


def counted(rows: ir.Table, name: str) -> ir.Table:
    """Each value of a column that is given, with its number of rows."""
    given = rows.filter(rows[name].notnull()).select(value=rows[name])
    return given.group_by("value").aggregate(copies=given.count())


def top_values(warehouse: Warehouse, rows: ir.Table, name: str) -> tuple[int, tuple[ValueCount, ...]]:
    """How many different values a column has, and the most frequent ones."""
    values = counted(rows, name)
    whole = values.mutate(distinct=values.copies.count().over(ibis.window()))
    first = whole.order_by([ibis.desc("copies"), "value"]).limit(MOST_TOP)
    told = warehouse.fetch(first).to_pylist()
    top = tuple(ValueCount(_written(row["value"])[:_SHOWN_LENGTH], int(row["copies"])) for row in told)
    return (int(told[0]["distinct"]) if told else 0), top


def _written(value: object) -> str:
    """A value as text: here, and not by an engine, since each writes numbers in its own way."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        return f"{value:.12g}"
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def quantiles(warehouse: Warehouse, rows: ir.Table, name: str) -> dict[float, float]:
    """The values up to which these shares of a column's numbers lie, by rank among the counts of equal ones."""
    values = counted(rows, name)
    placed = values.mutate(
        up_to=values.copies.sum().over(ibis.window(order_by=values.value, rows=(None, 0))).cast("float64"),
        whole=values.copies.sum().over(ibis.window()).cast("float64"),
    )
    number = placed.value.cast("float64")
    asked = {
        f"q{place}": number.min(where=placed.up_to >= placed.whole * share) for place, share in enumerate(QUANTILES)
    }
    told = warehouse.fetch(placed.aggregate(**asked)).to_pylist()[0]
    return {share: told[f"q{place}"] for place, share in enumerate(QUANTILES)}


def histogram(
    warehouse: Warehouse, rows: ir.Table, name: str, low: float, high: float, *, whole: bool
) -> tuple[tuple[Bin, ...], int, int]:
    """Counts over bins of one width from ``low`` to ``high``, and what lies below and above."""
    width = _width(low, high, whole=whole)
    bins = max(1, round((high - low) / width)) if not whole else int((high - low) // width) + 1
    number = rows.filter(rows[name].notnull())[name].cast("float64")
    place = ibis.cases((number < low, -1), (number > high, bins), else_=((number - low) / width).floor().cast("int32"))
    # The upper end belongs to the last bin.
    place = ((place == bins) & (number <= high)).ifelse(bins - 1, place)
    told = rows.filter(rows[name].notnull()).select(bin=place)
    found = warehouse.fetch(told.group_by("bin").aggregate(rows=told.count())).to_pylist()
    counts = {int(row["bin"]): int(row["rows"]) for row in found}
    drawn = tuple(Bin(low + k * width, low + (k + 1) * width, counts.get(k, 0)) for k in range(bins))
    return drawn, counts.get(-1, 0), counts.get(bins, 0)


def _width(low: float, high: float, *, whole: bool) -> float:
    width = (high - low) / MOST_BINS
    if whole:
        return float(max(1, -(-(high - low + 1) // MOST_BINS)))
    return width or 1.0


def days(warehouse: Warehouse, rows: ir.Table, name: str) -> list[tuple[str, int]]:
    """The days on which something stands, in their order, with their rows."""
    column = rows[name]
    day = column.date() if column.type().is_timestamp() else column
    told = rows.filter(column.notnull()).select(day=day.cast("string"))
    found = warehouse.fetch(told.group_by("day").aggregate(rows=told.count()).order_by("day")).to_pylist()
    return [(row["day"][:10], int(row["rows"])) for row in found]


def hours(warehouse: Warehouse, rows: ir.Table, name: str) -> tuple[int, ...]:
    """Rows by hour of the day; empty where no value has a time of day."""
    column = rows[name]
    if not column.type().is_timestamp():
        return ()
    told = rows.filter(column.notnull()).select(hour=column.hour().cast("int32"), minute=column.minute().cast("int32"))
    grouped = told.group_by("hour").aggregate(rows=told.count(), minutes=told.minute.max())
    found = {row["hour"]: row for row in warehouse.fetch(grouped).to_pylist()}
    if set(found) <= {0} and not any(row["minutes"] for row in found.values()):
        return ()
    return tuple(int(found[hour]["rows"]) if hour in found else 0 for hour in range(24))


def different_rows(warehouse: Warehouse, rows: ir.Table, columns: Sequence[str]) -> int:
    """How many rows differ in these columns."""
    told = rows.select(*columns).distinct()
    return int(warehouse.fetch(told.count().name("rows").as_table()).column(0)[0].as_py())
