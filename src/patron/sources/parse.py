"""Rows of text become rows of declared types; what cannot be believed is set aside with a reason."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from patron.errors import UsageError
from patron.settings import Source
from patron.sources import computed
from patron.sources.rows import LINE, RejectedRow, stored_name
from patron.sources.typed_columns import ARROW_TYPE, ColumnTyper, RuleReader, TypedColumn, parsing_engine
from patron.tables import IS_DELETED, PROVENANCE, ROW_VERSION, TRANSACTIONS, Table

_MOST_THREADS: Final = 4
_COMPUTED_TYPE: Final = {
    "occurred_day": pa.int32(),
    "visible_day": pa.int32(),
    "is_refund": pa.bool_(),
    "row_hash": pa.int64(),
}
_VERSION_TYPE: Final = {ROW_VERSION: pa.int64(), IS_DELETED: pa.bool_()}
_VERSION: Final = next(column for column in PROVENANCE if column.name == ROW_VERSION)


@dataclass(frozen=True)
class Parsed:
    """``rows``: line, the table's columns and what is computed from them; ``rejected``: the rows set aside."""

    rows: pa.Table
    rejected: list[RejectedRow]


@dataclass(frozen=True)
class _Complaint:
    """Rows that cannot be believed for one cause: which, the reason code, and for each a detail."""

    rows: np.ndarray
    reasons: list[str]
    details: list[str]


class Parser:
    """Turns a source's text rows into rows of a declared table.

    Numbers are exact decimals, rounded half away from zero at the 4th place. Times are UTC; one written
    without a zone is in the source's zone, and a bare day is not moved. ``discount`` is stored as a
    positive number. For transactions, ``amount`` is quantity × unit_price where it is not mapped; a row is a refund
    if the source's rule says so or its amount is negative. A refund gives money back: where the rule marks
    a row whose amount is positive, its amount, quantity and margin change sign.

    Where the source declares versions, rows have ``row_version`` and ``is_deleted``; of a deletion only what
    names the row and its version is read.

    Raises UsageError for a date format or a time zone that does not exist.
    """

    def __init__(self, source: Source, table: Table) -> None:
        self.table = table
        engine = parsing_engine()
        _check_timezone(engine, source)
        self._places = {name: stored_name(named) for name, named in _mapped(source, table).items()}
        self._typers = [_typer(engine, source, table, name) for name in self._places]
        rule = source.refund_when if table.name == TRANSACTIONS.name else None
        self._rule = RuleReader(engine, source, rule) if rule else None
        self._rule_place = stored_name(rule.column) if rule else ""
        self._identity = frozenset((*(("row_id",) if source.row_id else table.key), ROW_VERSION))
        self._versioned = bool(source.row_version)
        self._deleted = RuleReader(engine, source, source.deleted_when) if source.deleted_when else None
        self._deleted_place = stored_name(source.deleted_when.column) if source.deleted_when else ""
        self._threads = ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1))

    def parse(self, batch: pa.RecordBatch) -> Parsed:
        """Typed rows and rejected ones; together as many as the batch has, each in the batch's order."""
        gone = self._gone(batch)
        columns = self._typed(batch, gone)
        complaints = [*_unfit(columns), *self._missing(columns, gone)]
        arrays = {name: column.values for name, column in columns.items()}
        if self.table.name == TRANSACTIONS.name:
            if "amount" not in arrays:
                arrays["amount"] = computed.product(arrays["quantity"], arrays["unit_price"])
                complaints.append(_but(_beyond(arrays["amount"]), gone))
            arrays = self._with_computed(batch, columns, arrays)
        if self._versioned:
            arrays[IS_DELETED] = pa.array(gone)
        rejected, bad = _rejected(batch, complaints)
        rows = self._shaped(batch, arrays)
        return Parsed(rows.filter(pa.array(~bad)) if len(rejected) else rows, rejected)

    def _gone(self, batch: pa.RecordBatch) -> np.ndarray:
        """Which rows say that a row is gone."""
        if self._deleted is None:
            return np.zeros(batch.num_rows, bool)
        return self._deleted.holds(batch.column(_place(batch, self._deleted_place))).to_numpy(zero_copy_only=False)

    def _typed(self, batch: pa.RecordBatch, gone: np.ndarray) -> dict[str, TypedColumn]:
        texts = {name: batch.column(_place(batch, named)) for name, named in self._places.items()}
        if gone.any():
            nothing = pa.nulls(batch.num_rows, pa.string())
            texts = {
                name: text if name in self._identity else pc.if_else(pa.array(gone), nothing, text)
                for name, text in texts.items()
            }
        typed = self._threads.map(ColumnTyper.type_column, self._typers, texts.values())
        return dict(zip(self._places, typed, strict=True))

    def _missing(self, columns: Mapping[str, TypedColumn], gone: np.ndarray) -> list[_Complaint]:
        """Complaints about required values that are not there; of a deletion only about what names the row."""
        identity = [
            _empty(f"missing_{name}", f"{name} is empty", columns[name])
            for name in ("row_id", ROW_VERSION)
            if name in columns
        ]
        required = [
            _but(_empty(f"missing_{name}", f"{name} is empty", columns[name]), None if name in self._identity else gone)
            for name in self.table.required
            if name in columns
        ]
        if self.table.name == TRANSACTIONS.name and "amount" not in columns:
            required += [
                _but(_empty("missing_amount", f"amount: {name} is empty", columns[name]), gone)
                for name in ("quantity", "unit_price")
            ]
        return [*required, *identity]

    def _with_computed(
        self, batch: pa.RecordBatch, columns: Mapping[str, TypedColumn], arrays: Mapping[str, pa.Array]
    ) -> dict[str, pa.Array]:
        by_rule = (
            self._rule.holds(batch.column(_place(batch, self._rule_place)))
            if self._rule
            else pa.array(np.zeros(batch.num_rows, bool))
        )
        flips = computed.turns(arrays["amount"], by_rule)
        money = {
            name: computed.turned(arrays[name], flips) for name in ("amount", "quantity", "margin") if name in arrays
        }
        found = {**arrays, **money}
        found["occurred_day"] = computed.days(found["occurred_at"])
        known = computed.days(found["known_at"]) if "known_at" in found else None
        found["visible_day"] = computed.visible_days(found["occurred_day"], known)
        found["is_refund"] = computed.is_refund(found["amount"], by_rule)
        found["row_hash"] = computed.row_hashes(columns, found["is_refund"])
        return found

    def _shaped(self, batch: pa.RecordBatch, arrays: Mapping[str, pa.Array]) -> pa.Table:
        """The columns in the table's order, with NULL for those that are not mapped."""
        types: dict[str, pa.DataType] = {column.name: ARROW_TYPE[column.kind] for column in self.table.columns}
        if self.table.name == TRANSACTIONS.name:
            types |= _COMPUTED_TYPE
        if self._versioned:
            types |= _VERSION_TYPE
        columns = [arrays[name] if name in arrays else pa.nulls(batch.num_rows, kind) for name, kind in types.items()]
        return pa.table([batch.column(0), *columns], names=[LINE, *types])


