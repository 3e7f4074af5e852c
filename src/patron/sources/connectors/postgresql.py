"""PostgreSQL: a read-only session in UTC, read through a cursor on the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from patron.errors import UsageError
from patron.sources.connectors.dsn import Dsn
from patron.sources.connectors.session import Columns, Dialect, Failed
from patron.sources.connectors.watermark import WatermarkValue

if TYPE_CHECKING:
    import psycopg

_DIALECT: Final = Dialect('"', "%s")


@dataclass(frozen=True)
class PostgresqlSession:
    """An open connection."""

    connection: psycopg.Connection[tuple[Any, ...]]
    dialect: Dialect = _DIALECT

    def pages(
        self, statement: str, values: tuple[WatermarkValue, ...], rows: int
    ) -> Iterator[tuple[Columns, list[Any]]]:
        """The answer, so many rows at a time, of which the server keeps the rest."""
        with self.connection.cursor(name="patron") as cursor:
            cursor.execute(statement, values or None)
            columns = tuple(entry.name for entry in cursor.description or ())
            while page := cursor.fetchmany(rows):
                yield columns, page


@contextmanager
def session(dsn: Dsn, timeout: int, failed: Failed) -> Iterator[PostgresqlSession]:
    """A connection in a transaction that sees one state of the database and changes nothing."""
    try:
        import psycopg
    except ImportError as error:
        raise UsageError(
            "Reading PostgreSQL needs the package psycopg.", to_do="Run: pip install 'patron[sources]'"
        ) from error
    try:
        with psycopg.connect(dsn.text, connect_timeout=timeout, application_name="patron") as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            connection.execute("SET LOCAL TimeZone = 'UTC'")
            yield PostgresqlSession(connection)
    except psycopg.Error as error:
        raise failed(error) from None  # the driver's own words may hold the password
