"""A simulated shop: who its customers truly are, what they order, and what campaigns make of it.

Each customer joins with a first order, then orders at a rate of their own in the rhythm of the shop until, after
an exponential lifetime, they leave unnoticed: the Pareto/NBD process of Schmittlein, Morrison & Colombo (1987).
Order values follow the Gamma-Gamma model of Fader, Hardie & Lee (2005).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from patron.sources.samples import campaigns as marketing
from patron.sources.samples.campaigns import Brought, Campaign, CampaignLedger, Contacts
from patron.sources.samples.export import NOBODY, Exports, labels
from patron.sources.samples.patron_toml import SourceMap
from patron.sources.samples.plan import FUTURE_DAYS, Piece, Plan
from patron.sources.samples.rhythm import (
    SECONDS_PER_DAY,
    Floats,
    Ints,
    Rhythm,
    day_of_second,
    lifetimes,
    opening_hours,
    shop_weights,
)
from patron.sources.samples.shop_export import (
    PREFIX,
    SIGNUPS,
    Branches,
    Orders,
    OrderWriter,
    People,
    shop_sources,
    write_branches,
    write_customers,
    write_products,
)
from patron.sources.samples.tally import Tally
from patron.sources.samples.truth import HORIZONS, Refunds, Truth, accumulate, realised

REFUNDS: Final = Refunds(share=0.05, longest=10)
ANONYMOUS_SHARE: Final = 0.18
_RATE_SHAPE: Final = 0.8
_HAZARD_SHAPE: Final = 0.65
_HAZARD_SCALE_DAYS: Final = 242.0  # 55 % of new customers are still customers a year later
_SPEND_SHAPE: Final = 6.0
_SPEND_MEAN_SHAPE: Final = 4.0
_SPEND_MEAN_CENTS: Final = 5_500.0
_LEAST_ORDER_CENTS: Final = 100
_RESPONSE_BY_SIGNUP: Final = np.array([1.0, 0.6, 1.7, 1.0])
_PILOT_CUSTOMERS: Final = 50_000
_HUGE_ORDER_CENTS: Final = 8_099_500
_SECOND_THOUGHTS_SECONDS: Final = 12 * 60
_CAMPAIGNS: Final = (
    (0.30, Campaign("CATALOGUE", "Printed catalogue", "post", 0, 28, 0.30, 0.30, 0.25, 85)),
    (0.52, Campaign("NEWS", "Newsletter relaunch", "e-mail", 0, 21, 0.0, 0.45, 0.20, 2)),
    (0.70, Campaign("VOUCHER", "Ten-euro voucher", "e-mail", 0, 28, 0.60, 0.30, 0.30, 40)),
    (0.88, Campaign("LOYALTY", "Loyalty week", "e-mail", 0, 28, 0.25, 0.35, 0.25, 2)),
)


@dataclass(frozen=True)
class Shop:
    """What all pieces of the world share."""

    plan: Plan
    rhythm: Rhythm
    branches: Branches
    campaigns: tuple[Campaign, ...]
    rate_scale: float


@dataclass(frozen=True)
class PieceOfShop:
    """Some customers with all they ever order, past and future."""

    people: People
    numbers: Ints
    contacts: Contacts
    orders: Orders


def simulate_shop(plan: Plan, exports: Exports, tally: Tally) -> tuple[SourceMap, ...]:
    """Write the shop's exports and truth; gives the mapping of the exports."""
    shop = _shop(plan)
    ledger = CampaignLedger(shop.campaigns)
    writer = OrderWriter(plan, exports, tally, shop.branches)
    for piece in plan.pieces():
        _simulate_piece(shop, piece, writer, ledger)
    write_products(exports, writer.catalogue)
    write_branches(exports, shop.branches)
    marketing.write_campaigns(exports, shop.campaigns)
    exports.write_truth("campaigns", ledger.columns())
    return shop_sources(plan, exports)


def _shop(plan: Plan) -> Shop:
    length = plan.days + FUTURE_DAYS
    rhythm = Rhythm.of(plan.start, shop_weights(plan.start, length))
    branches = Branches.of(plan.customers)
    campaigns = marketing.placed(plan, _CAMPAIGNS)
    unscaled = Shop(plan, rhythm, branches, campaigns, rate_scale=1.0)
    return replace(unscaled, rate_scale=_rate_scale(unscaled))


