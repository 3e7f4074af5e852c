"""Rows of text become rows of declared types; what cannot be believed is set aside with a reason."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from patron.errors import UsageError
from patron.settings import Source
from patron.sources.parsing_query import CONDITION, parsing_query
from patron.sources.rows import LINE, RejectedRow, stored_name
from patron.tables import TRANSACTIONS, Kind, Table

ARROW_TYPE: Final[dict[Kind, pa.DataType]] = {
    "id": pa.string(),
    "text": pa.string(),
    "money": pa.decimal128(18, 4),
    "quantity": pa.decimal128(18, 4),
    "count": pa.int64(),
    "day": pa.int32(),
    "moment": pa.timestamp("us"),
    "date": pa.date32(),
    "share": pa.float64(),
    "real": pa.float64(),
    "flag": pa.bool_(),
}
_CHUNK_ROWS: Final = 40_000
_PLAIN_FIRST, _PLAIN_LAST = 32, 126
_DERIVED_TYPE: Final = {
    "occurred_day": pa.int32(),
    "visible_day": pa.int32(),
    "is_refund": pa.bool_(),
    "row_hash": pa.int64(),
}


@dataclass(frozen=True)
class Parsed:
    """``rows``: line, the table's columns and what is computed from them; ``rejected``: the rows set aside."""

    rows: pa.Table
    rejected: list[RejectedRow]


class Parser:
    """Turns a source's text rows into rows of a declared table.

    Numbers are exact decimals, rounded half away from zero at the 4th place. Times are UTC; one written
    without a zone is in the source's zone, and a bare day is not moved. ``discount`` is stored as a
    positive number. For transactions, ``amount`` is quantity × unit_price where it is not mapped; a row is a refund
    if the source's rule says so or its amount is negative. A refund gives money back: where the rule marks
    a row whose amount is positive, its amount, quantity and margin change sign.

    Raises UsageError for a date format or a time zone that does not exist.
    """

    def __init__(self, source: Source, table: Table) -> None:
        self.table = table
        self._source = source
        self._places = _mapped(source, table)
        self._connection = _parsing_engine()
        self._queries: dict[frozenset[str], str] = {}
        self._check()

    def parse(self, batch: pa.RecordBatch) -> Parsed:
        """Typed rows and rejected ones; together as many as the batch has, each in the batch's order."""
        inputs = pa.table(
            [batch.column(0), *(batch.column(_place(batch, name)) for name in self._inputs)],
            names=[LINE, *(f"c{i}" for i in range(len(self._inputs)))],
        )
        judged = self._run(self._query(_wide_columns(inputs)), inputs)
        bad = pc.is_valid(judged.column("reason"))
        if not pc.any(bad).as_py():
            return Parsed(self._shaped(judged), [])
        rejected = _rejected_rows(judged.filter(bad), batch, np.flatnonzero(bad.to_numpy(zero_copy_only=False)))
        return Parsed(self._shaped(judged.filter(pc.invert(bad))), rejected)

    @property
    def _inputs(self) -> list[str]:
        """The source's columns that are needed, each once, as they are stored."""
        names = [stored_name(name) for name in self._places.values()]
        return list(dict.fromkeys(names))

    def _check(self) -> None:
        """Let the engine refuse the settings before any row is read."""
        try:
            self._connection.execute("SELECT timezone(?, TIMESTAMP '2020-01-01')::TIMESTAMP", [self._source.timezone])
        except duckdb.Error as error:
            raise UsageError(
                f"No time zone named '{self._source.timezone}'.",
                allowed="Names such as UTC, Europe/London, America/New_York.",
                to_do="Mend 'timezone' of this source in patron.toml.",
            ) from error
        nothing = pa.table([pa.array([], pa.int64()), *([pa.array([], pa.string())] * len(self._inputs))],
                           names=[LINE, *(f"c{i}" for i in range(len(self._inputs)))])  # fmt: skip
        try:
            self._run(self._query(frozenset()), nothing)
        except duckdb.InvalidInputException as error:
            raise UsageError(
                f"date_format '{self._source.date_format}' cannot be read: {str(error).splitlines()[0]}",
                allowed="'iso', or strptime codes such as %d/%m/%Y %H:%M.",
                to_do="Mend 'date_format' of this source in patron.toml.",
            ) from error

    def _run(self, query: str, rows: pa.Table) -> pa.Table:
        chunked = pa.Table.from_batches(rows.to_batches(max_chunksize=_CHUNK_ROWS), schema=rows.schema)
        self._connection.register("batch", chunked)
        try:
            return self._connection.execute(query).to_arrow_table()
        finally:
            self._connection.unregister("batch")

    def _query(self, wide: frozenset[str]) -> str:
        if wide not in self._queries:
            inputs = {name: f"c{i}" for i, name in enumerate(self._inputs)}
            places = {name: inputs[stored_name(source)] for name, source in self._places.items()}
            self._queries[wide] = parsing_query(self._source, self.table, places, wide)
        return self._queries[wide]

    def _shaped(self, judged: pa.Table) -> pa.Table:
        """The columns in the table's order, with NULL for those that are not mapped."""
        types: dict[str, pa.DataType] = {column.name: ARROW_TYPE[column.kind] for column in self.table.columns}
        if self.table.name == TRANSACTIONS.name:
            types |= _DERIVED_TYPE
        present = set(judged.column_names)
        arrays = [
            _cast(judged.column(name), kind) if name in present else pa.nulls(judged.num_rows, kind)
            for name, kind in types.items()
        ]
        return pa.table([judged.column(LINE).cast(pa.int64()), *arrays], names=[LINE, *types])


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if column.type == pa.uint64():
        # The hash keeps all its 64 bits; as a signed number its upper half is negative.
        chunks = [chunk.view(kind) for chunk in column.chunks]
        return pa.chunked_array(chunks, kind)
    return column.cast(kind)


