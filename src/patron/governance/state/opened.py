"""Open the state: a database whose tables are as this version of Patron knows them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from patron.errors import StorageFailed, UsageError

FILE_NAME: Final = "state.sqlite"
NEWEST: Final = "head"
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_PATIENCE_SECONDS: Final = 15
_MIGRATING: Final = 7_284_766
"""The name of a lock on PostgreSQL that whoever changes the tables holds; any number that others do not use."""


@dataclass(frozen=True)
class State:
    """An open state; every change is a transaction that is whole, on disk when it ends."""

    engine: Engine

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """A transaction that writes, and on SQLite the only one from its beginning, so that what it reads still holds."""
        writing = self.engine.execution_options(patron_writes=True)
        with _in_our_words(), writing.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads: one picture of everything it asks for."""
        with _in_our_words(), self.engine.connect() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def open_state(url: str) -> State:
    """The state at a database's address (``sqlite:///…`` or ``postgresql+psycopg://…``), its tables made or moved to the newest form."""
    state = connected(url)
    try:
        with _in_our_words():
            migrate(state, NEWEST)
    except BaseException:
        state.close()
        raise
    return state


def connected(url: str) -> State:
    """A database at an address, whatever tables it has."""
    return State(_engine(url))


def migrate(state: State, revision: str) -> None:
    """Bring the tables to a revision, forwards or back; ``head`` is the newest and ``base`` none at all."""
    config = _config()
    scripts = ScriptDirectory.from_config(config)
    known = [script.revision for script in scripts.walk_revisions()]
    wanted = scripts.get_current_head() if revision == NEWEST else revision
    with state.changing() as connection:  # so that of several that open a new state one makes its tables
        if not state.is_sqlite:
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATING)))
        held = MigrationContext.configure(connection).get_current_revision()
        if held is not None and held not in known:
            raise UsageError(
                f"The state was last used by a newer Patron (its tables are at '{held}').",
                allowed=f"This version knows: {', '.join(reversed(known))}.",
                to_do="Use the newer version again, or restore a backup from before it.",
            )
        if wanted == held:
            return
        config.attributes["connection"] = connection
        older = wanted == "base" or (held is not None and known.index(held) < known.index(str(wanted)))
        (command.downgrade if older else command.upgrade)(config, str(wanted))


def now_in_microseconds() -> int:
    """The moment that the state notes: microseconds since 1970, UTC."""
    return time.time_ns() // 1000


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _engine(url: str) -> Engine:
    try:
        made = make_url(url)
    except ArgumentError as error:
        raise UsageError(
            "The state's address cannot be read as one.",
            allowed="Known are sqlite:///FILE and postgresql+psycopg://USER:PASSWORD@HOST/DATABASE.",
            to_do="Mend server.state in patron.toml, or the credential it names.",
        ) from error
    if made.get_backend_name() == "sqlite":
        return _sqlite(made)
    if made.get_backend_name() == "postgresql":
        return create_engine(made.set(drivername="postgresql+psycopg"), pool_size=5, max_overflow=5, pool_pre_ping=True)
    raise UsageError(
        f"The state cannot live in '{made.get_backend_name()}'.",
        allowed="Known are sqlite and postgresql.",
        to_do="Choose one of them in server.state.",
    )


def _sqlite(url: URL) -> Engine:
    if url.database and not Path(url.database).exists():
        with suppress(OSError):  # a folder that is not there is told by the first connection
            os.close(
                os.open(url.database, os.O_CREAT | os.O_RDWR, 0o600)
            )  # its owner's alone, and so what SQLite puts beside it
    engine = create_engine(url, connect_args={"timeout": _PATIENCE_SECONDS}, pool_size=5, max_overflow=5)

    @event.listens_for(engine, "connect")
    def _prepared(connection: object, _: ConnectionPoolEntry) -> None:
        # Any driver's connection: readers do not wait for the writer, what is committed is on disk, and transactions
        # begin where we say, not where the driver guesses.
        connection.isolation_level = None  # type: ignore[attr-defined]  # sqlite3's own
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("patron_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        first = str(error.orig).splitlines()[0] if str(error.orig) else type(error.orig).__name__
        raise StorageFailed(
            f"The state cannot be read or written: {first}",
            to_do="See that the disk has room and the database answers, then try again.",
        ) from error
