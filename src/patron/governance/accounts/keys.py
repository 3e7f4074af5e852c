"""Keys for programs: hashed, with permissions of their own, ending on a day, replaced without a gap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from patron.errors import NothingThere, UnknownName, UsageError
from patron.governance.accounts.people import branches_for, role_named
from patron.governance.accounts.secrets import ServerSecret, new_id, new_token
from patron.governance.identity import Identity
from patron.governance.roles import ALLOWED, Permission, Role
from patron.governance.state.opened import State, now_in_microseconds
from patron.governance.state.tables import API_KEYS

PREFIX: Final = "patron"
MOST_DAYS: Final = 366
_PURPOSE: Final = "api key"
_DAY: Final = 86_400_000_000


@dataclass(frozen=True)
class ApiKey:
    """A key, without its secret; times in microseconds since 1970."""

    id: str
    name: str
    role: Role
    permissions: frozenset[Permission]
    branches: frozenset[str] | None
    made_by: str
    created_at: int
    ends_at: int
    revoked_at: int | None

    def works_at(self, moment: int) -> bool:
        return self.revoked_at is None and moment < self.ends_at

    def identity(self, address: str = "") -> Identity:
        """The program that holds it, as one who asks; a role that was narrowed since narrows the key."""
        return Identity(
            self.id, self.name, self.role, self.permissions & ALLOWED[self.role], "key", self.branches, address
        )


def make_key(
    state: State,
    secret: ServerSecret,
    name: str,
    *,
    made_by: str,
    days: int,
    role: str = Role.SERVICE,
    permissions: Iterable[str] | None = None,
    branches: Iterable[str] | None = None,
) -> tuple[ApiKey, str]:
    """Make a key: it and what the program must send, told this once. Without permissions it may do what its role may."""
    if not 1 <= days <= MOST_DAYS:
        raise UsageError(f"A key cannot hold for {days} days.", allowed=f"1 to {MOST_DAYS} days.")
    if not name.strip():
        raise UsageError("A key needs a name.", to_do="Name the program that will use it.")
    chosen = role_named(role)
    allowed = _narrowed(chosen, permissions)
    token = new_token()
    now = now_in_microseconds()
    row = {
        "id": new_id(),
        "name": name.strip(),
        "secret_hash": secret.hash(_PURPOSE, token),
        "role": chosen,
        "permissions": sorted(allowed),
        "branches": branches_for(chosen, branches),
        "made_by": made_by,
        "created_at": now,
        "ends_at": now + days * _DAY,
        "revoked_at": None,
    }
    with state.changing() as connection:
        connection.execute(insert(API_KEYS).values(**row))
    return _key(row), f"{PREFIX}_{row['id']}_{token}"


def replace_key(
    state: State, secret: ServerSecret, key_id: str, *, made_by: str, days: int, overlap_days: int = 1
) -> tuple[ApiKey, str]:
    """A new key like this one; the old one still works for a while, so that the program can change over without a gap."""
    held = key_with_id(state, key_id)
    if not held.works_at(now_in_microseconds()):
        raise UsageError(f"The key {key_id} works no longer.", to_do="Make a new one.")
    made = make_key(
        state,
        secret,
        held.name,
        made_by=made_by,
        days=days,
        role=held.role,
        permissions=held.permissions,
        branches=held.branches,
    )
    until = min(held.ends_at, now_in_microseconds() + overlap_days * _DAY)
    with state.changing() as connection:
        connection.execute(update(API_KEYS).where(API_KEYS.c.id == key_id).values(ends_at=until))
    return made


def revoke_key(state: State, key_id: str) -> ApiKey:
    """End a key at once."""
    held = key_with_id(state, key_id)
    if held.revoked_at is None:
        with state.changing() as connection:
            connection.execute(update(API_KEYS).where(API_KEYS.c.id == key_id).values(revoked_at=now_in_microseconds()))
    return key_with_id(state, key_id)


def keys(state: State) -> tuple[ApiKey, ...]:
    """All keys, the newest first."""
    with state.reading() as connection:
        return tuple(
            _key(dict(row._mapping))
            for row in connection.execute(select(API_KEYS).order_by(API_KEYS.c.created_at.desc()))
        )


def key_with_id(state: State, key_id: str) -> ApiKey:
    """The key of this id; NothingThere without one."""
    with state.reading() as connection:
        held = _row(connection, key_id)
    if held is None:
        raise NothingThere(f"There is no key '{key_id}'.", to_do="'patron keys' lists them.")
    return _key(dict(held._mapping))


def key_of(state: State, secret: ServerSecret, sent: str) -> ApiKey | None:
    """The working key that a program sent, if it is one."""
    prefix, _, rest = sent.partition("_")
    key_id, _, token = rest.partition("_")
    if prefix != PREFIX or not token:
        return None
    with state.reading() as connection:
        held = _row(connection, key_id)
    if held is None or not secret.agrees(_PURPOSE, token, held.secret_hash):
        return None
    key = _key(dict(held._mapping))
    return key if key.works_at(now_in_microseconds()) else None


def _narrowed(role: Role, permissions: Iterable[str] | None) -> frozenset[Permission]:
    if permissions is None:
        return ALLOWED[role]
    chosen = set()
    for name in permissions:
        if name not in [permission.value for permission in Permission]:
            raise UnknownName("permission", name, [permission.value for permission in Permission])
        chosen.add(Permission(name))
    if beyond := sorted(chosen - ALLOWED[role]):
        raise UsageError(
            f"The role {role.value} may not: {', '.join(beyond)}.",
            allowed=f"It may: {', '.join(sorted(ALLOWED[role]))}.",
            to_do="Choose another role for the key, or fewer permissions.",
        )
    return frozenset(chosen)


def _row(connection: Connection, key_id: str) -> Any:  # Any: SQLAlchemy's row
    return connection.execute(select(API_KEYS).where(API_KEYS.c.id == key_id)).first()


def _key(row: Mapping[str, Any]) -> ApiKey:  # Any: values of columns
    branches = row["branches"]
    return ApiKey(
        row["id"],
        row["name"],
        Role(row["role"]),
        frozenset(Permission(name) for name in row["permissions"]),
        None if branches is None else frozenset(branches),
        row["made_by"],
        row["created_at"],
        row["ends_at"],
        row["revoked_at"],
    )
