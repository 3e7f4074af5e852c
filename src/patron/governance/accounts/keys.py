"""Keys for programs: hashed, with permissions of their own, ending on a day, replaced without a gap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from patron.errors import NothingThere, UnknownName, UsageError
from patron.governance.accounts.people import branches_for, role_named
from patron.governance.accounts.secrets import ServerSecret, new_id, new_token
from patron.governance.audit.chain import Act, write_within
from patron.governance.identity import Identity
from patron.governance.roles import ALLOWED, OF_PEOPLE_ONLY, Permission, Role
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


Noted = Callable[[ApiKey], Act]
"""What to write into the audit of a change, given the key after it."""


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
    noted: Noted | None = None,
) -> tuple[ApiKey, str]:
    """Make a key: it and what the program must send, told this once. Without permissions it may do what its role may.

    No key manages accounts or has an account of its own, whatever its role.
    """
    if not name.strip() or not name.isprintable():
        raise UsageError("A key needs a name that can be seen.", to_do="Name the program that will use it.")
    chosen = role_named(role)
    row: dict[str, Any] = {"name": name.strip(), "role": chosen, "permissions": sorted(_narrowed(chosen, permissions))}
    row |= {"branches": branches_for(chosen, branches), "made_by": made_by}
    with state.changing() as connection:
        return _made(connection, secret, row, days, noted)


def replace_key(
    state: State,
    secret: ServerSecret,
    key_id: str,
    *,
    made_by: str,
    days: int,
    overlap_days: int = 1,
    noted: Noted | None = None,
) -> tuple[ApiKey, str]:
    """A new key like this one; the old one still works for a while, so that the program can change over without a gap."""
    with state.changing() as connection:
        held = _key(_known(connection, key_id))
        now = now_in_microseconds()
        if not held.works_at(now):
            raise UsageError(f"The key {key_id} works no longer.", to_do="Make a new one.")
        row: dict[str, Any] = {
            "name": held.name,
            "role": held.role,
            "permissions": sorted(held.permissions),
            "made_by": made_by,
        }
        row["branches"] = None if held.branches is None else sorted(held.branches)
        until = min(held.ends_at, now + overlap_days * _DAY)
        connection.execute(update(API_KEYS).where(API_KEYS.c.id == key_id).values(ends_at=until))
        return _made(connection, secret, row, days, noted)


def revoke_key(state: State, key_id: str, noted: Noted | None = None) -> ApiKey:
    """End a key, for good."""
    with state.changing() as connection:
        held = _known(connection, key_id)
        if held["revoked_at"] is None:
            held["revoked_at"] = now_in_microseconds()
            ended = update(API_KEYS).where(API_KEYS.c.id == key_id).values(revoked_at=held["revoked_at"])
            connection.execute(ended)
        key = _key(held)
        if noted:
            write_within(connection, [noted(key)])
        return key


def keys(state: State) -> tuple[ApiKey, ...]:
    """All keys, the newest first."""
    with state.reading() as connection:
        return tuple(
            _key(dict(row._mapping))
            for row in connection.execute(select(API_KEYS).order_by(API_KEYS.c.created_at.desc()))
        )


def key_of(state: State, secret: ServerSecret, sent: str) -> ApiKey | None:
    """The working key that a program sent, if it is one."""
    prefix, _, rest = sent.partition("_")
    key_id, _, token = rest.partition("_")
    if prefix != PREFIX or not token or not sent.isprintable():
        return None
    with state.reading() as connection:
        held = _row(connection, key_id)
    if held is None or not secret.agrees(_PURPOSE, token, held["secret_hash"]):
        return None
    key = _key(held)
    return key if key.works_at(now_in_microseconds()) else None


def _made(
    connection: Connection, secret: ServerSecret, row: Mapping[str, Any], days: int, noted: Noted | None
) -> tuple[ApiKey, str]:  # Any: values of columns
    if not 1 <= days <= MOST_DAYS:
        raise UsageError(f"A key cannot hold for {days} days.", allowed=f"1 to {MOST_DAYS} days.")
    token, now = new_token(), now_in_microseconds()
    whole = {
        **row,
        "id": new_id(),
        "secret_hash": secret.hash(_PURPOSE, token),
        "created_at": now,
        "ends_at": now + days * _DAY,
        "revoked_at": None,
    }
    connection.execute(insert(API_KEYS).values(**whole))
    key = _key(whole)
    if noted:
        write_within(connection, [noted(key)])
    return key, f"{PREFIX}_{key.id}_{token}"


def _known(connection: Connection, key_id: str) -> dict[str, Any]:  # Any: values of columns
    held = _row(connection, key_id)
    if held is None:
        raise NothingThere(f"There is no key '{key_id}'.", to_do="GET /v1/keys lists them.")
    return held


def _narrowed(role: Role, permissions: Iterable[str] | None) -> frozenset[Permission]:
    most = ALLOWED[role] - OF_PEOPLE_ONLY
    if permissions is None:
        return most
    chosen = set()
    for name in permissions:
        if name not in [permission.value for permission in Permission]:
            raise UnknownName("permission", name, [permission.value for permission in Permission])
        chosen.add(Permission(name))
    if beyond := sorted(chosen - most):
        raise UsageError(
            f"A key of the role {role.value} may not: {', '.join(beyond)}.",
            allowed=f"It may: {', '.join(sorted(most))}.",
            to_do="Choose another role for the key, or fewer permissions.",
        )
    return frozenset(chosen)


def _row(connection: Connection, key_id: str) -> dict[str, Any] | None:  # Any: values of columns
    row = connection.execute(select(API_KEYS).where(API_KEYS.c.id == key_id)).first()
    return None if row is None else dict(row._mapping)


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
