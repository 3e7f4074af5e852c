"""Overrides as they stand: one, those of a customer, a long list page by page, and all that are in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from patron.errors import NothingThere
from patron.governance.overrides.override import Override, Status, is_in, override_of
from patron.governance.state.opened import State, now_in_microseconds
from patron.governance.state.tables import OVERRIDES, OVERRIDES_HEAD

_HEAD: Final = 1
_READ_AT_ONCE: Final = 1000


@dataclass(frozen=True)
class InForce:
    """All overrides that are in force, and the version of the state that they are of."""

    version: int
    overrides: tuple[Override, ...]


def version_of(connection: Connection, *, lock: bool = False) -> int:
    """A number that grows with every change of an override; with ``lock`` nobody else changes one meanwhile."""
    query = select(OVERRIDES_HEAD.c.version).where(OVERRIDES_HEAD.c.id == _HEAD)
    return int(connection.execute(query.with_for_update() if lock else query).scalar_one())


def in_force(state: State, *, unless: int | None = None) -> InForce | None:
    """What is in force now; None where the state is still of the version ``unless``, which costs next to nothing to ask."""
    with state.reading() as connection:
        version = version_of(connection)
        if version == unless:
            return None
        rows = connection.execute(
            select(OVERRIDES).where(is_in("in force", now_in_microseconds())).order_by(OVERRIDES.c.number)
        )
        return InForce(version, tuple(map(override_of, rows)))


def override_with(state: State, override_id: str) -> Override:
    """The override of this id; NothingThere for none."""
    with state.reading() as connection:
        return known(connection, override_id)


def known(connection: Connection, override_id: str) -> Override:
    """The same, inside a transaction."""
    row = connection.execute(select(OVERRIDES).where(OVERRIDES.c.id == override_id)).first()
    if row is None:
        raise no_override(override_id)
    return override_of(row)


def no_override(override_id: str) -> NothingThere:
    """That there is no such override; in the same words for one of a customer whom the one who asks may not see."""
    return NothingThere(f"There is no override '{override_id}'.", to_do="GET /v1/overrides lists them.")


def overrides_of(state: State, customer_id: str) -> tuple[Override, ...]:
    """All that was ever set for a customer, the newest first."""
    with state.reading() as connection:
        rows = connection.execute(
            select(OVERRIDES).where(OVERRIDES.c.customer_id == customer_id).order_by(OVERRIDES.c.number.desc())
        )
        return tuple(map(override_of, rows))


def overrides(
    state: State, *, status: Status | None = None, before: int | None = None, moment: int | None = None
) -> Iterator[Override]:
    """Overrides, the newest first, those before a number; as many are read as are asked for, a thousand at once."""
    moment = now_in_microseconds() if moment is None else moment
    while True:
        query = select(OVERRIDES).where(is_in(status, moment))
        if before is not None:
            query = query.where(OVERRIDES.c.number < before)
        with state.reading() as connection:
            rows = connection.execute(query.order_by(OVERRIDES.c.number.desc()).limit(_READ_AT_ONCE))
            found = [override_of(row) for row in rows]
        yield from found
        if len(found) < _READ_AT_ONCE:
            return
        before = found[-1].number
