"""The files a simulated bank exports: account movements, clients, accounts, products and branches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from patron.sources.samples.campaigns import campaign_sources
from patron.sources.samples.export import Exports, dates, labels, moments, money, words
from patron.sources.samples.patron_toml import SourceMap
from patron.sources.samples.rhythm import Flags, Floats, Ints, day_of_second
from patron.sources.samples.tally import Tally
from patron.tables import MONEY_SCALE

PREFIX: Final = "CL"
TYPES: Final = ("opening deposit", "salary", "card payment", "fee", "fee reversal")
_CARD: Final = TYPES.index("card payment")
_FEES: Final = (TYPES.index("fee"), TYPES.index("fee reversal"))
_PAID_OUT: Final = (_CARD, _FEES[0])
ACCOUNTS: Final = ("Basic", "Comfort", "Premium")
FEE_CENTS: Final = np.array([290, 590, 1_190], dtype=np.int64)
_MERCHANTS: Final = ("groceries", "fuel", "restaurants", "online", "travel")
# Products are where money moved: paid in, by card at a kind of merchant, or on an account's fees.
_PRODUCTS: Final = ("PAY-IN", *(f"CARD-{name[:3].upper()}" for name in _MERCHANTS), *(f"FEE-{n[0]}" for n in ACCOUNTS))
_REGIONS: Final = ("Coast", "Capital", "Hills", "Valley", "Border")
_CHANNELS: Final = ("branch", "terminal", "online", "system")


@dataclass(frozen=True)
class Clients:
    """The customers of a piece; all arrays are parallel. ``payday`` is a place in the paydays, -1 without a salary."""

    joined: Ints
    rate: Floats
    hazard: Floats
    last_active: Ints
    payment_cents: Floats
    payday: Ints
    salary_cents: Ints
    product: Ints
    branch: Ints
    response: Floats
    born: Ints

    def __len__(self) -> int:
        return len(self.joined)


@dataclass(frozen=True)
class Movements:
    """Account movements; ``margin`` in ten-thousandths, ``contact`` is the contact that brought one, or -1."""

    who: Ints
    at: Ints
    cents: Ints
    margin: Ints
    kind: Ints
    contact: Ints

    @property
    def day(self) -> Ints:
        return day_of_second(self.at)

    def where(self, chosen: Flags | Ints) -> Movements:
        """Those movements only, in the order asked for."""
        return Movements(*(part[chosen] for part in self._parts()))

    def with_these(self, *more: Movements) -> Movements:
        parts = (self._parts(), *(other._parts() for other in more))
        return Movements(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _parts(self) -> tuple[Ints, ...]:
        return (self.who, self.at, self.cents, self.margin, self.kind, self.contact)


class MovementWriter:
    """Writes the movements of one piece after another and numbers them through."""

    def __init__(self, exports: Exports, tally: Tally) -> None:
        self.exports, self.tally = exports, tally
        self._next_number = 1

    def write(self, rng: np.random.Generator, clients: Clients, numbers: Ints, movements: Movements) -> None:
        """Write movements, which come sorted by time."""
        kind, who = movements.kind, movements.who
        product, channel = self._product_and_channel(rng, clients, movements)
        self.tally.add_rows(who, movements.margin, movements.cents < 0)
        self.tally.add("orders", int(np.count_nonzero(movements.cents > 0)))
        self.exports.write(
            "movements",
            {
                "movement_id": labels("M", np.arange(self._next_number, self._next_number + len(who)), 10),
                "booked_at": moments(movements.at),
                "client_number": labels(PREFIX, numbers[who], 7),
                "account_number": labels("AT", numbers[who] * 100 + 10, 10),
                "movement_type": words(TYPES, kind),
                "direction": words(("in", "out"), np.isin(kind, _PAID_OUT).astype(np.int64)),
                "amount": money(movements.cents),
                "margin": money(movements.margin, scale=MONEY_SCALE),
                "product_code": words(_PRODUCTS, product),
                "channel": words(_CHANNELS, channel),
                "branch_code": labels("B", clients.branch[who] + 1, 3),
            },
        )
        self._next_number += len(who)

    def _product_and_channel(self, rng: np.random.Generator, clients: Clients, moved: Movements) -> tuple[Ints, Ints]:
        merchant = rng.choice(len(_MERCHANTS), len(moved.who), p=[0.42, 0.13, 0.17, 0.22, 0.06])
        fee = 1 + len(_MERCHANTS) + clients.product[moved.who]
        by_card, is_fee = moved.kind == _CARD, np.isin(moved.kind, _FEES)
        product = np.where(by_card, 1 + merchant, np.where(is_fee, fee, 0))
        online = by_card & (merchant == _MERCHANTS.index("online"))
        channel = np.where(is_fee, 3, np.where(online, 2, np.where(by_card, 1, 3)))
        return product, np.where(moved.kind == 0, 0, channel)


def write_clients(rng: np.random.Generator, exports: Exports, clients: Clients, numbers: Ints) -> None:
    """The clients, and their accounts. A silent account stays open: nobody tells the bank."""
    client = labels(PREFIX, numbers, 7)
    region = clients.branch % len(_REGIONS)
    exports.write(
        "clients",
        {
            "client_number": client,
            "client_since": dates(clients.joined),
            "birth_date": dates(clients.born),
            "gender": words(("f", "m"), rng.integers(0, 2, len(numbers))),
            "region": words(_REGIONS, region),
            "branch_code": labels("B", clients.branch + 1, 3),
            "account_type": words(ACCOUNTS, clients.product),
        },
    )
    never = np.ones(len(numbers), dtype=np.bool_)
    exports.write(
        "accounts",
        {
            "account_number": labels("AT", numbers * 100 + 10, 10),
            "client_number": client,
            "account_type": words(ACCOUNTS, clients.product),
            "opened_on": dates(clients.joined),
            "closed_on": dates(clients.joined, never),
            "monthly_fee": money(FEE_CENTS[clients.product]),
            "fee_period": pa.array(["month"] * len(numbers)),
        },
    )


def write_products(exports: Exports) -> None:
    """What movements are booked on."""
    kinds = ("deposits", *["cards"] * len(_MERCHANTS), *["fees"] * len(ACCOUNTS))
    names = ("Paid in", *(f"Card: {name}" for name in _MERCHANTS), *(f"Account fee: {name}" for name in ACCOUNTS))
    exports.write(
        "products",
        {"product_code": pa.array(_PRODUCTS), "product_name": pa.array(names), "product_group": pa.array(kinds)},
    )


def write_branches(exports: Exports, count: int) -> None:
    """The branches, by region."""
    places = np.arange(count)
    exports.write(
        "branches",
        {
            "branch_code": labels("B", places + 1, 3),
            "branch_name": labels("Branch ", places + 1, 1),
            "region": words(_REGIONS, places % len(_REGIONS)),
        },
    )


def bank_sources(exports: Exports) -> tuple[SourceMap, ...]:
    """How the exports map onto Patron's tables."""
    return (
        SourceMap(
            "movements",
            "transactions",
            exports.file_name("movements"),
            {
                "row_id": "movement_id",
                "customer_id": "client_number",
                "occurred_at": "booked_at",
                "amount": "amount",
                "margin": "margin",
                "product_id": "product_code",
                "branch_id": "branch_code",
                "channel": "channel",
            },
            {
                "row_id": "movement_id",
                "refund_when": {"column": "movement_type", "equals": ["fee reversal"]},
            },
        ),
        SourceMap(
            "clients",
            "customers",
            exports.file_name("clients"),
            {
                "customer_id": "client_number",
                "acquired_on": "client_since",
                "birth_date": "birth_date",
                "gender": "gender",
                "region": "region",
                "branch_id": "branch_code",
                "plan": "account_type",
            },
        ),
        SourceMap(
            "accounts",
            "subscriptions",
            exports.file_name("accounts"),
            {
                "customer_id": "client_number",
                "plan": "account_type",
                "started_on": "opened_on",
                "ended_on": "closed_on",
                "price": "monthly_fee",
                "period": "fee_period",
            },
        ),
        SourceMap(
            "products",
            "products",
            exports.file_name("products"),
            {"product_id": "product_code", "product_name": "product_name", "category": "product_group"},
        ),
        SourceMap(
            "branches",
            "branches",
            exports.file_name("branches"),
            {"branch_id": "branch_code", "branch_name": "branch_name", "region": "region"},
        ),
        *campaign_sources(exports),
    )
