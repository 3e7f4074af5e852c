"""Passwords: refused when weak, kept as Argon2id (RFC 9106), checked in equal time whether or not the account exists."""

from __future__ import annotations

from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from patron.errors import UsageError

LEAST_LENGTH: Final = 12
MOST_LENGTH: Final = 200
_LEAST_DIFFERENT: Final = 6
_COMMON: Final = (
    "password",
    "passwort",
    "letmein",
    "welcome",
    "qwertz",
    "qwerty",
    "123456",
    "iloveyou",
    "admin",
    "patron",
)
_HASHER: Final = PasswordHasher()  # RFC 9106's second recommendation: 64 MiB, 3 passes, 4 lanes


def hash_password(password: str, name: str) -> str:
    """The password's hash to keep; UsageError for one that is easily guessed."""
    if fault := _weakness(password, name):
        raise UsageError(
            f"This password is too weak: {fault}.",
            allowed=f"{LEAST_LENGTH} to {MOST_LENGTH} signs, at least {_LEAST_DIFFERENT} different, not the name, no common word alone.",
            to_do="A few words that do not belong together make a good one.",
        )
    return _HASHER.hash(password)


def is_password(password: str, held: str | None) -> bool:
    """Whether this is the password of the hash held; None, for nobody's, takes as long and is never right."""
    try:
        _HASHER.verify(held or _nobodys(), password[: MOST_LENGTH + 1])
    except (VerificationError, InvalidHashError):
        return False
    return held is not None


def is_outdated(held: str) -> bool:
    """Whether a hash was made with weaker settings than today's."""
    return _HASHER.check_needs_rehash(held)


def _weakness(password: str, name: str) -> str:
    plain = password.casefold()
    if len(password) < LEAST_LENGTH:
        return f"it has {len(password)} signs"
    if len(password) > MOST_LENGTH:
        return f"it has more than {MOST_LENGTH} signs"
    if len(set(plain)) < _LEAST_DIFFERENT:
        return f"it is made of {len(set(plain))} different signs"
    if name.casefold() in plain and len(plain) - len(name) < LEAST_LENGTH:
        return "it is little more than the name"
    if any(word in plain and len(plain) - len(word) < LEAST_LENGTH // 2 for word in _COMMON):
        return "it is little more than a common word"
    return ""


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody has this password")
