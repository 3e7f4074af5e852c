"""BigQuery's SQL: what an expression becomes there, what its columns are called and which types they have.

Ibis words expressions for BigQuery; four things that it leaves to chance are worded here. A decimal is rounded to the scale it
is cast to (BigQuery's NUMERIC has nine digits whatever is asked for), one of over 29 whole digits is a BIGNUMERIC, what counts
seconds is given a TIMESTAMP, and a name that BigQuery refuses becomes one of its own, never one that another might become too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pyarrow as pa
import sqlglot.expressions as sge
from ibis.backends.sql.compilers import BigQueryCompiler
from ibis.backends.sql.datatypes import BigQueryType

from patron.errors import UsageError

DIALECT: Final = "bigquery"
_NUMERIC_WHOLE_DIGITS, _NUMERIC_SCALE = 29, 9
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_RESERVED: Final = re.compile(
    r"(?i)(_table_|_file_|_partition|_row_timestamp|__root__|_colidentifier|_change_|patron_)"
)
_COLUMN_TYPE: Final[dict[type[dt.DataType], str]] = {
    dt.String: "STRING",
    dt.Int8: "INT64",
    dt.Int16: "INT64",
    dt.Int32: "INT64",
    dt.Int64: "INT64",
    dt.Float32: "FLOAT64",
    dt.Float64: "FLOAT64",
    dt.Boolean: "BOOL",
    dt.Date: "DATE",
    dt.Timestamp: "DATETIME",
    dt.Binary: "BYTES",
    dt.Null: "STRING",
}


class _Types(BigQueryType):  # type: ignore[misc]  # Ibis carries no types
    @classmethod
    def _from_ibis_Decimal(cls, dtype: dt.Decimal) -> sge.DataType:
        wide = not _fits_numeric(dtype)
        return sge.DataType(this=sge.DataType.Type.BIGDECIMAL) if wide else super()._from_ibis_Decimal(dtype)


class _Compiler(BigQueryCompiler):  # type: ignore[misc]  # as above
    type_mapper = _Types

    def visit_Cast(self, op: Any, *, arg: Any, to: dt.DataType) -> Any:  # Any: Ibis' compilers are not typed
        if op.arg.dtype.is_timestamp() and to.is_integer():
            return self.f.unix_micros(self._instant(op, arg))
        told = super().visit_Cast(op, arg=arg, to=to)
        rounds = isinstance(to, dt.Decimal) and to.scale is not None and not op.arg.dtype.is_integer()
        return self.f.round(told, to.scale) if rounds else told

    def visit_ExtractEpochSeconds(self, op: Any, *, arg: Any) -> Any:
        return self.f.unix_seconds(self._instant(op, arg))

    def _instant(self, op: Any, arg: Any) -> Any:
        """A moment as BigQuery counts from: our moments are DATETIME in UTC, its counts take a TIMESTAMP."""
        return arg if op.arg.dtype.timezone else self.f.timestamp(arg)

    @staticmethod
    def _gen_valid_name(name: str) -> str:
        return stored_name(name)


@dataclass(frozen=True)
class StoredColumn:
    """A column as it is stored: Patron's name for it and its type, as Ibis writes it."""

    name: str
    kind: str

    @property
    def stored(self) -> str:
        return stored_name(self.name)

    @property
    def declaration(self) -> str:
        return f"{quoted(self.stored)} {column_type(ibis.dtype(self.kind))}"


def query_sql(expression: ir.Expr) -> str:
    """The BigQuery SQL of an expression; its columns have their stored names."""
    return str(_Compiler().to_sqlglot(expression).sql(dialect=DIALECT))


def stored_name(name: str) -> str:
    """The name under which a column is kept: its own, or one made from it where BigQuery refuses that."""
    if _PLAIN.fullmatch(name) and not _RESERVED.match(name):
        return name
    # Names that differ in capitals alone are one column everywhere.
    return f"patron_{hashlib.sha256(name.lower().encode()).hexdigest()[:24]}"


def columns_of(schema: ibis.Schema) -> tuple[StoredColumn, ...]:
    """The columns that keep rows of this schema."""
    return tuple(StoredColumn(name, str(kind.copy(nullable=True))) for name, kind in schema.items())


def column_type(kind: dt.DataType) -> str:
    """The type of a stored column."""
    if isinstance(kind, dt.Decimal):
        precision, scale = kind.precision or 38, kind.scale or 0
        return f"{'NUMERIC' if _fits_numeric(kind) else 'BIGNUMERIC'}({precision}, {scale})"
    found = _COLUMN_TYPE.get(type(kind))
    if found is None:
        raise UsageError(
            f"BigQuery keeps no column of type {kind}.", allowed=", ".join(sorted({*_COLUMN_TYPE.values()}))
        )
    return found


def typed(made: pa.Schema, batch: pa.RecordBatch) -> pa.RecordBatch:
    """The same rows under the names and types of a schema: BigQuery knows one kind of whole number and two of decimals."""
    return pa.RecordBatch.from_arrays(
        [column.cast(f.type) for column, f in zip(batch.columns, made, strict=True)], schema=made
    )


def arrow_schema(rows: ir.Table) -> pa.Schema:
    """A query's columns as Arrow has them, all of which may be missing."""
    return pa.schema([(name, kind.copy(nullable=True).to_pyarrow()) for name, kind in rows.schema().items()])


def column_in(columns: Iterable[StoredColumn], name: str) -> StoredColumn | None:
    """The column of this name, in whatever capitals."""
    return next((column for column in columns if column.name.lower() == name.lower()), None)


def quoted(name: str) -> str:
    """A name that is ours, or stored: neither holds a backtick."""
    return f"`{name}`"


def _fits_numeric(kind: dt.Decimal) -> bool:
    precision, scale = kind.precision or 38, kind.scale or 0
    return scale <= _NUMERIC_SCALE and (kind.precision is None or precision - scale <= _NUMERIC_WHOLE_DIGITS)
