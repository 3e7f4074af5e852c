"""What is odd but possible: kept, counted, and listed for a person to look at."""

from __future__ import annotations

from collections.abc import Callable

import ibis
import ibis.expr.types as ir


def usual_amount(transactions: ir.Table) -> ir.Scalar:
    """The median size of an amount other than zero."""
    sizes = transactions.filter(transactions.amount != 0)
    return sizes.amount.abs().median()


def oddities(transactions: ir.Table, usual: float, outlier_factor: float) -> ir.Table:
    """One row per odd row and flag: file_id, line, flag, detail."""
    limit = round(usual * outlier_factor, 4)
    zero = _flagged(transactions.filter(transactions.amount == 0), "zero_price", lambda _: ibis.literal("amount: 0"))
    if not limit:
        return zero
    far = transactions.filter(transactions.amount.abs() > limit)
    outlier = _flagged(
        far, "outlier", lambda rows: _amount(rows) + f" is beyond {outlier_factor:g} times the median {usual:g}"
    )
    return zero.union(outlier).union(_cancelled_at_once(far))


def _cancelled_at_once(far: ir.Table) -> ir.Table:
    sale, back = far.filter(~far.is_refund), far.filter(far.is_refund).view()
    pair = sale.semi_join(
        back,
        [
            sale.customer_id == back.customer_id,
            sale.amount == -back.amount,
            back.occurred_at >= sale.occurred_at,
            back.occurred_day <= sale.occurred_day + 1,
        ],
    )
    return _flagged(pair, "huge_then_cancelled", lambda rows: _amount(rows) + " was given back within a day")


def _amount(rows: ir.Table) -> ir.StringValue:
    return ibis.literal("amount: ") + rows.amount.cast("string")


def _flagged(rows: ir.Table, flag: str, detail: Callable[[ir.Table], ir.StringValue]) -> ir.Table:
    return rows.select("file_id", "line", flag=ibis.literal(flag), detail=detail(rows))