def _rate_scale(shop: Shop) -> float:
    """Orders per day of the mean customer, such that a customer has the wished number of orders on average."""
    people = _people(shop, shop.plan.rng(), _PILOT_CUSTOMERS)
    until = np.minimum(people.last_active, shop.plan.end)
    repeats = np.mean(people.rate * shop.rhythm.mass(people.joined + 1, until))
    return (shop.plan.orders_per_customer - 1.0) / float(repeats)


def _people(shop: Shop, rng: np.random.Generator, count: int) -> People:
    joined = shop.rhythm.days(rng, count, shop.plan.start, shop.plan.end)
    rate = rng.gamma(_RATE_SHAPE, shop.rate_scale / _RATE_SHAPE, count)
    hazard = rng.gamma(_HAZARD_SHAPE, 1.0 / _HAZARD_SCALE_DAYS, count) + 1e-9
    mean_scale = _SPEND_MEAN_CENTS * (_SPEND_MEAN_SHAPE - 1.0)
    order_cents = mean_scale / rng.gamma(_SPEND_MEAN_SHAPE, 1.0, count)
    signup = rng.choice(len(SIGNUPS), count, p=[0.45, 0.30, 0.15, 0.10])
    country = rng.choice(4, count, p=[0.68, 0.17, 0.09, 0.06])
    branch, near = shop.branches.home_of(rng, country)
    web_share = np.where(near, rng.beta(1.2, 1.2, count), 1.0)
    last_active = joined + lifetimes(rng, hazard)
    response = _RESPONSE_BY_SIGNUP[signup]
    return People(joined, rate, hazard, last_active, order_cents, response, signup, country, branch, web_share)


def _simulate_piece(shop: Shop, piece: Piece, writer: OrderWriter, ledger: CampaignLedger) -> None:
    rng, is_first = shop.plan.rng(piece), piece.first_customer == 0
    drawn = _piece_of_shop(shop, rng, piece)
    orders = _with_second_thoughts(drawn.orders, drawn.people) if is_first else drawn.orders
    sales = _with_anonymous(shop, rng, orders.where(orders.day <= shop.plan.end))
    writer.write(rng, drawn.people, drawn.numbers, sales.where(np.argsort(sales.at, kind="stable")), is_first)
    write_customers(rng, writer.exports, shop.branches, drawn.people, drawn.numbers)
    _write_marketing(shop, rng, writer, ledger, drawn)
    truth = _truth(shop, drawn.people, drawn.orders)
    writer.exports.write_truth("truth", truth.columns(labels(PREFIX, drawn.numbers, 7)))


def _piece_of_shop(shop: Shop, rng: np.random.Generator, piece: Piece) -> PieceOfShop:
    people = _people(shop, rng, piece.customers)
    contacts = marketing.contacts_of_known(rng, shop.campaigns, people.joined)
    numbers = np.arange(piece.first_customer + 1, piece.first_customer + 1 + piece.customers)
    return PieceOfShop(people, numbers, contacts, _orders(shop, rng, people, contacts))


def _extra(shop: Shop, people: People, contacts: Contacts) -> tuple[Floats, Ints, Ints]:
    return marketing.extra_rates(shop.campaigns, contacts, people.rate * people.response, people.last_active)


def _orders(shop: Shop, rng: np.random.Generator, people: People, contacts: Contacts) -> Orders:
    """All orders of these customers, past and future: the first, the repeated ones, those that campaigns brought."""
    until = np.minimum(people.last_active, shop.plan.horizon_end)
    again, again_day = shop.rhythm.arrivals(rng, people.rate, people.joined + 1, until)
    contact, extra_day = shop.rhythm.arrivals(rng, *_extra(shop, people, contacts))
    who = np.concatenate((np.arange(len(people)), again, contacts.who[contact]))
    day = np.concatenate((people.joined, again_day, extra_day))
    brought_by = np.concatenate((np.full(len(who) - len(contact), NOBODY), contact))
    at = opening_hours(rng, day)
    spend = rng.standard_gamma(_SPEND_SHAPE, len(who)) * (people.order_cents[who] / _SPEND_SHAPE)
    cents = np.maximum(np.rint(spend).astype(np.int64), _LEAST_ORDER_CENTS)
    delay = REFUNDS.draw(rng, len(who))
    return Orders(who, at, cents, np.where(delay > 0, at + delay * SECONDS_PER_DAY, -1), brought_by)


