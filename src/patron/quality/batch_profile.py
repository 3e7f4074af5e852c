"""A batch in a few counts: for each column how its values are spread over bins, and how many rows and days it has.

The bins do not depend on the data (tenths of a decade, three hours, words), so that batches can be compared long after.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import ibis
import ibis.expr.types as ir

from patron.tables import IS_DELETED, TRANSACTIONS, Column, Table
from patron.warehouse import Warehouse

NOTHING, GIVEN = "nothing", "given"
ROWS, DAYS, SPAN, REPEATS, CUSTOMERS = "rows", "days", "span", "repeats", "customers"
"""The bins of the column without a name: counts of the whole batch."""
MOST_WORDS: Final = 60
_LONGEST_WORD: Final = 60
_PER_DECADE: Final = 10
_HOURS: Final = 3
# log10(1000) is 2.9999999999999996 in some engines.
_UP: Final = 1e-9
_WORDS_OF_IDS: Final = frozenset({"branch_id"})
_KEY: Final = ("source", "file_id")
_SAYS: Final = ("customer_id", "occurred_at", "amount", "product_id")


def profile(warehouse: Warehouse, table: Table, rows: ir.Table, columns: Sequence[str]) -> list[dict[str, object]]:
    """Rows of silver.batch_profiles for the files of these silver rows: one query per column, and one for the whole."""
    found = _whole(warehouse, table, rows)
    rows = rows.filter(~rows[IS_DELETED].fill_null(False))  # a deletion says nothing but which row is gone
    for name in _tellable(warehouse, table, rows, columns):
        binned = rows.select(*_KEY, bin=_bin(rows[name], table.column(name)))
        counted = binned.group_by([*_KEY, "bin"]).aggregate(rows=binned.count())
        found += [row | {"column_name": name} for row in warehouse.fetch(counted).to_pylist()]
    return [row | {"table_name": table.name} for row in found]


def _tellable(warehouse: Warehouse, table: Table, rows: ir.Table, columns: Sequence[str]) -> list[str]:
    """The columns whose values can be binned; one of too many words cannot."""
    mapped = [name for name in columns if table.column(name).kind != "date"]
    words = [name for name in mapped if _is_words(table.column(name))]
    if not words:
        return mapped
    counts = warehouse.fetch(rows.aggregate(**{name: rows[name].nunique() for name in words})).to_pylist()[0]
    return [name for name in mapped if counts.get(name, 0) <= MOST_WORDS]


def _is_words(column: Column) -> bool:
    return column.kind == "text" or column.name in _WORDS_OF_IDS


def _whole(warehouse: Warehouse, table: Table, rows: ir.Table) -> list[dict[str, object]]:
    figures = {ROWS: rows.count()}
    if table.name == TRANSACTIONS.name:
        days = rows.occurred_day
        figures |= {DAYS: days.nunique(), SPAN: (days.max() - days.min() + 1).fill_null(0)}
        figures |= {CUSTOMERS: rows.customer_id.nunique()}
    counted = warehouse.fetch(rows.group_by(list(_KEY)).aggregate(**figures)).to_pylist()
    if table.name == TRANSACTIONS.name:
        figures |= {REPEATS: rows.count()}
        different = _different(warehouse, rows)
        counted = [row | {REPEATS: row[ROWS] - different[row["source"], row["file_id"]]} for row in counted]
    return [
        {**{name: row[name] for name in _KEY}, "column_name": "", "bin": name, "rows": int(row[name])}
        for row in counted
        for name in figures
    ]


def _different(warehouse: Warehouse, rows: ir.Table) -> dict[tuple[str, str], int]:
    """How many rows of each file differ in what they say, whatever ids they carry."""
    told = rows.select(*_KEY, *_SAYS).distinct()
    counted = warehouse.fetch(told.group_by(list(_KEY)).aggregate(rows=told.count())).to_pylist()
    return {(row["source"], row["file_id"]): int(row["rows"]) for row in counted}


def _bin(value: ir.Column, column: Column) -> ir.StringValue:
    if column.kind in ("money", "quantity", "real", "share", "count", "day"):
        told = _decade(value)
    elif column.kind == "moment":
        told = (value.hour() // _HOURS * _HOURS).cast("int64").cast("string")
    elif column.kind == "flag":
        told = value.ifelse("yes", "no")
    elif _is_words(column):
        told = value.substr(0, _LONGEST_WORD)
    else:
        told = ibis.literal(GIVEN)
    return value.isnull().ifelse(NOTHING, told)


def _decade(value: ir.NumericColumn) -> ir.StringValue:
    """The value's sign and the tenth of a decade that its size falls in."""
    number = value.cast("float64")
    size = (number == 0).ifelse(1.0, number.abs())
    place = (size.log10() * _PER_DECADE + _UP).floor().cast("int64").cast("string")
    return ibis.cases((number == 0, "0"), (number < 0, ibis.literal("-") + place), else_=ibis.literal("+") + place)
