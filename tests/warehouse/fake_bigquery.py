"""A BigQuery that runs here: it notes every statement, and does what it says in DuckDB.

It behaves like Google's client as far as Patron uses it. Each statement is read as BigQuery's SQL and worded for DuckDB, so it shows
that the statements do together what they shall; what BigQuery would refuse is for ``bigquery_rules`` to find.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, BinaryIO, Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlglot
import sqlglot.expressions as sge
from google.api_core.exceptions import BadRequest

PROJECT: Final = "our-project"
_NUMERIC, _BIGNUMERIC = pa.decimal128(38, 9), pa.decimal256(76, 38)
_CLONE: Final = re.compile(r"^(CREATE TABLE \S+) CLONE (\S+)$")


@dataclass
class FakeRows:
    table: pa.Table

    def to_arrow(self) -> pa.Table:
        return self.table

    def to_arrow_iterable(self) -> Iterator[pa.RecordBatch]:
        yield from self.table.to_batches(max_chunksize=1000)


@dataclass
class FakeJob:
    found: FakeRows
    num_dml_affected_rows: int | None = None
    output_rows: int | None = None

    def result(self) -> FakeRows:
        return self.found


@dataclass
class ListedTable:
    table_id: str
    created: datetime


@dataclass
class FakeClient:
    """``statements``: all that was asked, in BigQuery's SQL. ``age`` makes every table look so old."""

    statements: list[str] = field(default_factory=list)
    age: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        self._engine = duckdb.connect(":memory:", config={"threads": 2})
        self._engine.execute("SET TimeZone = 'UTC'")
        self._engine.execute("CREATE MACRO ieee_divide(a, b) AS CAST(a AS DOUBLE) / CAST(b AS DOUBLE)")

    def close(self) -> None:
        """A client may be closed and opened again; what it keeps stays."""

    def query(self, sql: str, job_config: Any) -> FakeJob:
        self.statements.append(sql)
        parameters = {told.name: told.value for told in job_config.query_parameters}
        try:
            for part in in_duckdb(sql):
                found = self._engine.execute(part, parameters or None).to_arrow_table()
        except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
            raise BadRequest(f"numeric overflow: {error}") from error
        if not sql.startswith(("SELECT", "WITH")):
            changed = found["Count"][0].as_py() if found.column_names == ["Count"] and found.num_rows else None
            return FakeJob(FakeRows(pa.table({})), num_dml_affected_rows=changed)
        return FakeJob(FakeRows(as_bigquery_gives(found)))

    def load_table_from_file(self, content: BinaryIO, table: str, job_config: Any) -> FakeJob:
        self.statements.append(f"LOAD {table}")
        rows = pq.read_table(content)
        names = ", ".join(f'"{name}"' for name in rows.column_names)
        self._engine.register("loaded", rows)
        _, dataset, name = table.split(".")
        self._engine.execute(f'INSERT INTO "{dataset}"."{name}" ({names}) SELECT {names} FROM loaded')
        self._engine.unregister("loaded")
        return FakeJob(FakeRows(pa.table({})), output_rows=rows.num_rows)

    def create_dataset(self, name: str, exists_ok: bool) -> None:
        assert exists_ok
        self._engine.execute(f'CREATE SCHEMA IF NOT EXISTS "{name.partition(".")[2]}"')

    def list_tables(self, dataset: str) -> list[ListedTable]:
        found = self._engine.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [dataset.partition(".")[2]]
        ).fetchall()
        return [ListedTable(name, datetime.now(UTC) - self.age) for (name,) in found]

    def tables(self, dataset: str) -> set[str]:
        return {table.table_id for table in self.list_tables(f"{PROJECT}.{dataset}")}

    def shown(self, sql: str) -> list[tuple[Any, ...]]:
        """What somebody else sees who asks the datasets."""
        return self._engine.execute(sql).fetchall()


def in_duckdb(sql: str) -> list[str]:
    """The same statement for DuckDB, which takes several where BigQuery takes one."""
    clone = _CLONE.match(sql)
    told = sqlglot.parse_one(f"{clone[1]} AS SELECT * FROM {clone[2]}" if clone else sql, dialect="bigquery")
    for table in told.find_all(sge.Table):
        table.set("catalog", None)
    for kind in told.find_all(sge.DataType):
        if kind.this == sge.DataType.Type.BIGDECIMAL or (
            kind.this == sge.DataType.Type.DECIMAL and not kind.expressions
        ):
            scale = kind.expressions[1].this.name if kind.expressions else "9"
            kind.replace(sge.DataType.build(f"DECIMAL(38, {scale})", dialect="duckdb"))
    return [part.sql(dialect="duckdb") for part in _parts(told)]


def _parts(told: sge.Expression) -> Iterator[sge.Expression]:
    if isinstance(told, sge.Create) and isinstance(told.this, sge.Schema) and told.expression:
        query = told.expression.pop()
        yield told
        yield sge.insert(query, told.this.this.copy())
    elif isinstance(told, sge.Alter):
        for action in told.args["actions"]:
            yield sge.Alter(this=told.this.copy(), kind=told.args["kind"], actions=[action.copy()])
    else:
        yield told


def as_bigquery_gives(found: pa.Table) -> pa.Table:
    """The rows in the few types that BigQuery's results have."""
    return pa.table({name: _of_few_types(found[name]) for name in found.column_names})


def _of_few_types(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_integer(column.type):
        return column.cast(pa.int64())
    if pa.types.is_float32(column.type):
        return column.cast(pa.float64())
    if pa.types.is_decimal(column.type):
        if column.type.scale == 0:  # DuckDB sums whole numbers as decimals
            return column.cast(pa.int64())
        wide = pc.max(pc.abs(column)).as_py() or Decimal(0)
        return column.cast(_BIGNUMERIC if wide >= Decimal(10) ** 29 else _NUMERIC)
    return column
