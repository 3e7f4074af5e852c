"""People's accounts: made, changed, disabled; never deleted, for the audit names them. A change and its note are one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from patron.errors import NothingThere, UnknownName, UsageError
from patron.governance.accounts.passwords import hash_password
from patron.governance.accounts.secrets import new_id, new_token
from patron.governance.audit.chain import Act, write_within
from patron.governance.identity import Identity, Via
from patron.governance.roles import ALLOWED, NEEDS_BRANCHES, OF_ALL_BRANCHES, Role
from patron.governance.state.opened import State, now_in_microseconds
from patron.governance.state.tables import LONGEST_NAME, PEOPLE, SESSIONS

FIRST_ADMIN: Final = "admin"
NO_PASSWORD: Final = "!"  # noqa: S105  what stands for none: it is the hash of nothing
ONE_TIME_HOURS: Final = 72
_HOUR: Final = 3_600_000_000


class Left(Enum):
    """That something stays as it is, where None means something else."""

    AS_IT_IS = "as it is"


@dataclass(frozen=True)
class Person:
    """An account, without its password. ``branches`` is None for one who sees all of them."""

    id: str
    name: str
    role: Role
    branches: frozenset[str] | None
    must_change: bool
    created_at: int
    disabled_at: int | None

    def identity(self, via: Via, address: str = "") -> Identity:
        """The person, as one who asks."""
        return Identity(self.id, self.name, self.role, ALLOWED[self.role], via, self.branches, address)


Noted = Callable[[Person], Act]
"""What to write into the audit of a change, given the account after it."""


def first_admin(state: State, noted: Noted | None = None) -> tuple[Person, str] | None:
    """Make the first administrator, where nobody is there yet: the account and its one-time password, told this once."""
    password, hashed = _one_time(FIRST_ADMIN)
    with state.changing() as connection:
        if connection.execute(select(PEOPLE.c.id).limit(1)).first():
            return None
        return make_within(connection, FIRST_ADMIN, Role.ADMIN, None, hashed, noted), password


def add_person(
    state: State, name: str, role: str, branches: Iterable[str] | None = None, noted: Noted | None = None
) -> tuple[Person, str]:
    """Make an account: it and its one-time password, which must be changed at the first login and is told this once."""
    name = usable_name(name)
    password, hashed = _one_time(name)
    with state.changing() as connection:
        return make_within(connection, name, role_named(role), branches, hashed, noted), password


def change_person(
    state: State,
    name: str,
    *,
    role: str | Left = Left.AS_IT_IS,
    branches: Iterable[str] | Left | None = Left.AS_IT_IS,
    disabled: bool | Left = Left.AS_IT_IS,
    noted: Noted | None = None,
) -> Person:
    """Change an account's role or branches, or close or open it; its sessions end, so that the change holds at once."""
    with state.changing() as connection:
        held = _known(connection, name)
        return change_within(connection, held, role=role, branches=branches, disabled=disabled, noted=noted)


def change_within(
    connection: Connection,
    held: Mapping[str, Any],  # Any: values of columns
    *,
    role: str | Left = Left.AS_IT_IS,
    branches: Iterable[str] | Left | None = Left.AS_IT_IS,
    disabled: bool | Left = Left.AS_IT_IS,
    noted: Noted | None = None,
) -> Person:
    """The same for an account's row, in a transaction that holds more than this."""
    after = dict(held)
    if not isinstance(role, Left):
        after["role"] = role_named(role)
    if not isinstance(branches, Left):
        after["branches"] = None if branches is None else list(branches)
    after["branches"] = branches_for(Role(after["role"]), after["branches"])
    if not isinstance(disabled, Left):
        after["disabled_at"] = now_in_microseconds() if disabled else None
    if _is_working_admin(held) and not _is_working_admin(after) and _working_admins(connection) == 1:
        raise UsageError(f"'{held['name']}' is the only administrator.", to_do="Make another one first.")
    changed = {column: after[column] for column in ("role", "branches", "disabled_at")}
    connection.execute(update(PEOPLE).where(PEOPLE.c.id == held["id"]).values(**changed))
    connection.execute(SESSIONS.delete().where(SESSIONS.c.person_id == held["id"]))
    return _noted(connection, person_of(after), noted)


def reset_password(state: State, name: str, noted: Noted | None = None) -> tuple[Person, str]:
    """Give an account a new one-time password, told this once; every session of the account ends."""
    password, hashed = _one_time(name)
    with state.changing() as connection:
        held = _known(connection, name)
        if held["password_hash"] == NO_PASSWORD:
            raise UsageError(f"'{name}' logs in by the provider, and has no password.", to_do="Reset it there.")
        _set_password(connection, held["id"], hashed, must_change=True)
        return _noted(connection, person_of(held | {"must_change": True}), noted), password


