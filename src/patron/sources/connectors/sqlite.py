"""SQLite: the file is opened to be read only, its text as it was written, whatever a column was declared as."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from patron.sources.connectors.dsn import Dsn
from patron.sources.connectors.session import Columns, Dialect, Failed
from patron.sources.connectors.watermark import WatermarkValue

_DIALECT: Final = Dialect('"', "?")


@dataclass(frozen=True)
class SqliteSession:
    """An open SQLite file."""

    connection: sqlite3.Connection
    dialect: Dialect = _DIALECT

    def pages(
        self, statement: str, values: tuple[WatermarkValue, ...], rows: int
    ) -> Iterator[tuple[Columns, list[Any]]]:
        """The answer, so many rows at a time."""
        # SQLite compares a decimal as the number it is; as text it would come after every number.
        bound = [float(value) if isinstance(value, Decimal) else value for value in values]
        cursor = self.connection.execute(statement, bound)
        columns = tuple(str(entry[0]) for entry in cursor.description)
        while page := cursor.fetchmany(rows):
            yield columns, page


@contextmanager
def session(dsn: Dsn, timeout: int, failed: Failed) -> Iterator[SqliteSession]:
    """The database of a file, read only."""
    if not dsn.file.is_file():
        raise failed(f"there is no file {dsn.file}")
    try:
        with closing(
            sqlite3.connect(f"{dsn.file.resolve().as_uri()}?mode=ro", uri=True, timeout=timeout)
        ) as connection:
            connection.execute("PRAGMA query_only = 1")
            # Bytes that are no UTF-8 are kept, for their rows to be set aside later.
            connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
            connection.execute("BEGIN")
            yield SqliteSession(connection)
    except sqlite3.Error as error:
        raise failed(error) from None  # the driver's own words may hold what is hidden
