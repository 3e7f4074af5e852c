"""A history at a glance, as few queries over the prepared tables: what the data-fit doctor is given."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from patron.features.day_arithmetic import whole
from patron.features.purchase_before import is_purchase
from patron.warehouse.portable import quantile

DAYS_TO_GIVE_BACK = 30
RECENT_PART = 4


def known_purchases(prepared: Mapping[str, ir.Table], last_day: int) -> ir.Table:
    """The parts of orders that were bought and known by this day, for more than nothing."""
    parts = prepared["order_parts"]
    return parts.filter(is_purchase(parts) & (parts.visible_day <= last_day) & (parts.gross > 0))


def trade_by_day(purchases: ir.Table) -> ir.Table:
    """Orders and newcomers of each day on which anybody bought: (day, orders, newcomers)."""
    orders = purchases.group_by(day=purchases.occurred_day).aggregate(orders=whole(purchases.orders.sum()))
    first = purchases.group_by("customer_key").aggregate(first_day=purchases.occurred_day.min())
    newcomers = first.group_by("first_day").aggregate(newcomers=first.count())
    joined = orders.left_join(newcomers, orders.day == newcomers.first_day)
    return joined.select("day", "orders", newcomers=joined.newcomers.fill_null(0)).order_by("day")


def sums_of_all(prepared: Mapping[str, ir.Table], purchases: ir.Table, last_day: int) -> ir.Table:
    """One row: customers, rows, gross and the 99th percentile of a purchase; what was refunded, above zero."""
    parts = prepared["order_parts"]
    back = parts.filter(parts.visible_day <= last_day).aggregate(refunded=-parts.refund.sum())
    sums = purchases.aggregate(
        customers=purchases.customer_key.nunique(),
        rows=purchases.count(),
        gross=purchases.gross.sum(),
    )
    large = quantile(purchases, "gross", 0.99).name("usual_large_order")
    return sums.cross_join(large.as_table()).cross_join(back)


def net_of_best(prepared: Mapping[str, ir.Table], last_day: int, most: int) -> ir.Table:
    """The customers who brought most after refunds, first: (customer_key, net)."""
    parts = prepared["order_parts"]
    parts = parts.filter(parts.visible_day <= last_day)
    by_customer = parts.group_by("customer_key").aggregate(net=parts.net.sum())
    return by_customer.order_by(ibis.desc("net"), "customer_key").limit(most)


def large_orders(prepared: Mapping[str, ir.Table], purchases: ir.Table, most: int) -> ir.Table:
    """The largest purchases and what the customer was given back within a month: (day, amount, given_back)."""
    order = (ibis.desc("gross"), "customer_key", "occurred_day")
    top = purchases.order_by(*order).limit(most)
    top = top.select("customer_key", amount="gross", day="occurred_day", place=ibis.row_number())
    parts = prepared["order_parts"]
    back = parts.filter(parts.refund < 0).select(back_key="customer_key", back_day="occurred_day", refund="refund")
    soon = [
        top.customer_key == back.back_key,
        back.back_day >= top.day,
        back.back_day <= top.day + DAYS_TO_GIVE_BACK,
    ]
    both = top.left_join(back, soon)
    grouped = both.group_by("place", "day", "amount").aggregate(given_back=(-both.refund.sum()).fill_null(0))
    return grouped.order_by(ibis.desc("amount"), "place").select("day", "amount", "given_back")


def chosen_purchases(purchases: ir.Table, chosen: ir.Table | None) -> ir.Table:
    """The purchases of the chosen customers (a table with chosen_key), or of all: (customer_key, day, amount)."""
    if chosen is not None:
        purchases = purchases.semi_join(chosen, purchases.customer_key == chosen.chosen_key)
    told = purchases.select("customer_key", day="occurred_day", amount=purchases.gross.cast("float64"))
    return told.order_by("customer_key", "day", "amount")


def orders_by_channel(transactions: ir.Table, first_day: int, last_day: int) -> ir.Table:
    """Each sales channel of identified customers: (name, first_day, orders, recent_orders)."""
    recent_from = last_day - (last_day - first_day + 1) // RECENT_PART
    rows = _holding(transactions, last_day)
    rows = rows.filter(rows.customer_id.notnull() & rows.channel.notnull() & ~rows.is_refund & (rows.amount > 0))
    orders = rows.group_by("channel", "customer_id", "order_id").aggregate(day=rows.occurred_day.min())
    told = orders.group_by(name="channel").aggregate(
        first_day=orders.day.min(), orders=orders.count(), recent_orders=orders.count(where=orders.day > recent_from)
    )
    return told.order_by("name")


def anonymous_gross(transactions: ir.Table, last_day: int) -> ir.Scalar:
    """What was paid without a customer being known."""
    rows = _holding(transactions, last_day)
    rows = rows.filter(rows.customer_id.isnull() & ~rows.is_refund & (rows.amount > 0))
    return rows["value"].sum()


def contract_customers(prepared: Mapping[str, ir.Table], purchases: ir.Table, last_day: int) -> ir.Scalar:
    """How many of the buyers have, or had, a contract by this day."""
    spans = prepared["contract_spans"]
    begun = spans.filter(spans.started_day <= last_day)
    return begun.semi_join(purchases, "customer_key").customer_key.nunique()


def _holding(transactions: ir.Table, last_day: int) -> ir.Table:
    """The rows that hold now and were known by this day."""
    return transactions.filter(transactions.superseded_at.isnull() & (transactions.visible_day <= last_day))
