"""How widely customers buy: over products, categories, branches and channels.

Prepared so that a cutoff needs one sum and one maximum: each row tells whether the customer bought a thing
for the first time, and how much that thing had come to by then. Where only the number of things is asked
for, the day on which each was first bought is enough.
"""

from __future__ import annotations

from collections.abc import Callable

import ibis
import ibis.expr.types as ir

from patron.features.order_parts import MONEY, Present, Tables, purchase_lines


def number_of(name: str) -> Callable[[Tables, Present], ir.Table]:
    """The builder of one kind's table with a row per customer and thing: (customer_key, visible_day)."""

    def build(tables: Tables, present: Present) -> ir.Table:
        lines = _things(tables, present, name)
        first = lines.group_by("customer_key", "thing").aggregate(visible_day=lines.visible_day.min())
        return first.select("customer_key", "visible_day")

    return build


def number_and_favourite_of(name: str) -> Callable[[Tables, Present], ir.Table]:
    """The builder of one kind's table with a row per line: (customer_key, visible_day, newly_bought, paid_so_far)."""

    def build(tables: Tables, present: Present) -> ir.Table:
        lines = _things(tables, present, name)
        # Lines of one day stand in any order: all of them are known together, and the last has paid the most.
        so_far = ibis.window(group_by=["customer_key", "thing"], order_by="visible_day", rows=(None, 0))
        return lines.select(
            "customer_key",
            "visible_day",
            newly_bought=(ibis.row_number().over(so_far) == 0).cast("int32"),
            paid_so_far=lines.amount.sum().over(so_far).cast(MONEY),
        )

    return build


def _things(tables: Tables, present: Present, name: str) -> ir.Table:
    lines = purchase_lines(tables)
    lines = _category(lines, tables, present) if name == "category" else lines.mutate(thing=lines[name])
    return lines.filter(lines.thing.notnull())


def _category(lines: ir.Table, tables: Tables, present: Present) -> ir.Table:
    """The lines with their category: the line's own, else the product's."""
    if "category" not in present.get("products", frozenset()):
        return lines.mutate(thing=lines.category)
    products = tables["products"]
    products = products.filter(products.superseded_at.isnull())
    products = products.group_by(listed_id="product_id").aggregate(listed_category=products.category.max())
    lines = lines.left_join(products, lines.product_id == products.listed_id)
    return lines.mutate(thing=ibis.coalesce(lines.category, lines.listed_category))
