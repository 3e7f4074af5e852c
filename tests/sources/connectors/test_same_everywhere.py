"""The same shop, read from a file, five databases, a service and an object store, gives the same gold features."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from patron.pipeline.runner import Watcher, opened_run, run_until
from sources.connectors import one_shop
from sources.connectors.mariadb_server import mariadb_dsn
from sources.connectors.services import Answer, Asked, service
from warehouse.postgres_server import server_dsn

ROWS = one_shop.rows()


def features(folder: Path) -> pa.Table:
    """What customers are described by, after the steps up to there."""
    with opened_run(folder, Watcher()) as run:
        run_until(run, "describe", Watcher())
        gold = run.warehouse.table("gold", "customer_features")
        return run.warehouse.fetch(gold.order_by("customer_id"))


@pytest.fixture(scope="module")
def of_a_file(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    folder = one_shop.write_settings(tmp_path_factory.mktemp("shop") / "files", one_shop.of_files("orders.csv"))
    one_shop.write_csv(folder / "orders.csv", ROWS)
    found = features(folder)
    assert found.num_rows == len(one_shop.CAST)
    return found


def insert(run: Callable[[str], object], execute_many: Callable[[str, list[one_shop.Row]], object], place: str) -> None:
    run(one_shop.CREATE)
    execute_many(f"INSERT INTO orders VALUES ({', '.join([place] * len(one_shop.COLUMNS))})", ROWS)


def test_sqlite(tmp_path: Path, of_a_file: pa.Table) -> None:
    options = 'dsn = "sqlite:///shop.db"\ntable = "orders"\nwatermark = "bought"\nbatch_rows = 50'
    folder = one_shop.write_settings(tmp_path, one_shop.settings("database", options))
    one_shop.fill_sqlite(folder / "shop.db", ROWS)
    assert features(folder) == of_a_file


def test_duckdb(tmp_path: Path, of_a_file: pa.Table) -> None:
    options = (
        'dsn = "duckdb:///shop.duckdb"\nquery = "SELECT * FROM orders WHERE shop LIKE \'B%\'"\nwatermark = "bought"'
    )
    folder = one_shop.write_settings(tmp_path, one_shop.settings("database", options))
    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        insert(connection.execute, connection.executemany, "?")
    assert features(folder) == of_a_file


@pytest.mark.engines
def test_postgresql(tmp_path: Path, of_a_file: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    import psycopg

    monkeypatch.setenv("PATRON_SECRET_SALES", server_dsn())
    with psycopg.connect(server_dsn()) as connection, connection.cursor() as cursor:
        insert(cursor.execute, cursor.executemany, "%s")  # type: ignore[arg-type]
    options = 'table = "public.orders"\nwatermark = "bought"\nbatch_rows = 50'
    assert features(one_shop.write_settings(tmp_path, one_shop.settings("database", options))) == of_a_file


@pytest.mark.engines
def test_mariadb(tmp_path: Path, of_a_file: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    import pymysql

    from patron.sources.connectors.dsn import parsed_dsn

    monkeypatch.setenv("PATRON_SECRET_SALES", mariadb_dsn())
    dsn = parsed_dsn(mariadb_dsn(), tmp_path)
    assert dsn is not None
    connection = pymysql.connect(
        host=dsn.host,
        port=dsn.port or 0,
        user=dsn.user,
        password=dsn.password,
        database=dsn.database,
        charset="utf8mb4",
    )
    with connection, connection.cursor() as cursor:
        # A TIMESTAMP is a moment: written and read in UTC it is what the file says.
        cursor.execute("SET time_zone = '+00:00'")
        insert(cursor.execute, cursor.executemany, "%s")
        connection.commit()
    options = 'table = "orders"\nwatermark = "bought"\nbatch_rows = 50'
    assert features(one_shop.write_settings(tmp_path, one_shop.settings("database", options))) == of_a_file


def test_rest(tmp_path: Path, of_a_file: pa.Table) -> None:
    def answers(asked: Asked) -> Answer:
        begin = 50 * (int(asked.params["page"]) - 1)
        return Answer(one_shop.json_page(ROWS[begin : begin + 50]))

    with service(answers) as shop:
        options = f'url = "{shop.url}/orders"\nrecords = "data.orders"\npaging = "page"'
        assert features(one_shop.write_settings(tmp_path, one_shop.settings("rest", options))) == of_a_file


@pytest.mark.slow
def test_object_store(tmp_path: Path, of_a_file: pa.Table) -> None:
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    one_shop.write_csv(bucket / "a.csv", ROWS[:100])
    one_shop.write_csv(bucket / "b.csv", ROWS[100:])
    settings = one_shop.settings("object_store", f'url = "file://{bucket.as_posix()}/*.csv"')
    assert features(one_shop.write_settings(tmp_path / "work", settings)) == of_a_file
