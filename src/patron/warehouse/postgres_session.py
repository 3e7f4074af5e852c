"""A session with a PostgreSQL server: how it is opened, what is set in it, and its errors in our words.

The server's address holds a password, and the driver's own words about a failed connection may repeat parts of it: they
are never passed on.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeAlias

import pyarrow as pa

from patron.credentials import Credentials
from patron.errors import DataError, PatronError, StorageFailed, UsageError, WorkspaceBusy
from patron.settings import WarehouseSettings

try:
    from adbc_driver_manager import Error as DriverError
    from adbc_driver_manager.dbapi import Connection
    from adbc_driver_postgresql.dbapi import connect
except ImportError as error:
    raise UsageError(
        'The engine "postgres" needs a package that is not installed.', to_do="Run: pip install 'patron[postgres]'"
    ) from error

Session: TypeAlias = Connection

LEAST_VERSION: Final = 14
LOCK_SECONDS: Final = 60
GIVE_UP_AFTER: Final = 3.0
"""Seconds to wait for the lock: so long may a server take to notice that a killed run is gone."""
_SORTS_AT_ONCE: Final = 16
_KNOWING_LETTERS: Final = ("pg_c_utf8", "C.utf8", "C.UTF-8", "und-x-icu")
_LOCK_CLASS: Final = 0x5041  # ours among the advisory locks that other programs take

# The first that fits counts: a server that is starting up names a role or a database as well.
# (what the server's words hold, what we say, whether trying again can help)
_NO_SESSION: Final = (
    ("password authentication failed", "The PostgreSQL server refuses the name or the password.", False),
    ("no password supplied", "The PostgreSQL server asks for a password.", False),
    ("pg_hba.conf", "The PostgreSQL server does not let this name in from here.", False),
    ("too many", "The PostgreSQL server has no connection to spare.", True),
    ("starting up", "The PostgreSQL server is starting up.", True),
    ("shutting down", "The PostgreSQL server is shutting down.", True),
    ("role ", "The PostgreSQL server knows no such name.", False),
    ("database ", "The PostgreSQL server has no such database.", False),
    ("could not translate host", "The PostgreSQL server cannot be reached: its name is not known.", True),
    ("refused", "The PostgreSQL server cannot be reached: nothing answers there.", True),
    ("No such file", "The PostgreSQL server cannot be reached: nothing answers there.", True),
    ("timeout", "The PostgreSQL server cannot be reached: it does not answer in time.", True),
)

# (how the server's codes begin, a pattern of its words, which error it is, what happened, what to do)
_MEANINGS: Final[tuple[tuple[tuple[str, ...], str, type[PatronError], str, str], ...]] = (
    (
        ("55P03",),
        "lock timeout",
        WorkspaceBusy,
        f"Somebody has held a table of the warehouse for {LOCK_SECONDS} seconds",
        "Wait until their query ends, then run again; finished steps are kept.",
    ),
    (
        ("53", "57P", "58", "08"),
        r"terminating connection|closed the connection|no connection to the server|could not (send|receive) data",
        StorageFailed,
        "The PostgreSQL server has no room, or has gone",
        "Run again when it is there; finished steps are kept.",
    ),
    (
        ("42501",),
        "permission denied",
        UsageError,
        "The PostgreSQL server does not allow it",
        "Give the name in the credential 'warehouse' the right to create schemas, or create Patron's schemas for it.",
    ),
    (
        ("2BP01",),
        "depend on it",
        UsageError,
        "Views that others made stand in the way of new columns",
        "Drop those views, run again, and make them anew.",
    ),
    (
        ("22003",),
        "out of range",
        DataError,
        "Amounts add up to more than a decimal(18,4), 100 trillion, can hold",
        "Look for amounts that cannot be right, or write them in a larger unit.",
    ),
    (
        ("54011",),
        "can have at most",
        UsageError,
        "A table has too many columns for PostgreSQL",
        "Leave columns out of the file.",
    ),
)


def open_session(credentials: Credentials, settings: WarehouseSettings) -> Session:
    """A session whose statements each count at once, until one begins a transaction."""
    dsn = credentials.secret("warehouse").reveal()
    try:
        session = connect(dsn, autocommit=True)
    except DriverError as error:
        refusal = _no_session(str(error))
    else:
        _set_up(session, settings)
        return session
    raise refusal from None


def _no_session(told: str) -> PatronError:
    look = "Look at the credential 'warehouse' (PATRON_SECRET_WAREHOUSE, or secrets.toml)."
    for part, words, again in _NO_SESSION:
        if part in told:
            return StorageFailed(words, to_do=f"Try again later. {look}") if again else UsageError(words, to_do=look)
    return UsageError(
        "The PostgreSQL server cannot be opened by the credential 'warehouse'.",
        allowed="It reads like postgresql://name:password@host:5432/database; special signs in it are percent-encoded.",
        to_do=look,
    )


def _set_up(session: Session, settings: WarehouseSettings) -> None:
    found = fetched(
        session,
        "SELECT current_setting('server_version_num')::int / 10000 AS version, "
        "current_setting('server_encoding') AS encoding",
    ).to_pylist()[0]
    if found["version"] < LEAST_VERSION or found["encoding"] != "UTF8":
        session.close()
        raise UsageError(
            f"The warehouse is PostgreSQL {found['version']}, and its database is written in {found['encoding']}.",
            allowed=f"PostgreSQL {LEAST_VERSION} or later, and a database in UTF8.",
            to_do="Create one: CREATE DATABASE patron ENCODING 'UTF8' TEMPLATE template0.",
        )
    for statement in _settings(settings):
        done(session, statement)


def _settings(settings: WarehouseSettings) -> Iterator[str]:
    memory = min(2_000_000, max(16_384, int(settings.memory_gb * 1024**2 / _SORTS_AT_ONCE)))
    yield f"SET application_name = 'patron {settings.schema_prefix}'"
    yield "SET TIME ZONE 'UTC'"
    yield "SET DateStyle = 'ISO, YMD'"
    yield "SET extra_float_digits = 1"
    yield "SET search_path = pg_catalog"  # nobody's function or table stands in for the server's own
    yield "SET client_min_messages = warning"
    yield "SET jit = off"  # wide queries over few rows would be compiled for longer than they run
    yield f"SET work_mem = '{memory}kB'"
    yield f"SET lock_timeout = '{LOCK_SECONDS}s'"
    yield "SET idle_in_transaction_session_timeout = 0"  # models are fitted while a step's transaction is open
    yield "SET client_connection_check_interval = '1s'"  # a killed run lets go of its lock
    if settings.threads:
        yield f"SET max_parallel_workers_per_gather = {settings.threads - 1}"


def collation_of_letters(session: Session) -> str:
    """The collation by which a text's letters are made small or capital, whatever the database's own."""
    known = "SELECT collname::text AS name FROM pg_collation WHERE collencoding IN (-1, pg_char_to_encoding('UTF8'))"
    names = set(fetched(session, known)["name"].to_pylist())
    return next((name for name in _KNOWING_LETTERS if name in names), "default")


def lock(session: Session, prefix: str) -> None:
    """Hold the warehouse of this prefix for as long as the session lasts; WorkspaceBusy while another does."""
    number = int.from_bytes(hashlib.sha256(prefix.encode()).digest()[:4], signed=True)
    until = time.monotonic() + GIVE_UP_AFTER
    while not fetched(session, f"SELECT pg_try_advisory_lock({_LOCK_CLASS}, {number}) AS mine")["mine"][0].as_py():
        if time.monotonic() > until:
            raise WorkspaceBusy(
                f"Another run is at work in the schemas {prefix}_… of this database.",
                to_do="Wait until it ends, then run again; or give this workspace a warehouse.schema_prefix of its own.",
            )
        time.sleep(0.2)


def done(session: Session, sql: str, parameters: list[Any] | None = None) -> int:
    """Do a statement that gives no rows back; gives how many it wrote. Any: a parameter is whatever its column holds."""
    with worded(), session.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


def fetched(session: Session, sql: str, parameters: list[Any] | None = None) -> pa.Table:
    """What a query gives, as Arrow."""
    with worded(), session.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetch_arrow_table()


def streamed(opened: Callable[[], Session], sql: str, rows: int) -> Iterator[pa.RecordBatch]:
    """What a query gives, as Arrow batches of at most so many rows, through a session that lasts as long."""
    with worded(), opened() as session, session.cursor() as cursor:
        cursor.execute(sql)
        for batch in cursor.fetch_record_batch():
            yield from (batch.slice(start, rows) for start in range(0, batch.num_rows, rows))


def copied(session: Session, schema: str, name: str, made: pa.Schema, batches: Iterator[pa.RecordBatch]) -> int:
    """Add these rows to a table; gives how many they were."""
    refusals: list[BaseException] = []
    reader = pa.RecordBatchReader.from_batches(made, _keeping(refusals, batches))
    try:
        with worded(), session.cursor() as cursor:
            return int(cursor.adbc_ingest(name, reader, mode="append", db_schema_name=schema))
    except BaseException as error:
        # What a batch's maker refused comes back from the driver as its own error, wrapped in words of no use.
        if refusals:
            raise refusals[0] from error
        raise


def _keeping(refusals: list[BaseException], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches
    except GeneratorExit:
        raise
    except BaseException as error:
        refusals.append(error)
        raise


@contextmanager
def worded() -> Iterator[None]:
    """The server's errors inside, in our words where they have a meaning for the user."""
    try:
        yield
    except DriverError as error:
        raise _told(error, error.sqlstate or "") from error
    except OSError as error:  # the driver's, amid a query's rows
        raise _told(error, "") from error


def _told(error: Exception, state: str) -> BaseException:
    words = _first_words(str(error))
    if "canceling statement due to user request" in words:
        return KeyboardInterrupt()  # the driver turns Ctrl-C into an error of its own
    for states, part, kind, what, to_do in _MEANINGS:
        if state.startswith(states) or re.search(part, words):
            return kind(f"{what}: {words}", to_do=to_do)
    return RuntimeError(words) if isinstance(error, OSError) else error


def _first_words(text: str) -> str:
    """What the server said, without the query."""
    lines = (line.strip() for line in (text.partition("ERROR:")[2] or text).splitlines())
    return next((line for line in lines if line), "no reason given")


def rolled_back(session: Session) -> None:
    """Undo what an open transaction wrote; where the session is gone, the server does it by itself."""
    with suppress(DriverError), session.cursor() as cursor:
        cursor.execute("ROLLBACK")
