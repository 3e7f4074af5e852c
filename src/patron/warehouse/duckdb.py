"""The default warehouse: one DuckDB file in the workspace, asked through Ibis.

Tables live in the schemas bronze, silver and gold; work tables of a run in ``work``. A step's writes and
the note that it finished are one transaction, so a killed run leaves whole steps only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from patron.errors import DamagedWarehouse, DataError, NothingThere, PatronError, StorageFailed, WorkspaceBusy
from patron.settings import WarehouseSettings
from patron.tables import Column, Kind

SCHEMAS = ("bronze", "silver", "gold", "work")
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


@dataclass(frozen=True)
class Batches:
    """Arrow batches that are made as they are written."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


class DuckDBWarehouse:
    """An open warehouse. One process at a time; close it, or use it as a context."""

    def __init__(self, path: Path | None, settings: WarehouseSettings, *, spill: Path | None = None) -> None:
        self.path = path
        self._connection = _connect(path, settings, spill)
        self._ibis = ibis.duckdb.from_connection(self._connection)
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
            with suppress(duckdb.Error, RuntimeError):  # a failed COMMIT has rolled back by itself
                self._connection.execute("ROLLBACK")
            raise _told(error) from error
        try:
            self._do("COMMIT")
        except duckdb.Error as error:
            raise _told(error) from error

    def exists(self, schema: str, name: str) -> bool:
        found = self._do(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = ?", [schema, name]
        ).fetchone()
        return bool(found and found[0])

    def table(self, schema: str, name: str) -> ir.Table:
        """A stored table as an Ibis expression."""
        if not self.exists(schema, name):
            raise NothingThere(f"There is no table {schema}.{name} in the warehouse.", to_do="Run 'patron run' first.")
        return self._ibis.table(name, database=schema)

    def create(self, schema: str, name: str, columns: tuple[Column, ...]) -> None:
        """An empty table of declared columns, unless it exists."""
        body = ", ".join(f"{_quoted(c.name)} {_SQL_TYPE[c.kind]}" for c in columns)
        self._do(f"CREATE TABLE IF NOT EXISTS {_quoted(schema)}.{_quoted(name)} ({body})")

    def create_raw(self, schema: str, name: str, columns: list[str]) -> None:
        """A table of text columns, made wider when it lacks some of these."""
        self.create(schema, name, (Column("file_id", "id", ""), Column("line", "count", "")))
        for column in columns:
            self._do(
                f"ALTER TABLE {_quoted(schema)}.{_quoted(name)} ADD COLUMN IF NOT EXISTS {_quoted(column)} VARCHAR"
            )

    def replace(self, schema: str, name: str, rows: ir.Table | pa.Table | Batches) -> int:
        """Make this table anew from a query or from Arrow; gives the number of rows."""
        return self._write(
            f"CREATE OR REPLACE TABLE {_quoted(schema)}.{_quoted(name)} AS SELECT * FROM ({{rows}})", rows, schema, name
        )

    def append(self, schema: str, name: str, rows: ir.Table | pa.Table | Batches) -> int:
        """Add rows, matched by column name; gives the number of rows added."""
        before = self.count(schema, name)
        self._write(
            f"INSERT INTO {_quoted(schema)}.{_quoted(name)} BY NAME SELECT * FROM ({{rows}})", rows, schema, name
        )
        return self.count(schema, name) - before

    def drop(self, schema: str, name: str) -> None:
        self._do(f"DROP TABLE IF EXISTS {_quoted(schema)}.{_quoted(name)}")

    def delete(self, schema: str, name: str, where: Mapping[str, str]) -> None:
        """Remove the rows in which these columns have these values (all rows, if none are given)."""
        condition = " AND ".join(f"{_quoted(column)} = ?" for column in where) or "TRUE"
        self._do(f"DELETE FROM {_quoted(schema)}.{_quoted(name)} WHERE {condition}", list(where.values()))

    def count(self, schema: str, name: str) -> int:
        found = self._do(f"SELECT count(*) FROM {_quoted(schema)}.{_quoted(name)}").fetchone()
        return int(found[0]) if found else 0

    def execute(self, sql: str, parameters: list[Any] | None = None) -> None:
        """A statement that no expression can word (UPDATE, DELETE); values only as parameters."""
        self._do(sql, parameters or [])

    def fetch(self, expression: ir.Expr) -> pa.Table:
        """A query's result as an Arrow table."""
        return self._do(self.sql(expression)).to_arrow_table()

    def stream(self, expression: ir.Table, rows: int = 200_000) -> pa.RecordBatchReader:
        """A query's result as Arrow batches, on a connection of its own."""
        return self._connection.cursor().execute(self.sql(expression)).to_arrow_reader(rows)

    def sql(self, expression: ir.Expr) -> str:
        """The SQL that an expression becomes here."""
        return str(self._ibis.compile(expression))

    def _do(self, sql: str, parameters: list[Any] | None = None) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(sql, parameters or [])
        except RuntimeError as error:  # Ctrl-C may fall into any statement, also outside a transaction
            raise _told(error) from error

    def _write(self, statement: str, rows: ir.Table | pa.Table | Batches, schema: str, name: str) -> int:
        if isinstance(rows, pa.Table):
            self._write_arrow(statement, rows)
        elif isinstance(rows, Batches):
            self._write_batches(statement, rows)
        else:
            self._do(statement.replace("{rows}", self.sql(rows)))
        return self.count(schema, name)

    def _write_batches(self, statement: str, rows: Batches) -> None:
        refusals: list[PatronError] = []
        reader = pa.RecordBatchReader.from_batches(rows.schema, _keeping(refusals, rows.batches))
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


def _keeping(refusals: list[PatronError], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches
    except PatronError as error:
        refusals.append(error)
        raise


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


def open_warehouse(folder: Path, settings: WarehouseSettings) -> DuckDBWarehouse:
    """The warehouse of a workspace folder."""
    return DuckDBWarehouse(folder / "warehouse.duckdb", settings, spill=folder / "spill")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
