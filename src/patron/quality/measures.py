"""Measuring expectations: many checks on one table in one query, and the verdicts they give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from patron.quality.expectations import Expectation, Verdict, rows_verdict
from patron.quality.repeats import fingerprint
from patron.tables import Column, Kind
from patron.warehouse import Warehouse

# Sums of floats differ in their last digits; a cent, or a part in a billion, is no difference.
_CENT: Final = 0.01
_BILLIONTH: Final = 1e-9
_IN_QUERY: Final = frozenset(
    {"rows", "required", "unique", "range", "accepted", "longest", "ordered", "adds_up", "varied"}
)


def measured(
    warehouse: Warehouse, rows: ir.Table, expectations: Sequence[Expectation], subject: str = ""
) -> list[Verdict]:
    """The verdicts of the checks that one query over these rows answers; other kinds are left out."""
    asked = [one for one in expectations if one.kind in _IN_QUERY and set(one.columns) <= set(rows.columns)]
    if not asked:
        return []
    figures = {f"figure_{place}": _figure(one, rows) for place, one in enumerate(asked)}
    found = warehouse.fetch(rows.aggregate(all_rows=rows.count(), **figures)).to_pylist()[0]
    count = int(found["all_rows"])
    return [_verdict(one, found[f"figure_{place}"] or 0, count, subject) for place, one in enumerate(asked)]


def measured_table(
    warehouse: Warehouse, rows: ir.Table, columns: Sequence[Column], expectations: Sequence[Expectation]
) -> list[Verdict]:
    """The verdicts on a declared table; a column of the wrong type is asked nothing more."""
    types = measured_types(rows, columns, expectations)
    wrong = {verdict.expectation.columns[0] for verdict in types if not verdict.passed}
    return types + measured(warehouse, rows, [one for one in expectations if not wrong & set(one.columns)])


def measured_types(rows: ir.Table, columns: Sequence[Column], expectations: Sequence[Expectation]) -> list[Verdict]:
    """Whether each column is there and holds what it is declared to hold; it takes no query."""
    kinds = {column.name: column.kind for column in columns}
    verdicts = []
    for one in expectations:
        if one.kind == "type":
            (name,) = one.columns
            wrong = _wrong_type(rows, name, kinds[name])
            words = wrong or f"holds what it should: {kinds[name]}"
            verdicts.append(Verdict(one, float(bool(wrong)), None, 0, words))
    return verdicts


def measured_reference(
    warehouse: Warehouse, rows: ir.Table, parents: Mapping[str, ir.Table], one: Expectation, subject: str = ""
) -> Verdict | None:
    """How many rows refer to a key that its table does not have; None where that table is not filled."""
    table, column = one.parent.split(".")
    if table not in parents:
        return None
    known = parents[table].select(column).distinct()
    refers = rows.filter(rows[one.columns[0]].notnull())
    orphans = refers.anti_join(known, refers[one.columns[0]] == known[column])
    counted = warehouse.fetch(orphans.count().as_table()).column(0)[0].as_py()
    return rows_verdict(one, int(counted), int(warehouse.fetch(rows.count().as_table()).column(0)[0].as_py()), subject)


def breaks(one: Expectation, rows: ir.Table) -> ir.BooleanValue:
    """Whether a row breaks a check on rows; never NULL."""
    columns = [rows[name] for name in one.columns]
    if one.kind == "required":
        return columns[0].isnull()
    if one.kind == "range":
        return _outside(columns[0], one.least, one.most)
    if one.kind == "accepted":
        known = columns[0].isin(list(one.values))
        return (known if one.none_of else ~known).fill_null(False)
    if one.kind == "longest":
        return (columns[0].length() > int(one.most or 0)).fill_null(False)
    if one.kind == "ordered":
        pairs = [(low > high).fill_null(False) for low, high in pairwise(columns)]
        return _any(pairs)
    if one.kind == "adds_up":
        whole, parts = columns[0], sum(columns[2:], columns[1])
        return ((whole - parts).abs() > _CENT + _BILLIONTH * whole.abs()).fill_null(False)
    raise ValueError(f"{one.kind} is no check on single rows")


def _figure(one: Expectation, rows: ir.Table) -> ir.Scalar:
    if one.kind == "rows":
        return rows.count()
    if one.kind == "varied":
        return rows[one.columns[0]].nunique()
    if one.kind == "unique":
        key = rows[one.columns[0]] if len(one.columns) == 1 else fingerprint(rows, one.columns)
        return key.count() - key.nunique()
    return breaks(one, rows).sum()


def _verdict(one: Expectation, found: Any, rows: int, subject: str) -> Verdict:
    if one.kind in ("rows", "varied"):
        what = "rows" if one.kind == "rows" else "different values"
        least, most = (None if bound is None else float(bound) for bound in (one.least, one.most))
        return Verdict(one, float(found), least, most, f"{int(found):,} {what}", subject)
    return rows_verdict(one, int(found), rows, subject)


def _outside(column: ir.Column, least: float | str | None, most: float | str | None) -> ir.BooleanValue:
    tests: list[ir.BooleanValue] = []
    if column.type().is_timestamp():
        column = column.date()  # a limit is a day, and the whole of it is inside
    if column.type().is_floating():
        tests.append(column.isnan())  # engines do not agree on where NaN stands in an order
    if least is not None:
        tests.append(column < _bound(least, column))
    if most is not None:
        tests.append(column > _bound(most, column))
    return _any([test.fill_null(False) for test in tests])


def _bound(limit: float | str, column: ir.Column) -> ir.Value:
    if column.type().is_temporal():
        return ibis.literal(str(limit)).cast(column.type())
    if column.type().is_decimal():
        return ibis.literal(f"{limit:.4f}").cast("decimal(38, 4)")
    return ibis.literal(limit)


def _any(tests: Sequence[ir.BooleanValue]) -> ir.BooleanValue:
    whole = tests[0]
    for test in tests[1:]:
        whole = whole | test
    return whole


def _wrong_type(rows: ir.Table, name: str, kind: Kind) -> str:
    if name not in rows.columns:
        return "there is no such column"
    told = rows[name].type()
    fits = {
        "id": told.is_string(),
        "text": told.is_string(),
        "money": told.is_decimal(),
        "quantity": told.is_decimal(),
        "count": told.is_integer(),
        "day": told.is_integer(),
        "moment": told.is_timestamp(),
        "date": told.is_date(),
        "share": told.is_floating(),
        "real": told.is_floating(),
        "flag": told.is_boolean(),
    }
    return "" if fits[kind] else f"it holds {told}, declared is {kind}"
