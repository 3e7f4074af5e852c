"""What only a simulation knows: who is still a customer, what is to be expected, and what then happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from patron.sources.samples.export import money
from patron.sources.samples.rhythm import Flags, Floats, Ints
from patron.tables import MONEY_SCALE

HORIZONS: Final = (*range(30, 361, 30), 365)


@dataclass(frozen=True)
class Truth:
    """The truth about some customers on the last day of history.

    ``rate`` counts orders per year while active, ``churn`` is the chance of leaving within a year, ``order_value``
    the mean value of an order, ``response`` how strongly campaigns work on the customer (1 = as declared).
    The matrices have a column per horizon, values in the currency; ``future_value`` in ten-thousandths.
    """

    alive: Flags
    rate: Floats
    churn: Floats
    order_value: Floats
    response: Floats
    expected_orders: Floats
    expected_value: Floats
    future_orders: Ints
    future_value: Ints

    def columns(self, customer_id: pa.Array) -> dict[str, pa.Array]:
        """The columns of truth.parquet: one row per customer."""
        columns = {
            "customer_id": customer_id,
            "alive_at_end": pa.array(self.alive),
            "orders_per_year": pa.array(self.rate),
            "yearly_churn": pa.array(self.churn),
            "order_value": pa.array(self.order_value),
            "campaign_response": pa.array(self.response),
        }
        for place, horizon in enumerate(HORIZONS):
            columns[f"expected_orders_{horizon}"] = pa.array(self.expected_orders[:, place])
            columns[f"expected_value_{horizon}"] = pa.array(self.expected_value[:, place])
            columns[f"future_orders_{horizon}"] = pa.array(self.future_orders[:, place])
            columns[f"future_value_{horizon}"] = money(self.future_value[:, place], scale=MONEY_SCALE)
        return columns


def accumulate(survival: Floats, per_day: Callable[[int], Floats | float], days: Sequence[int]) -> Floats:
    """For each customer and each of these days: the sum over d = 1 … day of survival^d × per_day(d).

    ``survival`` is the chance to stay one day longer, ``per_day(d)`` what an active customer brings on the
    d-th day ahead. Shape (customers, days).
    """
    places = {day: place for place, day in enumerate(days)}
    sums = np.empty((len(survival), len(days)))
    alive, total = np.ones_like(survival), np.zeros_like(survival)
    for day in range(1, max(days) + 1):
        alive *= survival
        total += alive * per_day(day)
        if day in places:
            sums[:, places[day]] = total
    return sums


def realised(who: Ints, days_ahead: Ints, units: Ints, customers: int) -> Ints:
    """What really came within each horizon: sums of units by customer, shape (customers, horizons).

    Rows that lie in the past (days_ahead ≤ 0) or beyond the longest horizon do not count.
    """
    inside = (days_ahead > 0) & (days_ahead <= HORIZONS[-1])
    bucket = np.searchsorted(HORIZONS, days_ahead[inside], side="left")
    cells = np.bincount(
        who[inside] * len(HORIZONS) + bucket, weights=units[inside], minlength=customers * len(HORIZONS)
    )
    # Sums of whole units below 2^53 are exact in a float.
    return np.cumsum(cells.reshape(customers, len(HORIZONS)), axis=1).astype(np.int64)


@dataclass(frozen=True)
class Refunds:
    """How money is given back: a share of the orders, on one of the next ``longest`` days, each as likely."""

    share: float
    longest: int

    def draw(self, rng: np.random.Generator, orders: int) -> Ints:
        """Days from each order to its refund; 0 for an order that is kept."""
        delay = rng.integers(1, self.longest + 1, orders)
        return np.where(rng.random(orders) < self.share, delay, 0)

    def net_of(self, expected: Callable[[Sequence[int]], Floats]) -> Floats:
        """Expected orders by horizon less those refunded by then, in orders of full value.

        ``expected(days)`` gives the orders expected by each day; day 0 and before have none.
        """
        days = sorted({h - lag for h in HORIZONS for lag in range(self.longest + 1) if h - lag > 0})
        place = {day: index for index, day in enumerate(days)}
        orders = expected(days)
        net = [
            orders[:, place[h]]
            - self.share / self.longest * sum(orders[:, place[h - lag]] for lag in range(1, self.longest + 1))
            for h in HORIZONS
        ]
        return np.stack(net, axis=1)

    def pending(self, who: Ints, days_ago: Ints, units: Ints, customers: int) -> Floats:
        """Units expected to flow back within each horizon from past orders that were not refunded so far."""
        recent = days_ago < self.longest
        who, days_ago, units = who[recent], days_ago[recent], units[recent]
        # Given that no refund came in days_ago days, each later day has this chance.
        chance = self.share / (self.longest - self.share * days_ago)
        sums = [
            np.bincount(who, weights=units * chance * np.minimum(self.longest - days_ago, horizon), minlength=customers)
            for horizon in HORIZONS
        ]
        return np.stack(sums, axis=1)
