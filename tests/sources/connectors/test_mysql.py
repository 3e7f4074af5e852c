"""MySQL and MariaDB: how the session is set up (with a driver of ours), and what a real server's values become."""

from __future__ import annotations

import sqlite3
import ssl
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from patron.errors import SourceFailed, UsageError
from patron.sources.connectors.dsn import parsed_dsn
from sources.connectors.fetches import fetch, landed
from sources.connectors.mariadb_server import PASSWORD, mariadb_dsn

DSN = "mysql://ann:p%40ss-word@db.example:3307/shop?ssl=true"
SET_UP = [
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
]


class FakeError(Exception):
    """What the driver's errors derive from."""


class FakeDriver(ModuleType):
    """A driver that keeps to DB-API, with SQLite behind it; it notes how it was called."""

    MySQLError = FakeError

    def __init__(self) -> None:
        super().__init__("pymysql")
        self.store = sqlite3.connect(":memory:")
        self.store.execute("CREATE TABLE orders (id INTEGER, at TEXT)")
        self.asked: list[tuple[str, Any]] = []
        self.called: dict[str, Any] = {}
        self.converters = ModuleType("pymysql.converters")
        vars(self.converters).update(conversions={}, convert_datetime=str)
        self.cursors = ModuleType("pymysql.cursors")
        vars(self.cursors).update(SSCursor="unbuffered")

    def connect(self, **named: Any) -> Any:
        self.called = named
        if named["host"] == "gone.example":
            raise FakeError(2003, f"cannot reach it with {named['password']}")
        return closing_connection(self)


def closing_connection(driver: FakeDriver) -> Any:
    class Cursor:
        def __init__(self) -> None:
            self._answer = driver.store.cursor()

        def execute(self, text: str, values: Any = None) -> None:
            driver.asked.append((text, values))
            if text not in SET_UP:
                self._answer.execute(text.replace("%s", "?").replace("%%", "%"), values or ())

        @property
        def description(self) -> Any:
            return self._answer.description

        def fetchmany(self, rows: int) -> Any:
            return tuple(self._answer.fetchmany(rows))

        def close(self) -> None:
            self._answer.close()

    class Connection:
        def cursor(self) -> Cursor:
            return Cursor()

        def close(self) -> None:
            """Leave the store as it is."""

    return Connection()


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Any:
    fake = FakeDriver()
    for name, module in (("pymysql", fake), ("pymysql.converters", fake.converters), ("pymysql.cursors", fake.cursors)):
        monkeypatch.setitem(sys.modules, name, module)
    with closing(fake.store):
        yield fake


def test_a_session_is_read_only_in_utc_and_unbuffered(tmp_path: Path, driver: FakeDriver) -> None:
    driver.store.executemany("INSERT INTO orders VALUES (?, ?)", [(1, "a"), (2, "b")])
    options = {"query": "SELECT * FROM orders WHERE at NOT LIKE '%z'", "watermark": "id"}
    assert fetch(tmp_path, "database", options, secret=DSN).watermark == "2"
    driver.store.execute("INSERT INTO orders VALUES (3, 'c')")
    assert fetch(tmp_path, "database", options, secret=DSN).rows == 1
    expected = {"host": "db.example", "port": 3307, "user": "ann", "password": "p@ss-word", "database": "shop"}
    assert {name: driver.called[name] for name in expected} == expected
    assert driver.called["cursorclass"] == "unbuffered"
    assert driver.called["ssl"].verify_mode is ssl.CERT_REQUIRED
    plain, later = (
        f"SELECT * FROM (SELECT * FROM orders WHERE at NOT LIKE '{sign}z'\n) `asked`" for sign in ("%", "%%")
    )
    assert driver.asked == [
        *((text, None) for text in SET_UP),
        (f"{plain} ORDER BY `id`", None),
        *((text, None) for text in SET_UP),
        (f"{later} WHERE `id` >= %s OR `id` IS NULL ORDER BY `id`", (2,)),
    ]
    assert [[row["id"] for row in rows] for rows in landed(tmp_path)] == [["1", "2"], ["3"]]


def test_the_drivers_words_are_told_without_the_password(tmp_path: Path, driver: FakeDriver) -> None:
    with pytest.raises(SourceFailed, match=r"cannot reach it with \*\*\*"):
        fetch(tmp_path, "database", {"table": "orders"}, secret=DSN.replace("db.example", "gone.example"))


def test_without_the_driver_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymysql", None)
    with pytest.raises(UsageError, match=r"pip install 'patron\[sources\]'"):
        fetch(tmp_path, "database", {"table": "orders"}, secret=DSN)


@pytest.fixture(scope="module")
def run_sql() -> Callable[..., None]:
    import pymysql

    dsn = parsed_dsn(mariadb_dsn(), Path())
    assert dsn is not None

    def run(*statements: str) -> None:
        connection = pymysql.connect(
            host=dsn.host,
            port=dsn.port or 0,
            user=dsn.user,
            password=dsn.password,
            database=dsn.database,
            charset="utf8mb4",
        )
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()

    return run


@pytest.mark.engines
def test_a_real_servers_values_come_through_exactly(tmp_path: Path, run_sql: Callable[..., None]) -> None:
    run_sql(
        "DROP TABLE IF EXISTS kinds",
        "CREATE TABLE kinds (id BIGINT UNSIGNED, paid DECIMAL(30, 10), ratio DOUBLE, clock DATETIME(6), moment TIMESTAMP(6), "
        "day DATE, flag BOOLEAN, word VARCHAR(40) CHARACTER SET utf8mb4, data BLOB, nothing INT) CHARACTER SET utf8mb4",
        "SET time_zone = '+02:00'",
        "INSERT INTO kinds VALUES (18446744073709551615, 12345678901234567890.0123456789, 0.1, '2024-01-02 03:04:05.678901', "
        "'2024-01-02 03:04:05.5', '2024-02-29', TRUE, 'Émile ☕ 😀', x'ff00', NULL)",
    )
    fetch(tmp_path, "database", {"table": "kinds", "watermark": "moment"}, secret=mariadb_dsn())
    run_sql("INSERT INTO kinds (id, moment) VALUES (2, '2030-01-01 00:00:00')")
    assert fetch(tmp_path, "database", {"table": "kinds", "watermark": "moment"}, secret=mariadb_dsn()).rows == 1
    assert landed(tmp_path)[0] == [
        {
            "id": "18446744073709551615",
            "paid": "12345678901234567890.0123456789",
            "ratio": "0.1",
            "clock": "2024-01-02 03:04:05.678901",
            "moment": "2024-01-02 01:04:05.500000Z",
            "day": "2024-02-29",
            "flag": "1",
            "word": "Émile ☕ 😀",
            "data": "ff00",
            "nothing": None,
        }
    ]


@pytest.mark.engines
def test_a_real_server_refuses_to_be_written_to_and_a_wrong_password_stays_hidden(
    tmp_path: Path, run_sql: Callable[..., None]
) -> None:
    run_sql("CREATE TABLE IF NOT EXISTS kept (id INT)", "CREATE SEQUENCE IF NOT EXISTS counter")
    with pytest.raises(SourceFailed, match="READ ONLY transaction"):
        fetch(tmp_path, "database", {"query": "SELECT NEXT VALUE FOR counter AS id"}, secret=mariadb_dsn())
    wrong = mariadb_dsn().replace(PASSWORD, "hunter2-hunter2")
    with pytest.raises(SourceFailed, match="Access denied") as caught:
        fetch(tmp_path, "database", {"table": "kept"}, secret=wrong)
    assert "hunter2" not in str(caught.value)
