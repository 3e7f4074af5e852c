"""What the doctor is given of a history: exact totals, and the purchases of a bounded sample of customers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Purchases:
    """Purchases of customers 0, 1, 2 …, sorted by customer and day; amounts are above zero."""

    customer: Integers
    day: Integers
    amount: Floats

    @cached_property
    def by_day(self) -> Purchases:
        """One row per customer and day, its amounts added up."""
        if not len(self.day):
            return self
        new = np.ones(len(self.day), dtype=np.bool_)
        new[1:] = (np.diff(self.customer) != 0) | (np.diff(self.day) != 0)
        starts = np.flatnonzero(new)
        return Purchases(self.customer[starts], self.day[starts], np.add.reduceat(self.amount, starts))

    @cached_property
    def starts(self) -> Integers:
        """Where in the rows each customer begins."""
        new = np.ones(len(self.customer), dtype=np.bool_)
        new[1:] = np.diff(self.customer) != 0
        return np.flatnonzero(new)

    @cached_property
    def counts(self) -> Integers:
        """Rows of each customer."""
        return np.diff(np.append(self.starts, len(self.customer)))

    @cached_property
    def place(self) -> Integers:
        """0 for a customer's first row, 1 for the second …"""
        return np.arange(len(self.customer)) - np.repeat(self.starts, self.counts)

    @cached_property
    def first(self) -> Integers:
        """Each customer's first day."""
        return self.day[self.starts]

    @cached_property
    def last(self) -> Integers:
        """Each customer's last day."""
        return self.day[self.starts + self.counts - 1]

    @cached_property
    def gap(self) -> Integers:
        """Days since the row before; 0 for a customer's first row."""
        since = np.zeros(len(self.day), dtype=np.int64)
        since[1:] = np.diff(self.day)
        since[self.starts] = 0
        return since


@dataclass(frozen=True)
class LargeOrder:
    """One of the largest orders, and what the customer was given back in the month from its day on."""

    day: int
    amount: float
    given_back: float


@dataclass(frozen=True)
class Channel:
    """One sales channel: its first day, and its orders in all and in the last quarter of the history."""

    name: str
    first_day: int
    orders: int
    recent_orders: int


@dataclass(frozen=True, eq=False)
class Portrait:
    """A history as of a day. Money is in ``currency``; ``sample`` holds the purchases of some customers, or of all."""

    first_day: int
    last_day: int
    currency: str
    customers: int
    """Customers who bought at least once."""
    gross: float
    """What identified customers paid, before refunds."""
    refunded: float
    """What they were given back, above zero."""
    anonymous_gross: float
    top_customers: tuple[tuple[int, float], ...]
    """What the 1, the 10 and the 1 % best customers brought after refunds: (how many, money)."""
    large_orders: tuple[LargeOrder, ...]
    usual_large_order: float
    """The 99th percentile of an order's amount."""
    orders_by_day: Integers
    """Orders on each day from the first to the last."""
    newcomers_by_day: Integers
    channels: tuple[Channel, ...]
    contract_customers: int | None
    """Customers with a contract in the subscriptions table; None where there is no such table."""
    sample: Purchases

    @property
    def days(self) -> int:
        """Days of history, both ends counted."""
        return self.last_day - self.first_day + 1
