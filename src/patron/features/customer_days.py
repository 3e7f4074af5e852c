"""Order parts gathered into customers' days, each with the purchase day before it.

What a customer did on one day, as it became known on one day, is one row. A customer is *tangled* when an
earlier purchase became known after a later one: then the purchase before a given one depends on the
cutoff and is looked up there. For all others it is the same at every cutoff and stands in the row.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from patron.features.day_arithmetic import quarter
from patron.features.order_parts import Present, Tables

_MONEY = ("paid", "gross", "refund", "net", "items", "discount")
_COUNTS = ("opens", "lines", "refund_lines", "discounted_lines")


def customer_days(tables: Tables, _present: Present) -> ir.Table:
    """One row per customer, day of occurrence and day of becoming known, with sums and the purchase day before."""
    parts = tables["order_parts"]
    counts = {name: parts[name].sum().cast("int32") for name in _COUNTS if name in parts.columns}
    money = {name: parts[name].sum().cast("decimal(18,4)") for name in _MONEY if name in parts.columns}
    days = parts.group_by("customer_key", "occurred_day", "visible_day").aggregate(
        **counts, **money, largest_order=parts.gross_so_far.max()
    )
    days = days.rename(orders="opens").mutate(purchase_day=(days.lines > 0).ifelse(days.occurred_day, None))
    return _with_quarter(with_purchase_before(days, ["customer_key"]), parts)


def with_purchase_before(days: ir.Table, group: list[str]) -> ir.Table:
    """The days with the last purchase day before each row, and the first purchase day up to it.

    Of the rows of one purchase day the first alone has a ``purchase_before`` other than the day itself.
    ``known_before`` is when the latest known purchase before the row became known.
    """
    order = ["occurred_day", "visible_day"]
    earlier = ibis.window(group_by=group, order_by=order, rows=(None, -1))
    so_far = ibis.window(group_by=group, order_by=order, rows=(None, 0))
    known = days.purchase_day.notnull().ifelse(days.visible_day, None)
    return days.mutate(
        purchase_before=days.purchase_day.max().over(earlier),
        first_purchase=days.purchase_day.min().over(so_far),
        known_before=known.max().over(earlier),
    )


def is_new_purchase_day(days: ir.Table) -> ir.BooleanColumn:
    """Whether the row is the first of its purchase day, so that each day counts once."""
    before = days.purchase_before
    return days.purchase_day.notnull() & (before.isnull() | (before < days.purchase_day))


def tangled_customers(tables: Tables, _present: Present) -> ir.Table:
    """The customers of whom an earlier purchase became known after a later one: (tangled_key)."""
    days = tables["customer_days"]
    overtaken = days.purchase_day.notnull() & (days.visible_day < days.known_before)
    return days.filter(overtaken).select(tangled_key="customer_key").distinct()


def _with_quarter(days: ir.Table, parts: ir.Table) -> ir.Table:
    """The days with their quarter of the year, worked out once per calendar day."""
    calendar = parts.select(calendar_day="occurred_day").distinct()
    calendar = calendar.mutate(quarter=quarter(calendar.calendar_day).cast("int32"))
    return days.inner_join(calendar, days.occurred_day == calendar.calendar_day).drop("calendar_day")
