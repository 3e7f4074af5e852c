"""Revenue by calendar month, as it was known on a day: by the month in which customers came, and of nobody in particular.

Months are whole numbers, 12 · year + month − 1. A customer came in the month of the first row known by then.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis.expr.types as ir

from patron.features.day_arithmetic import whole, year_and_month

_MONEY = "decimal(18,4)"


def cohort_revenue(prepared: Mapping[str, ir.Table], known_by: int) -> ir.Table:
    """Net revenue (cohort, month, revenue) of identified customers up to a day."""
    parts, came = _known(prepared, known_by)
    rows = parts.inner_join(came, parts.customer_key == came.newcomer_key)
    rows = rows.select("net", cohort=_month(rows.first_day), month=_month(rows.occurred_day))
    return rows.group_by("cohort", "month").aggregate(revenue=rows.net.sum().cast(_MONEY))


def newcomers(prepared: Mapping[str, ir.Table], known_by: int) -> ir.Table:
    """How many customers came in each month (cohort, customers) up to a day."""
    came = _known(prepared, known_by)[1]
    rows = came.select(cohort=_month(came.first_day))
    return rows.group_by("cohort").aggregate(customers=whole(rows.count()))


def anonymous_revenue(transactions: ir.Table, known_by: int) -> ir.Table:
    """Revenue (month, revenue) of the rows that name no customer, up to a day; transactions carry their value."""
    rows = _holding(transactions, known_by)
    rows = rows.filter(rows.customer_id.isnull()).select("value", month=_month(rows.occurred_day))
    return rows.group_by("month").aggregate(revenue=rows["value"].sum().cast(_MONEY))


def revenue_between(transactions: ir.Table, known_by: int, after: int, up_to: int) -> ir.Table:
    """Revenue (month, revenue) of all rows that happened after one day and up to another."""
    rows = _holding(transactions, known_by)
    rows = rows.filter((rows.occurred_day > after) & (rows.occurred_day <= up_to))
    rows = rows.select("value", month=_month(rows.occurred_day))
    return rows.group_by("month").aggregate(revenue=rows["value"].sum().cast(_MONEY))


def _holding(transactions: ir.Table, known_by: int) -> ir.Table:
    return transactions.filter(transactions.superseded_at.isnull() & (transactions.visible_day <= known_by))


def _known(prepared: Mapping[str, ir.Table], known_by: int) -> tuple[ir.Table, ir.Table]:
    parts = prepared["order_parts"]
    parts = parts.filter(parts.visible_day <= known_by)
    came = parts.group_by(newcomer_key=parts.customer_key).aggregate(first_day=parts.occurred_day.min())
    return parts, came


def _month(day: ir.IntegerValue) -> ir.IntegerValue:
    year, month = year_and_month(day)
    return whole(year * 12 + month - 1)
