"""Where wrapping keys come from: a credential, a file of the owner's alone, or an installed key service."""

from __future__ import annotations

import os
import stat
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from patron.credentials import Credentials
from patron.errors import NothingThere, UnknownName, UsageError
from patron.governance.accounts.secrets import refuse_weak
from patron.governance.vault.wrapping import GivenKeys, Provider, SecretKey, secret_key
from patron.settings.privacy import PrivacySettings

GROUP: Final = "patron.keys"
CREDENTIAL: Final = "vault"
FOLLOWING: Final = "vault_next"
FOLLOWING_ENDING: Final = ".next"
_TO_DO: Final = "python -c 'import secrets; print(secrets.token_urlsafe(48))' makes a good one."


def given_keys(folder: Path, privacy: PrivacySettings, credentials: Credentials) -> GivenKeys:
    """The wrapping keys of a workspace; UsageError, saying how to give one, where there is none or a weak one."""
    return _provider(privacy.keys)(folder, privacy, credentials)


def _provider(name: str) -> Provider:
    built_in: dict[str, Provider] = {"credential": _of_credentials, "file": _of_file}
    if name in built_in:
        return built_in[name]
    installed = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in installed:
        raise UnknownName("key service", name, (*built_in, *installed))
    try:
        provider: Provider = installed[name].load()
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"The key service '{name}' ({installed[name].value}) cannot be loaded: {error}.",
            to_do="Reinstall its package, or choose another in privacy.keys.",
        ) from error
    return provider


def _of_credentials(_folder: Path, _privacy: PrivacySettings, credentials: Credentials) -> GivenKeys:
    following = _strong(credentials.secret(FOLLOWING).reveal()) if FOLLOWING in credentials else None
    return GivenKeys(_strong(credentials.secret(CREDENTIAL).reveal()), following)


def _of_file(folder: Path, privacy: PrivacySettings, _credentials: Credentials) -> GivenKeys:
    path = folder / privacy.key_file
    following = path.with_name(path.name + FOLLOWING_ENDING)
    return GivenKeys(_strong(_read(path)), _strong(_read(following)) if following.exists() else None)


def _read(path: Path) -> str:
    if not path.is_file():
        raise NothingThere(f"There is no key file {path}.", to_do=f"Make it, readable by its owner only. {_TO_DO}")
    if os.name != "nt" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(f"{path} can be read by others than its owner.", to_do=f"Run: chmod 600 {path}")
    return path.read_text("utf-8").strip()


def _strong(secret: str) -> SecretKey:
    refuse_weak(secret, "The vault's secret", _TO_DO)
    return secret_key(secret)