def change_password(state: State, person: Person, old: str, new: str, noted: Noted | None = None) -> None:
    """Change a password that was found right; every session of the account ends."""
    if new == old:
        raise UsageError("The new password is the old one.", to_do="Choose another.")
    hashed = hash_password(new, person.name)
    with state.changing() as connection:
        _set_password(connection, person.id, hashed, must_change=False)
        _noted(connection, person, noted)


def people(state: State) -> tuple[Person, ...]:
    """All accounts, by name."""
    with state.reading() as connection:
        rows = connection.execute(select(PEOPLE).order_by(PEOPLE.c.name))
        return tuple(person_of(dict(row._mapping)) for row in rows)


def usable_name(name: str) -> str:
    """The name of an account, as it is kept; UsageError for one that cannot be."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or "/" in name or not name.isprintable():
        raise UsageError(
            "An account needs a name of 1 to 100 signs that can be seen, without '/'.",
            to_do="Give their e-mail address or staff number.",
        )
    return name


def role_named(name: str) -> Role:
    """The role of this name; UnknownName with those that there are."""
    try:
        return Role(name)
    except ValueError:
        raise UnknownName("role", name, [role.value for role in Role]) from None


def branches_for(role: Role, branches: Iterable[str] | None) -> list[str] | None:
    """The branches to keep for a role; UsageError where it needs some and none are given, or can have none."""
    given = None if branches is None else sorted({branch.strip() for branch in branches if branch.strip()})
    if role in NEEDS_BRANCHES and not given:
        raise UsageError(f"A {role.value} needs the branches that are theirs.", to_do="Name one or more of them.")
    if given is not None and ALLOWED[role] & OF_ALL_BRANCHES:
        raise UsageError(
            f"The role {role.value} cannot be held to some branches: accounts and the audit are of the whole business.",
            to_do="Leave the branches away, or choose another role.",
        )
    return given


def person_named(connection: Connection, name: str) -> dict[str, Any] | None:  # Any: values of columns
    """The account's row, if there is one."""
    row = connection.execute(select(PEOPLE).where(PEOPLE.c.name == name)).first()
    return None if row is None else dict(row._mapping)


def person_of(row: Mapping[str, Any]) -> Person:  # Any: values of columns
    """The account of a row."""
    branches = row["branches"]
    return Person(
        row["id"],
        row["name"],
        Role(row["role"]),
        None if branches is None else frozenset(branches),
        bool(row["must_change"]),
        row["created_at"],
        row["disabled_at"],
    )


def _one_time(name: str) -> tuple[str, str]:
    """A one-time password and its hash; made before a transaction, which would be held up by it."""
    password = new_token()
    return password, hash_password(password, name)


def make_within(
    connection: Connection,
    name: str,
    role: Role,
    branches: Iterable[str] | None,
    password_hash: str,
    noted: Noted | None,
    *,
    must_change: bool = True,
) -> Person:
    """Make an account in a transaction that holds more than this; a one-time password must be changed, and ends."""
    taken = UsageError(f"There is an account '{name}' already.", to_do="Choose another name, or change that one.")
    if person_named(connection, name):
        raise taken
    row = {
        "id": new_id(),
        "name": name,
        "role": role,
        "branches": branches_for(role, branches),
        "password_hash": password_hash,
        "must_change": must_change,
        "one_time_until": _one_time_until() if must_change else None,
        "created_at": now_in_microseconds(),
        "disabled_at": None,
    }
    try:
        connection.execute(insert(PEOPLE).values(**row))
    except IntegrityError as error:  # another server made it between the two
        raise taken from error
    return _noted(connection, person_of(row), noted)


def _one_time_until() -> int:
    return now_in_microseconds() + ONE_TIME_HOURS * _HOUR


def _noted(connection: Connection, person: Person, noted: Noted | None) -> Person:
    if noted:
        write_within(connection, [noted(person)])
    return person


def _set_password(connection: Connection, person: str, hashed: str, *, must_change: bool) -> None:
    until = _one_time_until() if must_change else None
    values = {"password_hash": hashed, "must_change": must_change, "one_time_until": until}
    connection.execute(update(PEOPLE).where(PEOPLE.c.id == person).values(**values))
    connection.execute(SESSIONS.delete().where(SESSIONS.c.person_id == person))


def _known(connection: Connection, name: str) -> dict[str, Any]:  # Any: values of columns
    held = person_named(connection, name)
    if held is None:
        raise NothingThere(f"There is no account '{name}'.", to_do="'patron accounts list' shows them.")
    return held


def _is_working_admin(row: Mapping[str, Any]) -> bool:  # Any: values of columns
    return row["role"] == Role.ADMIN and row["disabled_at"] is None


def _working_admins(connection: Connection) -> int:
    """How many there are; on PostgreSQL their rows are held, so that two cannot leave at once."""
    rows = connection.execute(
        select(PEOPLE.c.role, PEOPLE.c.disabled_at).where(PEOPLE.c.role == Role.ADMIN).with_for_update()
    )
    return sum(_is_working_admin(dict(row._mapping)) for row in rows)
