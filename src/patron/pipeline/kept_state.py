"""What a workspace keeps beside its warehouse: the state, and the vault where patron.toml asks for one."""

from __future__ import annotations

from pathlib import Path

from patron.credentials import Credentials
from patron.governance.state.of_workspace import CREDENTIAL
from patron.governance.state.opened import State
from patron.governance.vault.keyring import FILE_NAME as KEYRING_FILE
from patron.governance.vault.opened import open_vault
from patron.governance.vault.providers import given_keys
from patron.governance.vault.vault import Vault
from patron.settings import Settings


def needs_vault(settings: Settings) -> bool:
    """Whether a workspace keeps anything in a vault."""
    return settings.privacy.pseudonyms or any(source.personal for source in settings.sources.values())


def vault_of_workspace(folder: Path, settings: Settings, credentials: Credentials, state: State) -> Vault | None:
    """Its vault, over its open state; None where it needs none. UsageError without the key that wraps its keys."""
    if not needs_vault(settings):
        return None
    wrapping = given_keys(folder, settings.privacy, credentials)
    address = _keyring(folder, settings, credentials)
    return open_vault(state, address, wrapping, replaces_ids=settings.privacy.pseudonyms)


def _keyring(folder: Path, settings: Settings, credentials: Credentials) -> str:
    if settings.server.state == "sqlite":
        return f"sqlite:///{(folder / KEYRING_FILE).resolve()}"
    return credentials.secret(CREDENTIAL).reveal()