def _parsing_engine() -> duckdb.DuckDBPyConnection:
    config: dict[str, Any] = {  # Any: DuckDB takes words, numbers and flags
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _mapped(source: Source, table: Table) -> dict[str, str]:
    """Patron's column = the source's column, in the table's order; the refund rule's column last."""
    named = dict(source.columns)
    if source.row_id and "row_id" in table.names:
        named["row_id"] = source.row_id
    places = {name: named[name] for name in table.names if name in named}
    if source.refund_when and table.name == TRANSACTIONS.name:
        places[CONDITION] = source.refund_when.column
    return places


def _place(batch: pa.RecordBatch, name: str) -> int:
    return int(batch.schema.get_field_index(name))


def _wide_columns(inputs: pa.Table) -> frozenset[str]:
    """The text columns that hold a control character or anything beyond ASCII: they need the slower trimming."""
    return frozenset(
        name
        for name, column in zip(inputs.column_names[1:], inputs.columns[1:], strict=True)
        if any(_is_wide(chunk) for chunk in column.chunks)
    )


def _is_wide(text: pa.Array) -> bool:
    data = text.buffers()[2]
    if data is None or not data.size:
        return False
    codes = np.frombuffer(data, np.uint8)
    return bool(codes.min() < _PLAIN_FIRST or codes.max() > _PLAIN_LAST)


def _rejected_rows(judged: pa.Table, batch: pa.RecordBatch, places: np.ndarray) -> list[RejectedRow]:
    raws = batch.take(pa.array(places)).to_pylist()
    lines, reasons, details = (judged.column(name).to_pylist() for name in (LINE, "reason", "detail"))
    return [
        RejectedRow(line, reason, detail, _raw_text(raw))
        for line, reason, detail, raw in zip(lines, reasons, details, raws, strict=True)
    ]


def _raw_text(row: dict[str, Any]) -> str:  # Any: text, and the line's number
    shown = {name: value for name, value in row.items() if name != LINE}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
