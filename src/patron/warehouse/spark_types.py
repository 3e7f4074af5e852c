"""Column types as Spark writes them down, and the Arrow types that hold the same values.

A moment is a TIMESTAMP without zone, as in the other engines: the session is UTC, and no reader's zone can move it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from patron.errors import DataError
from patron.tables import Column, Kind

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

Columns = Mapping[str, str]
"""Names of columns, each with its Spark type as Spark's own JSON names it."""

_OF_KIND: Final[dict[Kind, str]] = {
    "id": "string",
    "text": "string",
    "money": "decimal(18,4)",
    "quantity": "decimal(18,4)",
    "count": "long",
    "day": "integer",
    "moment": "timestamp_ntz",
    "date": "date",
    "share": "double",
    "real": "double",
    "flag": "boolean",
}
_ARROW: Final = {
    "string": pa.string(),
    "long": pa.int64(),
    "integer": pa.int32(),
    "short": pa.int16(),
    "byte": pa.int8(),
    "double": pa.float64(),
    "float": pa.float32(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp_ntz": pa.timestamp("us"),
    "binary": pa.binary(),
}
_SPARK: Final = {arrow: spark for spark, arrow in _ARROW.items()} | {
    pa.null(): "string",
    pa.large_string(): "string",
    pa.string_view(): "string",
    pa.large_binary(): "binary",
    pa.date64(): "date",
    pa.uint8(): "short",
    pa.uint16(): "integer",
    pa.uint32(): "long",
    pa.uint64(): "decimal(20,0)",
    pa.float16(): "float",
}
_DECIMAL: Final = re.compile(r"decimal\((\d+),\s*(-?\d+)\)")


def declared_columns(columns: tuple[Column, ...]) -> dict[str, str]:
    """The Spark type of each declared column."""
    return {column.name: _OF_KIND[column.kind] for column in columns}


def spark_columns(schema: pa.Schema) -> dict[str, str]:
    """The Spark type of each column of an Arrow schema."""
    return {field.name: _spark_type(field.type) for field in schema}


def arrow_schema(columns: Columns) -> pa.Schema:
    """The Arrow schema that holds these columns."""
    return pa.schema([(name, _arrow_type(kind)) for name, kind in columns.items()])


def struct_of(columns: Columns) -> StructType:
    """The columns as Spark's own schema; each may be NULL."""
    from pyspark.sql.types import StructType

    fields = [{"name": name, "type": kind, "nullable": True, "metadata": {}} for name, kind in columns.items()]
    return StructType.fromJson({"type": "struct", "fields": fields})


def columns_of(schema: StructType) -> dict[str, str]:
    """The columns of a query's result; what is NULL throughout is text, since Parquet knows no column without a type."""
    told: list[dict[str, Any]] = schema.jsonValue()["fields"]
    return {field["name"]: _storable(field["type"]) for field in told}


def conformed(rows: pa.Table, columns: Columns) -> pa.Table:
    """The rows in exactly these columns: by name (case aside), converted, NULL where a column is missing.

    Raises DataError for a value that its column cannot hold.
    """
    held = {name.lower(): name for name in rows.column_names}
    schema = arrow_schema(columns)
    arrays = [
        _converted(rows[held[field.name.lower()]], field) if field.name.lower() in held else _nulls(rows, field)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _nulls(rows: pa.Table, field: pa.Field) -> pa.Array:
    return pa.nulls(rows.num_rows, field.type)


def _converted(values: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    wanted = field.type
    if values.type == wanted:
        return values
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_timestamp(values.type) and values.type.tz:
        values = values.cast(pa.timestamp("us", "UTC"))
    if pa.types.is_decimal(wanted) and (pa.types.is_floating(values.type) or pa.types.is_decimal(values.type)):
        # Engines round to the scale of a column; Arrow would refuse the further digits.
        values = pc.round(values, wanted.scale, "half_towards_infinity")
    try:
        return values.cast(wanted)
    except pa.ArrowInvalid as error:
        raise DataError(
            f"A value does not fit column {field.name}: {error}",
            allowed=f"The column holds {wanted}.",
            to_do="Look for amounts that cannot be right, or write them in a larger unit.",
        ) from error


def _spark_type(arrow: pa.DataType) -> str:
    if pa.types.is_decimal(arrow):
        return f"decimal({arrow.precision},{arrow.scale})"
    if pa.types.is_timestamp(arrow):
        return "timestamp_ntz"
    if pa.types.is_dictionary(arrow):
        return _spark_type(arrow.value_type)
    if arrow not in _SPARK:
        raise DataError(f"A column of type {arrow} cannot be stored.", allowed="Text, numbers, days, times, flags.")
    return _SPARK[arrow]


def _arrow_type(spark: str) -> pa.DataType:
    decimal = _DECIMAL.fullmatch(spark)
    return pa.decimal128(int(decimal[1]), int(decimal[2])) if decimal else _ARROW[spark]


def _storable(kind: str) -> str:
    return {"void": "string", "timestamp": "timestamp_ntz"}.get(kind, kind)
