"""A vault that these tests write to, on each kind of state, and the secrets that wrap its keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from patron.governance.state.opened import State
from patron.governance.vault.opened import open_vault
from patron.governance.vault.vault import Vault
from patron.governance.vault.wrapping import GivenKeys, secret_key
from states import address, open_again, state  # noqa: F401  fixtures

FIRST = secret_key("the first secret, long enough and random")
SECOND = secret_key("the second one, quite as long, as random")
OpenVault = Callable[[GivenKeys], Vault]


@pytest.fixture
def vault_with(address: str, state: State) -> Iterator[OpenVault]:  # noqa: F811
    """Opens the same vault with these keys, as another process would."""
    opened: list[Vault] = []

    def with_keys(wrapping: GivenKeys) -> Vault:
        opened.append(open_vault(state, address.replace("state.sqlite", "keyring.sqlite"), wrapping))
        return opened[-1]

    yield with_keys
    for one in opened:
        one.close()


@pytest.fixture
def vault(vault_with: OpenVault) -> Vault:
    """An empty vault."""
    return vault_with(GivenKeys(FIRST))
