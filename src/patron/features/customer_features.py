"""Customers described as of any number of cutoffs, in one expression.

Sums of counts and money are exact (whole numbers and decimals) and become floats only in the last
formula, so the same rows give the same bits whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from patron.features.at_cutoffs import KEY, chosen_customers, cutoff_rows, known_by, known_days, of_customers
from patron.features.catalogue import TREND_WINDOWS, WINDOWS, Feature
from patron.features.customer_days import is_new_purchase_day
from patron.features.day_arithmetic import is_weekend, whole
from patron.features.formulas import SEASON_CYCLE_DAYS, formulas, with_ends

Prepared = Mapping[str, ir.Table]
Columns = dict[str, ir.Value]

_BREADTH = ("product", "category", "branch", "channel")


def customer_features(
    prepared: Prepared,
    cutoffs: Sequence[int],
    horizon_days: int,
    available: Sequence[Feature],
    customers: ir.Table | None = None,
) -> ir.Table:
    """One row per cutoff and customer known by then: as_of_day, customer_id and the available features.

    ``prepared`` holds the tables of ``needed_tables`` by name. ``customers``, a table with customer_id,
    restricts the rows to those customers and changes nothing else.
    """
    moments = cutoff_rows(cutoffs)
    sums = _day_sums(known_days(prepared, moments, customers), horizon_days)
    for extra in _extra_sums(prepared, moments, customers):
        sums = sums.left_join(extra, list(KEY)).drop(*(f"{name}_right" for name in KEY))
    keys = chosen_customers(prepared, customers)
    keys = keys.select("customer_id", numbered_key="customer_key")
    sums = sums.inner_join(keys, sums.customer_key == keys.numbered_key)
    sums = with_ends(sums)
    values = formulas(sums, horizon_days)
    return sums.select("as_of_day", "customer_id", **{feature.name: values[feature.name] for feature in available})


def _day_sums(days: ir.Table, horizon_days: int) -> ir.Table:
    """Everything that one pass over the customers' known days can say."""
    sums = {
        **_purchase_sums(days),
        **_gap_sums(days),
        **_window_sums(days, horizon_days),
        **_season_sums(days, horizon_days),
        **_optional_sums(days),
    }
    return days.group_by(*KEY).aggregate(**sums)


def _purchase_sums(days: ir.Table) -> Columns:
    return {
        "first_known": days.occurred_day.min(),
        "first_purchase": days.purchase_day.min(),
        "last_purchase": days.purchase_day.max(),
        "purchase_days": whole(is_new_purchase_day(days).sum()),
        "orders": whole(days.orders.sum()),
        "lines": whole(days.lines.sum()),
        "gross": days.gross.sum(),
        "net": days.net.sum(),
        "refund": days.refund.sum(),
        "refund_lines": whole(days.refund_lines.sum()),
        "last_refund": days.occurred_day.max(where=days.refund_lines > 0),
        "largest_order": days.largest_order.max(),
        "first_day_gross": _sum_where((days.occurred_day == days.first_purchase).fill_null(False), days.gross),
    }


def _gap_sums(days: ir.Table) -> Columns:
    gap = (days.purchase_day - days.purchase_before).cast("int64")
    return {
        "squared_gaps": whole((gap * gap).sum()),
        "longest_gap": gap.max(),
        "purchase_before_last": days.purchase_before.max(where=is_new_purchase_day(days)),
    }


def _window_sums(days: ir.Table, horizon_days: int) -> Columns:
    sums: Columns = {}
    for days_back in sorted({*WINDOWS, horizon_days}):
        inside = days.occurred_day > days.as_of_day - days_back
        sums[f"net_{days_back}d"] = _sum_where(inside, days.net)
        sums[f"orders_{days_back}d"] = whole(_sum_where(inside, days.orders))
    for days_back in TREND_WINDOWS:
        sums[f"gross_{days_back}d"] = _sum_where(days.occurred_day > days.as_of_day - days_back, days.gross)
    return sums


def _season_sums(days: ir.Table, horizon_days: int) -> Columns:
    begin = days.as_of_day - SEASON_CYCLE_DAYS
    season = (days.occurred_day > begin) & (days.occurred_day <= begin + horizon_days)
    return {
        "season_net": _sum_where(season, days.net),
        "season_orders": whole(_sum_where(season, days.orders)),
        "weekend_orders": whole(_sum_where(is_weekend(days.occurred_day), days.orders)),
        **{f"quarter_{number}": whole(_sum_where(days.quarter == number, days.orders)) for number in (1, 2, 3)},
    }


def _sum_where(condition: ir.BooleanColumn, amount: ir.NumericColumn) -> ir.NumericScalar:
    """The sum of the rows that meet a condition; the rest count as zero, which is faster here than to leave them out."""
    return condition.ifelse(amount, ibis.literal(0).cast(amount.type())).sum()


def _optional_sums(days: ir.Table) -> Columns:
    names = [name for name in ("paid", "items", "discount", "discounted_lines") if name in days.columns]
    return {name: days[name].sum() for name in names}


def _extra_sums(prepared: Prepared, moments: ir.Table, customers: ir.Table | None) -> list[ir.Table]:
    """What the other prepared tables say of each customer at each cutoff, for those that were prepared."""
    known = {
        name: known_by(of_customers(prepared[name], prepared, customers), moments, clock)
        for name, clock in _CLOCKS.items()
        if name in prepared
    }
    return [_EXTRA[name](rows, name) for name, rows in known.items()]


def _breadth_sums(rows: ir.Table, table_name: str) -> ir.Table:
    name = table_name.removesuffix("_breadth")
    return rows.group_by(*KEY).aggregate(
        **{f"{name}_count": whole(rows.newly_bought.sum()), f"{name}_favourite": rows.favourite_paid.max()}
    )


def _contact_sums(rows: ir.Table, _name: str) -> ir.Table:
    return rows.group_by(*KEY).aggregate(
        contacts=rows.count(),
        contacts_90d=rows.count(where=rows.contact_day > rows.as_of_day - 90),
        last_contact=rows.contact_day.max(),
        responses=rows.count(where=rows.response_day <= rows.as_of_day),
    )


def _contract_sums(rows: ir.Table, _name: str) -> ir.Table:
    active = rows.ended_day.isnull() | (rows.ended_day > rows.as_of_day)
    return rows.group_by(*KEY).aggregate(
        contracts=rows.count(),
        active_contracts=rows.count(where=active),
        first_contract=rows.started_day.min(),
        contract_price=rows.yearly_price.sum(where=active),
    )


def _acquisition_sums(rows: ir.Table, _name: str) -> ir.Table:
    return rows.group_by(*KEY).aggregate(acquired_day=rows.acquired_day.min())


_CLOCKS = {
    **{f"{name}_breadth": "visible_day" for name in _BREADTH},
    "contact_days": "contact_day",
    "contract_spans": "started_day",
    "acquisition_days": "acquired_day",
}
_EXTRA = {
    **{f"{name}_breadth": _breadth_sums for name in _BREADTH},
    "contact_days": _contact_sums,
    "contract_spans": _contract_sums,
    "acquisition_days": _acquisition_sums,
}
