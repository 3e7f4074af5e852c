"""The state that these tests write to: SQLite under the fast command, a real PostgreSQL under ``-m engines``."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from patron.governance.state.opened import State, open_state

ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.engines)]


@pytest.fixture(params=ENGINES)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that nobody has used."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.sqlite'}"
    return new_database()


@pytest.fixture
def open_again(address: str) -> Iterator[Callable[[], State]]:
    """Opens the same state another time, as another process would."""
    opened: list[State] = []

    def again() -> State:
        opened.append(open_state(address))
        return opened[-1]

    yield again
    for state in opened:
        state.close()


@pytest.fixture
def state(open_again: Callable[[], State]) -> State:
    """An empty state."""
    return open_again()


def new_database() -> str:
    """The address of a new database of the tests' PostgreSQL."""
    import psycopg

    from warehouse.postgres_server import server_dsn

    name = f"state_{secrets.token_hex(6)}"
    with psycopg.connect(server_dsn(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return server_dsn().replace("/postgres?", f"/{name}?")
