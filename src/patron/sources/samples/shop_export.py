"""The files a simulated shop exports: order lines, customers, products and stores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from patron.sources.samples.campaigns import campaign_sources
from patron.sources.samples.export import NOBODY, Exports, dates, labels, moments, money, words
from patron.sources.samples.patron_toml import SourceMap
from patron.sources.samples.plan import Plan
from patron.sources.samples.rhythm import Flags, Floats, Ints, day_of_second
from patron.sources.samples.tally import Tally

PREFIX: Final = "CU"
SIGNUPS: Final = ("web", "shop", "newsletter", "referral")
COUNTRIES: Final = ("Germany", "Austria", "France", "Netherlands")
_COUNTRIES_WITH_BRANCHES: Final = 2
_REGIONS: Final = ("North", "East", "South", "West", "Vienna", "Tyrol")
_CHANNELS: Final = ("web", "shop")
_CATEGORIES: Final = ("Kitchen", "Garden", "Textiles", "Toys", "Stationery", "Lighting", "Bath", "Seasonal")
_BRANDS: Final = ("Own", "Nordlicht", "Hazel", "Kiefer", "Marlow")
_ARTICLES: Final = 600
_CREDIT_NOTE: Final = "C"
_FIRST_ORDER_NUMBER: Final = 1_000_001
_PLANTED_GIFTS: Final = 3
_PLANTED_REPEATS: Final = 3
_DISCOUNTED_SHARE: Final = 0.22


@dataclass(frozen=True)
class People:
    """The customers of a piece, by their hidden and their visible traits; all arrays are parallel."""

    joined: Ints
    rate: Floats
    hazard: Floats
    last_active: Ints
    order_cents: Floats
    response: Floats
    signup: Ints
    country: Ints
    branch: Ints
    web_share: Floats

    def __len__(self) -> int:
        return len(self.joined)


@dataclass(frozen=True)
class Orders:
    """Orders as parallel arrays; ``contact`` is the contact that brought an order, ``refunded_at`` -1 if kept."""

    who: Ints
    at: Ints
    cents: Ints
    refunded_at: Ints
    contact: Ints

    @property
    def day(self) -> Ints:
        return day_of_second(self.at)

    def where(self, chosen: Flags | Ints) -> Orders:
        """Those orders only, in the order asked for."""
        return Orders(
            self.who[chosen], self.at[chosen], self.cents[chosen], self.refunded_at[chosen], self.contact[chosen]
        )


@dataclass(frozen=True)
class Branches:
    """Stores of very different sizes: the largest sells many times what the smallest does."""

    share: Floats
    country: Ints

    @classmethod
    def of(cls, customers: int) -> Branches:
        count = int(np.clip(round(np.sqrt(customers) / 6), 3, 40))
        share = 1.0 / np.arange(1, count + 1) ** 0.9
        return cls(share / share.sum(), (np.arange(count) % 4 == 3).astype(np.int64))

    def __len__(self) -> int:
        return len(self.share)

    def draw(self, rng: np.random.Generator, count: int) -> Ints:
        return np.searchsorted(np.cumsum(self.share)[:-1], rng.random(count), side="right").astype(np.int64)

    def home_of(self, rng: np.random.Generator, country: Ints) -> tuple[Ints, Flags]:
        """A home branch for each customer, and whether it is in their own country and so of any use."""
        branch = self.draw(rng, len(country))
        return branch, self.country[branch] == country

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(f"S{number:03d}" for number in range(1, len(self) + 1))


@dataclass(frozen=True)
class Catalogue:
    """Articles in the order of their price, so that a line of a given value finds a fitting one."""

    cents: Ints
    category: Ints
    brand: Ints

    @classmethod
    def of(cls, rng: np.random.Generator) -> Catalogue:
        cents = np.unique(np.geomspace(120, 60_000, _ARTICLES).astype(np.int64))
        return cls(
            cents,
            rng.integers(0, len(_CATEGORIES), len(cents)),
            rng.integers(0, len(_BRANDS), len(cents)),
        )

    def near(self, rng: np.random.Generator, unit_cents: Ints) -> Ints:
        """An article whose list price is close to this."""
        place = np.searchsorted(self.cents, unit_cents) + rng.integers(-4, 5, len(unit_cents))
        return np.clip(place, 0, len(self.cents) - 1).astype(np.int64)


@dataclass(frozen=True)
class Lines:
    """Lines of orders as parallel arrays; ``order`` is the place of the order, ``sign`` -1 gives it back."""

    order: Ints
    sign: Ints
    article: Ints
    quantity: Ints
    unit_cents: Ints
    discount: Ints
    cents: Ints

    def where(self, chosen: Flags | Ints) -> Lines:
        """Those lines only, in the order asked for."""
        return Lines(*(part[chosen] for part in self._parts()))

    def with_these(self, more: Lines) -> Lines:
        return Lines(*(np.concatenate(pair) for pair in zip(self._parts(), more._parts(), strict=True)))

    def given_back(self) -> Lines:
        """The same lines as a credit note has them; it does not repeat the discount."""
        return Lines(
            self.order,
            -self.sign,
            self.article,
            self.quantity,
            self.unit_cents,
            np.full_like(self.discount, -1),
            self.cents,
        )

    def _parts(self) -> tuple[Ints, ...]:
        return (self.order, self.sign, self.article, self.quantity, self.unit_cents, self.discount, self.cents)


class OrderWriter:
    """Writes the orders of one piece after another and numbers them through."""

    def __init__(self, plan: Plan, exports: Exports, tally: Tally, branches: Branches) -> None:
        self.plan, self.exports, self.tally, self.branches = plan, exports, tally, branches
        self.catalogue = Catalogue.of(np.random.default_rng([plan.seed, 7, 7]))
        self._next_number = _FIRST_ORDER_NUMBER

    def write(self, rng: np.random.Generator, people: People, numbers: Ints, orders: Orders, first_piece: bool) -> None:
        """Write sales and, as credit notes, what was refunded within the history. Orders come sorted by time."""
        known = orders.who != NOBODY
        self.tally.add("orders", int(np.count_nonzero(known)))
        web, branch, country = self._places(rng, people, orders)
        lines = self._lines(rng, orders, first_piece)
        at = np.where(lines.sign > 0, orders.at[lines.order], orders.refunded_at[lines.order])
        by_time = np.argsort(at, kind="stable")
        lines, at = lines.where(by_time), at[by_time]
        who = orders.who[lines.order]
        self.tally.add_rows(who, lines.sign * lines.cents * 100, lines.sign < 0)
        customer = labels(PREFIX, np.where(who == NOBODY, NOBODY, numbers[who]), 7)
        head = {"order_number": self._order_numbers(lines), "ordered_at": moments(at), "customer_number": customer}
        place = {
            "channel": words(_CHANNELS, np.where(web, 0, 1)[lines.order]),
            "store_code": words(self.branches.codes, np.where(web, -1, branch)[lines.order]),
            "ship_country": words(COUNTRIES, country[lines.order]),
        }
        self.exports.write("orders", {**head, **self._amounts(lines), **place})
        self._next_number += len(orders.who)

    def _places(self, rng: np.random.Generator, people: People, orders: Orders) -> tuple[Flags, Ints, Ints]:
        """Whether each order came over the web, through which branch otherwise, and from which country."""
        count, known = len(orders.who), orders.who != NOBODY
        any_branch = self.branches.draw(rng, count)
        web = known & (rng.random(count) < people.web_share[orders.who])
        at_home = known & (rng.random(count) < 0.85)
        branch = np.where(at_home, people.branch[orders.who], any_branch)
        country = np.where(known, people.country[orders.who], self.branches.country[branch])
        return web, branch, country

    def _lines(self, rng: np.random.Generator, orders: Orders, first_piece: bool) -> Lines:
        lines = _one_line_each(orders) if self.plan.one_row_per_order else _split(rng, self.catalogue, orders)
        refunded = (orders.refunded_at >= 0) & (day_of_second(orders.refunded_at) <= self.plan.end)
        if first_piece:
            lines = self._with_oddities(lines, refunded, orders.who != NOBODY)
        return lines.with_these(lines.where(refunded[lines.order]).given_back())

    def _with_oddities(self, lines: Lines, refunded: Flags, named: Flags) -> Lines:
        """Articles given away for nothing and, among single lines, some that the till scanned twice."""
        _, firsts = np.unique(lines.order, return_index=True)
        kept = firsts[~refunded[lines.order[firsts]] & named[lines.order[firsts]]]
        gifts = lines.where(kept[:_PLANTED_GIFTS])
        nothing = np.zeros_like(gifts.cents)
        gifts = Lines(gifts.order, gifts.sign, gifts.article, gifts.quantity, nothing, nothing, nothing)
        self.tally.add("zero_price_rows", len(gifts.order))
        lines = lines.with_these(gifts)
        if not self.plan.one_row_per_order:
            twice = lines.where(kept[_PLANTED_GIFTS : _PLANTED_GIFTS + _PLANTED_REPEATS])
            self.tally.add("repeated_rows", len(twice.order))
            lines = lines.with_these(twice)
        return lines.where(np.argsort(lines.order, kind="stable"))

    def _order_numbers(self, lines: Lines) -> pa.Array:
        digits = pa.array(lines.order + self._next_number).cast(pa.string())
        return pc.binary_join_element_wise(words(("", _CREDIT_NOTE), (lines.sign < 0).astype(np.int64)), digits, "")

    def _amounts(self, lines: Lines) -> dict[str, pa.Array]:
        total = money(lines.sign * lines.cents)
        if self.plan.one_row_per_order:
            return {"order_total": total}
        return {
            "sku": labels("A", lines.article, 5),
            "quantity": pa.array(lines.sign * lines.quantity),
            "unit_price": money(lines.unit_cents),
            "discount_amount": money(lines.discount, lines.discount < 0),
            "line_total": total,
        }


def _one_line_each(orders: Orders) -> Lines:
    count = len(orders.who)
    one, nothing = np.ones(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    return Lines(np.arange(count), one, nothing, one, orders.cents, nothing, orders.cents)


def _split(rng: np.random.Generator, catalogue: Catalogue, orders: Orders) -> Lines:
    """Divide each order into lines that add up to it, to the cent."""
    wished = 1 + rng.poisson(1.6, len(orders.cents))
    count = np.clip(orders.cents // 200, 1, wished)
    order = np.repeat(np.arange(len(count)), count)
    first = np.cumsum(count) - count
    share = rng.standard_exponential(len(order))
    share /= np.add.reduceat(share, first)[order] if len(order) else 1.0
    # A euro for every line, the rest by share, what rounding leaves over to the first line.
    free = orders.cents - 100 * count
    cents = np.where(free[order] > 0, 100 + np.floor(share * free[order]).astype(np.int64), orders.cents[order])
    cents[first] += orders.cents - np.add.reduceat(cents, first) if len(order) else 0
    return _priced(rng, catalogue, order, cents)


def _priced(rng: np.random.Generator, catalogue: Catalogue, order: Ints, cents: Ints) -> Lines:
    """Quantity, unit price and discount of each line: cents = quantity × unit price − discount, exactly."""
    quantity = rng.choice(np.array([1, 2, 3, 4, 6, 12]), len(cents), p=[0.5, 0.2, 0.1, 0.1, 0.06, 0.04])
    quantity = np.where(cents < 50 * quantity, 1, quantity)
    discounted = rng.random(len(cents)) < _DISCOUNTED_SHARE
    quantity = np.where(discounted | (cents % quantity == 0), quantity, 1)
    rate = rng.choice(np.array([0.05, 0.10, 0.20, 0.30]), len(cents))
    full = np.ceil(cents / (1.0 - rate) / quantity).astype(np.int64) * quantity
    gross = np.where(discounted, full, cents)
    unit = gross // quantity
    article = catalogue.near(rng, unit)
    return Lines(order, np.ones_like(order), article, quantity, unit, gross - cents, cents)


def write_customers(
    rng: np.random.Generator, exports: Exports, branches: Branches, people: People, numbers: Ints
) -> None:
    """Who registered when, where and how; some give no date of birth."""
    count = len(numbers)
    age_days = (18.0 + rng.beta(2.0, 3.0, count) * 65.0) * 365.25
    born = people.joined - age_days.astype(np.int64)
    near = branches.country[people.branch] == people.country
    exports.write(
        "customers",
        {
            "customer_number": labels(PREFIX, numbers, 7),
            "registered_on": dates(people.joined),
            "birth_date": dates(born, rng.random(count) < 0.12),
            "gender": words(("f", "m", "x"), rng.choice(3, count, p=[0.55, 0.43, 0.02])),
            "country": words(COUNTRIES, people.country),
            "home_store": words(branches.codes, np.where(near, people.branch, -1)),
            "signup_channel": words(SIGNUPS, people.signup),
        },
    )


def write_products(exports: Exports, catalogue: Catalogue) -> None:
    """The articles, with list prices."""
    places = np.arange(len(catalogue.cents))
    exports.write(
        "products",
        {
            "sku": labels("A", places, 5),
            "product_title": pc.binary_join_element_wise(
                words(_BRANDS, catalogue.brand), words(_CATEGORIES, catalogue.category), labels("", places, 3), " "
            ),
            "category": words(_CATEGORIES, catalogue.category),
            "brand": words(_BRANDS, catalogue.brand),
            "list_price": money(catalogue.cents),
        },
    )


def write_branches(exports: Exports, branches: Branches) -> None:
    """The stores."""
    count = len(branches)
    region = np.where(branches.country == 1, 4 + np.arange(count) // 4 % 2, np.arange(count) % 4)
    exports.write(
        "stores",
        {
            "store_code": pa.array(branches.codes),
            "store_name": labels("Store ", np.arange(1, count + 1), 1),
            "region": words(_REGIONS, region),
            "country": words(COUNTRIES[:_COUNTRIES_WITH_BRANCHES], branches.country),
        },
    )


def shop_sources(plan: Plan, exports: Exports) -> tuple[SourceMap, ...]:
    """How the exports map onto Patron's tables."""
    columns = {"customer_id": "customer_number", "order_id": "order_number", "occurred_at": "ordered_at"}
    if plan.one_row_per_order:
        columns |= {"amount": "order_total"}
    else:
        columns |= {"amount": "line_total", "quantity": "quantity", "unit_price": "unit_price"}
        columns |= {"discount": "discount_amount", "product_id": "sku"}
    columns |= {"channel": "channel", "branch_id": "store_code", "country": "ship_country"}
    credit_notes = {"refund_when": {"column": "order_number", "starts_with": _CREDIT_NOTE}}
    return (
        SourceMap("orders", "transactions", exports.file_name("orders"), columns, credit_notes),
        SourceMap(
            "customers",
            "customers",
            exports.file_name("customers"),
            {
                "customer_id": "customer_number",
                "acquired_on": "registered_on",
                "birth_date": "birth_date",
                "gender": "gender",
                "country": "country",
                "branch_id": "home_store",
                "acquisition_channel": "signup_channel",
            },
        ),
        SourceMap(
            "products",
            "products",
            exports.file_name("products"),
            {"product_id": "sku", "product_name": "product_title", "category": "category", "brand": "brand"},
        ),
        SourceMap(
            "stores",
            "branches",
            exports.file_name("stores"),
            {"branch_id": "store_code", "branch_name": "store_name", "region": "region", "country": "country"},
        ),
        *campaign_sources(exports),
    )
