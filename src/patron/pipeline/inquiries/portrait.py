"""The history of a run, drawn for the doctor: a few queries, and the purchases of a sample of customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from patron.errors import UsageError
from patron.features import portrait as asked
from patron.periods import day_of
from patron.quality.doctor.portrait import Channel, Integers, LargeOrder, Portrait, Purchases
from patron.warehouse import Warehouse

MOST_PURCHASES: Final = 400_000
"""Purchases to look at one by one: beyond it, a sample of customers stands for all."""
LARGE_ORDERS: Final = 10
MOST_BEST: Final = 100_000
Tables = Mapping[str, ir.Table]


def draw_portrait(
    warehouse: Warehouse, silver: Tables, prepared: Tables, last_day: int, currency: str, seed: int
) -> Portrait:
    """The portrait as of this day; silver transactions carry their value. UsageError where nobody had bought yet."""
    purchases = asked.known_purchases(prepared, last_day)
    sums = warehouse.fetch(asked.sums_of_all(prepared, purchases, last_day)).to_pylist()[0]
    if not sums["customers"]:
        raise UsageError(
            f"Nobody is known to have bought anything by {day_of(last_day)}.",
            to_do="Set a later as_of, or look at refund_when and the sign of amounts in patron.toml.",
        )
    trade = warehouse.fetch(asked.trade_by_day(purchases))
    days = trade["day"].to_numpy().astype(np.int64)
    first_day = int(days.min())
    transactions = silver["transactions"]
    return Portrait(
        first_day=first_day,
        last_day=last_day,
        currency=currency,
        customers=sums["customers"],
        gross=float(sums["gross"]),
        refunded=float(sums["refunded"] or 0),
        anonymous_gross=float(_scalar(warehouse, asked.anonymous_gross(transactions, last_day)) or 0),
        top_customers=_top_customers(warehouse, prepared, last_day, sums["customers"]),
        large_orders=_large_orders(warehouse, prepared, purchases),
        usual_large_order=float(sums["usual_large_order"]),
        orders_by_day=_by_day(trade, "orders", days - first_day, last_day - first_day + 1),
        newcomers_by_day=_by_day(trade, "newcomers", days - first_day, last_day - first_day + 1),
        channels=_channels(warehouse, transactions, first_day, last_day),
        contract_customers=_contract_customers(warehouse, prepared, purchases, last_day),
        sample=_sample(warehouse, prepared, purchases, sums["customers"], sums["rows"], seed),
    )


def _by_day(trade: pa.Table, name: str, place: Integers, days: int) -> Integers:
    counts = np.zeros(days, dtype=np.int64)
    counts[place] = trade[name].to_numpy()
    return counts


def _top_customers(
    warehouse: Warehouse, prepared: Tables, last_day: int, customers: int
) -> tuple[tuple[int, float], ...]:
    sizes = sorted({1, min(10, customers), min(MOST_BEST, -(-customers // 100))})
    net = warehouse.fetch(asked.net_of_best(prepared, last_day, sizes[-1]))["net"].to_pylist()
    return tuple((size, float(sum(net[:size]))) for size in sizes)


def _large_orders(warehouse: Warehouse, prepared: Tables, purchases: ir.Table) -> tuple[LargeOrder, ...]:
    rows = warehouse.fetch(asked.large_orders(prepared, purchases, LARGE_ORDERS)).to_pylist()
    return tuple(LargeOrder(row["day"], float(row["amount"]), float(row["given_back"])) for row in rows)


def _channels(warehouse: Warehouse, transactions: ir.Table, first_day: int, last_day: int) -> tuple[Channel, ...]:
    rows = warehouse.fetch(asked.orders_by_channel(transactions, first_day, last_day)).to_pylist()
    return tuple(Channel(**row) for row in rows)


def _contract_customers(warehouse: Warehouse, prepared: Tables, purchases: ir.Table, last_day: int) -> int | None:
    if "contract_spans" not in prepared:
        return None
    return int(_scalar(warehouse, asked.contract_customers(prepared, purchases, last_day)))


def _sample(
    warehouse: Warehouse, prepared: Tables, purchases: ir.Table, customers: int, rows: int, seed: int
) -> Purchases:
    """The purchases of all customers, or of as many drawn ones as keep the number of rows bounded."""
    chosen = None
    if rows > MOST_PURCHASES:
        keys = warehouse.fetch(prepared["customer_keys"].select("customer_key").order_by("customer_key"))
        drawn = np.random.default_rng(seed).choice(
            keys["customer_key"].to_numpy(), customers * MOST_PURCHASES // rows, replace=False
        )
        warehouse.replace("work", "doctor_sample", pa.table({"chosen_key": np.sort(drawn)}))
        chosen = warehouse.table("work", "doctor_sample")
    found = warehouse.fetch(asked.chosen_purchases(purchases, chosen))
    _, customer = np.unique(found["customer_key"].to_numpy(), return_inverse=True)
    return Purchases(customer.astype(np.int64), found["day"].to_numpy().astype(np.int64), found["amount"].to_numpy())


def _scalar(warehouse: Warehouse, expression: ir.Scalar) -> Any:
    """One number of the warehouse; its type is the expression's."""
    return warehouse.fetch(expression.as_table()).column(0)[0].as_py()
