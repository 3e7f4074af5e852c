"""Receipt lines gathered into orders, so that each cutoff works on orders instead of lines.

An order's lines may become known on different days. A *part* of an order is what happened on one day and
became known on one day; nearly every order is one part. Whatever a cutoff asks of a part is answered
from parts that became known no later, so rows from after a cutoff cannot reach back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import ibis
import ibis.expr.types as ir

Tables = Mapping[str, ir.Table]
Present = Mapping[str, frozenset[str]]

# Columns whose features are shares of what was paid in all.
_SHARED_OUT: Final = frozenset({"product_id", "category", "branch_id", "channel", "discount"})


def customer_keys(tables: Tables, _present: Present) -> ir.Table:
    """Every identified customer with a whole number in the order of their ids: (customer_id, customer_key).

    Grouping and joining by a whole number costs a third of doing so by text.
    """
    customers = _identified(tables["transactions"]).select("customer_id").distinct()
    number = ibis.row_number().over(ibis.window(order_by="customer_id"))
    return customers.mutate(customer_key=(number + 1).cast("int32"))


def current_lines(tables: Tables) -> ir.Table:
    """The transactions that hold now, of identified customers, with their key and what kind of line each is."""
    rows = _identified(tables["transactions"]).inner_join(tables["customer_keys"], "customer_id")
    return rows.mutate(refunded=rows.is_refund, purchased=~rows.is_refund & (rows.amount > 0))


def order_parts(tables: Tables, present: Present) -> ir.Table:
    """One row per part of an order, with the sums of its lines.

    ``opens`` is 1 on the part with which an order with a purchase became known, so that each order is
    counted once at any cutoff; ``gross_so_far`` is what the parts of the order known by then came to.
    """
    lines = current_lines(tables)
    sums = _line_sums(lines, present["transactions"])
    clocks = {
        "occurred_day": lines.occurred_day.min(),
        "visible_day": lines.visible_day.min(),
        "last_occurred_day": lines.occurred_day.max(),
        "last_visible_day": lines.visible_day.max(),
    }
    orders = lines.group_by("customer_key", "order_id").aggregate(**clocks, **sums)
    in_one_part = (orders.occurred_day == orders.last_occurred_day) & (orders.visible_day == orders.last_visible_day)
    whole_orders = orders.filter(in_one_part)
    split_orders = orders.filter(~in_one_part).select("customer_key", "order_id")
    return ibis.union(
        _columns(whole_orders, sums, (whole_orders.lines > 0).cast("int32"), whole_orders.gross),
        _parts_of(lines.inner_join(split_orders, ["customer_key", "order_id"]), present["transactions"]),
        distinct=False,
    )


def _identified(transactions: ir.Table) -> ir.Table:
    return transactions.filter(transactions.superseded_at.isnull() & transactions.customer_id.notnull())


def _line_sums(lines: ir.Table, mapped: frozenset[str]) -> dict[str, ir.Scalar]:
    """The sums over lines that features need; what only unmapped columns would ask for is left out."""
    sums = {
        "lines": lines.count(where=lines.purchased).cast("int32"),
        "refund_lines": lines.count(where=lines.refunded).cast("int32"),
        "gross": _money(lines["value"], lines.purchased),
        "refund": _money(lines["value"], lines.refunded),
        "net": _money(lines["value"]),
    }
    if mapped & _SHARED_OUT:
        sums["paid"] = _money(lines.amount, lines.purchased)
    if "quantity" in mapped:
        sums["items"] = _money(lines.quantity, lines.purchased)
    if "discount" in mapped:
        sums["discount"] = _money(lines.discount, lines.purchased)
        sums["discounted_lines"] = lines.count(where=lines.purchased & (lines.discount > 0)).cast("int32")
    return sums


def _money(amount: ir.DecimalColumn, where: ir.BooleanColumn | None = None) -> ir.DecimalScalar:
    return amount.sum(where=where).fill_null(0).cast("decimal(18,4)")


def _parts_of(lines: ir.Table, mapped: frozenset[str]) -> ir.Table:
    """The parts of orders that have several, each knowing what became known before it."""
    sums = _line_sums(lines, mapped)
    parts = lines.group_by("customer_key", "order_id", "occurred_day", "visible_day").aggregate(**sums)
    so_far = ibis.window(
        group_by=["customer_key", "order_id"], order_by=["visible_day", "occurred_day"], rows=(None, 0)
    )
    parts = parts.mutate(lines_so_far=parts.lines.sum().over(so_far), gross_so_far=parts.gross.sum().over(so_far))
    opens = ((parts.lines > 0) & (parts.lines == parts.lines_so_far)).cast("int32")
    return _columns(parts, sums, opens, parts.gross_so_far.cast("decimal(18,4)"))


def _columns(
    parts: ir.Table, sums: Mapping[str, ir.Scalar], opens: ir.IntegerColumn, gross_so_far: ir.DecimalColumn
) -> ir.Table:
    return parts.select("customer_key", "occurred_day", "visible_day", *sums, opens=opens, gross_so_far=gross_so_far)
