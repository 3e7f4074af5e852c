"""People's accounts: made, changed, locked after wrong passwords, disabled; never deleted, for the audit names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from patron.errors import NothingThere, UnknownName, UsageError
from patron.governance.accounts.passwords import hash_password, is_outdated, is_password
from patron.governance.accounts.secrets import new_id, new_token
from patron.governance.identity import Identity, Via
from patron.governance.roles import ALLOWED, NEEDS_BRANCHES, Role
from patron.governance.state.opened import State, now_in_microseconds
from patron.governance.state.tables import LONGEST_NAME, PEOPLE, SESSIONS

FIRST_ADMIN: Final = "admin"
FREE_TRIES: Final = 5
_FIRST_LOCK_SECONDS: Final = 30
_LONGEST_LOCK_SECONDS: Final = 3600
_SECOND: Final = 1_000_000


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


def first_admin(state: State) -> tuple[Person, str] | None:
    """Make the first administrator, where nobody is there yet: the account and its one-time password, told this once."""
    with state.changing() as connection:
        if connection.execute(select(PEOPLE.c.id).limit(1)).first():
            return None
        return _made(connection, FIRST_ADMIN, Role.ADMIN, None)


def add_person(state: State, name: str, role: str, branches: Iterable[str] | None = None) -> tuple[Person, str]:
    """Make an account: it and its one-time password, which must be changed at the first login and is told this once."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise UsageError(
            "An account needs a name of 1 to 100 signs.", to_do="Give their e-mail address or staff number."
        )
    with state.changing() as connection:
        if _row(connection, name):
            raise UsageError(f"There is an account '{name}' already.", to_do="Choose another name, or change that one.")
        return _made(connection, name, role_named(role), branches)


def change_person(
    state: State,
    name: str,
    *,
    role: str | None = None,
    branches: Iterable[str] | None = None,
    disabled: bool | None = None,
) -> Person:
    """Give an account another role and its branches, or close or open it; its sessions end, so that the change holds at once."""
    with state.changing() as connection:
        held = _known(connection, name)
        changed: dict[str, Any] = {}  # Any: values of columns
        if role is not None:
            changed |= {"role": role_named(role), "branches": branches_for(role_named(role), branches)}
        if disabled is not None:
            changed["disabled_at"] = now_in_microseconds() if disabled else None
        after = dict(held._mapping) | changed
        if _is_working_admin(held._mapping) and not _is_working_admin(after) and _working_admins(connection) == 1:
            raise UsageError(f"'{name}' is the only administrator.", to_do="Make another one first.")
        if changed:
            connection.execute(update(PEOPLE).where(PEOPLE.c.id == held.id).values(**changed))
            connection.execute(SESSIONS.delete().where(SESSIONS.c.person_id == held.id))
        return person_of(after)


def reset_password(state: State, name: str) -> str:
    """A new one-time password, told this once; every session of the account ends."""
    with state.changing() as connection:
        held = _known(connection, name)
        password = new_token()
        _set_password(connection, held.id, hash_password(password, name), must_change=True)
        return password


def change_password(state: State, name: str, old: str, new: str) -> None:
    """Change one's own password; every session of the account ends."""
    person = log_in(state, name, old)
    if new == old:
        raise UsageError("The new password is the old one.", to_do="Choose another.")
    hashed = hash_password(new, person.name)
    with state.changing() as connection:
        _set_password(connection, person.id, hashed, must_change=False)


class WrongLogin(UsageError):
    """A name and a password that do not belong together; it never says which of them is wrong."""


