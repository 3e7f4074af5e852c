"""Pseudonyms: what a customer is called where their id must not stand; the same for the same id, and without the key nobody's."""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass, field
from typing import Final

SIGNS: Final = 26
_FORM: Final = re.compile(rf"[a-z2-7]{{{SIGNS}}}")
_BYTES: Final = 17


@dataclass(frozen=True)
class Pseudonyms:
    """Gives pseudonyms: 130 bits of HMAC-SHA-256 of the id under a key of the keyring, in 26 signs of base 32."""

    _key: bytes = field(repr=False)

    def of(self, customer_id: str) -> str:
        """The pseudonym of the business's own id."""
        digest = hmac.digest(self._key, customer_id.encode("utf-8", "surrogatepass"), "sha256")
        return base64.b32encode(digest[:_BYTES]).decode()[:SIGNS].lower()

    def mark(self, text: str) -> str:
        """A mark that tells texts apart and nothing of them."""
        return hmac.digest(self._key, b"mark\0" + text.encode("utf-8", "surrogatepass"), "sha256").hex()[:16]


def is_pseudonym(text: str) -> bool:
    """Whether a text has a pseudonym's form; an id of the business hardly ever has."""
    return _FORM.fullmatch(text) is not None
