"""How often intervals held: of all customers, by band, by tenth, and by any label; plainly, and with zeros counted fairly.

Where 9 of 10 customers of a band bring nothing, the interval is 0 to 0 and holds 9 of 10: no interval with 0 in it can
hold fewer, and one without it would leave out what is most likely. A claim of 8 in 10 is then tested by counting each
customer who falls on such an interval as 8/9: the *smoothed* coverage (randomised conformal prediction: Vovk, Gammerman
and Shafer 2005, section 2.2), which is exactly the claim when the next period is like those learnt from. The plain share
is told beside it, with the share of zeros that it cannot fall below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from patron.models.arrays import Flags, Floats, Integers

_TENTHS: Final = 10


@dataclass(frozen=True)
class BandCoverage:
    """How many customers of one band (0 is the lowest) fell inside their interval.

    ``smoothed`` counts those on a one-point interval by the share that the claim needs of them; ``zeros`` brought exactly
    nothing, and an interval that holds 0 cannot cover fewer.
    """

    band: int
    customers: int
    share: float
    smoothed: float
    zeros: float


@dataclass(frozen=True)
class LabelCoverage:
    """The same for the customers of one label: a tier, a branch, a country."""

    label: str
    customers: int
    share: float
    smoothed: float
    zeros: float


@dataclass(frozen=True)
class Coverage:
    """The share of customers inside their interval: of all, by the intervals' bands, and by tenths of the prediction."""

    customers: int
    overall: float
    smoothed: float
    zeros: float
    by_band: tuple[BandCoverage, ...]
    by_decile: tuple[BandCoverage, ...]


@dataclass(frozen=True, eq=False)
class Held:
    """For each customer: inside its interval or not, what that counts for when smoothed, and whether it brought nothing."""

    inside: Flags
    counts: Floats
    zero: Flags

    def by_number(self, number: Integers) -> tuple[BandCoverage, ...]:
        """Coverage of each band number that occurs."""
        return tuple(BandCoverage(int(one), *self._shares(number == one)) for one in np.unique(number))

    def by_label(self, labels: NDArray[Any]) -> tuple[LabelCoverage, ...]:  # Any: words of whatever length
        """Coverage of each label that occurs, in order of name."""
        return tuple(LabelCoverage(str(one), *self._shares(labels == one)) for one in np.unique(labels))

    def coverage(self, band: Integers, predicted: Floats) -> Coverage:
        """All of it, given each customer's band and prediction."""
        everybody = np.ones(len(self.inside), dtype=bool)
        return Coverage(*self._shares(everybody), self.by_number(band), self.by_number(tenths(predicted)))

    def _shares(self, rows: Flags) -> tuple[int, float, float, float]:
        return (
            int(rows.sum()),
            float(self.inside[rows].mean()),
            float(self.counts[rows].mean()),
            float(self.zero[rows].mean()),
        )


def held(actual: Floats, low: Floats, high: Floats, credit: Floats) -> Held:
    """Who fell inside; ``credit`` is what a customer on a one-point interval counts for."""
    # A bound is a ratio times a prediction: a value on the bound may miss it by the last bit.
    slack = 1e-9 * np.maximum(np.abs(actual), np.abs(high))
    inside = np.asarray((actual >= low - slack) & (actual <= high + slack))
    return Held(inside, np.where(inside, np.where(low == high, credit, 1.0), 0.0), np.asarray(actual == 0))


def tenths(predicted: Floats) -> Integers:
    """The tenth of each customer by prediction, 0 the lowest."""
    number = np.empty(len(predicted), dtype=np.int64)
    for tenth, rows in enumerate(np.array_split(np.argsort(predicted, kind="stable"), _TENTHS)):
        number[rows] = tenth
    return number
