"""The engines that must agree, each with a way to open an empty warehouse on it.

An engine is added here and is then put through every test of this folder: its opener is given a folder of its own and
gives an open, empty warehouse, and leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from patron.credentials import read_credentials
from patron.settings import WarehouseSettings
from patron.warehouse import Warehouse, open_warehouse
from patron.warehouse.bigquery import BigQueryWarehouse
from patron.warehouse.bigquery_session import Session
from warehouse.fake_bigquery import PROJECT, FakeClient
from warehouse.postgres_server import server_dsn

Opener = Callable[[Path], AbstractContextManager[Warehouse]]


def open_duckdb(folder: Path) -> AbstractContextManager[Warehouse]:
    return open_warehouse(folder, WarehouseSettings(threads=2), read_credentials(folder, {}))


@contextmanager
def open_postgres(folder: Path) -> Iterator[Warehouse]:
    """A warehouse of its own schemas on a server that all tests share."""
    settings = WarehouseSettings(engine="postgres", schema_prefix=f"t{uuid4().hex[:12]}")
    credentials = read_credentials(folder, {"PATRON_SECRET_WAREHOUSE": server_dsn()})
    with open_warehouse(folder, settings, credentials) as warehouse:
        yield warehouse


def open_spark(folder: Path) -> AbstractContextManager[Warehouse]:
    """A warehouse on the one Spark of this process, which starts with the first test that asks for it."""
    settings = WarehouseSettings(engine="spark", threads=2, memory_gb=1.5)
    return open_warehouse(folder, settings, read_credentials(folder, {}))


def open_bigquery(_folder: Path) -> AbstractContextManager[Warehouse]:
    """A warehouse on a BigQuery that runs here."""
    return BigQueryWarehouse(Session(FakeClient(), PROJECT), "patron")


ENGINES: Final[dict[str, Opener]] = {"duckdb": open_duckdb, "postgres": open_postgres, "spark": open_spark}
OPENERS: Final[dict[str, Opener]] = {**ENGINES, "bigquery": open_bigquery}

# DuckDB needs no server and runs with every test run; the others by 'pytest -m engines'.
EVERY_ENGINE: Final = [pytest.param(name, marks=() if name == "duckdb" else pytest.mark.engines) for name in ENGINES]

# What every warehouse must do is also asked of one whose engine stands in for BigQuery, which nobody can run here.
CONTRACT: Final = [*EVERY_ENGINE, "bigquery"]

_SECTIONS: Final = {
    "duckdb": "threads = 2",
    "postgres": 'engine = "postgres"',
    "spark": 'engine = "spark"\nthreads = 2\nmemory_gb = 1.5',
}


def run_on(engine: str, folder: Path) -> None:
    """Let a workspace's runs be on this engine."""
    toml, secrets = folder / "patron.toml", folder / "secrets.toml"
    section = f'[warehouse]\n{_SECTIONS[engine]}\nschema_prefix = "w{uuid4().hex[:12]}"\n'
    text = toml.read_text("utf-8")
    told = text.replace("[warehouse]\n", section) if "\n[warehouse]\n" in text else f"{text}\n{section}"
    toml.write_text(told, "utf-8")
    if engine == "postgres":
        secrets.touch(0o600)
        secrets.write_text(f'warehouse = "{server_dsn()}"\n', "utf-8")
