from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from patron.segments.coded import Coded

WORDS = st.lists(st.sampled_from(["", "b", "a", "Ab", "a,", "é", "a" * 60, "a" * 60 + "b"]), max_size=30)


@given(WORDS)
def test_words_are_kept_once_in_their_order_and_given_back_whole(words: list[str]) -> None:
    coded = Coded.of(words)
    assert coded.tolist() == words
    assert list(coded.words) == sorted(set(words))
    assert dict(zip(coded.words, coded.counts().tolist(), strict=True)) == {word: words.count(word) for word in words}


@given(WORDS)
def test_words_with_one_label_become_one(words: list[str]) -> None:
    assert same(Coded.of(words).each(lambda word: word[:1]), [word[:1] for word in words])


@given(st.lists(st.tuples(st.sampled_from(["", "a", "a,b"]), st.sampled_from(["", "c", "b,c"])), max_size=30))
def test_pairs_that_make_one_word_become_one(pairs: list[tuple[str, str]]) -> None:
    one, other = Coded.of([pair[0] for pair in pairs]), Coded.of([pair[1] for pair in pairs])
    assert same(one.joined(other, lambda a, b: f"{a},{b}"), [f"{a},{b}" for a, b in pairs])


def same(found: Coded, words: list[str]) -> bool:
    """Whether these are the words, and coded as any others."""
    told = Coded.of(words)
    return found.words == told.words and found.number.tolist() == told.number.tolist()


def test_a_word_that_is_nobodys_goes() -> None:
    coded = Coded.numbered(["x", "nobody's", "a", "x"], np.array([3, 2, 0]))
    assert (coded.words, coded.tolist()) == (("a", "x"), ["x", "a", "x"])
    assert coded.are("x", "nobody's").tolist() == [False, True]
