"""The purchase day before each purchase, from which the gaps between purchases follow.

A customer is *tangled* when an earlier purchase became known after a later one: then the purchase before
a given one depends on the cutoff and is looked up there. For all others it is the same at every cutoff
and is prepared once.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir


def with_purchase_before(purchases: ir.Table, group: list[str]) -> ir.Table:
    """The purchases with the purchase day before each, and the first purchase day of all.

    Of the purchases of one day the first alone has a ``purchase_before`` other than the day itself.
    """
    in_order = ibis.window(group_by=group, order_by=["occurred_day", "visible_day"])
    return purchases.mutate(
        purchase_before=purchases.occurred_day.lag().over(in_order),
        first_purchase=purchases.occurred_day.first().over(in_order),
    )


def is_purchase(rows: ir.Table) -> ir.BooleanColumn:
    """Whether the row of ``order_parts`` is part of an order, rather than refunds and gifts of a day."""
    return rows.lines > 0


def is_new_purchase_day(rows: ir.Table) -> ir.BooleanColumn:
    """Whether the row is the first of its purchase day, so that each day counts once."""
    before = rows.purchase_before
    return is_purchase(rows) & (before.isnull() | (before < rows.occurred_day))


def tangled_customers(tables: Mapping[str, ir.Table], _present: Mapping[str, frozenset[str]]) -> ir.Table:
    """The customers of whom an earlier purchase became known after a later one: (tangled_key)."""
    parts = tables["order_parts"]
    purchases = parts.filter(is_purchase(parts)).select("customer_key", "occurred_day", "visible_day")
    late = purchases.filter(purchases.visible_day > purchases.occurred_day).select("customer_key").distinct()
    purchases = purchases.semi_join(late, "customer_key")
    in_order = ibis.window(group_by="customer_key", order_by=["occurred_day", "visible_day"])
    known = purchases.mutate(known_before=purchases.visible_day.lag().over(in_order))
    return known.filter(known.visible_day < known.known_before).select(tangled_key="customer_key").distinct()
