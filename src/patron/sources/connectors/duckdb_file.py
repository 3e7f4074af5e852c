"""DuckDB files: opened to be read only, without extensions and without a way to other files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import duckdb

from patron.sources.connectors.dsn import Dsn
from patron.sources.connectors.session import Columns, Dialect, Failed
from patron.sources.connectors.watermark import WatermarkValue

_DIALECT: Final = Dialect('"', "?")
_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


@dataclass(frozen=True)
class DuckDBSession:
    """An open DuckDB file."""

    connection: duckdb.DuckDBPyConnection
    dialect: Dialect = _DIALECT

    def pages(
        self, statement: str, values: tuple[WatermarkValue, ...], rows: int
    ) -> Iterator[tuple[Columns, list[Any]]]:
        """The answer, so many rows at a time."""
        for batch in self.connection.execute(statement, list(values)).to_arrow_reader(rows):
            yield tuple(batch.schema.names), list(zip(*(column.to_pylist() for column in batch.columns), strict=True))


@contextmanager
def session(dsn: Dsn, timeout: int, failed: Failed) -> Iterator[DuckDBSession]:  # noqa: ARG001 - a file is there or not
    """The database of a file, read only."""
    if not dsn.file.is_file():
        raise failed(f"there is no file {dsn.file}")
    try:
        with closing(duckdb.connect(str(dsn.file), read_only=True, config=_CONFIG)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield DuckDBSession(connection)
    except duckdb.Error as error:
        raise failed(error) from None  # the driver's own words may hold what is hidden
