"""Simulated histories whose nature is known: what the doctor must find in each, and what it must not.

A world is made of arrays (who, when, how much), seeded and small; ``portrait_of`` takes it through the product's
own tables and queries. Time runs on a clock of day weights, so seasons, promotions and closing down are one thing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from patron.features.prepared import needed_tables
from patron.periods import day_number
from patron.pipeline.inquiries.portrait import draw_portrait
from patron.quality.doctor.portrait import Portrait
from patron.settings import WarehouseSettings
from patron.warehouse.duckdb import DuckDBWarehouse

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
LAST_DAY = day_number(date(2025, 6, 30))


@dataclass(frozen=True)
class Orders:
    """Who bought when for how much; customer −1 is nobody known; refunds are rows of their own, below zero."""

    customer: Ints
    day: Ints
    amount: Floats
    refund: NDArray[np.bool_]
    channel: NDArray[np.str_] | None = None
    contracts: tuple[Ints, Ints, Ints] | None = None
    """Customer, first day, last day (−1: runs on)."""

    def plus(self, other: Orders) -> Orders:
        return replace(
            self,
            customer=np.concatenate((self.customer, other.customer)),
            day=np.concatenate((self.day, other.day)),
            amount=np.concatenate((self.amount, other.amount)),
            refund=np.concatenate((self.refund, other.refund)),
        )


def orders(customer: Ints, day: Ints, amount: Floats, *, refund: bool = False) -> Orders:
    return Orders(customer.astype(np.int64), day.astype(np.int64), amount.astype(np.float64), np.full(len(day), refund))


@dataclass(frozen=True)
class Shop:
    """How a shop's customers come, buy, leave and spend. Times in days; rates by gamma (shape, mean days between)."""

    customers: int = 1200
    days: int = 850
    rate_shape: float = 1.5
    mean_gap: float = 40.0
    rate_drift: float = 1.0
    """How many times as often the last customers buy as the first."""
    leave: str = "bg"
    leave_beta: tuple[float, float] = (0.8, 7.0)
    leave_pareto: tuple[float, float] = (1.2, 500.0)
    gap_shape: float = 1.0
    clump: float = 0.0
    """Share of gaps that are a tenth as long."""
    spend: tuple[float, float, float] = (6.25, 3.74, 60.0)
    """Gamma-Gamma p, q, γ."""
    noise: float = 0.0
    """Extra lognormal spread of each order."""
    rate_to_spend: float = 0.0
    """Power by which a customer's rate moves his or her spend."""
    arrive: tuple[float, float] = (0.0, 1.0)
    """The part of history in which customers come."""
    weights: Floats | None = field(default=None, compare=False)
    """How busy each day of history is; 1 throughout unless given."""

    @property
    def first_day(self) -> int:
        return LAST_DAY - self.days + 1


def simulate(shop: Shop, seed: int) -> Orders:
    """The shop's orders, without refunds."""
    rng = np.random.default_rng(seed)
    weights = np.ones(shop.days) if shop.weights is None else shop.weights
    clock = np.concatenate(([0.0], np.cumsum(weights)))
    born = np.sort(rng.uniform(*shop.arrive, shop.customers)) * shop.days
    rate = rng.gamma(shop.rate_shape, 1 / (shop.rate_shape * shop.mean_gap), shop.customers)
    rate *= shop.rate_drift ** (born / shop.days)
    mean_spend = shop.spend[2] / rng.gamma(shop.spend[1], 1.0, shop.customers)
    mean_spend *= (rate * shop.mean_gap) ** shop.rate_to_spend
    who, moment = _moments(shop, rng, np.interp(born, np.arange(shop.days + 1), clock), rate, clock[-1])
    day = np.clip(np.searchsorted(clock, moment, side="right") - 1, 0, shop.days - 1)
    amount = rng.gamma(shop.spend[0], 1.0, len(who)) * mean_spend[who]
    amount *= np.exp(shop.noise * rng.standard_normal(len(who)))
    return orders(who, day + shop.first_day, np.maximum(np.round(amount, 2), 0.01))


