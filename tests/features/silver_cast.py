"""The named customers of the feature tests, as silver rows; and the short way from rows to features."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from patron.features.catalogue import available_features
from patron.features.customer_features import customer_features
from patron.features.feature import Feature
from patron.features.outcomes import outcomes
from patron.features.prepared import needed_tables
from patron.periods import day_number, day_of
from patron.settings import WarehouseSettings
from patron.tables import (
    CAMPAIGNS,
    CONTACTS,
    CUSTOMERS,
    ENGAGEMENTS,
    PRODUCTS,
    REVIEWS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    Table,
    silver_columns,
)
from patron.warehouse.duckdb import DuckDBWarehouse

HORIZON = 90
CUTOFF = day_number(date(2024, 6, 30))
OPTIONAL = (CUSTOMERS, PRODUCTS, CAMPAIGNS, CONTACTS, ENGAGEMENTS, REVIEWS, SUBSCRIPTIONS)
EVERYTHING = {table.name: frozenset(table.names) for table in (TRANSACTIONS, *OPTIONAL)}
ORDERS_ONLY = {"transactions": frozenset({"customer_id", "order_id", "occurred_at", "amount"})}
Views = dict[tuple[int, str], dict[str, Any]]
Tables = dict[str, ir.Table]
ARROW_TYPE = {
    "id": pa.string(),
    "text": pa.string(),
    "money": pa.decimal128(18, 4),
    "quantity": pa.decimal128(18, 4),
    "count": pa.int64(),
    "day": pa.int32(),
    "moment": pa.timestamp("us"),
    "date": pa.date32(),
    "flag": pa.bool_(),
}


@dataclass(frozen=True)
class Line:
    """One line of a receipt; days are day numbers."""

    who: str | None
    order: str
    day: int
    amount: str
    known: int | None = None
    refund: bool = False
    superseded: bool = False
    quantity: str = "1"
    discount: str | None = None
    product: str | None = None
    category: str | None = None
    branch: str | None = None
    channel: str | None = None
    value: str | None = None

    @property
    def visible_day(self) -> int:
        return max(self.day, self.known or self.day)


def on(year: int, month: int, day: int) -> int:
    return day_number(date(year, month, day))


def moment(day: int) -> datetime:
    # Silver holds UTC moments without a zone.
    return datetime.combine(day_of(day), time(13, 30))


def bought(who: str | None, order: str, day: int, amount: str, **more: Any) -> Line:
    return replace(Line(who, order, day, amount), **more)


def _engaged(who: str | None, day: int, kind: str, known: int | None = None, **more: object) -> dict[str, object]:
    return {"customer_id": who, "kind": kind, **_clocks(day, known), **more}


def _reviewed(
    who: str | None, day: int, product: str, rating: str | None, known: int | None = None
) -> dict[str, object]:
    stars = None if rating is None else Decimal(rating)
    return {"customer_id": who, "product_id": product, "rating": stars, **_clocks(day, known)}


def _clocks(day: int, known: int | None) -> dict[str, object]:
    return {"occurred_at": moment(day), "known_at": None if known is None else moment(known)}


ADA = (
    bought("Ada", "A1", on(2023, 5, 10), "10", quantity="2", product="p1", category="tea", branch="n", channel="web"),
    bought("Ada", "A1", on(2023, 5, 10), "5", product="p2", category="cake", branch="n", channel="web"),
    bought(
        "Ada",
        "A2",
        on(2024, 1, 6),
        "30",
        quantity="3",
        discount="10",
        product="p1",
        category="tea",
        branch="s",
        channel="web",
    ),
    bought("Ada", "A3", on(2024, 1, 6), "20", product="p3", category="tea", branch="n", channel="shop"),
    bought("Ada", "A4", on(2024, 5, 15), "40", quantity="4", product="p2", category="cake", branch="n", channel="web"),
    bought("Ada", "A4", on(2024, 5, 20), "-8", refund=True, quantity="-1", product="p2", category="cake", branch="n"),
    bought("Ada", "A5", on(2024, 6, 20), "25", product="p4", branch="n", channel="web"),
    bought("Ada", "A5", on(2024, 6, 20), "999", superseded=True, product="p9", category="gold", branch="x"),
    bought("Ada", "A6", on(2024, 6, 25), "500", known=on(2024, 7, 5), product="p8", category="gold", branch="y"),
    bought("Ada", "A7", on(2024, 7, 10), "50"),
    bought("Ada", "A8", on(2024, 7, 10), "5"),
    bought("Ada", "A7", on(2024, 8, 1), "-2", refund=True),
    bought("Ada", "A9", on(2024, 9, 28), "7"),
    bought("Ada", "A10", on(2024, 9, 29), "9"),
)
BRUNO_REFUNDS_ONLY = (bought("Bruno", "B1", on(2024, 6, 1), "-12.50", refund=True, quantity="-1"),)
CHEN_ORDER_KNOWN_IN_TWO_STEPS = (
    bought("Chen", "C0", on(2023, 8, 15), "70"),
    bought("Chen", "C1", on(2024, 3, 1), "60", branch="n"),
    bought("Chen", "C1", on(2024, 3, 1), "40", known=on(2024, 7, 1), branch="n"),
)
DORA_KNOWN_OUT_OF_ORDER = (
    bought("Dora", "D1", on(2024, 1, 10), "11", known=on(2024, 6, 1)),
    bought("Dora", "D2", on(2024, 2, 10), "22", known=on(2024, 7, 20)),
    bought("Dora", "D3", on(2024, 3, 10), "33"),
)
EVE_NOT_YET_A_CUSTOMER = (bought("Eve", "E1", on(2024, 7, 2), "80"),)
FAY_A_GIFT_ONLY = (bought("Fay", "F1", on(2024, 6, 10), "0"),)
ANONYMOUS = (bought(None, "X1", on(2024, 6, 11), "1000", branch="n"), bought(None, "A5", on(2024, 6, 20), "300"))
CAST = (
    *ADA,
    *BRUNO_REFUNDS_ONLY,
    *CHEN_ORDER_KNOWN_IN_TWO_STEPS,
    *DORA_KNOWN_OUT_OF_ORDER,
    *EVE_NOT_YET_A_CUSTOMER,
    *FAY_A_GIFT_ONLY,
    *ANONYMOUS,
)
FACTS: dict[str, list[dict[str, object]]] = {
    "customers": [
        {"customer_id": "Ada", "acquired_on": date(2023, 5, 1)},
        {"customer_id": "Bruno", "acquired_on": date(2024, 7, 4)},
        {"customer_id": "Nobody", "acquired_on": date(2020, 1, 1)},
    ],
    "products": [{"product_id": "p4", "category": "cake"}, {"product_id": "p1", "category": "never used"}],
    "campaigns": [{"campaign_id": "spring", "started_on": date(2024, 2, 1)}],
    "contacts": [
        {
            "customer_id": "Ada",
            "campaign_id": "june",
            "contacted_at": moment(on(2024, 6, 1)),
            "responded_at": moment(on(2024, 6, 20)),
        },
        {
            "customer_id": "Ada",
            "campaign_id": "january",
            "contacted_at": moment(on(2024, 1, 10)),
            "responded_at": moment(on(2024, 7, 3)),
        },
        {"customer_id": "Ada", "campaign_id": "spring"},
        {"customer_id": "Ada", "campaign_id": "july", "contacted_at": moment(on(2024, 7, 2))},
        {"customer_id": "Ada", "campaign_id": "may", "contacted_at": moment(on(2024, 5, 1)), "held_out": True},
        {"customer_id": "Nobody", "campaign_id": "june", "contacted_at": moment(on(2024, 6, 1))},
    ],
    "engagements": [
        _engaged("Ada", on(2024, 6, 15), "email_open", campaign_id="june"),
        _engaged("Ada", on(2024, 6, 15), "Email_Open", campaign_id="more of june"),
        _engaged("Ada", on(2024, 6, 16), "click", campaign_id="june"),
        _engaged("Ada", on(2024, 4, 10), "visit"),
        _engaged("Ada", on(2024, 3, 1), "click"),
        _engaged("Ada", on(2024, 5, 20), "points", value=Decimal(5)),
        _engaged("Ada", on(2024, 6, 20), "visit", known=on(2024, 7, 3)),
        _engaged("Ada", on(2024, 7, 2), "email_open"),
        _engaged(None, on(2024, 6, 2), "visit"),
        _engaged("Nobody", on(2024, 6, 2), "visit"),
    ],
    "reviews": [
        _reviewed("Ada", on(2024, 2, 1), "p1", "5"),
        _reviewed("Ada", on(2024, 6, 10), "p2", "3"),
        _reviewed("Ada", on(2024, 6, 10), "p3", "4.5"),
        _reviewed("Ada", on(2024, 6, 18), "p4", None),
        _reviewed("Ada", on(2024, 6, 19), "p1", "1", known=on(2024, 7, 2)),
        _reviewed(None, on(2024, 6, 19), "p1", "2"),
    ],
    "subscriptions": [
        {
            "customer_id": "Ada",
            "started_on": date(2023, 6, 30),
            "ended_on": date(2024, 3, 1),
            "price": Decimal(10),
            "period": "month",
        },
        {
            "customer_id": "Ada",
            "started_on": date(2024, 3, 2),
            "ended_on": date(2024, 12, 31),
            "price": Decimal(12),
            "period": "month",
        },
        {"customer_id": "Ada", "started_on": date(2024, 7, 15), "price": Decimal(99), "period": "year"},
        {"customer_id": "Chen", "started_on": date(2024, 6, 30), "price": Decimal(99), "period": "year"},
    ],
}


def warehouse(threads: int = 2) -> DuckDBWarehouse:
    return DuckDBWarehouse(None, WarehouseSettings(threads=threads))


def silver(
    house: DuckDBWarehouse, lines: Iterable[Line], facts: dict[str, list[dict[str, object]]] | None = None
) -> Tables:
    """Silver tables with these rows, transactions with their value; empty ones where no facts are given."""
    rows = [_transaction(line, number) for number, line in enumerate(lines)]
    house.replace("silver", "transactions", _arrow(TRANSACTIONS, rows, value=pa.decimal128(18, 4)))
    for table in OPTIONAL:
        house.replace("silver", table.name, _arrow(table, (facts or {}).get(table.name, [])))
    return {name: house.table("silver", name) for name in EVERYTHING}


def prepare(house: DuckDBWarehouse, tables: Tables, present: dict[str, frozenset[str]] = EVERYTHING) -> Tables:
    """The prepared tables, as the pipeline makes them."""
    known = dict(tables)
    prepared: Tables = {}
    for table in needed_tables(present):
        house.replace("work", table.name, table.build(known, present))
        prepared[table.name] = known[table.name] = house.table("work", table.name)
    return prepared


def described(
    house: DuckDBWarehouse,
    prepared: Tables,
    cutoffs: Sequence[int] = (CUTOFF,),
    features: Sequence[Feature] | None = None,
    horizon: int = HORIZON,
) -> Views:
    """Features by (cutoff, customer)."""
    wanted = available_features(EVERYTHING) if features is None else features
    rows = house.fetch(customer_features(prepared, cutoffs, horizon, wanted)).to_pylist()
    return {(row["as_of_day"], row["customer_id"]): row for row in rows}


def future(
    house: DuckDBWarehouse, prepared: Tables, cutoffs: Sequence[int] = (CUTOFF,), horizon: int = HORIZON
) -> dict[tuple[int, str], tuple[object, ...]]:
    """Outcomes (value, orders, purchase days) by (cutoff, customer)."""
    rows = house.fetch(outcomes(prepared, cutoffs, horizon)).to_pylist()
    return {
        (row["as_of_day"], row["customer_id"]): (row["future_value"], row["future_orders"], row["future_purchase_days"])
        for row in rows
    }


def exact(rows: pa.Table) -> str:
    """Every value to the last bit, whatever the order of the rows."""
    return repr(rows.sort_by([("as_of_day", "ascending"), ("customer_id", "ascending")]).to_pydict())


def _transaction(line: Line, number: int) -> dict[str, object]:
    day = moment(line.day)
    return {
        "customer_id": line.who,
        "order_id": line.order,
        "occurred_at": day,
        "known_at": None if line.known is None else moment(line.known),
        "amount": Decimal(line.amount),
        "quantity": Decimal(line.quantity),
        "discount": None if line.discount is None else Decimal(line.discount),
        "product_id": line.product,
        "category": line.category,
        "branch_id": line.branch,
        "channel": line.channel,
        "occurred_day": line.day,
        "visible_day": line.visible_day,
        "is_refund": line.refund,
        "value": Decimal(line.value if line.value is not None else line.amount),
        "line": number + 1,
        "superseded_at": day + timedelta(days=1) if line.superseded else None,
    }


def _arrow(table: Table, rows: list[dict[str, object]], **more: pa.DataType) -> pa.Table:
    types = {column.name: ARROW_TYPE[column.kind] for column in silver_columns(table)} | more
    return pa.table({name: pa.array([row.get(name) for row in rows], kind) for name, kind in types.items()})
