"""Set, approve, refuse and withdraw overrides. Each change, its number and its note in the audit are one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from patron.errors import AlreadySo, NeedsAnother
from patron.governance.accounts.secrets import new_id
from patron.governance.audit.chain import Act, write_within
from patron.governance.identity import Identity
from patron.governance.overrides.asking import known, version_of
from patron.governance.overrides.override import NewOverride, Override, is_in, override_of
from patron.governance.state.opened import State, now_in_microseconds
from patron.governance.state.tables import API_KEYS, OVERRIDES, OVERRIDES_HEAD

Noted = Callable[[Override], Act]
"""What to write into the audit of a change, given the override after it."""
_HEAD: Final = 1


def set_override(
    state: State, new: NewOverride, who: Identity, noted: Noted, *, needs_second: bool, replaces: str | None = None
) -> Override:
    """Set a value by hand, in force at once or when a second person has approved it.

    AlreadySo where one waits for this customer and field, or is in force and was not named as the one to be replaced.
    """
    with state.changing() as connection:
        number = _next_version(connection)
        now = now_in_microseconds()
        _refuse_second(connection, new, replaces, now)
        made = Override(
            **asdict(new),
            number=number,
            id=new_id(),
            made_by=who.name,
            made_by_id=who.id,
            person_behind=_person_behind(connection, who),
            made_at=now,
            needs_second=needs_second,
            replaces=replaces,
        )
        connection.execute(insert(OVERRIDES).values(**asdict(made)))
        if replaces and not needs_second:
            _end_replaced(connection, made, now)
        write_within(connection, [noted(made)])
        return made


def judge_override(
    state: State, override_id: str, who: Identity, noted: Noted, *, approves: bool, because: str
) -> Override:
    """Approve or refuse what waits; NeedsAnother for who set it, and for a key made by the same person.

    AlreadySo for what does not wait.
    """
    with state.changing() as connection:
        _next_version(connection)
        now = now_in_microseconds()
        held = known(connection, override_id)
        if held.status_at(now) != "waiting":
            raise AlreadySo(f"The override {override_id} is {held.status_at(now)}: it waits for nobody.")
        if who.id == held.made_by_id or _person_behind(connection, who) == held.person_behind:
            raise NeedsAnother(
                f"The override {override_id} was set by {held.made_by}: the same person cannot judge it.",
                allowed="Somebody else who may approve overrides.",
            )
        judged = {"judged_by": who.name, "judged_at": now, "judged_because": because, "approved": approves}
        after = _changed(connection, held, judged)
        if approves and after.replaces:
            _end_replaced(connection, after, now)
        write_within(connection, [noted(after)])
        return after


def withdraw_override(state: State, override_id: str, who: Identity, noted: Noted, *, because: str) -> Override:
    """End an override that is in force or waits: what was published holds again. AlreadySo for one that has ended."""
    with state.changing() as connection:
        _next_version(connection)
        now = now_in_microseconds()
        held = known(connection, override_id)
        if held.status_at(now) not in ("waiting", "in force"):
            raise AlreadySo(f"The override {override_id} is {held.status_at(now)} already.")
        after = _changed(connection, held, {"ended_by": who.name, "ended_at": now, "ended_because": because})
        write_within(connection, [noted(after)])
        return after


def _next_version(connection: Connection) -> int:
    """The next number of the state of overrides; its row lets one change pass at a time."""
    version = version_of(connection, lock=True) + 1
    connection.execute(update(OVERRIDES_HEAD).where(OVERRIDES_HEAD.c.id == _HEAD).values(version=version))
    return version


def _person_behind(connection: Connection, who: Identity) -> str:
    """Who answers for what was done: the person, or the one who made the key."""
    if who.via != "key":
        return who.name
    made_by = connection.execute(select(API_KEYS.c.made_by).where(API_KEYS.c.id == who.id)).scalar()
    return who.name if made_by is None else str(made_by)


def _refuse_second(connection: Connection, new: NewOverride, replaces: str | None, now: int) -> None:
    """One is in force, and at most one waits, for each customer and field."""
    same = (OVERRIDES.c.customer_id == new.customer_id, OVERRIDES.c.field == new.field)
    waiting = connection.execute(select(OVERRIDES).where(*same, is_in("waiting", now))).first()
    if waiting:
        raise AlreadySo(
            f"The override {waiting.id} of this customer's {new.field} waits for a second person.",
            to_do="Have it approved, refused or withdrawn first.",
        )
    row = connection.execute(select(OVERRIDES).where(*same, is_in("in force", now))).first()
    standing = None if row is None else override_of(row).id
    if standing and standing != replaces:
        raise AlreadySo(
            f"The override {standing} of this customer's {new.field} is in force.",
            to_do=f"Withdraw it, or name it as the one that is replaced: replaces = '{standing}'.",
        )
    if replaces and not standing:
        raise AlreadySo(
            f"The override {replaces}, which was to be replaced, is not in force for this customer's {new.field}.",
            to_do="Leave 'replaces' away.",
        )


def _end_replaced(connection: Connection, by: Override, now: int) -> None:
    """The override that another takes the place of has ended, unless it had already."""
    ended = {"ended_by": by.made_by, "ended_at": now, "ended_because": by.because, "replaced_by": by.id}
    connection.execute(update(OVERRIDES).where(OVERRIDES.c.id == by.replaces, is_in("in force", now)).values(**ended))


def _changed(connection: Connection, held: Override, values: dict[str, Any]) -> Override:  # Any: values of columns
    connection.execute(update(OVERRIDES).where(OVERRIDES.c.id == held.id).values(**values))
    return replace(held, **values)
