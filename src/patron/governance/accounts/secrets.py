"""Secrets that the server gives out: long and random, kept only as keyed hashes."""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
from collections import Counter
from dataclasses import dataclass

from patron.errors import UsageError

LEAST_BYTES = 32
_LEAST_BITS_A_SIGN = 3.0


@dataclass(frozen=True)
class ServerSecret:
    """The server's own secret. Tokens, keys and cursors are hashed with it, so that a copy of the state alone opens nothing."""

    _bytes: bytes

    def hash(self, purpose: str, token: str) -> str:
        """A token's hash for one purpose: 64 hex digits."""
        return hmac.new(self._bytes, f"{purpose}\0{token}".encode(), hashlib.sha256).hexdigest()

    def agrees(self, purpose: str, token: str, held: str) -> bool:
        """Whether this is the token, in time that does not tell how much of it is right."""
        return hmac.compare_digest(self.hash(purpose, token), held)

    def __repr__(self) -> str:
        return "ServerSecret(…)"


def server_secret(told: str | None) -> ServerSecret:
    """The secret that was set; refuses none and weak ones: short, or of few different signs."""
    to_do = (
        "Set PATRON_SECRET_SERVER to 32 random bytes or more (python -c 'import secrets; print(secrets.token_urlsafe(48))' "
        "makes one), or look around on this computer alone with 'patron serve --development'."
    )
    if not told:
        raise UsageError("The server has no secret.", to_do=to_do)
    refuse_weak(told, "The server's secret", to_do)
    return ServerSecret(told.encode())


def refuse_weak(told: str, whose: str, to_do: str) -> None:
    """UsageError for a secret that is short, or of few different signs; ``whose`` says which one in words."""
    if len(told.encode()) < LEAST_BYTES:
        raise UsageError(
            f"{whose} has {len(told.encode())} bytes.", allowed=f"It needs {LEAST_BYTES} or more.", to_do=to_do
        )
    if _bits_a_sign(told) < _LEAST_BITS_A_SIGN or _repeats(told):
        raise UsageError(
            f"{whose} repeats itself or few signs, and can be guessed.", allowed="It must be random.", to_do=to_do
        )


def passing_secret() -> ServerSecret:
    """A secret for this start only; what is made with it opens nothing after the next."""
    return ServerSecret(secrets.token_bytes(LEAST_BYTES))


def new_token() -> str:
    """256 random bits, as letters that need no escaping anywhere."""
    return secrets.token_urlsafe(LEAST_BYTES)


def new_id() -> str:
    """A name for a row that says nothing and is never given twice."""
    return secrets.token_hex(8)


def _repeats(text: str) -> bool:
    """Whether a text is one piece, told several times."""
    return text in (text + text)[1:-1]


def _bits_a_sign(text: str) -> float:
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)
