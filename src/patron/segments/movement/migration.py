"""Migration: how many customers, and how much money, went from each group to each other between two days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Words = NDArray[np.str_]

CAME, LEFT = "(not yet there)", "(no longer there)"


@dataclass(frozen=True)
class Flow:
    """Customers who went from one group to another: their share of the group they left, and what they brought before and after."""

    before: str
    now: str
    customers: int
    share: float
    value_before: float
    value_now: float

    @property
    def moved(self) -> float:
        """The net change of their money."""
        return self.value_now - self.value_before


def migration(
    before: Words, now: Words, value_before: Floats, value_now: Floats, order: Sequence[str]
) -> tuple[Flow, ...]:
    """The flows between groups, rows in the given order; '' stands for who was not there on that day.

    The shares of each row add up to 1, and the values of all flows to the totals of both days.
    """
    rows = (*order, *sorted({*before.tolist(), *now.tolist()} - {*order, ""}), "")
    place = {word: number for number, word in enumerate(rows)}
    one, other = (np.array([place[word] for word in words.tolist()], dtype=np.int64) for words in (before, now))
    pair, size = one * len(rows) + other, len(rows) ** 2
    counts = np.bincount(pair, minlength=size).reshape(len(rows), -1)
    sums = [np.bincount(pair, values, size).reshape(len(rows), -1) for values in (value_before, value_now)]
    leaving = counts.sum(axis=1)
    return tuple(
        Flow(
            rows[i] or CAME,
            rows[j] or LEFT,
            int(counts[i, j]),
            float(counts[i, j] / leaving[i]),
            float(sums[0][i, j]),
            float(sums[1][i, j]),
        )
        for i in range(len(rows))
        for j in range(len(rows))
        if counts[i, j]
    )
