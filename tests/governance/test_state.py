"""The state's tables: what migrations make is what the code declares, forwards and back, on every database."""

from __future__ import annotations

import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from patron.errors import StorageFailed, UsageError
from patron.governance.state.opened import State, migrate, open_state
from patron.governance.state.tables import METADATA


def test_migrations_make_the_declared_tables_and_take_them_away(state: State) -> None:
    for _ in range(2):
        with state.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
            assert set(inspect(connection).get_table_names()) == {*METADATA.tables, "alembic_version"}
        migrate(state, "base")
        with state.engine.connect() as connection:
            assert inspect(connection).get_table_names() == ["alembic_version"]
        migrate(state, "head")


def test_a_state_of_a_newer_patron_is_refused(state: State, open_again: Callable[[], State]) -> None:
    with state.changing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UsageError, match="newer Patron"):
        open_again()


def test_addresses_that_are_none_are_refused_without_being_told() -> None:
    for url in ("mysql://me:secret@host/db", "not an address secret"):
        with pytest.raises(UsageError) as refused:
            open_state(url)
        assert "secret" not in str(refused.value)


def test_a_damaged_file_is_told_in_our_words(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(StorageFailed, match="cannot be read or written"):
        open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    state = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    with state.changing() as connection:
        connection.execute(text("UPDATE audit_head SET place = 0"))
        assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    state.close()


def test_several_that_open_a_new_state_at_once_make_it_once(address: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(open_state, [address] * 4))
    for state in opened:
        with state.reading() as connection:
            assert connection.execute(text("SELECT count(*) FROM audit_head")).scalar_one() == 1
        state.close()


def test_a_change_that_fails_leaves_nothing(state: State) -> None:

    def change() -> None:
        with state.changing() as connection:
            connection.execute(text("DELETE FROM audit_head"))
            raise KeyError("stop")

    with pytest.raises(KeyError):
        change()
    with state.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit_head")).scalar_one() == 1