def _mapped(source: Source, table: Table) -> dict[str, str]:
    """Patron's column = the source's column, in the table's order."""
    named = dict(source.columns)
    if source.row_id and "row_id" in table.names:
        named["row_id"] = source.row_id
    if source.row_version:
        named[ROW_VERSION] = source.row_version
    return {name: named[name] for name in (*table.names, ROW_VERSION) if name in named}


def _check_timezone(engine: duckdb.DuckDBPyConnection, source: Source) -> None:
    try:
        engine.execute("SELECT CAST(timezone(?, TIMESTAMP '2020-01-01') AS TIMESTAMP)", [source.timezone])
    except duckdb.Error as error:
        raise UsageError(
            f"No time zone named '{source.timezone}'.",
            allowed="Names such as UTC, Europe/London, America/New_York.",
            to_do="Mend 'timezone' of this source in patron.toml.",
        ) from error


def _typer(engine: duckdb.DuckDBPyConnection, source: Source, table: Table, name: str) -> ColumnTyper:
    try:
        return ColumnTyper(engine, source, _VERSION if name == ROW_VERSION else table.column(name))
    except duckdb.InvalidInputException as error:
        raise UsageError(
            f"date_format '{source.date_format}' cannot be read: {str(error).splitlines()[0]}",
            allowed="'iso', or strptime codes such as %d/%m/%Y %H:%M.",
            to_do="Mend 'date_format' of this source in patron.toml.",
        ) from error


def _place(batch: pa.RecordBatch, name: str) -> int:
    place = int(batch.schema.get_field_index(name))
    if place < 0:  # Arrow would take it as the last column
        raise UsageError(f"The rows have no column '{name}'.", allowed=f"They have {', '.join(batch.schema.names)}.")
    return place


def _unfit(columns: Mapping[str, TypedColumn]) -> list[_Complaint]:
    """Complaints about texts that are there but do not fit their column's kind."""
    found = []
    for column in columns.values():
        if column.reasons is None or column.details is None:
            continue
        reasons, details = column.reasons.take(column.places), column.details.take(column.places)
        rows = np.flatnonzero(reasons.is_valid().to_numpy(zero_copy_only=False))
        found.append(_Complaint(rows, reasons.take(rows).to_pylist(), details.take(rows).to_pylist()))
    return found


def _empty(reason: str, detail: str, column: TypedColumn) -> _Complaint:
    rows = _null_rows(column.values)
    return _same(rows, reason, detail)


def _beyond(amount: pa.Array) -> _Complaint:
    rows = _null_rows(amount)
    return _same(rows, "amount_out_of_range", "amount: quantity × unit_price is beyond 99,999,999,999,999.9999")


def _but(complaint: _Complaint, gone: np.ndarray | None) -> _Complaint:
    """The complaint, not about these rows."""
    if gone is None or not gone.any():
        return complaint
    rows = complaint.rows[~gone[complaint.rows]]
    return _Complaint(rows, complaint.reasons[: len(rows)], complaint.details[: len(rows)])


def _same(rows: np.ndarray, reason: str, detail: str) -> _Complaint:
    return _Complaint(rows, [reason] * len(rows), [detail] * len(rows))


def _null_rows(values: pa.Array) -> np.ndarray:
    if not values.null_count:
        return np.zeros(0, np.int64)
    return np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))


def _rejected(batch: pa.RecordBatch, complaints: list[_Complaint]) -> tuple[list[RejectedRow], np.ndarray]:
    """Every row complained about, with the first complaint, and the mask of those rows."""
    told: dict[int, tuple[str, str]] = {}
    for complaint in complaints:
        for row, reason, detail in zip(complaint.rows.tolist(), complaint.reasons, complaint.details, strict=True):
            told.setdefault(row, (reason, detail))
    bad = np.zeros(batch.num_rows, bool)
    rows = sorted(told)
    bad[rows] = True
    raws = batch.take(pa.array(rows, pa.int64())).to_pylist() if rows else []
    return [RejectedRow(raw[LINE], *told[row], _raw_text(raw)) for row, raw in zip(rows, raws, strict=True)], bad


def _raw_text(row: dict[str, Any]) -> str:  # Any: text, and the line's number
    shown = {name: value for name, value in row.items() if name != LINE}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
