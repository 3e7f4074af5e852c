"""Keys that wrap keys: from a secret at hand, or kept by a service that never gives them out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from patron.credentials import Credentials
from patron.errors import VaultLocked
from patron.governance.vault.sealing import KEY_BYTES, opened, sealed
from patron.settings.privacy import PrivacySettings

_ID_BYTES: Final = 8


class WrappingKey(Protocol):
    """What wraps the keys of customers. A service that keeps its key to itself offers these three."""

    @property
    def id(self) -> str:
        """The key's name, at most 100 signs; another key has another name."""

    def wrap(self, key: bytes, bound: bytes) -> bytes:
        """A key, wrapped for what it is bound to."""

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        """The key again; DamagedVault where it is not what was wrapped, or bound to something else."""


@dataclass(frozen=True)
class GivenKeys:
    """The wrapping keys at hand: the one in use, and the one to be used from the next rotation on, if it is there already."""

    current: WrappingKey
    following: WrappingKey | None = None

    def named(self, key_id: str) -> WrappingKey:
        """The key of this id; VaultLocked, naming those at hand, if it is none of them."""
        for key in self._all:
            if key.id == key_id:
                return key
        raise VaultLocked(
            f"The vault's keys are wrapped by key {key_id}, which was not given.",
            allowed=f"Given: {', '.join(key.id for key in self._all)}.",
            to_do="Give the secret that the vault was last used with (PATRON_SECRET_VAULT, or the key file).",
        )

    @property
    def _all(self) -> list[WrappingKey]:
        return [self.current, *([self.following] if self.following else [])]


Provider = Callable[[Path, PrivacySettings, Credentials], GivenKeys]
"""What finds the keys of a workspace: in its folder, by its settings, with its credentials. Packages offer theirs as ``patron.keys``."""


@dataclass(frozen=True)
class SecretKey:
    """A wrapping key made of a secret text; the id tells keys apart and says nothing of them."""

    id: str
    _key: bytes = field(repr=False)

    def wrap(self, key: bytes, bound: bytes) -> bytes:
        return sealed(self._key, key, bound)

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        return opened(self._key, wrapped, bound)


def secret_key(secret: str) -> SecretKey:
    """The wrapping key of a secret, which must be long and random already."""
    return SecretKey(_derived(secret, b"patron key id", _ID_BYTES).hex(), _derived(secret, b"patron key", KEY_BYTES))


def _derived(secret: str, purpose: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, None, purpose).derive(secret.encode())