def _with_second_thoughts(orders: Orders, people: People) -> Orders:
    """The first customer's first day also sees a huge order that is cancelled minutes later."""
    at = people.joined[0] * SECONDS_PER_DAY + 11 * 3600
    huge = (0, at, _HUGE_ORDER_CENTS, at + _SECOND_THOUGHTS_SECONDS, NOBODY)
    parts = (orders.who, orders.at, orders.cents, orders.refunded_at, orders.contact)
    return Orders(*(np.append(part, np.int64(planted)) for part, planted in zip(parts, huge, strict=True)))


def _with_anonymous(shop: Shop, rng: np.random.Generator, orders: Orders) -> Orders:
    """Sales over the counter to people who leave no name; kept apart from every customer."""
    count = round(len(orders.who) * ANONYMOUS_SHARE / (1.0 - ANONYMOUS_SHARE))
    at = opening_hours(rng, shop.rhythm.days(rng, count, shop.plan.start, shop.plan.end))
    mean = _SPEND_MEAN_CENTS * 0.5
    cents = np.maximum(np.rint(rng.standard_gamma(2.0, count) * mean / 2.0).astype(np.int64), _LEAST_ORDER_CENTS)
    none = np.full(count, -1, dtype=np.int64)
    delay = REFUNDS.draw(rng, count)
    return Orders(
        np.concatenate((orders.who, np.full(count, NOBODY))),
        np.concatenate((orders.at, at)),
        np.concatenate((orders.cents, cents)),
        np.concatenate((orders.refunded_at, np.where(delay > 0, at + delay * SECONDS_PER_DAY, -1))),
        np.concatenate((orders.contact, none)),
    )


def _write_marketing(
    shop: Shop, rng: np.random.Generator, writer: OrderWriter, ledger: CampaignLedger, piece: PieceOfShop
) -> None:
    contacts, history = piece.contacts, piece.orders.where(piece.orders.day <= shop.plan.end)
    chosen = history.where(history.contact != NOBODY)
    brought = Brought(chosen.contact, chosen.at, chosen.cents)
    responded = marketing.response_times(rng, contacts, brought, shop.plan.end)
    marketing.write_contacts(writer.exports, shop.campaigns, contacts, responded, piece.numbers, PREFIX)
    rate, first, last = _extra(shop, piece.people, contacts)
    ledger.record(contacts, rate * shop.rhythm.mass(first, last), brought)


def _truth(shop: Shop, people: People, orders: Orders) -> Truth:
    """Expectations given who is still a customer; what was ordered lately may yet be sent back."""
    end = shop.plan.end
    alive = people.last_active >= end
    still_to_come = alive.astype(np.float64)[:, None] * people.rate[:, None]
    survival = np.exp(-people.hazard)
    weights = shop.rhythm.weights[end + 1 - shop.rhythm.first_day :]

    def expected(days: Sequence[int]) -> Floats:
        return still_to_come * accumulate(survival, lambda day: float(weights[day - 1]), days)

    past = orders.where((orders.day <= end) & ((orders.refunded_at < 0) | (day_of_second(orders.refunded_at) > end)))
    pending = REFUNDS.pending(past.who, end - past.day, past.cents, len(people))
    net_orders = REFUNDS.net_of(expected)
    future_orders, future_cents = _realised(orders, end, len(people))
    return Truth(
        alive=alive,
        rate=people.rate * 365.0,
        churn=-np.expm1(-365.0 * people.hazard),
        order_value=people.order_cents / 100.0,
        response=people.response,
        expected_orders=expected(HORIZONS),
        expected_value=(net_orders * people.order_cents[:, None] - pending) / 100.0,
        future_orders=future_orders,
        future_value=future_cents * 100,
    )


def _realised(orders: Orders, end: int, customers: int) -> tuple[Ints, Ints]:
    ahead = orders.day - end
    refunds = orders.where(orders.refunded_at >= 0)
    came = realised(orders.who, ahead, np.ones_like(orders.who), customers)
    sold = realised(orders.who, ahead, orders.cents, customers)
    back = realised(refunds.who, day_of_second(refunds.refunded_at) - end, refunds.cents, customers)
    return came, sold - back
