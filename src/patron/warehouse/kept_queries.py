"""Queries over a few rows at a time, worded and planned once: for whoever must answer in milliseconds.

To word and plan a query of fifty features takes a hundred times as long as to run it over one customer's rows. So the plans
are kept with a connection, and each asking fills its tables anew, inside a transaction that is never committed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Final

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from patron.errors import UsageError

Made = Callable[[Mapping[str, ir.Table]], ir.Table]
"""Gives a query of the tables that were sent and those that earlier queries made."""
_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "threads": 1,
    "memory_limit": "1GB",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_OF_ROWS: Final = "statistics_propagation,compressed_materialization,join_filter_pushdown"
"""What a plan would take from the rows that were there when it was made, and which later rows would belie."""


class KeptQueries:
    """Makes one table after another of the rows sent, and gives the last; several threads may ask at once.

    ``sent`` tells the tables that may be sent, by name; ``steps`` name each table made and the query that makes it.
    """

    def __init__(self, sent: Mapping[str, pa.Schema], steps: Sequence[tuple[str, Made]], at_once: int = 2) -> None:
        first = _connection()
        self._sql = tuple(_worded(first, sent, steps))
        self._last = steps[-1][0]
        _plan(first, self._sql)
        self._free: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
        self._free.put(first)
        for _ in range(at_once - 1):
            another = _connection()
            for name, schema in sent.items():
                _empty_table(another, name, schema)
            _make_room(another, self._sql)
            _plan(another, self._sql)
            self._free.put(another)

    def answer(self, rows: Mapping[str, pa.Table]) -> pa.Table:
        """The last table, made of these rows; a table that is not among them has none.

        Raises UsageError for rows whose sums are larger than the engine's numbers.
        """
        try:
            return self._answer(rows)
        except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
            raise UsageError(
                "The rows add up to more than can be counted.", allowed="Sums below 99,999,999,999,999.9999."
            ) from error

    def _answer(self, rows: Mapping[str, pa.Table]) -> pa.Table:
        with self._borrowed() as connection:
            for name, table in rows.items():
                if table.num_rows:
                    _fill(connection, name, table)
            for number in range(len(self._sql) - 1):
                connection.execute(f"EXECUTE step_{number}")
            return connection.execute(f"EXECUTE step_{len(self._sql) - 1}").to_arrow_table()

    @contextmanager
    def _borrowed(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection inside a transaction; what was written is gone afterwards."""
        connection = self._free.get()
        try:
            connection.execute("BEGIN TRANSACTION")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")
        finally:
            self._free.put(connection)


def _connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config=_CONFIG)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_external_access = false")
    connection.execute(f"SET disabled_optimizers = '{_OF_ROWS}'")
    return connection


def _worded(
    connection: duckdb.DuckDBPyConnection, sent: Mapping[str, pa.Schema], steps: Sequence[tuple[str, Made]]
) -> Iterator[tuple[str, str]]:
    """The name of each table made, and the SQL that makes it; leaves room for both kinds of table."""
    backend = ibis.duckdb.from_connection(connection)
    tables: dict[str, ir.Table] = {}
    for name, schema in sent.items():
        _empty_table(connection, name, schema)
        tables[name] = backend.table(name)
    for name, made in steps:
        sql = str(ibis.to_sql(made(tables), dialect="duckdb"))
        _make_room(connection, [(name, sql)])
        tables[name] = backend.table(name)
        yield name, sql


def _empty_table(connection: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema) -> None:
    connection.register("rows_sent", schema.empty_table())
    connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM rows_sent')  # noqa: S608  a declared table's name
    connection.unregister("rows_sent")


def _make_room(connection: duckdb.DuckDBPyConnection, made: Sequence[tuple[str, str]]) -> None:
    for name, sql in made:
        connection.execute(f'CREATE TABLE "{name}" AS {sql} LIMIT 0')


def _plan(connection: duckdb.DuckDBPyConnection, made: Sequence[tuple[str, str]]) -> None:
    """Keep the plan of each query: all but the last write the table of their name."""
    for number, (name, sql) in enumerate(made):
        into = f'INSERT INTO "{name}" ' if number < len(made) - 1 else ""
        connection.execute(f"PREPARE step_{number} AS {into}{sql}")


def _fill(connection: duckdb.DuckDBPyConnection, name: str, sent: pa.Table) -> None:
    """Write rows into a table: one by its values, which is quicker, more as a table of their own."""
    if sent.num_rows == 1:
        cells = [column[0].as_py() for column in sent.columns]
        connection.execute(f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(cells))})', cells)  # noqa: S608
        return
    connection.register("rows_sent", sent)
    try:
        connection.execute(f'INSERT INTO "{name}" SELECT * FROM rows_sent')  # noqa: S608  a declared table's name
    finally:
        connection.unregister("rows_sent")
