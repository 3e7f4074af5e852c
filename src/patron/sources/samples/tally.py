"""Counts of what a simulation wrote, so that a test can hold every later step to them."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import numpy as np

from patron.sources.samples.export import NOBODY
from patron.sources.samples.rhythm import Flags, Ints

_MONEY: Final = ("net_value", "refund_value")


class Tally:
    """Counts that grow piece by piece. Money is counted in ten-thousandths of the currency."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, name: str, amount: int) -> None:
        self._counts[name] = self._counts.get(name, 0) + int(amount)

    def add_rows(self, who: Ints, units: Ints, refund: Flags) -> None:
        """Count transaction rows; ``who`` is negative for an anonymous one, ``units`` their value."""
        known = who != NOBODY
        self.add("rows", len(who))
        self.add("anonymous_rows", int(np.count_nonzero(~known)))
        self.add("refund_rows", int(np.count_nonzero(refund)))
        self.add("net_value", int(units[known].sum()))
        self.add("refund_value", int(units[known & refund].sum()))

    def facts(self, customers: int) -> dict[str, int | Decimal]:
        """All counts by name; ``net_value`` and ``refund_value`` are those of known customers, in the currency."""
        counts: dict[str, int | Decimal] = {"customers": customers}
        for name, count in self._counts.items():
            counts[name] = Decimal(count).scaleb(-4) if name in _MONEY else count
        return counts
