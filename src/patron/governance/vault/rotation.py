"""Other wrapping keys: all data keys wrapped anew in batches, while reads go on; and a customer's own key made anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, select, update

from patron.governance.state.opened import State
from patron.governance.state.tables import VAULT
from patron.governance.vault.keyring import KEYS, ROOTS, HeldKey, add_keys, keys_of, wipe, wrap_by, wrapping_id
from patron.governance.vault.opened import root_bound
from patron.governance.vault.sealing import new_key
from patron.governance.vault.vault import (
    Vault,
    personal_of,
    sealed_row,
    unwrapped,
    wrapped,
    write_rows,
)

AT_ONCE: Final = 2_000


@dataclass(frozen=True)
class Wrapped:
    """How many data keys are wrapped by which key; ``in_use`` is the one that wraps new ones."""

    in_use: str
    keys: dict[str, int]


def wrapped_keys(keyring: State) -> Wrapped:
    """What wraps the keyring's keys."""
    with keyring.reading() as connection:
        counts = connection.execute(select(KEYS.c.wrapped_by, func.count()).group_by(KEYS.c.wrapped_by)).all()
        return Wrapped(wrapping_id(connection) or "", dict(sorted(tuple(row) for row in counts)))


def rotate(vault: Vault, told: Callable[[int], None] = lambda _: None) -> int:
    """Wrap every key by the following one (or, to go on after a change of secrets, by the current); gives how many were.

    What is done already is not done again, so that one that was killed goes on where it stopped. Whoever reads must have
    both keys from before this begins.
    """
    target = (vault.wrapping.following or vault.wrapping.current).id
    with vault.keyring.changing() as connection:
        wrap_by(connection, target)
        _wrap_root(connection, vault, target)
    done, after = 0, ""
    while True:
        with vault.keyring.changing() as connection:
            found = _of_others(connection, target, after)
            _rewrap(connection, vault, found, target)
        if not found:
            wipe(vault.keyring)
            return done
        done, after = done + len(found), found[-1].customer
        told(done)


def renew_key(vault: Vault, customer: str) -> int:
    """Seal a customer's values anew with a new key of theirs; gives its version. The old key is destroyed.

    There are two keys until every value is sealed with the new one, so that one who reads meanwhile can open each.
    """
    with vault.keyring.changing() as connection:
        versions = keys_of(connection, customer)
        version = max(versions, default=0) + 1
        key, by = new_key(), wrapping_id(connection) or vault.wrapping.current.id
        add_keys(connection, [wrapped(vault.wrapping, by, customer, version, key)])
    with vault.state.changing() as connection:
        values = personal_of(vault, customer)
        write_rows(connection, [sealed_row(customer, field, text, key, version) for field, text in values.items()])
        left = set(connection.execute(select(VAULT.c.key_version).where(VAULT.c.customer == customer)).scalars())
    with vault.keyring.changing() as connection:
        connection.execute(delete(KEYS).where(KEYS.c.customer == customer, KEYS.c.version.not_in({*left, version})))
    wipe(vault.keyring)
    return version


def _of_others(connection: Connection, target: str, after: str) -> list[HeldKey]:
    """Some keys that others wrap, all versions of each customer together."""
    columns = (KEYS.c.customer, KEYS.c.version, KEYS.c.wrapped, KEYS.c.wrapped_by)
    query = select(*columns).where(KEYS.c.customer > after, KEYS.c.wrapped_by != target)
    found = [
        HeldKey(*row) for row in connection.execute(query.order_by(KEYS.c.customer, KEYS.c.version).limit(AT_ONCE))
    ]
    if len(found) < AT_ONCE:
        return found
    whole = [held for held in found if held.customer != found[-1].customer]
    return whole or found


def _rewrap(connection: Connection, vault: Vault, found: list[HeldKey], target: str) -> None:
    if not found:
        return
    again = [
        wrapped(vault.wrapping, target, held.customer, held.version, unwrapped(vault.wrapping, held)) for held in found
    ]
    statement = (
        update(KEYS)
        .where(KEYS.c.customer == bindparam("of_customer"), KEYS.c.version == bindparam("of_version"))
        .values(wrapped=bindparam("now_wrapped"), wrapped_by=target)
    )
    connection.execute(
        statement,
        [{"of_customer": held.customer, "of_version": held.version, "now_wrapped": held.wrapped} for held in again],
    )


def _wrap_root(connection: Connection, vault: Vault, target: str) -> None:
    for name, held, by in connection.execute(select(ROOTS.c.name, ROOTS.c.wrapped, ROOTS.c.wrapped_by)).all():
        if by != target:
            root = vault.wrapping.named(by).unwrap(held, root_bound())
            now = vault.wrapping.named(target).wrap(root, root_bound())
            connection.execute(update(ROOTS).where(ROOTS.c.name == name).values(wrapped=now, wrapped_by=target))
