"""When customers buy: mainly in one quarter of the year, at weekends, all year round, as all do, or too little to tell.

A habit is told from chance. Were it none of the customer's own, each purchase day would fall into a quarter as the
business's sales do, on the days between the customer's first and last purchase. How probable so many in one quarter are
under that is the upper tail of a binomial; five habits are looked for, and each must be five times rarer than ``SURE``
asks. So of customers without a habit at most that share is said to have one, and few purchases never show any.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Words = NDArray[np.str_]

SURE: Final = 0.05
"""At most this share of customers without a habit is said to have one."""
MAINLY: Final = 0.5
"""A habit holds at least this share of the customer's purchases."""
QUARTERS: Final = ("January to March", "April to June", "July to September", "October to December")
WEEKEND, ALL_YEAR, TOO_EARLY = "Weekend shopper", "All year round", "Too early to tell"
USUAL: Final = tuple(f"Usual season: {months}" for months in ("Jan to Mar", "Apr to Jun", "Jul to Sep", "Oct to Dec"))
"""Mainly in one quarter, but no more so than the business sells there."""
SEASONAL_TYPES: Final = (*QUARTERS, WEEKEND, ALL_YEAR, *USUAL, TOO_EARLY)
NEEDED: Final = (
    "orders",
    "purchase_days",
    "first_day",
    "last_day",
    *(f"quarter_{number}_share" for number in (1, 2, 3, 4)),
    "weekend_share",
)
_LEAST_QUARTERS: Final = 3
_A_YEAR: Final = 365
# Five habits are looked for.
_RARE: Final = SURE / (len(QUARTERS) + 1)


@dataclass(frozen=True)
class Seasons:
    """How the business's purchases fall: per day of each quarter, relative to each other, and at weekends.

    Learnt from all customers, it tells the type of any; it can be pickled and sent to where the rows are.
    """

    pace: tuple[float, float, float, float]
    weekend_share: float

    @classmethod
    def of(cls, columns: Mapping[str, Floats]) -> Seasons:
        """The business's own mix, from the features ``NEEDED`` of its customers, one array each."""
        counts, purchases = _purchases(columns)
        buyers = purchases > 0
        if not buyers.any():
            return cls((0.25, 0.25, 0.25, 0.25), 2 / 7)
        # Each buyer counts once: a few who buy often, or in one season, are not what is usual.
        shares = (counts[buyers] / purchases[buyers, None]).sum(axis=0)
        days = _days_by_quarter(columns)[buyers]
        expected = (days / days.sum(axis=1, keepdims=True)).sum(axis=0)
        pace = np.divide(shares[:4], expected, out=np.zeros(4), where=expected > 0)
        first, second, third, fourth = (pace / pace.sum()).tolist()
        return cls((first, second, third, fourth), float(shares[4]) / int(buyers.sum()))

    def types(self, columns: Mapping[str, Floats]) -> Words:
        """The seasonal type of each customer, one of ``SEASONAL_TYPES``; ``columns`` are the features ``NEEDED``."""
        counts, purchases = _purchases(columns)
        days = _days_by_quarter(columns)
        by_chance = _chances(days, np.array(self.pace), self.weekend_share)
        surprise = _tail(counts, purchases, by_chance)
        even = _tail(counts, purchases, _chances(days, np.ones(4), self.weekend_share))
        share = counts / np.maximum(purchases, 1)[:, None]
        habit = (surprise <= _RARE) & (share >= MAINLY)
        as_all_do = ((even <= _RARE) & (share >= MAINLY))[:, :4]
        named = np.select(
            [habit[:, :4].any(axis=1), habit[:, 4], as_all_do.any(axis=1), _spread(counts, purchases, days, by_chance)],
            [
                np.where(habit[:, :4], surprise[:, :4], np.inf).argmin(axis=1),
                SEASONAL_TYPES.index(WEEKEND),
                SEASONAL_TYPES.index(USUAL[0]) + np.where(as_all_do, even[:, :4], np.inf).argmin(axis=1),
                SEASONAL_TYPES.index(ALL_YEAR),
            ],
            SEASONAL_TYPES.index(TOO_EARLY),
        )
        return np.array(SEASONAL_TYPES)[named]

    __call__ = types


def _spread(counts: Floats, purchases: Floats, days: Floats, by_chance: Floats) -> NDArray[np.bool_]:
    """Who bought in most quarters and mainly in none, for a year or more and so often that a habit would have shown."""
    would_show = by_chance[:, :4].max(axis=1, initial=0.0) ** purchases <= _RARE
    quarters = (counts[:, :4] > 0).sum(axis=1)
    mainly_one = counts[:, :4].max(axis=1, initial=0.0) >= MAINLY * purchases
    return would_show & ~mainly_one & (quarters >= _LEAST_QUARTERS) & (days.sum(axis=1) >= _A_YEAR)


