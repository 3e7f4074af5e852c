"""Accounts of people whom a provider knows: they have no password, and are found by the provider's own name for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, insert, select

from patron.errors import UsageError
from patron.governance.accounts.people import (
    NO_PASSWORD,
    Left,
    Noted,
    Person,
    change_within,
    make_within,
    person_named,
    person_of,
    role_named,
    usable_name,
)
from patron.governance.providers.mapped import Mapped
from patron.governance.providers.refusals import LoginRefused
from patron.governance.state.opened import State, now_in_microseconds
from patron.governance.state.tables import OUTSIDE_IDENTITIES, PEOPLE


def add_outside_person(
    state: State, name: str, role: str, branches: Iterable[str] | None = None, noted: Noted | None = None
) -> Person:
    """Make an account that the first login by the provider under this name becomes the owner of."""
    name = usable_name(name)
    with state.changing() as connection:
        return make_within(connection, name, role_named(role), branches, NO_PASSWORD, noted, must_change=False)


def let_in(
    state: State, told: Mapped, *, makes_accounts: bool, added: Noted | None = None, changed: Noted | None = None
) -> Person:
    """The account of somebody whom the provider vouches for, with the role and branches that the provider gives them now.

    LoginRefused for whoever is closed out here, and for a name whose account is somebody else's.
    """
    with state.changing() as connection:
        held = _known(connection, told) or _new(connection, told, makes_accounts=makes_accounts, noted=added)
        if held["disabled_at"] is not None:
            raise LoginRefused(
                "Your account is closed.", to_do="An administrator of Patron can open it.", account=held["name"]
            )
        person = person_of(held)
        branches = person.branches if isinstance(told.branches, Left) else told.branches
        if (person.role, person.branches) == (told.role, branches):
            return person
        try:
            return change_within(connection, held, role=told.role, branches=branches, noted=changed)
        except UsageError as error:
            raise LoginRefused(error.what, to_do=error.to_do, account=held["name"]) from error


def _known(connection: Connection, told: Mapped) -> dict[str, Any] | None:  # Any: values of columns
    joined = select(PEOPLE).join(OUTSIDE_IDENTITIES, OUTSIDE_IDENTITIES.c.person_id == PEOPLE.c.id)
    of_them = (OUTSIDE_IDENTITIES.c.issuer == told.issuer) & (OUTSIDE_IDENTITIES.c.subject == told.subject)
    row = connection.execute(joined.where(of_them)).first()
    return None if row is None else dict(row._mapping)


def _new(
    connection: Connection, told: Mapped, *, makes_accounts: bool, noted: Noted | None
) -> dict[str, Any]:  # Any: values of columns
    """The account that somebody who was never here before becomes the owner of: one made for them, or a new one."""
    held = person_named(connection, told.name)
    if held is None:
        if not makes_accounts:
            raise LoginRefused("You have no account in Patron.", to_do="Ask an administrator of Patron for one.")
        _made(connection, told, noted)
        held = person_named(connection, told.name) or {}
    elif held["password_hash"] != NO_PASSWORD or _is_owned(connection, held["id"]):
        raise LoginRefused(
            "There is an account of your name, and it is not known to be yours.",
            to_do="Ask an administrator of Patron.",
            account=held["name"],
        )
    connection.execute(
        insert(OUTSIDE_IDENTITIES).values(
            issuer=told.issuer, subject=told.subject, person_id=held["id"], created_at=now_in_microseconds()
        )
    )
    return held


def _made(connection: Connection, told: Mapped, noted: Noted | None) -> None:
    branches = None if isinstance(told.branches, Left) else told.branches
    try:
        make_within(connection, told.name, told.role, branches, NO_PASSWORD, noted, must_change=False)
    except UsageError as error:
        raise LoginRefused(error.what, to_do="Ask an administrator of Patron.") from error


def _is_owned(connection: Connection, person: str) -> bool:
    owned = select(OUTSIDE_IDENTITIES.c.subject).where(OUTSIDE_IDENTITIES.c.person_id == person)
    return connection.execute(owned).first() is not None