def _moments(shop: Shop, rng: np.random.Generator, born: Floats, rate: Floats, end: float) -> tuple[Ints, Floats]:
    """Purchase moments on the clock: the first at birth, the next ones while the customer lives."""
    n = len(born)
    chance = rng.beta(*shop.leave_beta, n) if shop.leave == "bg" else np.zeros(n)
    death = np.full(n, np.inf)
    if shop.leave == "pareto":
        shape, mean = shop.leave_pareto
        death = born + rng.exponential(1.0, n) / rng.gamma(shape, 1 / (shape * mean), n)
    who, now = np.arange(n), born.copy()
    found: list[tuple[Ints, Floats]] = []
    while len(who):
        found.append((who, now))
        stays = rng.random(len(who)) >= chance[who]
        gap = rng.gamma(shop.gap_shape, 1 / shop.gap_shape, len(who)) / rate[who]
        gap *= np.where(rng.random(len(who)) < shop.clump, 0.1, 1.0)
        now = now + gap
        on = stays & (now < np.minimum(end, death[who]))
        who, now = who[on], now[on]
    return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])


def contract(customers: int, days: int, period: int, churn: float, seed: int, *, price: float = 12.0) -> Orders:
    """Payments on a fixed day of each period until the customer ends the contract; a day late now and then."""
    rng = np.random.default_rng(seed)
    born = np.sort(rng.integers(0, days, customers))
    terms = np.minimum(rng.geometric(churn, customers), (days - 1 - born) // period + 1)
    who = np.repeat(np.arange(customers), terms)
    number = np.arange(len(who)) - np.repeat(np.cumsum(terms) - terms, terms)
    late = rng.random(len(who)) < 0.1
    day = np.minimum(born[who] + number * period + late, days - 1)
    plan = rng.choice([1.0, 1.5, 2.5], customers)
    return orders(who, day + LAST_DAY - days + 1, price * plan[who])


def refunds_of(given: Orders, share: float, seed: int) -> Orders:
    """Whole orders given back within ten days, for this share of them."""
    rng = np.random.default_rng(seed)
    back = rng.random(len(given.day)) < share
    day = np.minimum(given.day[back] + rng.integers(1, 10, int(back.sum())), LAST_DAY)
    return orders(given.customer[back], day, -given.amount[back], refund=True)


def portrait_of(world: Orders, last_day: int = LAST_DAY, threads: int = 2) -> Portrait:
    """The portrait that the product draws of a world."""
    present = {"transactions": frozenset({"customer_id", "order_id", "occurred_at", "amount"})}
    with DuckDBWarehouse(None, WarehouseSettings(threads=threads)) as house:
        house.replace("silver", "transactions", _transactions(world))
        tables = {"transactions": house.table("silver", "transactions")}
        if world.contracts is not None:
            house.replace("silver", "subscriptions", _subscriptions(*world.contracts))
            tables["subscriptions"] = house.table("silver", "subscriptions")
            present["subscriptions"] = frozenset({"customer_id", "started_on", "ended_on", "price", "period"})
        prepared = {}
        known = dict(tables)
        for table in needed_tables(present):
            house.replace("work", table.name, table.build(known, present))
            prepared[table.name] = known[table.name] = house.table("work", table.name)
        return draw_portrait(house, tables, prepared, last_day, "EUR", seed=7)


def _names(customer: Ints) -> pa.Array:
    return pa.array([None if number < 0 else f"c{number:06}" for number in customer.tolist()], pa.string())


def _transactions(world: Orders) -> pa.Table:
    rows = len(world.day)
    days = pa.array(world.day, pa.int32())
    cents = np.round(world.amount * 100).astype(np.int64)
    amount = pa.array([Decimal(int(c)).scaleb(-2) for c in cents], pa.decimal128(18, 4))
    channel = pa.nulls(rows, pa.string()) if world.channel is None else pa.array(world.channel.tolist(), pa.string())
    return pa.table(
        {
            "customer_id": _names(world.customer),
            "order_id": pa.array([f"o{number}" for number in range(rows)], pa.string()),
            "occurred_day": days,
            "visible_day": days,
            "amount": amount,
            "value": amount,
            "channel": channel,
            "is_refund": pa.array(world.refund),
            "superseded_at": pa.nulls(rows, pa.timestamp("us")),
        }
    )


def _subscriptions(customer: Ints, started: Ints, ended: Ints) -> pa.Table:
    rows = len(customer)
    return pa.table(
        {
            "customer_id": _names(customer),
            "started_on": pa.array(started, pa.int32()).cast(pa.date32()),
            "ended_on": pa.array(np.where(ended < 0, 0, ended), pa.int32(), mask=ended < 0).cast(pa.date32()),
            "price": pa.array([Decimal(12)] * rows, pa.decimal128(18, 4)),
            "period": pa.array(["month"] * rows),
            "superseded_at": pa.nulls(rows, pa.timestamp("us")),
        }
    )
