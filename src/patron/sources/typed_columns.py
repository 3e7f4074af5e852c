"""One column of text becomes a column of values: each distinct text is typed once, then every row takes its value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from patron.settings import Condition, Source
from patron.sources.text_look import is_tidy
from patron.sources.typed_sql import (
    SHOWN_LENGTH,
    Typed,
    believable,
    is_one_of,
    literal,
    number_value,
    plain_id,
    trimmed,
    typed,
    without_missing_words,
)
from patron.tables import Column, Kind

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


@dataclass(frozen=True)
class TypedColumn:
    """A column's values, one per row.

    ``places`` (one per row) points into the column's distinct texts; ``distinct`` are their values, and
    ``reasons`` and ``details`` their complaints: None when every text that is there has a value.
    """

    values: pa.Array
    places: pa.Array
    distinct: pa.Array
    reasons: pa.Array | None = None
    details: pa.Array | None = None


def parsing_engine() -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory, used as a parser only: one thread, so that rows keep their order; no files, no network, no extensions."""
    connection = duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": False, "autoload_known_extensions": False, "threads": 1}
    )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


class ColumnTyper:
    """Types the texts of one declared column of a source."""

    def __init__(self, engine: duckdb.DuckDBPyConnection, source: Source, column: Column) -> None:
        self.column = column
        self._engine = engine.cursor()
        self._query = column_query(source, column, _CLEANED.format(words=without_missing_words("text", column.kind)))
        self._query_when_tidy = column_query(source, column, "SELECT text FROM texts")
        _run(self._engine, self._query, pa.array([], pa.string()))

    def type_column(self, text: pa.Array) -> TypedColumn:
        """The column's values; NULL where the text is empty or a word for "nothing", or does not fit the kind."""
        encoded = text.dictionary_encode()
        tidy = is_tidy(encoded.dictionary)
        if tidy and self.column.kind in ("id", "text"):
            return TypedColumn(text, encoded.indices, encoded.dictionary)
        found = _run(self._engine, self._query_when_tidy if tidy else self._query, encoded.dictionary)
        distinct = found.column("value").cast(ARROW_TYPE[self.column.kind])
        values = distinct.take(encoded.indices)
        if found.column("reason").null_count == found.num_rows:
            return TypedColumn(values, encoded.indices, distinct)
        return TypedColumn(values, encoded.indices, distinct, found.column("reason"), found.column("detail"))


class RuleReader:
    """Tells which rows a condition holds for."""

    def __init__(self, engine: duckdb.DuckDBPyConnection, source: Source, rule: Condition) -> None:
        self._engine = engine.cursor()
        self._query = rule_query(source, rule)

    def holds(self, text: pa.Array) -> pa.Array:
        """True for each row the condition holds for; false where the text is empty."""
        encoded = text.dictionary_encode()
        found = _run(self._engine, self._query, encoded.dictionary).column("value")
        return pc.fill_null(found.take(encoded.indices), False)


def _run(engine: duckdb.DuckDBPyConnection, query: str, texts: pa.Array) -> pa.RecordBatch:
    engine.register("texts", pa.table({"text": texts}))
    try:
        table = engine.execute(query).to_arrow_table().combine_chunks()
    finally:
        engine.unregister("texts")
    batches = table.to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


def column_query(source: Source, column: Column, cleaned: str) -> str:
    """SQL over ``texts(text)``: value, reason and detail of each, in the same order; ``cleaned`` gives the texts."""
    how = typed(column, "text", source)
    inner = f"SELECT text, {how.value} AS value FROM ({cleaned})"  # noqa: S608 - settings stand in it as literals only
    inner = f"SELECT text, {_settled(column)} AS value FROM ({inner})"  # noqa: S608 - as above
    complaint = f"'{column.name}: ' || chr(39) || left(text, {SHOWN_LENGTH}) || chr(39) || {how.complaint}"
    told = f"{_where_bad(how.reason, how)} AS reason, {_where_bad(complaint, how)} AS detail"
    return f"SELECT value, {told} FROM ({inner})"  # noqa: S608 - as above


_TRIMMED: Final = f"SELECT {trimmed('text')} AS text FROM texts"  # noqa: S608 - a constant
_CLEANED: Final = f"SELECT {{words}} AS text FROM ({_TRIMMED})"  # noqa: S608 - constants


def _where_bad(told: str, how: Typed) -> str:
    if how.reason == "NULL":
        return "CAST(NULL AS VARCHAR)"
    return f"CASE WHEN text IS NOT NULL AND value IS NULL THEN {told} END"


def _settled(column: Column) -> str:
    """What is left to do once a value is there to look at."""
    if column.kind in ("moment", "date"):
        return believable("value")
    return "abs(value)" if column.name == "discount" else "value"


def rule_query(source: Source, rule: Condition) -> str:
    """SQL over ``texts(text)``: whether the condition holds for each, in the same order."""
    return f"SELECT {_holds(source, rule)} AS value FROM ({_TRIMMED})"  # noqa: S608 - words stand in it as literals


def _holds(source: Source, rule: Condition) -> str:
    if rule.starts_with is not None:
        return f"starts_with(text, {literal(rule.starts_with)})"
    if rule.equals is not None:
        return f"{is_one_of('text', rule.equals)} OR {is_one_of(plain_id('text'), rule.equals)}"
    return f"{number_value('text', source)} < {literal(str(rule.less_than))}::DOUBLE"
