"""How an amount of money is written with its currency: one way, in every room."""

from __future__ import annotations

from typing import Final

_SIGNS: Final = {"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥", "INR": "₹"}


def with_currency(text: str, negative: bool, currency: str) -> str:
    """A written amount with its sign and its currency before it: '−£12', 'CZK 12'; without a currency, a plain number."""
    sign = _SIGNS.get(currency, f"{currency}\u00a0" if currency else "")
    return ("−" if negative else "") + sign + text
