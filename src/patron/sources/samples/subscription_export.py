"""The files a simulated subscription business exports: payments, subscriptions, customers and plans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from patron.sources.samples.campaigns import campaign_sources
from patron.sources.samples.export import Exports, dates, labels, moments, money, words
from patron.sources.samples.patron_toml import SourceMap
from patron.sources.samples.plan import Plan
from patron.sources.samples.rhythm import Flags, Floats, Ints, day_of_second
from patron.sources.samples.tally import Tally

PREFIX: Final = "SU"
PLANS: Final = ("basic", "plus", "pro", "basic yearly", "plus yearly", "pro yearly")
MONTHLY_PLANS: Final = 3
MONTHS: Final = np.array([1, 1, 1, 12, 12, 12], dtype=np.int64)
PRICE_CENTS: Final = np.array([990, 1_990, 3_990, 9_900, 19_900, 39_900], dtype=np.int64)
_PERIODS: Final = ("month", "year")
_COUNTRIES: Final = ("Germany", "France", "Spain", "Italy", "Poland")
_SIGNUPS: Final = ("search", "friends", "advertisement", "app store")


@dataclass(frozen=True)
class Subscribers:
    """The customers of a piece; all arrays are parallel. ``plan`` is the plan they began with."""

    joined: Ints
    plan: Ints
    churn: Floats

    def __len__(self) -> int:
        return len(self.joined)


@dataclass(frozen=True)
class Payments:
    """Payments as parallel arrays; ``saved_by`` is the contact but for which it would not have come, or -1."""

    who: Ints
    day: Ints
    plan: Ints
    saved_by: Ints

    @property
    def cents(self) -> Ints:
        return PRICE_CENTS[self.plan]

    def where(self, chosen: Flags | Ints) -> Payments:
        """Those payments only, in the order asked for."""
        return Payments(self.who[chosen], self.day[chosen], self.plan[chosen], self.saved_by[chosen])


class PaymentWriter:
    """Writes the payments of one piece after another and numbers them through."""

    def __init__(self, plan: Plan, exports: Exports, tally: Tally) -> None:
        self.plan, self.exports, self.tally = plan, exports, tally
        self._next_number = 1

    def write(self, payments: Payments, at: Ints, refunded_at: Ints, numbers: Ints) -> None:
        """Write payments, which come sorted by time, and their refunds within the history."""
        refunded = np.flatnonzero((refunded_at >= 0) & (day_of_second(refunded_at) <= self.plan.end))
        row = np.concatenate((np.arange(len(at)), refunded))
        back = np.arange(len(row)) >= len(at)
        when = np.concatenate((at, refunded_at[refunded]))
        by_time = np.argsort(when, kind="stable")
        row, back, when = row[by_time], back[by_time], when[by_time]
        cents = np.where(back, -1, 1) * payments.cents[row]
        self.tally.add_rows(payments.who[row], cents * 100, back)
        self.tally.add("orders", len(at))
        number = np.arange(self._next_number, self._next_number + len(row))
        original = np.empty(len(at), dtype=np.int64)
        original[row[~back]] = number[~back]
        self.exports.write(
            "payments",
            {
                "payment_id": labels("P", number, 9),
                "paid_at": moments(when),
                "customer_number": labels(PREFIX, numbers[payments.who[row]], 7),
                "kind": words(("payment", "refund"), back.astype(np.int64)),
                "refund_of": labels("P", np.where(back, original[row], -1), 9),
                "plan": words(PLANS, payments.plan[row]),
                "amount": money(cents),
                "currency": pa.array(["EUR"] * len(row)),
            },
        )
        self._next_number += len(row)


def write_subscribers(rng: np.random.Generator, exports: Exports, people: Subscribers, numbers: Ints) -> None:
    """Who signed up, when, from where and for what."""
    count = len(numbers)
    exports.write(
        "customers",
        {
            "customer_number": labels(PREFIX, numbers, 7),
            "signed_up_on": dates(people.joined),
            "country": words(_COUNTRIES, rng.choice(5, count, p=[0.4, 0.2, 0.15, 0.15, 0.1])),
            "signup_source": words(_SIGNUPS, rng.choice(4, count, p=[0.4, 0.2, 0.25, 0.15])),
            "first_plan": words(PLANS, people.plan),
        },
    )


def write_subscriptions(exports: Exports, plan: Plan, past: Payments, ended: Ints, numbers: Ints) -> None:
    """One row per customer and plan: an upgrade ends one and begins the next."""
    order = np.lexsort((past.day, past.who))
    who, day, code = past.who[order], past.day[order], past.plan[order]
    begins = np.ones(len(who), dtype=np.bool_)
    begins[1:] = (who[1:] != who[:-1]) | (code[1:] != code[:-1])
    who, day, code = who[begins], day[begins], code[begins]
    upgraded = np.zeros(len(who), dtype=np.bool_)
    upgraded[:-1] = who[1:] == who[:-1]
    # The last day of a plan is the one before its successor's first, or before the renewal that did not come.
    last = np.where(upgraded, np.roll(day, -1), ended[who]) - 1
    exports.write(
        "subscriptions",
        {
            "customer_number": labels(PREFIX, numbers[who], 7),
            "plan": words(PLANS, code),
            "started_on": dates(day),
            "ended_on": dates(last, last >= plan.end),
            "price": money(PRICE_CENTS[code]),
            "billing_period": words(_PERIODS, (MONTHS[code] == 12).astype(np.int64)),
        },
    )


def write_plans(exports: Exports) -> None:
    """What is sold."""
    group = words(_PERIODS, (MONTHS == 12).astype(np.int64))
    exports.write("plans", {"plan": pa.array(PLANS), "plan_group": group, "price": money(PRICE_CENTS)})


def subscription_sources(exports: Exports) -> tuple[SourceMap, ...]:
    """How the exports map onto Patron's tables."""
    return (
        SourceMap(
            "payments",
            "transactions",
            exports.file_name("payments"),
            {
                "row_id": "payment_id",
                "customer_id": "customer_number",
                "occurred_at": "paid_at",
                "amount": "amount",
                "product_id": "plan",
                "currency": "currency",
            },
            {"row_id": "payment_id", "refund_when": {"column": "kind", "equals": ["refund"]}},
        ),
        SourceMap(
            "subscriptions",
            "subscriptions",
            exports.file_name("subscriptions"),
            {
                "customer_id": "customer_number",
                "plan": "plan",
                "started_on": "started_on",
                "ended_on": "ended_on",
                "price": "price",
                "period": "billing_period",
            },
        ),
        SourceMap(
            "customers",
            "customers",
            exports.file_name("customers"),
            {
                "customer_id": "customer_number",
                "acquired_on": "signed_up_on",
                "country": "country",
                "acquisition_channel": "signup_source",
                "plan": "first_plan",
            },
        ),
        SourceMap(
            "plans",
            "products",
            exports.file_name("plans"),
            {"product_id": "plan", "product_name": "plan", "category": "plan_group"},
        ),
        *campaign_sources(exports),
    )
