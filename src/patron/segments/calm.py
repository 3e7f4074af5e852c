"""Calm labels: a customer keeps a label as long as it would be right for numbers a little off.

Customers near a border cross it back and forth for no reason that anybody could act on. Where the label of the release
before is among those that numbers up to a margin off would give, it stays (hysteresis, as in a Schmitt trigger).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.str_]
Flags = NDArray[np.bool_]


def calmed(raw: Words, before: Words, attainable: Iterable[Words]) -> Words:
    """The label of each customer: the one before where it is attainable, else the raw one.

    ``before`` is '' for who had none. ``attainable`` are the labels that numbers within the margin would give.
    """
    known = before != ""
    stays = np.zeros(len(raw), dtype=np.bool_)
    for labels in attainable:
        stays |= known & (labels == before)
    return np.where(stays, before, raw)


def nudges(count: int, margin: float) -> Iterable[tuple[float, ...]]:
    """Every way to move so many numbers down, not at all, or up by the margin; none for a margin of nothing."""
    return product((1 - margin, 1.0, 1 + margin), repeat=count) if margin > 0 else ()


@dataclass(frozen=True)
class Steadiness:
    """How restless labels were over successive days: of all steps of a customer, how many moved, and how many of those came back.

    A flap is a move that is undone within the two steps after it.
    """

    steps: int
    moves: int
    flaps: int

    @property
    def move_rate(self) -> float:
        return self.moves / self.steps if self.steps else 0.0

    @property
    def flap_rate(self) -> float:
        return self.flaps / self.steps if self.steps else 0.0


def steadiness(periods: Sequence[Words]) -> Steadiness:
    """Moves and flaps in labels of the same customers, oldest day first; '' where a customer was not there yet."""
    steps = moves = flaps = 0
    for place in range(1, len(periods)):
        before, now = periods[place - 1], periods[place]
        there = (before != "") & (now != "")
        moved = there & (before != now)
        steps, moves = steps + int(there.sum()), moves + int(moved.sum())
        back = np.zeros(len(now), dtype=np.bool_)
        for later in periods[place + 1 : place + 3]:
            back |= moved & (later == before)
        flaps += int(back.sum())
    return Steadiness(steps, moves, flaps)
