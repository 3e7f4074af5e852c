"""The value of one customer at the moment it is asked for, in microseconds: tables made beforehand, then plain arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import exp, expm1, inf, log, log1p
from typing import Final, NamedTuple

import numpy as np

from patron.errors import DataError, UsageError
from patron.models.buying.beta_geometric import FittedBetaGeometric
from patron.models.buying.gamma_gamma import FittedGammaGamma
from patron.models.buying.purchases_if_alive import PurchasesIfAlive
from patron.models.buying.tables_in_time import STRETCH, polynomials, stretch_of

_USUAL_COUNTS: Final = 50
_MOST_TABLES: Final = 10_000
_LARGEST_EXPONENT: Final = 700.0

Powers = tuple[float, ...]
"""Coefficients of a polynomial by falling power; empty where no polynomial is good enough."""
Tables = dict[tuple[int, int], Powers]


class Scored(NamedTuple):
    """What the four numbers of one customer say."""

    probability_alive: float
    expected_purchases: float
    value: float


@dataclass(frozen=True)
class LiveValue:
    """Scores one customer at a time, from a fitted BG/NBD or MBG/NBD, a Gamma-Gamma, a horizon and a discount.

    Gives what ``probability_alive``, ``expected_purchases`` and ``lifetime_value`` give for a summary of that one
    customer, within 1e-9. Tables for up to 50 repeat purchases are made with the object; the first customer with a
    larger count takes a few milliseconds. ``periods`` and the customers' times are in the process's unit.
    """

    process: FittedBetaGeometric
    spend: FittedGammaGamma
    periods: float
    yearly_discount_rate: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.process, FittedBetaGeometric):
            raise UsageError(
                f"Live values were asked for with a {type(self.process).__name__}.",
                allowed="BG/NBD and MBG/NBD can score one customer at a time.",
                to_do="Ask lifetime_value for a summary of the customer.",
            )
        # An impossible horizon or discount is refused here, not at the first customer.
        both = self._both
        if self.periods > 0:
            furthest = stretch_of(self._position(0.0))
            pairs = [(x, stretch) for x in range(_USUAL_COUNTS + 1) for stretch in range(furthest + 1)]
            for purchases, tables in both:
                tables.update(zip(pairs, _powers(purchases, pairs), strict=True))

    def __call__(self, frequency: float, recency: float, T: float, monetary_value: float) -> Scored:
        """Of a customer with x repeat purchases, the last at t_x, observed for T, and a mean spend per repeat purchase.

        Raises DataError for numbers that no customer can have.
        """
        x = _whole(frequency, recency, T, monetary_value)
        alive = self._alive(x, recency, T)
        if self.periods == 0:
            return Scored(alive, 0.0, 0.0)
        (plain, plain_tables), (discounted, discounted_tables) = self._both
        y = self._position(T)
        bought = alive * _at(plain, plain_tables, x, y)
        worth = bought if discounted is plain else alive * _at(discounted, discounted_tables, x, y)
        return Scored(alive, bought, worth * self._spend(x, monetary_value) if worth > 0 else 0.0)

    @cached_property
    def _both(self) -> tuple[tuple[PurchasesIfAlive, Tables], tuple[PurchasesIfAlive, Tables]]:
        plain = self.process.if_alive(self.periods), Tables()
        if self.yearly_discount_rate == 0:
            return plain, plain
        return plain, (self.process.if_alive(self.periods, self.yearly_discount_rate), Tables())

    @cached_property
    def _symbols(self) -> tuple[float, ...]:
        return (*self.process.symbols, *self.spend.symbols)

    def _position(self, T: float) -> float:
        return log1p(self.periods / (self._symbols[1] + T))

    def _alive(self, x: int, t_x: float, T: float) -> float:
        r, alpha, a, b, *_ = self._symbols
        chances = x + self.process.FIRST_CAN_LEAVE
        if chances == 0:
            return 1.0
        odds = log(a / (b + chances - 1)) + (r + x) * log1p((T - t_x) / (alpha + t_x))
        return 1 / (1 + exp(odds)) if odds < _LARGEST_EXPONENT else 0.0

    def _spend(self, x: int, m: float) -> float:
        p, q, v = self._symbols[4:]
        known = x if m > 0 else 0
        below = p * known + q - 1
        return p * (v + known * m) / below if below > 0 else inf


def _at(purchases: PurchasesIfAlive, tables: Tables, x: int, y: float) -> float:
    """Purchases of a living customer: Horner's rule on the polynomial of this count and stretch."""
    stretch = stretch_of(y)
    powers = tables.get((x, stretch))
    if powers is None:
        powers = _powers(purchases, [(x, stretch)])[0]
        if len(tables) < _MOST_TABLES:
            tables[x, stretch] = powers
    if not powers:
        return float(purchases.exact(np.array([float(x)]), np.array([y]))[0])
    within = 2 * (y / STRETCH - stretch) - 1
    total = 0.0
    for coefficient in powers:
        total = total * within + coefficient
    return -total * expm1(-y)


def _powers(purchases: PurchasesIfAlive, pairs: list[tuple[int, int]]) -> list[Powers]:
    x, stretch = np.array(pairs, dtype=np.int64).T
    powers, steady = polynomials(x.astype(np.float64), stretch, purchases.exact)
    return [tuple(map(float, column)) if good else () for column, good in zip(powers.T, steady, strict=True)]


def _whole(x: float, t_x: float, T: float, m: float) -> int:
    """The purchase count as a whole number, once the four are sure to be a customer's; NaN fails every comparison."""
    possible = 0 <= x < inf and int(x) == x and 0 <= t_x <= T < inf and 0 <= m < inf and (x > 0 or t_x == 0)
    if not possible:
        raise DataError(
            f"No customer has frequency {x}, recency {t_x}, T {T} and monetary_value {m}.",
            allowed="frequency is a whole number, 0 ≤ recency ≤ T, recency is 0 without a repeat purchase, "
            "and monetary_value is 0 or more; all finite.",
        )
    return int(x)
