"""Rising customers: who brought little so far, and of whom much is expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from patron.segments.tiers import TierThresholds

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


RISING_SHARE: Final = 0.1
"""The list holds at most this share of the customers who are not in the high tier by what they brought."""


def above_share(values: Floats, share: float) -> float:
    """The least number from which on at most this share of the values lies; infinity where equal values would be too many."""
    if not len(values):
        return float("inf")
    ordered = np.sort(values)[::-1]
    first_out = ordered[min(int(share * len(ordered)), len(ordered) - 1)]
    return float(np.nextafter(first_out, np.inf))


@dataclass(frozen=True)
class Rising:
    """From which expected value on a customer below the high tier is rising; ``thresholds`` are those of values brought."""

    thresholds: TierThresholds
    begins: float

    @classmethod
    def of(cls, trailing_value: Floats, expected_value: Floats, thresholds: TierThresholds) -> Rising:
        """The tenth of those below the high tier of whom most is expected; both values are of one horizon."""
        below = thresholds.places(trailing_value) > 0
        return cls(thresholds, above_share(expected_value[below], RISING_SHARE))

    def flags(self, trailing_value: Floats, expected_value: Floats) -> Flags:
        """Who is rising: below the high tier, expected to bring more than before, and among those of whom most is expected."""
        below = self.thresholds.places(trailing_value) > 0
        return np.asarray(below & (expected_value > trailing_value) & (expected_value >= self.begins), dtype=np.bool_)


@dataclass(frozen=True)
class ListTest:
    """A list of customers drawn up on a past day, beside lists of the same length drawn otherwise: what each then brought.

    ``value`` is what a customer of the list brought on average (of a list of losses: lost); ``best`` is the most that a list
    of this length could have held.
    """

    customers: int
    value: float
    by_rfm: float
    by_chance: float
    best: float

    @property
    def beats_rfm(self) -> bool:
        return self.value > self.by_rfm


def hold_list(chosen: Flags, among: Flags, rfm_rank: Floats, outcome: Floats) -> ListTest | None:
    """How a list did, of the customers it was drawn from; None where it is empty, or holds them all.

    ``rfm_rank`` orders customers as RFM would have drawn them, the first to take highest; ties fall by their place.
    """
    size, pool = int((chosen & among).sum()), np.flatnonzero(among)
    if not 0 < size < len(pool):
        return None
    by_rfm = pool[np.argsort(-rfm_rank[pool], kind="stable")[:size]]
    best = np.sort(outcome[pool])[::-1][:size]
    return ListTest(
        size,
        float(outcome[chosen & among].mean()),
        float(outcome[by_rfm].mean()),
        float(outcome[pool].mean()),
        float(best.mean()),
    )
