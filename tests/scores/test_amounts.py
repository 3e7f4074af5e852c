from __future__ import annotations

import pytest

from patron.scores.amounts import in_words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (1240.4, "€1,240"),
        (14.2, "€14"),
        (9.996, "€10"),
        (3.5, "€3.50"),
        (0.0, "€0"),
        (-1e-9, "€0.00"),
    ],
)
def test_amounts_have_the_digits_that_a_reader_needs(amount: float, words: str) -> None:
    assert in_words(amount, "EUR") == words


def test_a_sign_comes_where_it_is_asked_for() -> None:
    assert in_words(120, "EUR", signed=True) == "+€120"
    assert in_words(-30.2, signed=True) == "−30"
