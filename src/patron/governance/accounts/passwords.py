"""Passwords: refused when weak, kept as Argon2id (RFC 9106), checked in equal time whether or not the account exists."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from patron.errors import UsageError

LEAST_LENGTH: Final = 12
MOST_LENGTH: Final = 200
_LEAST_DIFFERENT: Final = 6
_COMMON: Final = (
    "password", "passwort", "letmein", "welcome", "willkommen", "iloveyou", "sunshine", "princess", "football", "baseball",
    "monkey", "dragon", "master", "shadow", "superman", "batman", "trustno", "starwars", "michael", "charlie", "access",
    "secret", "geheim", "hello", "hallo", "admin", "root", "user", "login", "test", "guest", "default", "changeme", "patron",
    "spring", "summer", "autumn", "winter", "january", "monday", "company", "abc", "pass",
)  # fmt: skip
_ROWS: Final = (
    "qwertzuiop",
    "qwertyuiop",
    "asdfghjkl",
    "yxcvbnm",
    "zxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
)
_LEAST_OWN: Final = 6
_HASHER: Final = PasswordHasher()  # RFC 9106's second recommendation: 64 MiB, 3 passes, 4 lanes


def hash_password(password: str, name: str) -> str:
    """The password's hash to keep; UsageError for one that is easily guessed."""
    if fault := _weakness(password, name):
        raise UsageError(
            f"This password is too weak: {fault}.",
            allowed=f"{LEAST_LENGTH} to {MOST_LENGTH} signs, at least {_LEAST_DIFFERENT} different, and more than the name, common words and runs.",
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
    own = plain.replace(name.casefold(), "")
    if len(own) < _LEAST_OWN:
        return "it is little more than the name"
    if len(_without_common(own)) < _LEAST_OWN:
        return "it is little more than common words, numbers in a row, or keys in a row"
    return ""


def _without_common(text: str) -> str:
    """What is left without common words, years, repeated signs and runs of an alphabet or a keyboard."""
    for word in sorted(_COMMON, key=len, reverse=True):
        text = text.replace(word, " ")
    text = re.sub(r"(19|20)\d\d", " ", text)
    text = re.sub(r"(.)\1{2,}", " ", text)
    for row in (*_ROWS, *(row[::-1] for row in _ROWS)):
        for length in range(len(row), 2, -1):
            for begin in range(len(row) - length + 1):
                text = text.replace(row[begin : begin + length], " ")
    return "".join(text.split())


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody has this password")
