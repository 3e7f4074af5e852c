"""Amounts of money as sentences tell them."""

from __future__ import annotations


def in_words(amount: float, currency: str = "", *, signed: bool = False) -> str:
    """An amount with as many digits as a reader needs: 1,240 EUR, 14 EUR, 3.50 EUR; with a sign if asked for."""
    digits = 0 if abs(amount) >= 9.995 or amount == 0 else 2
    # Rounded first: what comes to nothing has no sign of its own.
    rounded = round(amount, digits) + 0.0
    body = f"{rounded:{'+' if signed else ''},.{digits}f}"
    return f"{body} {currency}".rstrip()
