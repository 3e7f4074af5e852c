"""A look at bytes tells what is tidy, and gives hashes that never change."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.sources.text_look import is_tidy, mixed, text_hashes


@pytest.mark.parametrize("text", [" a", "a ", "", "nan", "NULL", "5.0", "a\x01b", "\u00a0a", "Zoé", "\\N"])
def test_a_text_that_needs_a_closer_look_is_not_tidy(text: str) -> None:
    assert is_tidy(pa.array(["O1", "Anna"]))
    assert not is_tidy(pa.array(["O1", text]))


def test_nothing_is_tidy() -> None:
    assert is_tidy(pa.array([], pa.string()))


def test_the_finaliser_is_that_of_splitmix64() -> None:
    """The first outputs of SplitMix64 seeded with 1234567, as its reference implementation prints them."""
    seeds = np.arange(1, 4, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(1234567)
    assert mixed(seeds).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@given(st.lists(st.text(max_size=80), max_size=20, unique=True))
def test_different_texts_have_different_hashes_wherever_they_stand(texts: list[str]) -> None:
    texts = [text for text in texts if not any("\ud800" <= sign <= "\udfff" for sign in text)]
    hashes = text_hashes(pa.array(texts, pa.string()))
    assert len(set(hashes.tolist())) == len(texts)
    alone = [text_hashes(pa.array(["before", text, "behind"]).slice(1, 1))[0] for text in texts]
    assert hashes.tolist() == alone


def test_hashes_are_the_same_for_ever() -> None:
    assert text_hashes(pa.array(["", "Anna", "exactly8", "a little longer than eight", "x" * 65])).tolist() == [
        0,
        17352268544381565849,
        13143000828991462582,
        3335375101786392891,
        8417230052989782299,
    ]