@dataclass(frozen=True)
class SeasonStability:
    """Whether customers kept to their quarter in the year after it was found.

    ``agreement`` is the share of seasonal customers who bought again and did so mainly in their quarter, ``by_chance`` the
    share that would have if their quarter meant nothing, ``error`` the standard error of the first; NaN where nobody did.
    """

    customers: int
    agreement: float
    by_chance: float
    error: float

    @property
    def holds(self) -> bool:
        """Whether they agree more than by chance, beyond two standard errors."""
        return self.customers > 0 and self.agreement - self.by_chance > 2 * self.error


def stability(types: Words, main_quarter: Integers) -> SeasonStability:
    """How well the types found at an earlier cutoff foretold the following year, against chance.

    ``types`` are of ``SEASONAL_TYPES``, as of the cutoff; ``main_quarter`` of the year after it is 1 to 4, or 0 for who
    bought nothing. By chance a customer's main quarter is that of any customer who bought.
    """
    bought = main_quarter > 0
    found = np.array([QUARTERS.index(word) + 1 if word in QUARTERS else 0 for word in SEASONAL_TYPES])
    places = {word: place for place, word in enumerate(SEASONAL_TYPES)}
    quarter = found[np.array([places[str(word)] for word in types], dtype=np.int64)]
    seasonal = bought & (quarter > 0)
    customers = int(seasonal.sum())
    if not customers:
        return SeasonStability(0, np.nan, np.nan, np.nan)
    agreement = float((quarter[seasonal] == main_quarter[seasonal]).mean())
    usual = np.bincount(main_quarter[bought], minlength=5) / int(bought.sum())
    # Of nobody or everybody agreeing the plain error would be none: half a customer is added to either side.
    smoothed = (agreement * customers + 0.5) / (customers + 1)
    error = float(np.sqrt(smoothed * (1 - smoothed) / customers))
    return SeasonStability(customers, agreement, float(usual[quarter[seasonal]].mean()), error)


def main_quarters(orders_by_quarter: Floats) -> Integers:
    """The quarter, 1 to 4, in which each customer (a row of four counts) bought most, the first of equal ones; 0 without any."""
    counts = np.nan_to_num(np.asarray(orders_by_quarter, dtype=np.float64))
    return np.where(counts.sum(axis=1) > 0, counts.argmax(axis=1) + 1, 0).astype(np.int64)


def _purchases(columns: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    """Purchase days of each customer by quarter and at weekends (five columns), and in all.

    Orders of one day are one decision to buy, so that days are counted; shares are of orders.
    """
    days = np.nan_to_num(np.minimum(columns["orders"], columns["purchase_days"]))
    shares = [np.nan_to_num(columns[f"quarter_{number}_share"]) for number in (1, 2, 3, 4)]
    shares.append(np.nan_to_num(columns["weekend_share"]))
    return np.column_stack(shares) * days[:, None], days


def _chances(days: Floats, pace: Floats, weekend_share: float) -> Floats:
    """For each customer the chance that a purchase falls into each quarter, and on a weekend: five columns."""
    weights = days * pace
    whole = weights.sum(axis=1, keepdims=True)
    quarters = np.divide(weights, whole, out=np.ones_like(weights), where=whole > 0)
    return np.column_stack([quarters, np.full(len(weights), weekend_share)])


def _tail(counts: Floats, of: Floats, chance: Floats) -> Floats:
    """The probability of at least so many of so many (a row each), by this chance for each; 1 where there are none."""
    whole = np.broadcast_to(of[:, None], counts.shape)
    some = counts > 0
    below = np.maximum(whole - counts, 0.0) + 1.0
    return np.where(some, betainc(np.where(some, counts, 1.0), below, np.clip(chance, 0.0, 1.0)), 1.0)


def _days_by_quarter(columns: Mapping[str, Floats]) -> Floats:
    """How many days of each quarter lie between a customer's first and last purchase, both included."""
    first, last = (np.nan_to_num(columns[name]).astype(np.int64) for name in ("first_day", "last_day"))
    if not first.size:
        return np.zeros((0, 4))
    start, end = int(first.min()), int(max(last.max(), first.max()))
    day = np.arange(start, end + 1).astype("datetime64[D]")
    month = day.astype("datetime64[M]").astype(np.int64) % 12
    falls = (month[:, None] // 3 == np.arange(4)).astype(np.float64)
    before = np.vstack([np.zeros(4), falls.cumsum(axis=0)])
    return np.asarray(before[np.maximum(last, first) - start + 1] - before[first - start])
