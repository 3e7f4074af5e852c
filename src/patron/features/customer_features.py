"""Customers described as of any number of cutoffs, in one expression.

Sums of counts and money are exact (whole numbers and decimals) and become floats only in the last
formula, so the same rows give the same bits whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from patron.features.at_cutoffs import KEY, Cutoffs, chosen_customers, known_by, known_parts, of_customers
from patron.features.beside_purchases import ENGAGEMENT_WINDOWS
from patron.features.catalogue import TREND_WINDOWS, WINDOWS
from patron.features.day_arithmetic import is_weekend, quarter, whole
from patron.features.engagement import KINDS_OF
from patron.features.feature import Feature
from patron.features.formulas import SEASON_CYCLE_DAYS, formulas, with_ends
from patron.features.purchase_before import is_new_purchase_day, is_purchase

Prepared = Mapping[str, ir.Table]
Columns = dict[str, ir.Value]

_BREADTH = ("product_breadth", "category_breadth", "branch_breadth", "channel_breadth")


def customer_features(
    prepared: Prepared,
    cutoffs: Cutoffs,
    horizon_days: int,
    available: Sequence[Feature],
    customers: ir.Table | None = None,
) -> ir.Table:
    """One row per cutoff and customer known by then: as_of_day, customer_id and the available features.

    ``prepared`` holds the tables of ``needed_tables`` by name. ``customers``, a table with customer_id,
    restricts the rows to those customers and changes nothing else.
    """
    summed = [_part_sums(parts, horizon_days) for parts in known_parts(prepared, cutoffs, customers)]
    sums = summed[0] if len(summed) == 1 else ibis.union(*summed, distinct=False)
    for extra in _extra_sums(prepared, cutoffs, customers):
        sums = sums.left_join(extra, list(KEY)).drop(*(f"{name}_right" for name in KEY))
    keys = chosen_customers(prepared, customers)
    keys = keys.select("customer_id", numbered_key="customer_key")
    sums = sums.inner_join(keys, sums.customer_key == keys.numbered_key)
    sums = with_ends(sums)
    values = formulas(sums, horizon_days)
    return sums.select("as_of_day", "customer_id", **{feature.name: values[feature.name] for feature in available})


def _part_sums(parts: ir.Table, horizon_days: int) -> ir.Table:
    """Everything that one pass over the known order parts can say."""
    purchase_day = is_purchase(parts).ifelse(parts.occurred_day, None)
    parts = parts.mutate(purchase_day=purchase_day, quarter=quarter(parts.occurred_day))
    sums = {
        **_purchase_sums(parts),
        **_gap_sums(parts),
        **_window_sums(parts, horizon_days),
        **_season_sums(parts, horizon_days),
        **_optional_sums(parts),
    }
    return parts.group_by(*KEY).aggregate(**sums)


def _purchase_sums(parts: ir.Table) -> Columns:
    return {
        "first_known": parts.occurred_day.min(),
        "first_purchase": parts.purchase_day.min(),
        "last_purchase": parts.purchase_day.max(),
        "purchase_days": whole(is_new_purchase_day(parts).sum()),
        "orders": whole(parts.orders.sum()),
        "lines": whole(parts.lines.sum()),
        "gross": parts.gross.sum(),
        "net": parts.net.sum(),
        "refund": parts.refund.sum(),
        "refund_lines": whole(parts.refund_lines.sum()),
        "last_refund": parts.occurred_day.max(where=parts.refund_lines > 0),
        "largest_order": parts.gross_so_far.max(),
        "first_day_gross": _sum_where((parts.occurred_day == parts.first_purchase).fill_null(False), parts.gross),
    }


def _gap_sums(parts: ir.Table) -> Columns:
    gap = (parts.purchase_day - parts.purchase_before).cast("int64")
    return {
        "squared_gaps": whole((gap * gap).sum()),
        "longest_gap": gap.max(),
        "purchase_before_last": parts.purchase_before.max(where=is_new_purchase_day(parts)),
    }


def _window_sums(parts: ir.Table, horizon_days: int) -> Columns:
    sums: Columns = {}
    for days_back in sorted({*WINDOWS, horizon_days}):
        inside = parts.occurred_day > parts.as_of_day - days_back
        sums[f"net_{days_back}d"] = _sum_where(inside, parts.net)
        sums[f"orders_{days_back}d"] = whole(_sum_where(inside, parts.orders))
    for days_back in TREND_WINDOWS:
        sums[f"gross_{days_back}d"] = _sum_where(parts.occurred_day > parts.as_of_day - days_back, parts.gross)
    return sums


def _season_sums(parts: ir.Table, horizon_days: int) -> Columns:
    begin = parts.as_of_day - SEASON_CYCLE_DAYS
    season = (parts.occurred_day > begin) & (parts.occurred_day <= begin + horizon_days)
    return {
        "season_net": _sum_where(season, parts.net),
        "season_orders": whole(_sum_where(season, parts.orders)),
        "weekend_orders": whole(_sum_where(is_weekend(parts.occurred_day), parts.orders)),
        **{f"quarter_{number}": whole(_sum_where(parts.quarter == number, parts.orders)) for number in (1, 2, 3)},
    }


def _sum_where(condition: ir.BooleanColumn, amount: ir.NumericColumn) -> ir.NumericScalar:
    """The sum of the rows that meet a condition; the rest count as zero, which is faster here than to leave them out."""
    return condition.ifelse(amount, ibis.literal(0).cast(amount.type())).sum()


def _optional_sums(parts: ir.Table) -> Columns:
    names = [name for name in ("paid", "items", "discount", "discounted_lines") if name in parts.columns]
    return {name: parts[name].sum() for name in names}


def _extra_sums(prepared: Prepared, cutoffs: Cutoffs, customers: ir.Table | None) -> list[ir.Table]:
    """What the other prepared tables say of each customer at each cutoff, for those that were prepared."""
    known = {
        name: known_by(of_customers(prepared[name], prepared, customers), cutoffs, clock)
        for name, clock in _CLOCKS.items()
        if name in prepared
    }
    return [_EXTRA[name](rows, name) for name, rows in known.items()]


def _number_of_things(rows: ir.Table, table_name: str) -> ir.Table:
    return rows.group_by(*KEY).aggregate(**{f"{table_name.removesuffix('_breadth')}_count": rows.count()})


def _number_and_favourite(rows: ir.Table, table_name: str) -> ir.Table:
    name = table_name.removesuffix("_breadth")
    return rows.group_by(*KEY).aggregate(
        **{f"{name}_count": whole(rows.newly_bought.sum()), f"{name}_favourite": rows.paid_so_far.max()}
    )


def _contact_sums(rows: ir.Table, _name: str) -> ir.Table:
    return rows.group_by(*KEY).aggregate(
        contacts=rows.count(),
        contacts_90d=rows.count(where=rows.contact_day > rows.as_of_day - 90),
        last_contact=rows.contact_day.max(),
        responses=rows.count(where=(rows.response_day <= rows.as_of_day).fill_null(False)),
    )


def _engagement_sums(rows: ir.Table, _name: str) -> ir.Table:
    lately = {
        f"{kind}_{days}d": whole(_sum_where(rows.occurred_day > rows.as_of_day - days, rows[kind]))
        for kind in KINDS_OF
        for days in ENGAGEMENT_WINDOWS
    }
    return rows.group_by(*KEY).aggregate(
        engagements=whole(rows.engagements.sum()),
        opens=whole(rows.opens.sum()),
        clicks=whole(rows.clicks.sum()),
        last_engagement=rows.occurred_day.max(),
        **lately,
    )


def _review_sums(rows: ir.Table, _name: str) -> ir.Table:
    rated_day = (rows.rated > 0).ifelse(rows.occurred_day, ibis.null("int32"))
    rows = rows.mutate(last_rated_day=rated_day.max().over(ibis.window(group_by=list(KEY))))
    at_last = (rows.occurred_day == rows.last_rated_day).fill_null(False)
    return rows.group_by(*KEY).aggregate(
        reviews=whole(rows.reviews.sum()),
        rated=whole(rows.rated.sum()),
        ratings=rows.ratings.sum(),
        last_review=rows.occurred_day.max(),
        rated_last=whole(_sum_where(at_last, rows.rated)),
        ratings_last=_sum_where(at_last, rows.ratings),
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
    **dict.fromkeys(_BREADTH, "visible_day"),
    "contact_days": "contact_day",
    "engagement_days": "visible_day",
    "review_days": "visible_day",
    "contract_spans": "started_day",
    "acquisition_days": "acquired_day",
}
_EXTRA = {
    **dict.fromkeys(_BREADTH, _number_and_favourite),
    "product_breadth": _number_of_things,
    "contact_days": _contact_sums,
    "engagement_days": _engagement_sums,
    "review_days": _review_sums,
    "contract_spans": _contract_sums,
    "acquisition_days": _acquisition_sums,
}
