"""PostgreSQL's columns: their types beside Arrow's, and names longer than it can hold.

Texts are compared byte by byte (``COLLATE "C"``), as every other engine does, whatever the database's own order.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import sqlglot
from sqlglot import exp

from patron.errors import DataError, UsageError
from patron.tables import Kind

_QUOTED: Final = re.compile('"([^"]*)"')
_CASES: Final = re.compile(r"\b(?:LOWER|UPPER)\(")
_BY_BYTES: Final = ' COLLATE "C"'
TEXT: Final = f"TEXT{_BY_BYTES}"
LONGEST_NAME: Final = 63
"""Bytes of a name; PostgreSQL cuts a longer one off without a word."""

DECLARED: Final[dict[Kind, str]] = {
    "id": TEXT,
    "text": TEXT,
    "money": "NUMERIC(18,4)",
    "quantity": "NUMERIC(18,4)",
    "count": "BIGINT",
    "day": "INTEGER",
    "moment": "TIMESTAMP",
    "date": "DATE",
    "share": "DOUBLE PRECISION",
    "real": "DOUBLE PRECISION",
    "flag": "BOOLEAN",
}
_OF_ARROW: Final = {
    pa.int8(): "SMALLINT",
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float32(): "REAL",
    pa.float64(): "DOUBLE PRECISION",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.string(): TEXT,
    pa.large_string(): TEXT,
    pa.null(): TEXT,
    pa.binary(): "BYTEA",
    pa.large_binary(): "BYTEA",
}
_TO_ARROW: Final = {
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double precision": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp without time zone": pa.timestamp("us"),
    "text": pa.string(),
    "bytea": pa.binary(),
}


@dataclass(frozen=True)
class StoredColumn:
    """A column as it is stored: Patron's name for it, the one it is stored under, and its type."""

    name: str
    stored: str
    kind: pa.DataType


def column_in(columns: Iterable[StoredColumn], name: str) -> StoredColumn | None:
    """The column of this name, whose case does not matter."""
    wanted = plain_case(name)
    return next((column for column in columns if plain_case(column.name) == wanted), None)


def plain_case(name: str) -> str:
    """A name as names are compared: as DuckDB does, where only the case of a to z does not matter."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


def stored_name(name: str) -> str:
    """The name a column is stored under: its own, or where that is too long its beginning and a digest of it."""
    if len(name.encode()) <= LONGEST_NAME:
        return name
    beginning = name.encode()[: LONGEST_NAME - 17].decode("utf-8", "ignore")
    return f"{beginning}~{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def as_the_server_takes_it(sql: str, letters: str) -> str:
    """A query in which no name is longer than the server can hold, and every letter has a small and a capital form.

    ``letters`` is the collation that knows them; that of the columns knows those of English only.
    """
    if not (_CASES.search(sql) or any(len(name.encode()) > LONGEST_NAME for name in _QUOTED.findall(sql))):
        return sql
    query = sqlglot.parse_one(sql, dialect="postgres")
    for identifier in query.find_all(exp.Identifier):
        identifier.set("this", stored_name(identifier.name))
    of_letters, of_bytes = (exp.to_identifier(name, quoted=True) for name in (letters, "C"))
    for call in reversed(list(query.find_all(exp.Lower, exp.Upper))):  # those inside others first
        call.set("this", exp.Collate(this=exp.paren(call.this), expression=of_letters.copy()))
        call.replace(exp.paren(exp.Collate(this=call.copy(), expression=of_bytes.copy())))
    return query.sql(dialect="postgres")


def sql_type(kind: pa.DataType) -> str:
    """PostgreSQL's type for an Arrow type."""
    if pa.types.is_decimal128(kind):
        return f"NUMERIC({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP"
    if kind not in _OF_ARROW:
        raise UsageError(
            f"PostgreSQL has no type for a column of {kind}.",
            allowed=f"Allowed: {', '.join(sorted(str(known) for known in _OF_ARROW))}, decimals and timestamps.",
        )
    return _OF_ARROW[kind]


def cast_to(value: str, kind: pa.DataType) -> str:
    """A value, cast to PostgreSQL's type for an Arrow type."""
    return f"CAST({value} AS {sql_type(kind).removesuffix(_BY_BYTES)})"


def arrow_type(column: str, name: str) -> pa.DataType:
    """The Arrow type of a column whose type PostgreSQL words like this."""
    if name.startswith("numeric("):
        precision, scale = name.removeprefix("numeric(").removesuffix(")").split(",")
        return pa.decimal128(int(precision), int(scale))
    if name not in _TO_ARROW:
        raise UsageError(
            f"The column {column} is of PostgreSQL's type {name}, which Patron does not read.",
            allowed=f"Allowed: {', '.join(sorted(_TO_ARROW))}, numeric(precision,scale).",
            to_do="Only Patron should make tables in its schemas.",
        )
    return _TO_ARROW[name]


def ibis_schema(columns: Iterable[StoredColumn]) -> ibis.Schema:
    """The stored columns as Ibis knows a table."""
    return ibis.Schema.from_pyarrow(pa.schema([(column.name, column.kind) for column in columns]))


def arrow_schema(rows: ir.Table) -> pa.Schema:
    """A query's columns as Arrow has them; a column that is nothing but empty is text."""
    found = rows.schema().to_pyarrow()
    return pa.schema([(field.name, pa.string() if pa.types.is_null(field.type) else field.type) for field in found])


def typed(made: pa.Schema, batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch as it came from the server, with the names and types of this schema: decimals come as texts."""
    columns = [_told(column).cast(field.type) for column, field in zip(batch.columns, made, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=made)


def as_stored(made: pa.Schema, batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch with the names and types under which it is stored; DataError for a number that does not fit."""
    try:
        columns = [column.cast(field.type) for column, field in zip(batch.columns, made, strict=True)]
    except pa.ArrowInvalid as error:
        raise DataError(
            f"An amount does not fit into its column: {error}",
            allowed="Amounts have at most 14 digits before the decimal sign and 4 after it.",
            to_do="Look for amounts that cannot be right, or write them in a larger unit.",
        ) from error
    return pa.RecordBatch.from_arrays(columns, schema=made)


def _told(column: pa.Array) -> pa.Array:
    return column.storage if isinstance(column, pa.ExtensionArray) else column
