"""Customers as they would be described on a later day, had they bought so many times until then, or not at all.

The features follow from those of today by arithmetic, as ``features.formulas`` has them. Exact are those of all history:
frequency, recency, T, gaps, values, orders, sizes of orders, days, seasons. The last N days of a later day begin within today's last
N days, of which a feature row only tells sums over a few spans: between those, and back to the last purchase, orders and
value are taken to lie evenly. Trends of value take value for value before refunds. Whatever is beside purchases goes on as
before: contacts, visits, reviews and contracts keep their figures, products and places their number and shares.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np

from patron.errors import UsageError
from patron.models.arrays import Floats
from patron.models.customers import Customers
from patron.periods import day_of

YEAR: Final = 365
GROWS: Final = ("days_since_last_refund", "days_since_acquired", "contract_tenure")
"""Days that pass whatever is bought."""
_SPAN: Final = re.compile(r"(value|orders)_(\d+)d")
Columns = dict[str, Floats]


def with_purchases(customers: Customers, n: int, amount: Floats, day: int, horizon_days: int) -> Customers:
    """The customers as of a later day, after n more orders of this amount each, spread evenly over the days until then.

    ``day`` is a day number after the customers' cutoff, ``amount`` (rows) money per order; each order falls on a day of its own
    in the middle of its share of the time. ``horizon_days`` is how far back trailing features look. With n = 0 the
    customers only grow older. Columns that the table does not have are not made. Raises UsageError for a day that leaves
    no room for so many orders.
    """
    days = day - customers.as_of_day
    if days < 1 or not 0 <= n <= days:
        raise UsageError(
            f"{n} orders in {days} days cannot be thought through.",
            allowed="The day must lie after the cutoff, with a day for each order.",
        )
    after = _Later(customers, _spread(customers.as_of_day, days, n), np.asarray(amount, np.float64), day, horizon_days)
    made = after.columns()
    return Customers(
        day, customers.customer_id, {name: made.get(name, column) for name, column in customers.columns.items()}
    )


def _spread(as_of_day: int, days: int, n: int) -> tuple[int, ...]:
    return tuple(as_of_day + 1 + days * (2 * place + 1) // (2 * n) for place in range(n))


@dataclass(frozen=True, eq=False)
class _Later:
    """Customers of today, the days on which they buy from then on, and the day on which they are described again."""

    now: Customers
    bought_on: tuple[int, ...]
    amount: Floats
    day: int
    horizon_days: int

    def columns(self) -> Columns:
        return {
            **self._rfm(),
            **self._gaps(),
            **self._windows(),
            **self._trends(),
            **self._baskets(),
            **self._seasons(),
            **{name: self.now.columns[name] + self.days for name in GROWS if name in self.now.columns},
        }

    @property
    def days(self) -> int:
        return self.day - self.now.as_of_day

    @property
    def n(self) -> int:
        return len(self.bought_on)

    @cached_property
    def is_first(self) -> Floats:
        """1 where the first of the new purchases is the first of all, 0 otherwise."""
        first = self.now.column("purchase_days") <= 0
        return np.asarray(first & (self.n > 0), dtype=np.float64)

    @cached_property
    def first_day(self) -> Floats:
        known = self.now.as_of_day - self.now.column("T")
        return np.where(self.is_first > 0, float(self.bought_on[0]), known) if self.n else known

    @cached_property
    def last_day(self) -> Floats:
        known = self.now.as_of_day - self.now.column("T") + self.now.column("recency")
        return np.full(len(self.now), float(self.bought_on[-1])) if self.n else known

    @cached_property
    def purchase_days(self) -> Floats:
        return self.now.column("purchase_days") + self.n

    @cached_property
    def frequency(self) -> Floats:
        return np.maximum(self.purchase_days - 1, 0.0)

    @cached_property
    def orders(self) -> Floats:
        return self.now.column("orders") + self.n

    @cached_property
    def gross(self) -> Floats:
        return self.now.column("gross_value") + self.n * self.amount

    def _rfm(self) -> Columns:
        repeated = self.now.column("monetary_value") * self.now.column("frequency")
        repeated = repeated + self.amount * (self.n - self.is_first)
        return {
            "frequency": self.frequency,
            "recency": self.last_day - self.first_day,
            "T": self.day - self.first_day,
            "monetary_value": np.where(self.frequency > 0, repeated / np.maximum(self.frequency, 1.0), 0.0),
            "orders": self.orders,
            "purchase_days": self.purchase_days,
            "historic_value": self.now.column("historic_value") + self.n * self.amount,
            "gross_value": self.gross,
            "days_since_last_purchase": self.day - self.last_day,
            "first_day": self.first_day,
            "last_day": self.last_day,
        }

    def _gaps(self) -> Columns:
        """Gaps between purchase days; of those so far the sum of squares is brought back from their spread."""
        before = self.now.column("frequency")
        span = self.last_day - self.first_day
        new = self._new_gaps()
        squares = self._squares_so_far() + sum((np.nan_to_num(gap) ** 2 for gap in new), np.zeros(len(self.now)))
        mean = _ratio(span, self.frequency)
        spread = np.maximum(self.frequency * squares - span * span, 0.0)
        std = np.where(self.frequency >= 2, np.sqrt(_ratio(spread, self.frequency * (self.frequency - 1))), np.nan)
        known = {name: self.now.columns.get(name, np.full(len(before), np.nan)) for name in ("max_gap", "last_gap")}
        return {
            "mean_gap": mean,
            "std_gap": std,
            "gap_variation": _ratio(std, mean),
            "max_gap": np.fmax.reduce([known["max_gap"], *new]),
            "last_gap": new[-1] if new else known["last_gap"],
            "gap_ratio": _ratio(self.day - self.last_day, mean),
        }

    def _new_gaps(self) -> list[Floats]:
        """The gap before each new purchase; unknown before the first of all."""
        last = self.now.as_of_day - self.now.column("T") + self.now.column("recency")
        ends = [np.where(self.is_first > 0, np.nan, last), *(np.full(len(last), float(on)) for on in self.bought_on)]
        return [later - earlier for earlier, later in pairwise(ends)]

    def _squares_so_far(self) -> Floats:
        gaps, span = self.now.column("frequency"), self.now.column("recency")
        std = np.nan_to_num(self.now.columns.get("std_gap", np.zeros(len(gaps))))
        return np.where(gaps > 0, (std**2 * gaps * (gaps - 1) + span**2) / np.maximum(gaps, 1.0), 0.0)

    def _windows(self) -> Columns:
        made: Columns = {
            "trailing_value": self._within("value", self.horizon_days),
            "trailing_orders": self._within("orders", self.horizon_days),
        }
        for name in self.now.columns:
            if span := _SPAN.fullmatch(name):
                made[name] = self._within(span[1], int(span[2]))
        return made

    def _trends(self) -> Columns:
        made: Columns = {}
        for what in ("value", "orders"):
            by = {days: self._within(what, days) for days in (90, 180, 365)}
            made[f"{what}_trend_90d"] = _ratio(by[90], by[180])
            made[f"{what}_trend_365d"] = _ratio(by[180], by[365])
        age = self.day - self.first_day + 1
        pace = _ratio(self._within("orders", 90), np.minimum(age, 90))
        return made | {"orders_pace_90d": _ratio(pace, _ratio(self.orders, age))}

    def _within(self, what: str, days_back: int) -> Floats:
        """Value or orders of the last days before the later day."""
        new = sum(1 for on in self.bought_on if on > self.day - days_back)
        return self._so_far(what, days_back - self.days) + new * (self.amount if what == "value" else 1.0)

    def _so_far(self, what: str, days_back: int) -> Floats:
        """Value or orders of the last days before today: known for a few spans, taken to lie evenly between them."""
        below = (np.zeros(len(self.now)), np.zeros(len(self.now)))
        above = (np.full(len(self.now), np.inf), np.zeros(len(self.now)))
        for span, told in self._known_spans(what):
            lower, higher = (span <= days_back) & (span >= below[0]), (span >= days_back) & (span < above[0])
            below = (np.where(lower, span, below[0]), np.where(lower, told, below[1]))
            above = (np.where(higher, span, above[0]), np.where(higher, told, above[1]))
        reach = np.where(np.isfinite(above[0]), above[0] - below[0], 0.0)
        share = np.divide(days_back - below[0], reach, out=np.zeros_like(reach), where=reach > 0)
        return np.where(days_back > 0, below[1] + share * (above[1] - below[1]), 0.0)

    def _known_spans(self, what: str) -> list[tuple[Floats, Floats]]:
        """Days back from today, and what they brought: spans that are features, since the last purchase, and ever."""
        columns, rows = self.now.columns, len(self.now)
        ever = columns["historic_value" if what == "value" else "orders"]
        spans = [(self.now.column("T") + 1, ever), (np.full(rows, 1e9), ever)]
        trailing = columns.get(f"trailing_{what}")
        if trailing is not None:
            spans.append((np.full(rows, float(self.horizon_days)), trailing))
        named = [(span, columns[name]) for name in columns if (span := _SPAN.fullmatch(name)) and span[1] == what]
        spans += [(np.full(rows, float(span[2])), told) for span, told in named]
        silent = self.now.column("T") - self.now.column("recency")
        refunded = np.nan_to_num(columns.get("refund_value", np.zeros(rows))) < 0
        quiet = (what == "orders") | ~refunded
        return [*spans, (np.where(quiet, silent, 0.0), np.zeros(rows))]

    def _baskets(self) -> Columns:
        columns, first = self.now.columns, self.is_first > 0
        made = {"mean_order_value": _ratio(self.gross, self.orders)}
        if "max_order_value" in columns:
            made["max_order_value"] = np.fmax(columns["max_order_value"], self.amount if self.n else -np.inf)
        if "first_day_value" in columns:
            made["first_day_value"] = np.where(first, self.amount, columns["first_day_value"])
        if "products" in columns:
            made["products_per_order"] = _ratio(columns["products"], self.orders)
        if "refund_value" in columns:
            made["refund_share"] = _ratio(-columns["refund_value"], self.gross)
        return made

    def _seasons(self) -> Columns:
        days = [day_of(on) for on in self.bought_on]
        new = {f"quarter_{number}_share": _count(days, number) for number in (1, 2, 3, 4)}
        new["weekend_share"] = sum(1 for on in days if on.weekday() >= 5)
        so_far, columns = self.now.column("orders"), self.now.columns
        made = {
            name: _ratio(np.nan_to_num(columns[name]) * so_far + count, self.orders)
            for name, count in new.items()
            if name in columns
        }
        return made | self._same_season() | self._cohort()

    def _same_season(self) -> Columns:
        """The coming horizon, a year earlier: between two spans that end on the later day."""
        begin, end = YEAR, YEAR - self.horizon_days
        known = self.first_day <= self.day - end
        return {
            f"same_season_{what}": np.where(known, self._within(what, begin) - self._within(what, end), np.nan)
            for what in ("value", "orders")
        }

    def _cohort(self) -> Columns:
        if not self.n:
            return {}
        joined, first = day_of(self.bought_on[0]), self.is_first > 0
        told = {"acquisition_month": (joined.year - 1970) * 12 + joined.month - 1, "acquisition_season": joined.month}
        return {
            name: np.where(first, float(value), self.now.columns[name])
            for name, value in told.items()
            if name in self.now.columns
        }


def _count(days: list[date], quarter: int) -> int:
    return sum(1 for on in days if (on.month + 2) // 3 == quarter)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """The quotient; NaN where the divisor is zero or missing."""
    out = np.full(len(whole), np.nan)
    return np.divide(part, whole, out=out, where=np.isfinite(whole) & (whole != 0))


def usual_order_value(customers: Customers) -> Floats:
    """What an order of each customer usually comes to before refunds; NaN of those without one."""
    columns: Mapping[str, Floats] = customers.columns
    return _ratio(columns["gross_value"], columns["orders"])
