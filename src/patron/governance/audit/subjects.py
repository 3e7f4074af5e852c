"""What the audit calls a customer: a keyed pseudonym, so that no id stands in it, and all entries of one can still be found."""

from __future__ import annotations

from typing import Final

from patron.governance.accounts.secrets import ServerSecret

_PURPOSE: Final = "audit subject"
_SIGNS: Final = 24


def customer_subject(secret: ServerSecret, customer_id: str) -> str:
    """``customer:`` and 96 bits of the id's hash under the server's secret; who has only the audit cannot tell whose it is."""
    return f"customer:{secret.hash(_PURPOSE, customer_id)[:_SIGNS]}"
