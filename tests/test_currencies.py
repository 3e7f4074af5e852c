"""How an amount is written with its currency."""

from __future__ import annotations

import pytest

from patron.currencies import with_currency


@pytest.mark.parametrize(
    ("currency", "negative", "words"),
    [("GBP", True, "−£12"), ("EUR", False, "€12"), ("CZK", True, "−CZK\u00a012"), ("", False, "12")],
)
def test_the_currency_stands_before_the_amount_and_the_sign_before_both(
    currency: str, negative: bool, words: str
) -> None:
    assert with_currency("12", negative, currency) == words
