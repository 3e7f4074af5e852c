"""Receipt lines gathered into orders, so that each cutoff works on orders instead of lines.

An order's lines may become known on different days. A *part* of an order is what was bought on one day and
became known on one day; nearly every order is *plain*: one part, known on the day it happened. Whatever a
cutoff asks of a part is answered from parts that became known no later, so rows from after a cutoff
cannot reach back. Lines that are no purchase (refunds, gifts) are gathered by customer and day instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import ibis
import ibis.expr.types as ir

from patron.features.purchase_before import with_purchase_before

Tables = Mapping[str, ir.Table]
Present = Mapping[str, frozenset[str]]

MONEY: Final = "decimal(18,4)"
# Columns whose features are shares of what was paid in all.
_SHARED_OUT: Final = frozenset({"product_id", "category", "branch_id", "channel", "discount"})
_DAYS: Final = ("purchase_before", "first_purchase")
_COUNTS: Final = ("orders", "lines", "discounted_lines", "refund_lines")


def customer_keys(tables: Tables, _present: Present) -> ir.Table:
    """Every identified customer with a whole number in the order of their ids: (customer_id, customer_key).

    Grouping and joining by a whole number costs a third of doing so by text.
    """
    customers = _identified(tables["transactions"]).select("customer_id").distinct()
    number = ibis.row_number().over(ibis.window(order_by="customer_id"))
    return customers.mutate(customer_key=(number + 1).cast("int32"))


def purchase_lines(tables: Tables) -> ir.Table:
    """The lines that hold now by which identified customers bought something, with the customers' keys."""
    rows = _identified(tables["transactions"])
    return rows.filter(_is_purchase(rows)).inner_join(tables["customer_keys"], "customer_id")


def order_parts(tables: Tables, present: Present) -> ir.Table:
    """One row per part of an order, with the sums of its lines; and one per customer and day for all other lines.

    ``orders`` is 1 on the part with which an order became known, so that each order is counted once at
    any cutoff; ``gross_so_far`` is what the parts of the order known by then came to. Each part has the
    purchase day before it.
    """
    bought = with_purchase_before(_bought(tables, present["transactions"]), ["customer_key"])
    others = _other_days(tables)
    names = tuple(dict.fromkeys((*bought.columns, *others.columns)))
    return ibis.union(_filled(bought.mutate(net=bought.gross), names), _filled(others, names), distinct=False)


def _bought(tables: Tables, mapped: frozenset[str]) -> ir.Table:
    """The parts of all orders: plain ones as they are, of the others each part by itself."""
    lines = purchase_lines(tables)
    sums = _line_sums(lines, mapped)
    orders = lines.group_by("customer_key", "order_id").aggregate(
        occurred_day=lines.occurred_day.min(), visible_day=lines.visible_day.max(), **sums
    )
    plain = orders.filter(_is_plain(orders))
    plain = plain.mutate(orders=ibis.literal(1, "int32"), gross_so_far=plain.gross)
    others = orders.filter(~_is_plain(orders)).select("customer_key", "order_id")
    parts = _parts_of(lines.inner_join(others, ["customer_key", "order_id"]), mapped)
    columns = ("customer_key", "occurred_day", "visible_day", "orders", "gross_so_far", *sums)
    return ibis.union(plain.select(columns), parts.select(columns), distinct=False)


def _is_plain(orders: ir.Table) -> ir.BooleanColumn:
    """Whether an order is one part, known on the day it happened.

    No line is known before it happened, so all days of an order lie between its first day of happening
    and its last of becoming known.
    """
    return orders.occurred_day == orders.visible_day


def _identified(transactions: ir.Table) -> ir.Table:
    return transactions.filter(transactions.superseded_at.isnull() & transactions.customer_id.notnull())


def _is_purchase(rows: ir.Table) -> ir.BooleanColumn:
    return ~rows.is_refund & (rows.amount > 0)


def _line_sums(lines: ir.Table, mapped: frozenset[str]) -> dict[str, ir.Scalar]:
    """The sums over purchase lines that features need; what only unmapped columns would ask for is left out."""
    sums = {"lines": lines.count().cast("int32"), "gross": _money(lines["value"])}
    if mapped & _SHARED_OUT:
        sums["paid"] = _money(lines.amount)
    if "quantity" in mapped:
        sums["items"] = _money(lines.quantity)
    if "discount" in mapped:
        sums["discount"] = _money(lines.discount)
        # Where nothing is known of any discount, Spark would count nothing at all instead of none.
        sums["discounted_lines"] = lines.count(where=(lines.discount > 0).fill_null(False)).cast("int32")
    return sums


def _money(amount: ir.DecimalColumn, where: ir.BooleanColumn | None = None) -> ir.DecimalScalar:
    return amount.sum(where=where).fill_null(0).cast(MONEY)


def _parts_of(lines: ir.Table, mapped: frozenset[str]) -> ir.Table:
    """The parts of these orders, each knowing what became known before it."""
    parts = lines.group_by("customer_key", "order_id", "occurred_day", "visible_day").aggregate(
        **_line_sums(lines, mapped)
    )
    so_far = ibis.window(
        group_by=["customer_key", "order_id"], order_by=["visible_day", "occurred_day"], rows=(None, 0)
    )
    return parts.mutate(
        orders=(ibis.row_number().over(so_far) == 0).cast("int32"),
        gross_so_far=parts.gross.sum().over(so_far).cast(MONEY),
    )


def _other_days(tables: Tables) -> ir.Table:
    """What the lines that are no purchase came to, by customer, day of occurrence and day of becoming known."""
    rows = _identified(tables["transactions"])
    rows = rows.filter(~_is_purchase(rows)).inner_join(tables["customer_keys"], "customer_id")
    return rows.group_by("customer_key", "occurred_day", "visible_day").aggregate(
        refund_lines=rows.count(where=rows.is_refund).cast("int32"),
        refund=_money(rows["value"], rows.is_refund),
        net=_money(rows["value"]),
    )


def _filled(rows: ir.Table, names: tuple[str, ...]) -> ir.Table:
    """The rows with all these columns: no day, a count of zero or no money where they have none of their own."""
    absent = {name: _nothing(name) for name in names if name not in rows.columns}
    return rows.mutate(**absent).select(names)


def _nothing(name: str) -> ir.Scalar:
    if name in _DAYS:
        return ibis.null("int32")
    return ibis.literal(0, "int32") if name in _COUNTS else ibis.literal(0).cast(MONEY)
