"""What a row counts for under the value contract."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from patron.settings import Value

MONEY = "decimal(18, 4)"


def with_value(transactions: ir.Table, contract: Value) -> ir.Table:
    """The transactions with ``value``: the amount or the margin, refunds counted or not.

    Where the basis is margin, a row's own margin is used if its source has one, else amount × margin_rate.
    """
    value = transactions.amount
    if contract.basis == "margin":
        # Types that hold the product of the largest amount, to the last digit, on every engine.
        rate = ibis.literal(f"{contract.margin_rate:.4f}").cast("decimal(5, 4)")
        earned = transactions.amount.cast("decimal(24, 4)") * rate
        value = ibis.coalesce(transactions.margin, earned.cast(MONEY))
    if contract.refunds == "ignore":
        value = transactions.is_refund.ifelse(ibis.literal(0).cast(MONEY), value)
    return transactions.mutate(value=value.cast(MONEY))
