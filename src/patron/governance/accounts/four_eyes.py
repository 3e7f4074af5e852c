"""Changes that wait for a second administrator: who asked, for what, and that whoever agrees is somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from patron.errors import NothingThere, UsageError
from patron.governance.accounts.secrets import new_id
from patron.governance.audit.chain import act_of, write_within
from patron.governance.identity import Identity
from patron.governance.roles import ALLOWED, Permission, Role
from patron.governance.state.opened import State, now_in_microseconds
from patron.governance.state.tables import WAITING_CHANGES

LONGEST_DAYS: Final = 7
_DAY: Final = 86_400_000_000
_WEIGHTY: Final = frozenset({Permission.READ_CUSTOMERS, Permission.MANAGE_ACCOUNTS})
"""Whoever may give these alone could read customers alone, at once or by an administrator of their own making."""


@dataclass(frozen=True)
class WaitingChange:
    """A change that was asked for; ``body`` is what it says, without any secret."""

    id: str
    action: str
    body: Mapping[str, Any]  # Any: JSON
    asked_by: str
    asked_at: int


def is_weighty(role: Role, permissions: frozenset[Permission] | None = None) -> bool:
    """Whether a role, or a key of it with these permissions, needs two administrators."""
    return bool((ALLOWED[role] if permissions is None else permissions & ALLOWED[role]) & _WEIGHTY)


def ask(state: State, who: Identity, action: str, subject: str, body: Mapping[str, Any]) -> WaitingChange:  # Any: JSON
    """Note a change that waits, in the audit too."""
    change = WaitingChange(new_id(), action, body, who.name, now_in_microseconds())
    with state.changing() as connection:
        row = {"id": change.id, "action": action, "body": dict(body), "asked_by": who.name, "asked_by_id": who.id}
        connection.execute(insert(WAITING_CHANGES).values(**row, asked_at=change.asked_at))
        write_within(connection, [act_of(who, f"{action}.ask", subject, "done", change=change.id)])
    return change


def waiting_changes(state: State) -> tuple[WaitingChange, ...]:
    """Those that still wait, the oldest first."""
    with state.reading() as connection:
        rows = connection.execute(_open().order_by(WAITING_CHANGES.c.asked_at, WAITING_CHANGES.c.id))
        return tuple(_change(dict(row._mapping)) for row in rows)


def agree(state: State, who: Identity, change_id: str) -> WaitingChange:
    """Take a change out of the queue to do it; UsageError for whoever asked for it."""
    with state.changing() as connection:
        row = _known(connection, change_id)
        if row["asked_by_id"] == who.id:
            raise UsageError("You asked for this change yourself.", to_do="Another administrator must agree to it.")
        return _decide(connection, row, who, "agreed")


def decline(state: State, who: Identity, change_id: str) -> WaitingChange:
    """End a change that waits; whoever asked may do so too."""
    with state.changing() as connection:
        return _decide(connection, _known(connection, change_id), who, "declined")


def _decide(
    connection: Connection, row: Mapping[str, Any], who: Identity, outcome: str
) -> WaitingChange:  # Any: columns
    decided = {"decided_by": who.name, "decided_at": now_in_microseconds(), "outcome": outcome}
    connection.execute(update(WAITING_CHANGES).where(WAITING_CHANGES.c.id == row["id"]).values(**decided))
    write_within(connection, [act_of(who, f"{row['action']}.{outcome}", row["id"], "done", asked_by=row["asked_by"])])
    return _change(row)


def _known(connection: Connection, change_id: str) -> dict[str, Any]:  # Any: values of columns
    row = connection.execute(_open().where(WAITING_CHANGES.c.id == change_id).with_for_update()).first()
    if row is None:
        raise NothingThere(f"No change '{change_id}' is waiting.", to_do="GET /v1/changes lists those that are.")
    return dict(row._mapping)


def _open() -> Any:  # Any: SQLAlchemy's own select of all columns
    oldest = now_in_microseconds() - LONGEST_DAYS * _DAY
    return select(WAITING_CHANGES).where(WAITING_CHANGES.c.decided_at.is_(None), WAITING_CHANGES.c.asked_at > oldest)


def _change(row: Mapping[str, Any]) -> WaitingChange:  # Any: values of columns
    return WaitingChange(row["id"], row["action"], row["body"], row["asked_by"], row["asked_at"])
