"""Words of many customers, each distinct word kept once: four bytes a customer, however long the words are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from patron.models.arrays import Flags, Integers

Numbers = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Coded:
    """The distinct words in their order, all of them somebody's, and which of them each customer's is."""

    words: tuple[str, ...]
    number: Numbers

    @classmethod
    def of(cls, words: Sequence[str]) -> Coded:
        """A word of each customer, told apart."""
        number_of = {word: number for number, word in enumerate(dict.fromkeys(words))}
        return cls.numbered(number_of, np.array([number_of[word] for word in words], dtype=np.int32))

    @classmethod
    def numbered(cls, words: Iterable[str], number: NDArray[np.integer]) -> Coded:
        """The words that these numbers mean; equal words become one, and a word that is nobody's goes."""
        given = list(words)
        held = (np.bincount(number, minlength=len(given)) > 0).tolist()
        distinct = sorted({word for word, used in zip(given, held, strict=True) if used})
        number_of = {word: place for place, word in enumerate(distinct)}
        moved = np.array([number_of.get(word, 0) for word in given], dtype=np.int32)
        return cls(tuple(distinct), moved[number])

    def __len__(self) -> int:
        return len(self.number)

    def counts(self) -> Integers:
        """How many customers have each word."""
        return np.bincount(self.number, minlength=len(self.words))

    def are(self, *words: str) -> Flags:
        """Which of the distinct words are among these."""
        return np.array([word in words for word in self.words], dtype=np.bool_)

    def each(self, label: Callable[[str], str]) -> Coded:
        """The label of each customer's word; asked once for each distinct word."""
        return Coded.numbered(map(label, self.words), self.number)

    def joined(self, other: Coded, join: Callable[[str, str], str]) -> Coded:
        """What each customer's word and other word make together; asked once for each distinct pair."""
        pairs = self.number.astype(np.int64) * len(other.words) + other.number
        distinct, number = np.unique(pairs, return_inverse=True)
        both = (divmod(pair, len(other.words)) for pair in distinct.tolist())
        return Coded.numbered((join(self.words[one], other.words[two]) for one, two in both), number)

    def tolist(self) -> list[str]:
        """The word of each customer."""
        return [self.words[number] for number in self.number.tolist()]
