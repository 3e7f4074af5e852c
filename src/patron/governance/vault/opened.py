"""Open a vault: its keyring, and the key of pseudonyms in it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import insert, select

from patron.governance.state.opened import State
from patron.governance.vault.keyring import ROOTS, open_keyring, wrap_by, wrapping_id
from patron.governance.vault.pseudonyms import Pseudonyms
from patron.governance.vault.sealing import bound_to, new_key
from patron.governance.vault.vault import Vault
from patron.governance.vault.wrapping import GivenKeys

PSEUDONYMS: Final = "pseudonyms"


def open_vault(state: State, keyring_url: str, wrapping: GivenKeys, *, replaces_ids: bool = False) -> Vault:
    """A vault over a state, its keyring at a database's address, made where there is none."""
    keyring = open_keyring(keyring_url)
    try:
        return Vault(state, keyring, wrapping, Pseudonyms(_root(keyring, wrapping)), replaces_ids)
    except BaseException:
        keyring.close()
        raise


def root_bound() -> bytes:
    """What the key of pseudonyms is bound to."""
    return bound_to("patron root", PSEUDONYMS)


def _root(keyring: State, wrapping: GivenKeys) -> bytes:
    """The key of pseudonyms: made once, so that customers keep theirs when the keys around it change."""
    query = select(ROOTS.c.wrapped, ROOTS.c.wrapped_by).where(ROOTS.c.name == PSEUDONYMS)
    with keyring.reading() as connection:
        held = connection.execute(query).first()
    if held is None:
        with keyring.changing() as connection:
            held = connection.execute(query).first()
            if held is None:
                by, root = wrapping.current, new_key()
                values = {"name": PSEUDONYMS, "wrapped": by.wrap(root, root_bound()), "wrapped_by": by.id}
                connection.execute(insert(ROOTS).values(values))
                if wrapping_id(connection) is None:
                    wrap_by(connection, by.id)
                return root
    return wrapping.named(held.wrapped_by).unwrap(held.wrapped, root_bound())
