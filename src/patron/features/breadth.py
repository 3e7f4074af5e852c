"""How widely customers buy: over products, categories, branches and channels.

Prepared so that a cutoff needs one sum and one maximum: each row tells how many things a customer bought
for the first time, and how much the most favoured of that day's things had come to by then.
"""

from __future__ import annotations

from collections.abc import Callable

import ibis
import ibis.expr.types as ir

from patron.features.order_parts import Present, Tables, current_lines


def breadth_of(name: str) -> Callable[[Tables, Present], ir.Table]:
    """The builder of one kind's table: (customer_key, visible_day, newly_bought, favourite_paid)."""

    def build(tables: Tables, present: Present) -> ir.Table:
        lines = _purchases(tables, present, name)
        bought = lines.group_by("customer_key", "thing", "visible_day").aggregate(paid=lines.amount.sum())
        so_far = ibis.window(group_by=["customer_key", "thing"], order_by="visible_day", rows=(None, 0))
        bought = bought.mutate(
            newly=(ibis.row_number().over(so_far) == 0).cast("int32"), paid_so_far=bought.paid.sum().over(so_far)
        )
        return bought.group_by("customer_key", "visible_day").aggregate(
            newly_bought=bought.newly.sum().cast("int32"),
            favourite_paid=bought.paid_so_far.max().cast("decimal(18,4)"),
        )

    return build


def _purchases(tables: Tables, present: Present, name: str) -> ir.Table:
    lines = current_lines(tables)
    lines = lines.filter(lines.purchased)
    thing = _category(lines, tables, present) if name == "category" else lines.mutate(thing=lines[name])
    return thing.filter(thing.thing.notnull())


def _category(lines: ir.Table, tables: Tables, present: Present) -> ir.Table:
    """The lines with their category: the line's own, else the product's."""
    if "category" not in present.get("products", frozenset()):
        return lines.mutate(thing=lines.category)
    products = tables["products"]
    products = products.filter(products.superseded_at.isnull())
    products = products.group_by(listed_id="product_id").aggregate(listed_category=products.category.max())
    lines = lines.left_join(products, lines.product_id == products.listed_id)
    return lines.mutate(thing=ibis.coalesce(lines.category, lines.listed_category))
