"""What customers did after each cutoff, within the horizon: the answers that models are trained and tested on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis.expr.types as ir

from patron.features.at_cutoffs import KEY, chosen_customers, cutoff_rows, of_customers
from patron.features.day_arithmetic import whole
from patron.features.purchase_before import is_new_purchase_day


def outcomes(
    prepared: Mapping[str, ir.Table], cutoffs: Sequence[int], horizon_days: int, customers: ir.Table | None = None
) -> ir.Table:
    """Net value, orders and purchase days in (cutoff, cutoff + H] of every customer known by the cutoff.

    Columns as_of_day, customer_id, future_value (decimal), future_orders, future_purchase_days; zeros
    where nothing came. The future counts by the day things happened, with all that is known now; an
    order counts once, on the day of the part with which it became known.
    """
    days = of_customers(prepared["order_parts"], prepared, customers)
    pairs = days.cross_join(cutoff_rows(cutoffs))
    pairs = pairs.filter((pairs.visible_day <= pairs.as_of_day) | _is_future(pairs, horizon_days))
    future = _is_future(pairs, horizon_days)
    sums = pairs.group_by(*KEY).aggregate(
        first_known=pairs.visible_day.min(),
        future_value=pairs.net.sum(where=future).fill_null(0).cast("decimal(18,4)"),
        future_orders=whole(pairs.orders.sum(where=future).fill_null(0)),
        future_purchase_days=whole(is_new_purchase_day(pairs).sum(where=future).fill_null(0)),
    )
    keys = chosen_customers(prepared, customers).select("customer_id", numbered_key="customer_key")
    known = sums.filter(sums.first_known <= sums.as_of_day)
    known = known.inner_join(keys, known.customer_key == keys.numbered_key)
    return known.select("as_of_day", "customer_id", "future_value", "future_orders", "future_purchase_days")


def _is_future(pairs: ir.Table, horizon_days: int) -> ir.BooleanColumn:
    day, cutoff = pairs.occurred_day, pairs.as_of_day
    return (day > cutoff) & (day <= cutoff + horizon_days)
