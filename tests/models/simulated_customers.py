"""Customers with known truth for the tests of models: buyers who come, spend and leave as BG/NBD and Gamma-Gamma say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from patron.models.buying.summary import Summary
from patron.models.customers import Customers, History, Window


@dataclass(frozen=True)
class Sales:
    """Purchases: who, on which day, for how much; one order each."""

    customer: np.ndarray
    day: np.ndarray
    value: np.ndarray


def shop(customers: int = 1500, days: int = 500, seed: int = 1, alpha: float = 40.0) -> Sales:
    """A shop whose customers arrive in its first half, buy at their own rate, and may leave after any purchase."""
    rng = np.random.default_rng(seed)
    rate, leaves = rng.gamma(0.8, 1 / alpha, customers), rng.beta(0.8, 4.0, customers)
    mean = 6.0 * 15.0 / rng.gamma(3.7, 1.0, customers)
    who, when = np.arange(customers), rng.uniform(0, days / 2, customers)
    found_who, found_when = [], []
    while who.size:
        found_who.append(who)
        found_when.append(when)
        stays = (rng.random(who.size) >= leaves[who]) | (len(found_who) == 1)
        who = who[stays]
        when = when[stays] + rng.exponential(1.0, who.size) / rate[who]
        who, when = who[when < days], when[when < days]
    customer, day = np.concatenate(found_who), np.floor(np.concatenate(found_when)).astype(int)
    value = np.round(rng.gamma(6.0, 1.0, len(customer)) / 6.0 * mean[customer] + 1.0, 2)
    return Sales(customer, day, value)


def subscribers(customers: int = 1500, months: int = 24, churn: float = 0.01, seed: int = 1) -> Sales:
    """Subscribers who pay one of many fixed prices every 30 days until they leave."""
    rng = np.random.default_rng(seed)
    price = np.round(rng.uniform(5, 60, customers), 2)
    started = rng.integers(0, months // 2, customers)
    stays = rng.geometric(churn, customers) if churn > 0 else np.full(customers, 10_000)
    customer, month = np.nonzero(
        (np.arange(months) >= started[:, None]) & (np.arange(months) < (started + stays)[:, None])
    )
    return Sales(customer, month * 30 + customer % 30, price[customer])


def table(sales: Sales, cutoff: int, horizon: int) -> Customers:
    """The features of every customer with a purchase up to the cutoff."""
    seen = sales.day <= cutoff
    ids, who = np.unique(sales.customer[seen], return_inverse=True)
    day, value = sales.day[seen], sales.value[seen]
    count = len(ids)
    per_day = np.unique(np.column_stack([who, day]), axis=0)
    purchase_days = np.bincount(per_day[:, 0], minlength=count).astype(float)
    first, last = np.full(count, cutoff), np.zeros(count, dtype=int)
    np.minimum.at(first, who, day)
    np.maximum.at(last, who, day)
    total = np.bincount(who, value, count)
    on_first = np.bincount(who, value * (day == first[who]), count)
    frequency = purchase_days - 1
    late = day > cutoff - horizon
    columns = {
        "frequency": frequency,
        "recency": (last - first).astype(float),
        "T": (cutoff - first).astype(float),
        "monetary_value": np.where(frequency > 0, (total - on_first) / np.maximum(frequency, 1), 0.0),
        "orders": np.bincount(who, minlength=count).astype(float),
        "purchase_days": purchase_days,
        "historic_value": total,
        "gross_value": total,
        "refund_value": np.zeros(count),
        "days_since_last_purchase": (cutoff - last).astype(float),
        "trailing_value": np.bincount(who, value * late, count),
        "trailing_orders": np.bincount(who, late.astype(float), count),
        "first_day": first.astype(float),
        "last_day": last.astype(float),
    }
    return Customers(cutoff, ids, columns)


def window(sales: Sales, cutoff: int, horizon: int) -> Window:
    """The features at a cutoff with what followed."""
    customers = table(sales, cutoff, horizon)
    later = (sales.day > cutoff) & (sales.day <= cutoff + horizon) & np.isin(sales.customer, customers.customer_id)
    who = np.searchsorted(customers.customer_id, sales.customer[later])
    count = len(customers)
    value = np.bincount(who, sales.value[later], count)
    return Window(customers, value, np.bincount(who, minlength=count).astype(float))


def history(sales: Sales, cutoff: int, horizon: int, windows: int = 2) -> History:
    """Customers now and windows before, a month apart."""
    cutoffs = [cutoff - horizon - 30 * step for step in range(windows)]
    return History(table(sales, cutoff, horizon), tuple(window(sales, at, horizon) for at in cutoffs), horizon)


def summary(count: int, seed: int, r: float, alpha: float, a: float, b: float) -> Summary:
    """BG/NBD customers observed for 10 to 80 weeks, straight from the model's story."""
    rng = np.random.default_rng(seed)
    rate, leaves, T = rng.gamma(r, 1 / alpha, count), rng.beta(a, b, count), rng.uniform(10, 80, count)
    x, t_x = np.zeros(count), np.zeros(count)
    who, when = np.arange(count), np.zeros(count)
    while who.size:
        when = when + rng.exponential(1.0, who.size) / rate[who]
        who, when = who[when <= T[who]], when[when <= T[who]]
        x[who] += 1
        t_x[who] = when
        stays = rng.random(who.size) >= leaves[who]
        who, when = who[stays], when[stays]
    return Summary(x, t_x, T, unit="week")
