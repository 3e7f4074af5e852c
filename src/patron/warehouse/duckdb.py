"""The default warehouse: one DuckDB file in the workspace, asked through Ibis.

Tables live in the schemas bronze, silver and gold; work tables of a run in ``work``. A step's writes and
the note that it finished are one transaction, so a killed run leaves whole steps only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from patron.credentials import Credentials
from patron.errors import DamagedWarehouse, DataError, NothingThere, PatronError, StorageFailed, WorkspaceBusy
from patron.settings import WarehouseSettings
from patron.tables import Column, Kind
from patron.warehouse.warehouse import SCHEMAS, Batches, BatchFunction, Rows, Warehouse
from patron.warehouse.worded import Worded

_SQL_TYPE: dict[Kind, str] = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "money": "DECIMAL(18,4)",
    "quantity": "DECIMAL(18,4)",
    "count": "BIGINT",
    "day": "INTEGER",
    "moment": "TIMESTAMP",
    "date": "DATE",
    "share": "DOUBLE",
    "real": "DOUBLE",
    "flag": "BOOLEAN",
}
WAREHOUSE_FILE: Final = "warehouse.duckdb"
_WORDED: Final = Worded()
_ROW_GROUP = 122_880
"""Rows that the engine stores together. Batches of other sizes are written twice, and take twice the room."""


class DuckDBWarehouse(Warehouse):
    """An open warehouse. One process at a time; close it, or use it as a context."""

    def __init__(self, path: Path | None, settings: WarehouseSettings, *, spill: Path | None = None) -> None:
        self.path = path
        self._connection = _connect(path, settings, spill)
        self._ibis = ibis.duckdb.from_connection(self._connection)
        self._tables: dict[tuple[str, str], ir.Table] = {}  # as asked for since they were last made
        for schema in SCHEMAS:
            self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")

    def __enter__(self) -> DuckDBWarehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside becomes visible at once, or not at all."""
        self._do("BEGIN TRANSACTION")
        try:
            yield
        except BaseException as error:
            self._tables.clear()
            with suppress(duckdb.Error, RuntimeError):  # a failed COMMIT has rolled back by itself
                self._connection.execute("ROLLBACK")
            raise _told(error) from error
        try:
            self._do("COMMIT")
        except duckdb.Error as error:
            self._tables.clear()
            raise _told(error) from error

    def exists(self, schema: str, name: str) -> bool:
        found = self._do(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = ?", [schema, name]
        ).fetchone()
        return bool(found and found[0])

    def names(self, schema: str) -> tuple[str, ...]:
        """The tables of a schema, by name."""
        found = self._do(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = ? ORDER BY table_name", [schema]
        )
        return tuple(name for (name,) in found.fetchall())

    def table(self, schema: str, name: str) -> ir.Table:
        """A stored table as an Ibis expression."""
        if (schema, name) not in self._tables:
            if not self.exists(schema, name):
                raise NothingThere(
                    f"There is no table {schema}.{name} in the warehouse.", to_do="Run 'patron run' first."
                )
            self._tables[schema, name] = self._ibis.table(name, database=schema)
        return self._tables[schema, name]

    def create(self, schema: str, name: str, columns: tuple[Column, ...]) -> None:
        """An empty table of declared columns, unless it exists."""
        body = ", ".join(f"{_quoted(c.name)} {_SQL_TYPE[c.kind]}" for c in columns)
        self._do(f"CREATE TABLE IF NOT EXISTS {_quoted(schema)}.{_quoted(name)} ({body})")

    def create_raw(self, schema: str, name: str, columns: list[str]) -> None:
        """A table of text columns, made wider when it lacks some of these."""
        self._tables.pop((schema, name), None)
        self.create(schema, name, (Column("file_id", "id", ""), Column("line", "count", "")))
        for column in columns:
            self._do(
                f"ALTER TABLE {_quoted(schema)}.{_quoted(name)} ADD COLUMN IF NOT EXISTS {_quoted(column)} VARCHAR"
            )

    def replace(self, schema: str, name: str, rows: Rows) -> int:
        """Make this table anew from a query or from Arrow; gives the number of rows."""
        self._tables.pop((schema, name), None)
        return self._write(
            f"CREATE OR REPLACE TABLE {_quoted(schema)}.{_quoted(name)} AS SELECT * FROM ({{rows}})", rows, schema, name
        )

    def append(self, schema: str, name: str, rows: Rows) -> int:
        """Add rows, matched by column name; gives the number of rows added."""
        before = self.count(schema, name)
        self._write(
            f"INSERT INTO {_quoted(schema)}.{_quoted(name)} BY NAME SELECT * FROM ({{rows}})", rows, schema, name
        )
        return self.count(schema, name) - before

    def map_rows(self, schema: str, name: str, rows: ir.Table, function: BatchFunction, made: pa.Schema) -> int:
        """Make this table anew from what a function makes of each batch of a query's rows; gives the number of rows."""
        return self.replace(schema, name, Batches(made, map(function, self.stream(rows))))

    def drop(self, schema: str, name: str) -> None:
        self._tables.pop((schema, name), None)
        self._do(f"DROP TABLE IF EXISTS {_quoted(schema)}.{_quoted(name)}")

    def delete(self, schema: str, name: str, where: Mapping[str, str]) -> None:
        """Remove the rows in which these columns have these values (all rows, if none are given)."""
        self._do(
            f"DELETE FROM {_quoted(schema)}.{_quoted(name)} WHERE {_all_equal(where)}",
            list(where.values()),
        )

    def keep_only(self, schema: str, name: str, where: Mapping[str, str]) -> None:
        """Remove the rows in which not all of these columns have these values."""
        self._do(
            f"DELETE FROM {_quoted(schema)}.{_quoted(name)} WHERE ({_all_equal(where)}) IS NOT TRUE",
            list(where.values()),
        )

    def supersede(self, schema: str, name: str, rows: ir.Table, at: datetime) -> None:
        """Close the rows that hold and agree with one of these in every column that these have (NULL agrees with NULL)."""
        same = " AND ".join(f"held.{_quoted(c)} IS NOT DISTINCT FROM told.{_quoted(c)}" for c in rows.columns)
        self._do(
            f"UPDATE {_quoted(schema)}.{_quoted(name)} AS held SET superseded_at = ? FROM ({self.sql(rows)}) AS told "
            f"WHERE held.superseded_at IS NULL AND {same}",
            [at],
        )

    def count(self, schema: str, name: str) -> int:
        found = self._do(f"SELECT count(*) FROM {_quoted(schema)}.{_quoted(name)}").fetchone()
        return int(found[0]) if found else 0

    def execute(self, sql: str, parameters: list[Any] | None = None) -> None:
        """A statement of this engine's own; values only as parameters. No room asks for it: it is for people and measurements."""
        self._tables.clear()
        self._do(sql, parameters)

    def fetch(self, expression: ir.Expr) -> pa.Table:
        """A query's result as an Arrow table."""
        rows = expression.as_table()
        return _whole(self._do(self.sql(rows)).to_arrow_table(), rows.schema())

    def stream(self, expression: ir.Table, rows: int = 200_000) -> pa.RecordBatchReader:
        """A query's result as Arrow batches, on a connection of its own."""
        return self._connection.cursor().execute(self.sql(expression)).to_arrow_reader(rows)

    def sql(self, expression: ir.Expr) -> str:
        """The SQL that an expression becomes here."""
        return _WORDED.sql(expression, lambda query: str(self._ibis.compile(query)))

    def _do(self, sql: str, parameters: list[Any] | None = None) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(sql, parameters or [])
        except RuntimeError as error:  # Ctrl-C may fall into any statement, also outside a transaction
            raise _told(error) from error

    def _write(self, statement: str, rows: Rows, schema: str, name: str) -> int:
        if isinstance(rows, pa.Table):
            self._write_arrow(statement, rows)
        elif isinstance(rows, Batches):
            self._write_batches(statement, rows)
        else:
            self._do(statement.replace("{rows}", self.sql(rows)))
        return self.count(schema, name)

    def _write_batches(self, statement: str, rows: Batches) -> None:
        refusals: list[PatronError] = []
        batches = _in_row_groups(rows.schema, _keeping(refusals, rows.batches))
        reader = pa.RecordBatchReader.from_batches(rows.schema, batches)
        try:
            self._write_arrow(statement, reader)
        except duckdb.Error as error:
            # What a batch's maker refused comes back from the engine as its own error, wrapped in words of no use.
            if refusals:
                raise refusals[0] from error
            raise

    def _write_arrow(self, statement: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        self._connection.register("arrow_rows", rows)
        try:
            self._connection.execute(statement.format(rows="SELECT * FROM arrow_rows"))
        finally:
            self._connection.unregister("arrow_rows")


def _whole(found: pa.Table, schema: ibis.Schema) -> pa.Table:
    """The same table with whole numbers where Ibis says so: DuckDB gives a sum of them as a decimal."""
    for place, (name, kind) in enumerate(schema.items()):
        if kind.is_integer() and pa.types.is_decimal(found.schema.field(place).type):
            found = found.set_column(place, name, found.column(place).cast(pa.int64()))
    return found


def _keeping(refusals: list[PatronError], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches
    except PatronError as error:
        refusals.append(error)
        raise


def _in_row_groups(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of ``_ROW_GROUP``, the last of what is left."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        while rows >= _ROW_GROUP:
            whole = pa.Table.from_batches(waiting, schema)
            yield whole.slice(0, _ROW_GROUP).combine_chunks().to_batches()[0]
            waiting, rows = whole.slice(_ROW_GROUP).to_batches(), rows - _ROW_GROUP
    yield from pa.Table.from_batches(waiting, schema).combine_chunks().to_batches()


def _told(error: BaseException) -> BaseException:
    """The engine's own errors in our words, where they have a meaning for the user."""
    if isinstance(error, RuntimeError) and str(error) == "Query interrupted":
        return KeyboardInterrupt()  # DuckDB turns Ctrl-C into an error of its own
    if isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException | OSError):
        return StorageFailed(
            f"The computer refuses to read or write, or has no room: {str(error).splitlines()[0]}",
            to_do="Free disk space or memory (warehouse.memory_gb), then run again; finished steps are kept.",
        )
    if isinstance(error, duckdb.ConversionException | duckdb.OutOfRangeException):
        return DataError(
            f"Amounts add up to more than a decimal(18,4) can hold: {str(error).splitlines()[0]}",
            allowed="A customer's sums must stay below 100 trillion.",
            to_do="Look for amounts that cannot be right, or write them in a larger unit.",
        )
    return error


def _connect(path: Path | None, settings: WarehouseSettings, spill: Path | None) -> duckdb.DuckDBPyConnection:
    config: dict[str, Any] = {
        "memory_limit": f"{settings.memory_gb}GB",
        "threads": settings.threads or os.cpu_count() or 1,
        # No network, no downloads, no code from outside: the warehouse is a file.
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if spill is not None:
        config["temp_directory"] = str(spill)
    try:
        connection = duckdb.connect(str(path) if path else ":memory:", config=config)
    except duckdb.Error as error:
        if "lock" not in str(error):
            raise DamagedWarehouse(
                f"{path} cannot be opened as a warehouse: {str(error).splitlines()[0]}",
                to_do="Move it away and run again: everything is made anew from your files.",
            ) from error
        raise WorkspaceBusy(
            f"The warehouse {path} is open in another process.", to_do="Wait until it is done, then try again."
        ) from error
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")  # stdout is for results
    return connection


def open_warehouse(folder: Path, settings: WarehouseSettings, _credentials: Credentials) -> DuckDBWarehouse:
    """The warehouse of a workspace folder."""
    return DuckDBWarehouse(folder / WAREHOUSE_FILE, settings, spill=folder / "spill")


def _all_equal(where: Mapping[str, str]) -> str:
    return " AND ".join(f"{_quoted(column)} = ?" for column in where) or "TRUE"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
