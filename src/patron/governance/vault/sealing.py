"""One value under one key: AES-256-GCM, bound to what it is, so that it opens nowhere else."""

from __future__ import annotations

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from patron.errors import DamagedVault

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


def new_key() -> bytes:
    """256 random bits."""
    return os.urandom(KEY_BYTES)


def bound_to(*parts: str) -> bytes:
    """What a sealed value is bound to, as bytes that no other parts give: names and numbers, none with a NUL in it."""
    return "\0".join(parts).encode()


def sealed(key: bytes, plain: bytes, bound: bytes) -> bytes:
    """A value that opens only with this key and for what it is bound to; a nonce of its own stands before it."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound)


def opened(key: bytes, value: bytes, bound: bytes) -> bytes:
    """The value that was sealed; DamagedVault if one bit of it, its key or what it is bound to is another."""
    try:
        return AESGCM(key).decrypt(value[:_NONCE_BYTES], value[_NONCE_BYTES:], bound)
    except (InvalidTag, ValueError) as error:
        raise DamagedVault(
            "A value of the vault is not as it was written, or not whose it is said to be.",
            to_do="Keep state and keyring as they are, and compare them with a backup. The audit says when it was met.",
        ) from error
