"""PostgreSQL: what a real server's values become, and that it is only read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from patron.errors import SourceFailed
from patron.sources.connectors.database import CONNECTOR
from patron.testing.connectors import check_connector
from sources.connectors.fetches import fetch, landed
from warehouse.postgres_server import PASSWORD, server_dsn

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def run_sql() -> Callable[..., None]:
    import psycopg

    def run(*statements: str) -> None:
        with psycopg.connect(server_dsn()) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[arg-type]  # tests' own words

    return run


def test_a_real_servers_values_come_through_exactly(tmp_path: Path, run_sql: Callable[..., None]) -> None:
    run_sql(
        "DROP TABLE IF EXISTS kinds",
        "SET TIME ZONE 'Europe/Prague'",
        "CREATE TABLE kinds AS SELECT 12345678901234567890.0123456789::numeric AS paid, 0.1::float8 AS ratio, 1e30::float8 AS big, "
        "'2024-01-02 03:04:05.678901'::timestamp AS clock, '2024-01-02 03:04:05.5'::timestamptz AS moment, "
        "'2024-02-29'::date AS day, true AS flag, 'Émile'::text AS word, '\\xff00'::bytea AS data, null::int AS nothing, "
        "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid AS id, '{\"a\": [1, 2.5]}'::jsonb AS record, array[1, 2] AS list",
    )
    fetch(tmp_path, "database", {"table": "public.kinds", "watermark": "moment"}, secret=server_dsn())
    assert fetch(tmp_path, "database", {"table": "public.kinds", "watermark": "moment"}, secret=server_dsn()).files == 0
    assert landed(tmp_path) == [
        [
            {
                "paid": "12345678901234567890.0123456789",
                "ratio": "0.1",
                "big": "1e+30",
                "clock": "2024-01-02 03:04:05.678901",
                "moment": "2024-01-02 02:04:05.500000Z",
                "day": "2024-02-29",
                "flag": "true",
                "word": "Émile",
                "data": "ff00",
                "nothing": None,
                "id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
                "record": '{"a":[1,2.5]}',
                "list": "[1,2]",
            }
        ]
    ]


def test_it_keeps_the_rules_of_connectors(run_sql: Callable[..., None]) -> None:
    run_sql(
        "DROP TABLE IF EXISTS many",
        "CREATE TABLE many AS SELECT n AS id, n % 7 AS kind FROM generate_series(1, 1000) n",
    )
    expected = [{"id": str(n), "kind": str(n % 7)} for n in range(1, 1001)]
    options = {"query": "SELECT * FROM many WHERE 5 % 3 = 2", "watermark": "kind", "batch_rows": 99}
    check_connector(CONNECTOR, options, expected, secret=server_dsn())


def test_the_server_is_only_read_and_a_wrong_password_stays_hidden(
    tmp_path: Path, run_sql: Callable[..., None]
) -> None:
    run_sql("CREATE SEQUENCE IF NOT EXISTS counter")
    with pytest.raises(SourceFailed, match="read-only transaction"):
        fetch(tmp_path, "database", {"query": "SELECT nextval('counter') AS id"}, secret=server_dsn())
    with pytest.raises(SourceFailed, match="authentication failed") as caught:
        fetch(tmp_path, "database", {"table": "many"}, secret=server_dsn().replace(PASSWORD, "hunter2-hunter2"))
    assert "hunter2" not in str(caught.value)
