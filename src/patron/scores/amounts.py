"""Amounts of money as sentences tell them."""

from __future__ import annotations

from patron.currencies import with_currency


def in_words(amount: float, currency: str = "", *, signed: bool = False) -> str:
    """An amount with as many digits as a reader needs: €1,240, €14, €3.50; with a sign if asked for."""
    digits = 0 if abs(amount) >= 9.995 or amount == 0 else 2
    # Rounded first: what comes to nothing has no sign of its own.
    rounded = round(amount, digits) + 0.0
    told = with_currency(f"{abs(rounded):,.{digits}f}", rounded < 0, currency)
    return f"+{told}" if signed and rounded >= 0 else told
