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
        rate = ibis.literal(f"{contract.margin_rate:.4f}").cast(MONEY)
        value = ibis.coalesce(transactions.margin, (transactions.amount * rate).cast(MONEY))
    if contract.refunds == "ignore":
        value = transactions.is_refund.ifelse(ibis.literal(0).cast(MONEY), value)
    return transactions.mutate(value=value.cast(MONEY))
