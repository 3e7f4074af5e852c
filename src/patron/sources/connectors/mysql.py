"""MySQL and MariaDB: a read-only session in UTC, read through an unbuffered cursor."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, Final

from patron.errors import UsageError
from patron.sources.connectors.dsn import Dsn
from patron.sources.connectors.session import Columns, Dialect, Failed
from patron.sources.connectors.watermark import WatermarkValue

_DIALECT: Final = Dialect("`", "%s")
_TIMESTAMP: Final = 7  # FIELD_TYPE.TIMESTAMP of the protocol
_PORT: Final = 3306
_SET_UP: Final = (
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)


@dataclass(frozen=True)
class MysqlSession:
    """An open connection."""

    connection: Any  # the driver is an extra, and carries no types
    dialect: Dialect = _DIALECT

    def pages(
        self, statement: str, values: tuple[WatermarkValue, ...], rows: int
    ) -> Iterator[tuple[Columns, list[Any]]]:
        """The answer, so many rows at a time; the rest stays with the server."""
        with closing(self.connection.cursor()) as cursor:
            cursor.execute(statement, values or None)
            columns = tuple(str(entry[0]) for entry in cursor.description)
            while page := cursor.fetchmany(rows):
                yield columns, list(page)


@contextmanager
def session(dsn: Dsn, timeout: int, failed: Failed) -> Iterator[MysqlSession]:
    """A connection in a transaction that sees one state of the database and changes nothing."""
    driver = _driver()
    try:
        connection = driver.connect(
            host=dsn.host or "localhost",
            port=dsn.port or _PORT,
            user=dsn.user,
            password=dsn.password,
            database=dsn.database,
            charset="utf8mb4",
            connect_timeout=timeout,
            conv={**driver.converters.conversions, _TIMESTAMP: _in_utc(driver.converters.convert_datetime)},
            cursorclass=driver.cursors.SSCursor,
            ssl=_encryption(dict(dsn.settings)),
        )
        with closing(connection):
            with closing(connection.cursor()) as cursor:
                for command in _SET_UP:
                    cursor.execute(command)
            yield MysqlSession(connection)
    except driver.MySQLError as error:
        raise failed(error.args[-1] if error.args else error) from None  # its own words may hold the password


def _encryption(settings: dict[str, str]) -> ssl.SSLContext | None:
    """With ?ssl=true the server must show a certificate that holds; with ?ssl_ca=FILE one that this authority signed."""
    if "ssl_ca" in settings or settings.get("ssl", "").lower() in ("true", "1"):
        return ssl.create_default_context(cafile=settings.get("ssl_ca"))
    return None


def _driver() -> ModuleType:
    try:
        import pymysql
        import pymysql.converters
        import pymysql.cursors
    except ImportError as error:
        raise UsageError(
            "Reading MySQL or MariaDB needs the package PyMySQL.", to_do="Run: pip install 'patron[sources]'"
        ) from error
    return pymysql


def _in_utc(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A TIMESTAMP is a moment, told in the session's zone; a DATETIME is what a clock showed. Only the first says so."""

    def moment(text: Any) -> Any:  # Any: text or bytes, as the driver has it; a date that is none stays text
        value = convert(text)
        return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value

    return moment
