"""The log of decisions in the workspace's application state, ``state.sqlite``: written once, never changed.

A decision is undone by another entry. The file is there from the first decision on; a workspace without it has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    MetaData,
    NullPool,
    String,
    Table,
    Text,
    create_engine,
    event,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import DatabaseError

from patron.errors import StorageFailed
from patron.quality.decisions import STATE_FILE, Decision

_STATE: Final = MetaData()
_DECISIONS: Final = Table(
    "decisions",
    _STATE,
    Column("number", Integer, primary_key=True),
    Column("entry", String(12), nullable=False),
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("standing", String(12), nullable=False),
    Column("verdict", String(8), nullable=False),
    Column("content", Text, nullable=False),
    Column("readable", Boolean, nullable=False),
    Column("detail", Text, nullable=False),
    Column("changes", JSON, nullable=False),
    Column("by", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("decided_at", DateTime, nullable=False),
    Index("decisions_of_an_entry", "entry", "number"),
)
_NEVER_CHANGED: Final = tuple(
    text(
        f"CREATE TRIGGER IF NOT EXISTS decisions_no_{change} BEFORE {change} ON decisions "
        "BEGIN SELECT RAISE(ABORT, 'decisions are never changed; undo one by another entry'); END"
    )
    for change in ("update", "delete")
)


def append_decisions(folder: Path, decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """Write decisions, all or none; gives them with the numbers they got."""
    rows = [{key: value for key, value in asdict(decision).items() if key != "number"} for decision in decisions]
    with _opened(folder) as state:
        _prepare(state)
        numbers = [_written(state, row) for row in rows]
    return tuple(replace(decision, number=number) for decision, number in zip(decisions, numbers, strict=True))


def logged_decisions(folder: Path) -> tuple[Decision, ...]:
    """The whole log, oldest first; empty where nothing was decided yet."""
    if not (folder / STATE_FILE).exists():
        return ()
    with _opened(folder) as state:
        if not inspect(state).has_table(_DECISIONS.name):  # the server made the file; whoever reads holds nobody up
            return ()
        rows = state.execute(select(_DECISIONS).order_by(_DECISIONS.c.number)).mappings().all()
    return tuple(Decision(**{**row, "decided_at": row["decided_at"].replace(tzinfo=UTC)}) for row in rows)


def _prepare(state: Connection) -> None:
    _STATE.create_all(state)
    for trigger in _NEVER_CHANGED:
        state.execute(trigger)


def _written(state: Connection, row: dict[str, Any]) -> int:  # Any: a decision's fields
    row = {**row, "changes": dict(row["changes"]), "decided_at": row["decided_at"].astimezone(UTC).replace(tzinfo=None)}
    (number,) = state.execute(insert(_DECISIONS).values(**row).returning(_DECISIONS.c.number)).one()
    return int(number)


@contextmanager
def _opened(folder: Path) -> Iterator[Connection]:
    """The state in one transaction; other processes may read meanwhile."""
    engine = create_engine(f"sqlite:///{folder / STATE_FILE}", poolclass=NullPool)
    event.listen(engine, "connect", _with_wal)
    try:
        with engine.begin() as state:
            yield state
    except DatabaseError as error:
        raise StorageFailed(
            f"{folder / STATE_FILE} cannot be read or written: {error.orig}",
            to_do="Free disk space, wait for whoever writes, or put back a copy of the file; the warehouse was not changed.",
        ) from error
    finally:
        engine.dispose()


def _with_wal(connection: Any, _record: object) -> None:  # Any: the driver's own connection
    connection.execute("PRAGMA journal_mode = WAL").close()
