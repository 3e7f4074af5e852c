"""What customers did after each cutoff, within the horizon: the answers that models are trained and tested on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import ibis.expr.types as ir

from patron.features.at_cutoffs import KEY, chosen_customers, cutoff_rows, of_customers
from patron.features.day_arithmetic import whole
from patron.features.purchase_before import is_new_purchase_day

EARLY: Final = "future_early_value"


def outcomes(
    prepared: Mapping[str, ir.Table],
    cutoffs: Sequence[int],
    horizon_days: int,
    customers: ir.Table | None = None,
    early_days: int | None = None,
) -> ir.Table:
    """Net value, orders and purchase days in (cutoff, cutoff + H] of every customer known by the cutoff.

    Columns as_of_day, customer_id, future_value (decimal), future_orders, future_purchase_days; zeros
    where nothing came. With ``early_days`` also future_early_value: what came in so many days, or in H if that is less. The future counts by the day things happened, with all that is known now; an
    order counts once, on the day of the part with which it became known.
    """
    days = of_customers(prepared["order_parts"], prepared, customers)
    pairs = days.cross_join(cutoff_rows(cutoffs))
    pairs = pairs.filter((pairs.visible_day <= pairs.as_of_day) | _is_future(pairs, horizon_days))
    future = _is_future(pairs, horizon_days)
    early = {} if early_days is None else {EARLY: _net(pairs, _is_future(pairs, min(early_days, horizon_days)))}
    sums = pairs.group_by(*KEY).aggregate(
        first_known=pairs.visible_day.min(),
        future_value=_net(pairs, future),
        future_orders=whole(pairs.orders.sum(where=future).fill_null(0)),
        future_purchase_days=whole(is_new_purchase_day(pairs).sum(where=future).fill_null(0)),
        **early,
    )
    keys = chosen_customers(prepared, customers).select("customer_id", numbered_key="customer_key")
    known = sums.filter(sums.first_known <= sums.as_of_day)
    known = known.inner_join(keys, known.customer_key == keys.numbered_key)
    return known.select("as_of_day", "customer_id", "future_value", "future_orders", "future_purchase_days", *early)


def _net(pairs: ir.Table, counts: ir.BooleanColumn) -> ir.DecimalColumn:
    return pairs.net.sum(where=counts).fill_null(0).cast("decimal(18,4)")


def _is_future(pairs: ir.Table, horizon_days: int) -> ir.BooleanColumn:
    day, cutoff = pairs.occurred_day, pairs.as_of_day
    return (day > cutoff) & (day <= cutoff + horizon_days)