class LockedLogin(UsageError):
    """Too many wrong passwords; ``seconds`` until the next may be tried."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__("Too many wrong passwords.", to_do=f"Try again in {seconds} seconds.")


def log_in(state: State, name: str, password: str) -> Person:
    """The person with this name and password. After five wrong ones each try must wait, twice as long as the one before."""
    with state.reading() as connection:
        held = _row(connection, name.strip())
    now = now_in_microseconds()
    if held and held.locked_until and held.locked_until > now:
        raise LockedLogin(-(-(held.locked_until - now) // _SECOND))
    right = is_password(password, held.password_hash if held and not held.disabled_at else None)
    if held and right:
        changed: dict[str, Any] = {"failed_logins": 0, "locked_until": None}  # Any: values of columns
        if is_outdated(held.password_hash):
            changed["password_hash"] = hash_password(password, held.name)
        with state.changing() as connection:
            connection.execute(update(PEOPLE).where(PEOPLE.c.id == held.id).values(**changed))
        return person_of(dict(held._mapping))
    if held:
        with state.changing() as connection:
            _count_failure(connection, held.id, now)
    raise WrongLogin("The name and the password do not belong together.", to_do="Check both, then try again.")


def people(state: State) -> tuple[Person, ...]:
    """All accounts, by name."""
    with state.reading() as connection:
        return tuple(
            person_of(dict(row._mapping)) for row in connection.execute(select(PEOPLE).order_by(PEOPLE.c.name))
        )


def role_named(name: str) -> Role:
    """The role of this name; UnknownName with those that there are."""
    try:
        return Role(name)
    except ValueError:
        raise UnknownName("role", name, [role.value for role in Role]) from None


def branches_for(role: Role, branches: Iterable[str] | None) -> list[str] | None:
    """The branches to keep for a role; UsageError where it needs some and none are given."""
    given = None if branches is None else sorted({branch.strip() for branch in branches if branch.strip()})
    if role in NEEDS_BRANCHES and not given:
        raise UsageError(f"A {role.value} needs the branches that are theirs.", to_do="Name one or more of them.")
    return given


def _made(connection: Connection, name: str, role: Role, branches: Iterable[str] | None) -> tuple[Person, str]:
    password = new_token()
    row = {
        "id": new_id(),
        "name": name,
        "role": role,
        "branches": branches_for(role, branches),
        "password_hash": hash_password(password, name),
        "must_change": True,
        "created_at": now_in_microseconds(),
        "disabled_at": None,
        "failed_logins": 0,
        "locked_until": None,
    }
    connection.execute(insert(PEOPLE).values(**row))
    return person_of(row), password


def _set_password(connection: Connection, person: str, hashed: str, *, must_change: bool) -> None:
    values = {"password_hash": hashed, "must_change": must_change, "failed_logins": 0, "locked_until": None}
    connection.execute(update(PEOPLE).where(PEOPLE.c.id == person).values(**values))
    connection.execute(SESSIONS.delete().where(SESSIONS.c.person_id == person))


def _count_failure(connection: Connection, person: str, now: int) -> None:
    failed = connection.execute(select(PEOPLE.c.failed_logins).where(PEOPLE.c.id == person)).scalar_one() + 1
    wait = min(_FIRST_LOCK_SECONDS * 2 ** max(0, failed - FREE_TRIES), _LONGEST_LOCK_SECONDS)
    until = now + wait * _SECOND if failed >= FREE_TRIES else None
    connection.execute(update(PEOPLE).where(PEOPLE.c.id == person).values(failed_logins=failed, locked_until=until))


def _row(connection: Connection, name: str) -> Any:  # Any: SQLAlchemy's row
    return connection.execute(select(PEOPLE).where(PEOPLE.c.name == name)).first()


def _known(connection: Connection, name: str) -> Any:  # Any: SQLAlchemy's row
    held = _row(connection, name)
    if held is None:
        raise NothingThere(f"There is no account '{name}'.", to_do="'patron accounts' lists them.")
    return held


def _is_working_admin(row: Mapping[str, Any]) -> bool:  # Any: values of columns
    return row["role"] == Role.ADMIN and row["disabled_at"] is None


def _working_admins(connection: Connection) -> int:
    rows = connection.execute(select(PEOPLE.c.role, PEOPLE.c.disabled_at))
    return sum(_is_working_admin(dict(row._mapping)) for row in rows)


def person_of(row: Mapping[str, Any]) -> Person:  # Any: values of columns
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
