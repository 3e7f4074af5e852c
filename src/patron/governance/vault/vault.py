"""Personal values, sealed: put away in bulk, read one customer at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from patron.errors import DamagedVault
from patron.governance.state.opened import State, now_in_microseconds
from patron.governance.state.tables import VAULT
from patron.governance.vault.keyring import (
    Destroyed,
    HeldKey,
    add_keys,
    destroy_keys,
    destroyed_among,
    held_keys,
    keys_of,
    tombstone,
    wrapping_id,
)
from patron.governance.vault.pseudonyms import Pseudonyms, is_pseudonym
from patron.governance.vault.sealing import bound_to, new_key, opened, sealed
from patron.governance.vault.wrapping import GivenKeys

OWN_ID: Final = "customer_id"
"""The field that holds a customer's id where tables and releases know only the pseudonym."""
AT_ONCE: Final = 5_000
_KEY: Final = "patron key"
_VALUE: Final = "patron value"
_TRIES: Final = 3
Personal = Mapping[str, Mapping[str, str]]
"""Values by field, by the customer's pseudonym."""


@dataclass(frozen=True)
class Vault:
    """An open vault: the state with its sealed values, the keyring with their keys, and what wraps these.

    ``replaces_ids`` says that tables and releases know customers by their pseudonyms.
    """

    state: State
    keyring: State
    wrapping: GivenKeys
    pseudonyms: Pseudonyms
    replaces_ids: bool = False

    def name_of(self, customer_id: str) -> str:
        """The pseudonym under which the vault keeps a customer of the tables and releases."""
        return customer_id if self.replaces_ids else self.pseudonyms.of(customer_id)

    def known_as(self, told: str) -> str:
        """What tables and releases call a customer: of the business's own id or a pseudonym, whichever is told."""
        return told if not self.replaces_ids or is_pseudonym(told) else self.pseudonyms.of(told)

    def close(self) -> None:
        """Close the keyring; the state is closed by whoever opened it."""
        self.keyring.close()


@dataclass(frozen=True)
class PutAway:
    """How many values were sealed anew, and of how many customers none was, for their keys were destroyed."""

    values: int = 0
    destroyed: int = 0

    def __add__(self, other: PutAway) -> PutAway:
        return PutAway(self.values + other.values, self.destroyed + other.destroyed)


def put_personal(vault: Vault, personal: Personal) -> PutAway:
    """Keep these values; one that is kept already is left as it is, another value of the same field is replaced.

    Each few thousand customers are kept whole or not at all; to put the same away again changes nothing.
    """
    customers = iter(sorted(personal))
    done = PutAway()
    while some := list(islice(customers, AT_ONCE)):
        done += _put_some(vault, {customer: personal[customer] for customer in some})
    return done


def personal_of(vault: Vault, customer: str) -> dict[str, str]:
    """A customer's values by field, by their pseudonym; none of one of whom nothing is kept or whose keys were destroyed.

    DamagedVault, telling no value, where one is not as it was written.
    """
    for _ in range(_TRIES):  # a key may be renewed or destroyed between the two looks
        rows = _rows_of(vault, customer)
        keys = data_keys(vault, customer) if rows else {}
        if {row.key_version for row in rows} <= set(keys):
            break
        if not keys and tombstone(vault.keyring, customer):
            return {}
    else:
        raise DamagedVault(
            "The keyring lacks a key for values that the vault holds.",
            to_do="See that keyring and state belong together.",
        )
    return {row.field: _text(keys[row.key_version], customer, row.field, row.key_version, row.sealed) for row in rows}


def keeps(vault: Vault, customer: str) -> bool:
    """Whether there is a value of this customer, by their pseudonym."""
    with vault.state.reading() as connection:
        return (
            connection.execute(select(VAULT.c.field).where(VAULT.c.customer == customer).limit(1)).first() is not None
        )


def destroy_customer(vault: Vault, customer: str, receipt: str) -> Destroyed:
    """Destroy a customer's keys, so that no copy of their values opens again anywhere, then delete the values."""
    done = destroy_keys(vault.keyring, customer, receipt)
    with vault.state.changing() as connection:
        connection.execute(delete(VAULT).where(VAULT.c.customer == customer))
    return done


def data_keys(vault: Vault, customer: str) -> dict[int, bytes]:
    """A customer's keys by version."""
    with vault.keyring.reading() as connection:
        held = keys_of(connection, customer)
    return {version: unwrapped(vault.wrapping, key) for version, key in held.items()}


