"""Databases: increments that miss nothing and bring nothing twice, exact values, names that can be nothing but names."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from patron.errors import BrokenContract, NothingThere, SourceFailed, UsageError
from patron.sources.connectors.database import CONNECTOR, DatabaseOptions
from patron.sources.connectors.dsn import parsed_dsn
from patron.sources.connectors.session import Dialect
from patron.sources.connectors.sql_query import Question, statement
from patron.sources.connectors.watermark import Watermark
from patron.testing.connectors import check_connector
from sources.connectors import one_shop
from sources.connectors.fetches import fetch, landed

SQLITE = "sqlite:///shop.db"
BY_TIME: dict[str, Any] = {"dsn": SQLITE, "table": "orders", "watermark": "at"}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
    connection.execute('CREATE TABLE orders (id INTEGER, at TEXT, "odd ""name" TEXT)')
    yield connection
    connection.close()


def add(shop: sqlite3.Connection, *rows: tuple[int, str | None, str]) -> None:
    shop.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)


def ids(folder: Path) -> list[list[str | None]]:
    return [[row["id"] for row in rows] for rows in landed(folder)]


def test_sqlite_keeps_the_rules_of_connectors(tmp_path: Path) -> None:
    rows = one_shop.rows(0, 50)
    one_shop.fill_sqlite(tmp_path / "shop.db", rows)
    expected = [one_shop.texts(row) for row in rows]
    options = {"dsn": SQLITE, "table": "orders", "batch_rows": 7}
    check_connector(CONNECTOR, options, expected, folder=tmp_path)
    check_connector(CONNECTOR, {**options, "watermark": "bought"}, expected, folder=tmp_path)


def test_rows_with_the_time_of_the_last_fetch_are_not_missed_and_none_comes_twice(
    tmp_path: Path, shop: sqlite3.Connection
) -> None:
    add(shop, (1, "2024-01-01", "a"), (2, "2024-01-02", "b"), (2, "2024-01-02", "b"))
    assert fetch(tmp_path, "database", BY_TIME).watermark == "2024-01-02"
    assert fetch(tmp_path, "database", BY_TIME).files == 0
    add(shop, (2, "2024-01-02", "b"), (3, "2024-01-02", "c"), (0, "2023-12-31", "late"))
    assert fetch(tmp_path, "database", BY_TIME).rows == 2
    add(shop, (4, "2024-01-03", "d"))
    assert fetch(tmp_path, "database", BY_TIME).watermark == "2024-01-03"
    assert ids(tmp_path) == [["1", "2", "2"], ["2", "3"], ["4"]]


def test_rows_that_were_late_are_found_by_looking_back(tmp_path: Path, shop: sqlite3.Connection) -> None:
    add(shop, (1, "2024-01-01 08:00:00", "a"), (5, "2024-01-05 09:30:00", "b"))
    fetch(tmp_path, "database", BY_TIME)
    add(shop, (3, "2024-01-03 09:30:00", "late"), (2, "2024-01-03 09:29:59", "too late"))
    assert fetch(tmp_path, "database", {**BY_TIME, "overlap_days": 2}).watermark == "2024-01-05 09:30:00"
    assert ids(tmp_path) == [["1", "5"], ["3"]]


def test_rows_in_the_days_looked_back_on_land_once_however_often_they_are_met(
    tmp_path: Path, shop: sqlite3.Connection
) -> None:
    looking_back = {**BY_TIME, "overlap_days": 2}
    for day in range(1, 7):
        add(shop, (day, f"2024-01-0{day} 08:00:00", "a"), (day + 10, f"2024-01-0{day} 09:00:00", "b"))
        assert fetch(tmp_path, "database", looking_back).rows == 2
    assert fetch(tmp_path, "database", looking_back).files == 0


def test_days_cannot_be_looked_back_from_a_number(tmp_path: Path, shop: sqlite3.Connection) -> None:
    add(shop, (1, "2024-01-01", "a"))
    by_id = {**BY_TIME, "watermark": "id"}
    fetch(tmp_path, "database", by_id)
    with pytest.raises(UsageError, match="'1' is no time"):
        fetch(tmp_path, "database", {**by_id, "overlap_days": 1})


def test_a_number_as_watermark_is_compared_as_a_number(tmp_path: Path, shop: sqlite3.Connection) -> None:
    by_id = {**BY_TIME, "watermark": "id"}
    add(shop, (9, "2024-01-01", "a"))
    fetch(tmp_path, "database", by_id)
    add(shop, (10, "2024-01-01", "b"), (11, "2024-01-01", "c"))
    assert fetch(tmp_path, "database", by_id).watermark == "11"
    assert ids(tmp_path) == [["9"], ["10", "11"]]


@pytest.mark.parametrize("first", [True, False])
def test_a_row_without_a_watermark_is_refused_whenever_it_comes(
    first: bool, tmp_path: Path, shop: sqlite3.Connection
) -> None:
    add(shop, (1, "2024-01-01", "a"))
    if not first:
        fetch(tmp_path, "database", BY_TIME)
    add(shop, (2, None, "b"))
    with pytest.raises(BrokenContract, match="'at' holds None"):
        fetch(tmp_path, "database", BY_TIME)
    assert ids(tmp_path) == ([] if first else [["1"]])


def test_a_whole_table_lands_again_only_when_it_has_changed(tmp_path: Path, shop: sqlite3.Connection) -> None:
    whole = {"dsn": SQLITE, "table": "orders"}
    add(shop, (1, "2024-01-01", "a"), (2, "2024-01-02", "b"))
    assert [fetch(tmp_path, "database", whole).rows for _ in range(2)] == [2, 0]
    shop.execute("DELETE FROM orders WHERE id = 1")
    add(shop, (1, "2024-01-01", "a"))
    assert fetch(tmp_path, "database", whole).files == 0, "another order of the same rows"
    add(shop, (2, "2024-01-02", "b"))
    assert fetch(tmp_path, "database", whole).rows == 3
    shop.execute("DELETE FROM orders WHERE rowid = (SELECT max(rowid) FROM orders)")
    assert fetch(tmp_path, "database", whole).rows == 2, "as at first, but not as last"


@pytest.mark.parametrize("watermark", [{}, {"watermark": "at"}])
def test_an_empty_table_is_refused_at_first_and_a_whole_one_always(
    watermark: dict[str, str], tmp_path: Path, shop: sqlite3.Connection
) -> None:
    asked = {"dsn": SQLITE, "table": "orders", **watermark}
    with pytest.raises(BrokenContract, match="Source 'sales' gave nothing"):
        fetch(tmp_path, "database", asked)
    add(shop, (1, "2024-01-01", "a"))
    fetch(tmp_path, "database", asked)
    shop.execute("DELETE FROM orders")
    if watermark:
        assert fetch(tmp_path, "database", asked).files == 0
    else:
        with pytest.raises(BrokenContract, match="Source 'sales' gave nothing"):
            fetch(tmp_path, "database", asked)


def test_another_question_of_the_same_source_is_refused(tmp_path: Path, shop: sqlite3.Connection) -> None:
    add(shop, (1, "2024-01-01", "a"))
    fetch(tmp_path, "database", BY_TIME)
    assert fetch(tmp_path, "database", {**BY_TIME, "batch_rows": 2, "timeout_seconds": 3}).files == 0
    with pytest.raises(UsageError, match=r"asks for something else.*Give the source another name"):
        fetch(tmp_path, "database", {**BY_TIME, "watermark": "id"})


def test_only_the_columns_asked_for_leave_the_database(tmp_path: Path, shop: sqlite3.Connection) -> None:
    add(shop, (1, "2024-01-01", "private"))
    fetch(tmp_path, "database", {**BY_TIME, "columns": ["id", "at"]})
    assert landed(tmp_path) == [[{"id": "1", "at": "2024-01-01"}]]


def test_the_database_cannot_be_changed_by_a_query(tmp_path: Path, shop: sqlite3.Connection) -> None:
    add(shop, (1, "2024-01-01", "a"))
    for query in ("DELETE FROM orders", "SELECT 1; DELETE FROM orders", "SELECT 1) x; DELETE FROM orders; --"):
        with pytest.raises(SourceFailed):
            fetch(tmp_path, "database", {"dsn": SQLITE, "query": query})
    assert shop.execute("SELECT count(*) FROM orders").fetchone() == (1,)


def test_text_that_is_none_and_a_name_with_quotes_come_through(tmp_path: Path, shop: sqlite3.Connection) -> None:
    shop.execute("INSERT INTO orders VALUES (1, '2024-01-01', CAST(x'ff41' AS TEXT))")
    fetch(tmp_path, "database", {**BY_TIME, "columns": ["at", 'odd "name']})
    with pytest.raises(UnicodeDecodeError):
        landed(tmp_path)  # the bytes are kept as they were; the reader sets such a row aside


def test_duckdb_values_come_through_with_all_their_digits(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE kinds AS SELECT 170141183460469231731687303715884105727::HUGEINT AS huge, "
            "12345678901234567890.123456789::DECIMAL(38, 9) AS exact, 0.1::DOUBLE AS float, 5::DOUBLE AS whole, "
            "TIMESTAMP '2024-01-02 03:04:05.678901' AS clock, TIMESTAMPTZ '2024-01-02 03:04:05+02' AS moment, "
            "DATE '2024-02-29' AS day, TRUE AS flag, NULL AS nothing, '' AS empty, "
            "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::UUID AS id, [1, 2] AS list, {'a': 1.5} AS record"
        )
    fetch(tmp_path, "database", {"dsn": "duckdb:///shop.duckdb", "table": "kinds"})
    assert landed(tmp_path) == [
        [
            {
                "huge": "170141183460469231731687303715884105727",
                "exact": "12345678901234567890.123456789",
                "float": "0.1",
                "whole": "5",
                "clock": "2024-01-02 03:04:05.678901",
                "moment": "2024-01-02 01:04:05Z",
                "day": "2024-02-29",
                "flag": "true",
                "nothing": None,
                "empty": None,
                "id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
                "list": "[1,2]",
                "record": '{"a":"1.5"}',
            }
        ]
    ]


def test_duckdb_reads_its_own_tables_and_no_other_files(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a\n1\n")
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute("CREATE TABLE orders AS SELECT 1 AS id")
    query = f"SELECT * FROM read_csv('{(tmp_path / 'other.csv').as_posix()}')"
    with pytest.raises(SourceFailed, match="disabled"):
        fetch(tmp_path, "database", {"dsn": "duckdb:///shop.duckdb", "query": query})


@pytest.mark.parametrize(
    ("dsn", "secret", "error", "words"),
    [
        ("sqlite:///none.db", "", SourceFailed, "there is no file"),
        ("", "", NothingThere, "No credential named 'sales'.*PATRON_SECRET_SALES"),
        ("", "oracle://u:hunter22@h/d", UsageError, "of no database that is known"),
        ("", "hunter22", UsageError, "of no database that is known"),
        (
            "",
            "postgresql://u:hunter22@127.0.0.1:1/d?connect_timeout=2",
            SourceFailed,
            "Source 'sales' could not be fetched",
        ),
        ("", "mysql://u:hunter22@127.0.0.1:1/d", SourceFailed, "Can't connect"),
    ],
)
def test_an_address_that_leads_nowhere_is_told_without_its_password(
    dsn: str, secret: str, error: type[Exception], words: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=words) as caught:
        fetch(tmp_path, "database", {"dsn": dsn, "table": "orders"}, secret=secret)
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("dialect", "question", "expected"),
    [
        (Dialect('"', "?"), ("a.b", "", (), "", None), ('SELECT * FROM "a"."b"', ())),
        (
            Dialect("`", "%s"),
            ('x"; DROP TABLE y', "", ("n`m",), "n`m", None),
            None,
        ),
        (
            Dialect("`", "%s"),
            ("x; DROP TABLE y", "", ("n`m",), "n`m", Watermark("integer", "7")),
            ("SELECT `n``m` FROM `x; DROP TABLE y` WHERE `n``m` >= %s OR `n``m` IS NULL ORDER BY `n``m`", (7,)),
        ),
        (
            Dialect('"', "%s"),
            ("", "SELECT * FROM t WHERE a LIKE '%x' -- all;", (), "at", Watermark("day", "2024-02-29")),
            (
                "SELECT * FROM (SELECT * FROM t WHERE a LIKE '%%x' -- all\n) \"asked\" "
                'WHERE "at" >= %s OR "at" IS NULL ORDER BY "at"',
                (date(2024, 2, 29),),
            ),
        ),
    ],
)
def test_names_are_quoted_and_values_are_bound(dialect: Dialect, question: Any, expected: Any) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="no name of a table"):
            statement(dialect, Question(*question))
    else:
        assert statement(dialect, Question(*question)) == expected


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (datetime(2024, 1, 2, 3, tzinfo=UTC), "zoned_moment", "2024-01-02T03:00:00+00:00"),
        (datetime.fromisoformat("2024-01-02T03:04:05.000006"), "moment", "2024-01-02T03:04:05.000006"),
        (date(2024, 1, 2), "day", "2024-01-02"),
        (10**30, "integer", "1" + "0" * 30),
        (Decimal("1E+2"), "decimal", "100"),
        ("x", "text", "x"),
    ],
)
def test_a_watermark_is_kept_exactly(value: Any, kind: str, text: str) -> None:
    watermark = Watermark.of(value, "at")
    assert (watermark.kind, watermark.text, watermark.value()) == (kind, text, value)


@pytest.mark.parametrize("value", [None, True, "", b"x", Decimal("NaN")])
def test_what_has_no_order_is_no_watermark(value: Any) -> None:
    with pytest.raises(BrokenContract, match="'at' holds"):
        Watermark.of(value, "at")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "either table or query"),
        ({"table": "a", "query": "SELECT 1"}, "either table or query"),
        ({"table": "a..b"}, "no name of a table"),
        ({"table": "a", "columns": ("b",), "watermark": "c"}, "must name the watermark 'c' too"),
        ({"table": "a", "overlap_days": 1}, "overlap_days needs a watermark"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DatabaseOptions(**options)


def test_numbers_are_written_with_the_sign_that_the_source_declares(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute("CREATE TABLE orders AS SELECT 12.50::DECIMAL(8, 2) AS typed, '7,25' AS told")
    fetch(tmp_path, "database", {"dsn": "duckdb:///shop.duckdb", "table": "orders"}, decimal=",")
    assert landed(tmp_path) == [[{"typed": "12,50", "told": "7,25"}]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql+psycopg://a:b@h/d", ("postgresql", "postgresql://a:b@h/d", "h", None)),
        ("MYSQL://a%40b:c@h:33/d", ("mysql", "mysql://a%40b:c@h:33/d", "h", 33)),
        ("host=h dbname=d", None),
        ("mysql://a@h:port/d", None),
    ],
)
def test_an_address_is_taken_apart(text: str, expected: tuple[Any, ...] | None, tmp_path: Path) -> None:
    dsn = parsed_dsn(text, tmp_path)
    assert (dsn and (dsn.scheme, dsn.text, dsn.host, dsn.port)) == expected
    assert "c@" not in repr(dsn)


def test_a_files_path_begins_at_the_workspace_or_at_the_root(tmp_path: Path) -> None:
    for text, path in (
        ("sqlite:///a/shop.db", tmp_path / "a" / "shop.db"),
        ("duckdb:////data/shop.db", Path("/data/shop.db")),
    ):
        dsn = parsed_dsn(text, tmp_path)
        assert dsn is not None
        assert dsn.file == path
