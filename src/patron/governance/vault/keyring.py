"""The keyring: each customer's data key, wrapped, apart from the state that holds what they open.

Backups of the state leave it out, so that a key that is destroyed here opens nothing in any of them. On SQLite it is a file
of its own beside the state's, on PostgreSQL a schema of its own.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)

from patron.errors import StorageFailed, UsageError
from patron.governance.state.opened import State, connected, now_in_microseconds

FILE_NAME: Final = "keyring.sqlite"
SCHEMA: Final = "patron_keyring"
_FORM: Final = "1"
_MAKING: Final = 7_284_767
"""The name of a lock on PostgreSQL that whoever makes the tables holds; any number that others do not use."""
_PATIENCE_SECONDS: Final = 10.0

KEYRING: Final = MetaData()
_ID: Final = String(100)
KEYS: Final = Table(
    "keys",
    KEYRING,
    Column("customer", String(26), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("wrapped_by", _ID, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
ROOTS: Final = Table(
    "roots",
    KEYRING,
    Column("name", String(40), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("wrapped_by", _ID, nullable=False),
)
DESTROYED: Final = Table(
    "destroyed",
    KEYRING,
    Column("customer", String(26), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("receipt", String(100), nullable=False),
)
FACTS: Final = Table(
    "facts", KEYRING, Column("name", String(40), primary_key=True), Column("told", _ID, nullable=False)
)
_WRAPS: Final = "wraps"
_FORM_FACT: Final = "form"


@dataclass(frozen=True)
class HeldKey:
    """A customer's data key as it is kept: which version, wrapped, and by which wrapping key."""

    customer: str
    version: int
    wrapped: bytes
    wrapped_by: str


@dataclass(frozen=True)
class Destroyed:
    """That a customer's keys were destroyed, when (microseconds since 1970), and by which receipt."""

    customer: str
    at: int
    receipt: str


def open_keyring(url: str) -> State:
    """The keyring at a database's address, its tables made where there are none."""
    database = connected(url)
    if not database.is_sqlite:
        database = State(database.engine.execution_options(schema_translate_map={None: SCHEMA}))
    try:
        _make_tables(database)
    except BaseException:
        database.close()
        raise
    return database


def _make_tables(keyring: State) -> None:
    with keyring.reading() as connection:
        if inspect(connection).has_table(FACTS.name, schema=None if keyring.is_sqlite else SCHEMA):
            _refuse_newer(connection)
            return
    with keyring.changing() as connection:
        if not keyring.is_sqlite:
            connection.execute(select(func.pg_advisory_xact_lock(_MAKING)))
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        KEYRING.create_all(connection)
        if connection.execute(select(FACTS.c.told).where(FACTS.c.name == _FORM_FACT)).first() is None:
            connection.execute(insert(FACTS).values(name=_FORM_FACT, told=_FORM))


def _refuse_newer(connection: Connection) -> None:
    form = connection.execute(select(FACTS.c.told).where(FACTS.c.name == _FORM_FACT)).scalar()
    if form != _FORM:
        raise UsageError(
            f"The keyring is of form {form}.", allowed=f"This version knows form {_FORM}.", to_do="Use a newer Patron."
        )


def wrapping_id(connection: Connection) -> str | None:
    """The id of the wrapping key in use; None in a keyring that nobody has used."""
    told: str | None = connection.execute(select(FACTS.c.told).where(FACTS.c.name == _WRAPS)).scalar()
    return told


def wrap_by(connection: Connection, key_id: str) -> None:
    """Have keys wrapped by this one from now on."""
    if wrapping_id(connection) is None:
        connection.execute(insert(FACTS).values(name=_WRAPS, told=key_id))
    else:
        connection.execute(update(FACTS).where(FACTS.c.name == _WRAPS).values(told=key_id))


def held_keys(connection: Connection, customers: Collection[str]) -> dict[str, HeldKey]:
    """The newest key of each of these customers who has one; ask for few thousand at once."""
    query = select(KEYS.c.customer, KEYS.c.version, KEYS.c.wrapped, KEYS.c.wrapped_by)
    rows = connection.execute(query.where(KEYS.c.customer.in_(customers)).order_by(KEYS.c.customer, KEYS.c.version))
    return {row.customer: HeldKey(*row) for row in rows}


def keys_of(connection: Connection, customer: str) -> dict[int, HeldKey]:
    """All keys of a customer, by version: while a key is renewed there are two."""
    query = select(KEYS.c.customer, KEYS.c.version, KEYS.c.wrapped, KEYS.c.wrapped_by)
    return {row.version: HeldKey(*row) for row in connection.execute(query.where(KEYS.c.customer == customer))}


def add_keys(connection: Connection, keys: Collection[HeldKey]) -> None:
    """Keep new keys."""
    if keys:
        now = now_in_microseconds()
        connection.execute(insert(KEYS), [{**vars(key), "made_at": now} for key in keys])


def destroyed_among(connection: Connection, customers: Collection[str]) -> set[str]:
    """Those of these customers whose keys were destroyed: nothing of them is ever sealed again."""
    query = select(DESTROYED.c.customer).where(DESTROYED.c.customer.in_(customers))
    return set(connection.execute(query).scalars())


def tombstone(keyring: State, customer: str) -> Destroyed | None:
    """When and by which receipt a customer's keys were destroyed; None if they were not."""
    with keyring.reading() as connection:
        row = connection.execute(select(DESTROYED).where(DESTROYED.c.customer == customer)).first()
    return Destroyed(row.customer, row.at, row.receipt) if row else None


def tombstones(keyring: State) -> Iterator[Destroyed]:
    """Every customer whose keys were destroyed, in the order of their pseudonyms."""
    with keyring.reading() as connection:
        yield from (Destroyed(*row) for row in connection.execute(select(DESTROYED).order_by(DESTROYED.c.customer)))


def destroy_keys(keyring: State, customer: str, receipt: str) -> Destroyed:
    """Destroy a customer's keys, for good and on disk, and keep a tombstone; one who was destroyed before stays so."""
    before = tombstone(keyring, customer)
    if before is None:
        with keyring.changing() as connection:
            before = Destroyed(customer, now_in_microseconds(), receipt)
            connection.execute(delete(KEYS).where(KEYS.c.customer == customer))
            connection.execute(insert(DESTROYED).values(vars(before)))
    wipe(keyring)
    return before


def wipe(keyring: State) -> None:
    """Have what was deleted overwritten on disk, in the log of changes too; StorageFailed while others hold on to it."""
    if not keyring.is_sqlite:
        with keyring.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"VACUUM {SCHEMA}.{KEYS.name}"))
        return
    until = time.monotonic() + _PATIENCE_SECONDS
    while _log_is_held(keyring):
        if time.monotonic() > until:
            raise StorageFailed(
                "The keyring's log cannot be emptied: somebody reads it all the time.",
                to_do="Try again; the keys are deleted, but may still lie in keyring.sqlite-wal.",
            )
        time.sleep(0.05)


def _log_is_held(keyring: State) -> bool:
    connection = keyring.engine.raw_connection()  # SQLAlchemy's own would begin a transaction, in which this cannot be
    try:
        held = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return bool(held[0])
    finally:
        connection.close()