def wrapped(wrapping: GivenKeys, by: str, customer: str, version: int, key: bytes) -> HeldKey:
    """A customer's key as the keyring keeps it."""
    return HeldKey(customer, version, wrapping.named(by).wrap(key, bound_to(_KEY, customer, str(version))), by)


def unwrapped(wrapping: GivenKeys, held: HeldKey) -> bytes:
    """A customer's key; DamagedVault where it is another's, or not as it was written."""
    return wrapping.named(held.wrapped_by).unwrap(held.wrapped, bound_to(_KEY, held.customer, str(held.version)))


def sealed_row(
    customer: str, field: str, text: str, key: bytes, version: int
) -> dict[str, Any]:  # Any: columns' values
    """A value as the vault keeps it."""
    value = sealed(key, text.encode("utf-8", "surrogatepass"), bound_to(_VALUE, customer, field, str(version)))
    return {
        "customer": customer,
        "field": field,
        "key_version": version,
        "sealed": value,
        "changed_at": now_in_microseconds(),
    }


def write_rows(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:  # Any: columns' values
    """Write values in the place of those that were there."""
    if rows:
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        statement = dialect.insert(VAULT)
        changed = {name: statement.excluded[name] for name in ("key_version", "sealed", "changed_at")}
        connection.execute(statement.on_conflict_do_update(index_elements=["customer", "field"], set_=changed), rows)


def _rows_of(vault: Vault, customer: str) -> Sequence[Any]:  # Any: rows of a query
    query = select(VAULT.c.field, VAULT.c.key_version, VAULT.c.sealed).where(VAULT.c.customer == customer)
    with vault.state.reading() as connection:
        return connection.execute(query.order_by(VAULT.c.field)).all()


def _put_some(vault: Vault, personal: Personal) -> PutAway:
    gone, keys, new = _keys_for(vault, list(personal))
    old = [customer for customer in personal if customer in keys and customer not in new]
    with vault.state.reading() as connection:
        kept = _kept(connection, old, keys)
    rows = [
        sealed_row(customer, field, text, keys[customer][1], keys[customer][0])
        for customer, values in personal.items()
        if customer in keys
        for field, text in values.items()
        if kept.get((customer, field)) != text
    ]
    with vault.state.changing() as connection:
        write_rows(connection, rows)
    return PutAway(len(rows), len(gone))


def _keys_for(vault: Vault, customers: list[str]) -> tuple[set[str], dict[str, tuple[int, bytes]], set[str]]:
    """Who was destroyed; for the others version and key; and who of them has only now been given one."""
    with vault.keyring.changing() as connection:
        gone = destroyed_among(connection, customers)
        held = held_keys(connection, customers)
        keys = {customer: (key.version, unwrapped(vault.wrapping, key)) for customer, key in held.items()}
        made = {customer: new_key() for customer in customers if customer not in keys and customer not in gone}
        by = wrapping_id(connection) or vault.wrapping.current.id
        add_keys(connection, [wrapped(vault.wrapping, by, customer, 1, key) for customer, key in made.items()])
    return gone, keys | {customer: (1, key) for customer, key in made.items()}, set(made)


def _kept(
    connection: Connection, customers: Sequence[str], keys: Mapping[str, tuple[int, bytes]]
) -> dict[tuple[str, str], str]:
    """What is kept of these customers already; what does not open is not, and gives way to the source's value."""
    if not customers:
        return {}
    query = select(VAULT.c.customer, VAULT.c.field, VAULT.c.key_version, VAULT.c.sealed)
    return dict(_opening(connection.execute(query.where(VAULT.c.customer.in_(customers))).all(), keys))


def _opening(
    rows: Sequence[Any], keys: Mapping[str, tuple[int, bytes]]
) -> Iterator[tuple[tuple[str, str], str]]:  # Any: rows of a query
    for customer, field, version, value in rows:
        newest, key = keys[customer]
        if version == newest:
            try:
                yield (customer, field), _text(key, customer, field, version, value)
            except DamagedVault:
                continue


def _text(key: bytes, customer: str, field: str, version: int, value: bytes) -> str:
    return opened(key, value, bound_to(_VALUE, customer, field, str(version))).decode("utf-8", "surrogatepass")
