"""All that a state holds, as text: what must not be in it can be looked for."""

from __future__ import annotations

from sqlalchemy import MetaData, select

from patron.governance.state.opened import State
from patron.governance.state.tables import METADATA


def everything_in(state: State, tables: MetaData = METADATA) -> str:
    """Every value of every table; of SQLite the bytes of its files too, for what was deleted may still lie there."""
    told = []
    with state.reading() as connection:
        for table in tables.sorted_tables:
            told += [str(tuple(row)) for row in connection.execute(select(table))]
    file = state.engine.url.database if state.is_sqlite else None
    for ending in ("", "-wal") if file else ():
        try:
            with open(f"{file}{ending}", "rb") as content:  # noqa: PTH123  a name from an address
                told.append(content.read().decode("latin-1"))
        except FileNotFoundError:
            continue
    return "\n".join(told)
