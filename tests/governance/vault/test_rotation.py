"""Other wrapping keys: nobody who reads notices, a rotation that stopped goes on, the old key opens nothing afterwards."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from governance.vault.conftest import FIRST, SECOND, OpenVault
from governance.vault.test_vault import some_people
from patron.errors import UsageError
from patron.governance.vault import rotation
from patron.governance.vault.rotation import renew_key, rotate, wrapped_keys
from patron.governance.vault.vault import Vault, personal_of, put_personal
from patron.governance.vault.wrapping import GivenKeys, SecretKey


def test_reads_go_on_while_keys_are_wrapped_anew(
    vault: Vault, vault_with: OpenVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "AT_ONCE", 20)
    people = some_people(vault, 300)
    put_personal(vault, people)
    both = GivenKeys(FIRST, SECOND)
    reading, ended = vault_with(both), threading.Event()
    failed: list[object] = []
    read = 0

    def read_all() -> None:
        nonlocal read
        while not ended.is_set():
            for customer, values in people.items():
                try:
                    found: object = personal_of(reading, customer)
                except Exception as error:  # noqa: BLE001  whatever it is, it is a failed read
                    found = error
                read += 1
                if found != values:
                    failed.append(found)

    reader = threading.Thread(target=read_all)
    reader.start()
    pseudonym = vault.pseudonyms.of("c1")
    try:
        assert rotate(vault_with(both)) == 300
        put_personal(vault_with(both), some_people(vault, 301))
    finally:
        ended.set()
        reader.join()
    assert failed == []
    assert read > 0
    assert wrapped_keys(vault.keyring).keys == {SECOND.id: 301}
    after = vault_with(GivenKeys(SECOND))
    assert after.pseudonyms.of("c1") == pseudonym
    assert {customer: personal_of(after, customer) for customer in people} == people
    with pytest.raises(UsageError, match=f"wrapped by key {SECOND.id}"):
        vault_with(GivenKeys(FIRST))
    with pytest.raises(UsageError, match="was not given"):
        personal_of(vault, next(iter(people)))


@dataclass(frozen=True)
class Tiring(SecretKey):
    """A key whose service is gone after so many."""

    strength: list[int] = None  # type: ignore[assignment]

    def wrap(self, key: bytes, bound: bytes) -> bytes:
        if not self.strength:
            raise ConnectionError("gone")
        self.strength.pop()
        return super().wrap(key, bound)


def test_a_rotation_that_stopped_goes_on_where_it_was(
    vault: Vault, vault_with: OpenVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "AT_ONCE", 10)
    people = some_people(vault, 60)
    put_personal(vault, people)
    tiring = Tiring(SECOND.id, SECOND._key, [1] * 36)
    with pytest.raises(ConnectionError):
        rotate(vault_with(GivenKeys(FIRST, tiring)))
    between = wrapped_keys(vault.keyring)
    assert between.in_use == SECOND.id
    assert 0 < between.keys[SECOND.id] < 60
    both = vault_with(GivenKeys(FIRST, SECOND))
    assert {customer: personal_of(both, customer) for customer in people} == people
    assert rotate(both) == between.keys[FIRST.id]
    assert wrapped_keys(vault.keyring).keys == {SECOND.id: 60}
    assert rotate(both) == 0


def test_a_customers_own_key_is_made_anew_and_the_old_one_is_gone(vault: Vault) -> None:
    people = some_people(vault, 3)
    put_personal(vault, people)
    first = next(iter(people))
    assert renew_key(vault, first) == 2
    assert {customer: personal_of(vault, customer) for customer in people} == people
    assert wrapped_keys(vault.keyring).keys == {FIRST.id: 3}
    assert renew_key(vault, first) == 3
    assert put_personal(vault, {first: {"email": "new"}}).values == 1
    assert personal_of(vault, first)["email"] == "new"
