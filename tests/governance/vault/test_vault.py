"""The vault: values come out as they went in, of the right customer only, and of one who was destroyed never again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import delete, func, insert, select, update

from governance.kept import everything_in
from patron.errors import DamagedVault
from patron.governance.state.opened import State
from patron.governance.state.tables import VAULT
from patron.governance.vault.keyring import KEYRING, KEYS, tombstone, tombstones
from patron.governance.vault.vault import (
    Vault,
    destroy_customer,
    personal_of,
    put_personal,
    write_rows,
)

FIELDS = ("email", "name", "phone")


def some_people(vault: Vault, count: int, mark: str = "") -> dict[str, dict[str, str]]:
    """So many customers by pseudonym, each with a value of every field that is theirs alone."""
    return {
        vault.pseudonyms.of(f"c{number}"): {field: f"{field} {mark}of c{number} ±" for field in FIELDS}
        for number in range(count)
    }


def held_rows(vault: Vault) -> list[dict[str, object]]:
    with vault.state.reading() as connection:
        return [dict(row._mapping) for row in connection.execute(select(VAULT).order_by(*VAULT.primary_key))]


def refusals(vault: Vault, customers: dict[str, dict[str, str]]) -> int:
    """How many of these are told to be damaged; none may come out wrong."""
    refused = 0
    for customer in customers:
        try:
            personal_of(vault, customer)
        except DamagedVault as error:
            refused += 1
            assert "of c" not in f"{error}{error.__cause__}"
    return refused


def test_values_come_out_as_they_went_in_and_stand_nowhere_in_plain_text(vault: Vault) -> None:
    people = some_people(vault, 50)
    assert put_personal(vault, people).values == 150
    assert {customer: personal_of(vault, customer) for customer in people} == people
    assert personal_of(vault, vault.pseudonyms.of("nobody")) == {}
    told = everything_in(vault.state) + everything_in(vault.keyring, KEYRING)
    assert "of c1" not in told
    assert "c1" not in {row["customer"] for row in held_rows(vault)}


def test_the_same_values_change_nothing_and_newer_ones_take_their_place(vault: Vault) -> None:
    people = some_people(vault, 10)
    put_personal(vault, people)
    before = held_rows(vault)
    assert put_personal(vault, people).values == 0
    assert held_rows(vault) == before
    first = next(iter(people))
    assert put_personal(vault, {first: {"email": "new"}}).values == 1
    assert personal_of(vault, first) == people[first] | {"email": "new"}
    assert len(held_rows(vault)) == len(before)


def test_equal_values_of_two_customers_look_different(vault: Vault) -> None:
    put_personal(vault, {customer: {"name": "the same"} for customer in some_people(vault, 20)})
    assert len({row["sealed"] for row in held_rows(vault)}) == 20


def test_a_thousand_altered_values_are_all_found(vault: Vault) -> None:
    people = some_people(vault, 334)
    put_personal(vault, people)
    rows = held_rows(vault)
    for number, row in enumerate(rows):
        value = bytearray(row["sealed"])  # type: ignore[call-overload]  # bytes
        value[number % len(value)] ^= 1 << (number % 8)
        row["sealed"] = bytes(value)
    for field in FIELDS:  # one altered value of each customer at a time
        with vault.state.changing() as connection:
            write_rows(connection, [row for row in rows if row["field"] == field])
        assert refusals(vault, people) == 334, field
        with vault.state.changing() as connection:
            connection.execute(delete(VAULT))
        put_personal(vault, people)
        assert refusals(vault, people) == 0


@pytest.mark.parametrize("swap", ["customers", "fields", "versions"])
def test_values_that_were_swapped_are_all_found(vault: Vault, swap: str) -> None:
    people = some_people(vault, 200)
    put_personal(vault, people)
    rows = held_rows(vault)
    others = {
        "customers": lambda place: rows[(place + len(FIELDS)) % len(rows)],
        "fields": lambda place: rows[place - place % 3 + (place + 1) % 3],
        "versions": lambda place: rows[place],
    }[swap]
    moved = [row | {"sealed": others(place)["sealed"]} for place, row in enumerate(rows)]
    if swap == "versions":
        moved = [row | {"key_version": 2} for row in moved]
    with vault.state.changing() as connection:
        write_rows(connection, moved)
    assert refusals(vault, people) == 200


def test_a_key_of_another_customer_opens_nothing(vault: Vault) -> None:
    people = some_people(vault, 20)
    put_personal(vault, people)
    with vault.keyring.changing() as connection:
        keys = connection.execute(select(KEYS.c.customer, KEYS.c.wrapped).order_by(KEYS.c.customer)).all()
        for (customer, _), (_, other) in zip(keys, keys[1:] + keys[:1], strict=True):
            connection.execute(update(KEYS).where(KEYS.c.customer == customer).values(wrapped=other))
    assert refusals(vault, people) == 20


def test_a_value_that_does_not_open_gives_way_to_the_sources_own(vault: Vault) -> None:
    people = some_people(vault, 3)
    put_personal(vault, people)
    with vault.state.changing() as connection:
        connection.execute(update(VAULT).values(sealed=b"x" * 40))
    assert refusals(vault, people) == 3
    assert put_personal(vault, people).values == 9
    assert refusals(vault, people) == 0


def test_what_is_destroyed_opens_in_no_backup_and_is_never_kept_again(vault: Vault) -> None:
    people = some_people(vault, 5)
    put_personal(vault, people)
    gone, *others = people
    backup = held_rows(vault)
    with vault.keyring.reading() as connection:
        key = connection.execute(select(KEYS.c.wrapped).where(KEYS.c.customer == gone)).scalar_one()
    told = destroy_customer(vault, gone, "receipt 7")
    assert (told.customer, told.receipt) == (gone, "receipt 7")
    left = everything_in(vault.keyring, KEYRING)
    assert key.decode("latin-1") not in left
    assert str(key) not in left
    with vault.state.changing() as connection:
        connection.execute(delete(VAULT))
        connection.execute(insert(VAULT), backup)
    assert personal_of(vault, gone) == {}
    assert [personal_of(vault, other) for other in others] == [people[other] for other in others]
    assert put_personal(vault, {gone: {"email": "again"}}).destroyed == 1
    assert personal_of(vault, gone) == {}
    assert destroy_customer(vault, gone, "receipt 8").receipt == "receipt 7"
    assert [one.customer for one in tombstones(vault.keyring)] == [gone]
    assert tombstone(vault.keyring, others[0]) is None


def test_a_vault_without_its_keyring_says_so(vault: Vault) -> None:
    people = some_people(vault, 1)
    put_personal(vault, people)
    with vault.keyring.changing() as connection:
        connection.execute(delete(KEYS))
    with pytest.raises(DamagedVault, match="keyring lacks a key"):
        personal_of(vault, next(iter(people)))


def test_each_customer_has_one_key_however_many_files_tell_of_them(vault: Vault) -> None:
    for mark in ("", "again ", "once more "):
        put_personal(vault, some_people(vault, 30, mark))
    with vault.keyring.reading() as connection:
        assert connection.execute(select(func.count()).select_from(KEYS)).scalar() == 30


def test_pseudonyms_are_of_one_key_and_keep_to_their_form(vault: Vault, open_again: Callable[[], State]) -> None:
    names = {vault.pseudonyms.of(f"c{number}") for number in range(1000)}
    assert len(names) == 1000
    assert all(len(name) == 26 and name.isascii() and name == name.lower() for name in names)
    assert vault.known_as("c1") == "c1"
    assert vault.name_of("c1") == vault.pseudonyms.of("c1")
