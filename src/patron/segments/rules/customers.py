"""Customers as rules see them: features, scores and segments side by side, one row per customer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import ibis.expr.types as ir

from patron.segment_terms import SegmentRule

_ALWAYS: Final = ("customer_id", "expected_value")


def described_customers(
    scores: ir.Table, others: Sequence[ir.Table], rules: Sequence[SegmentRule] | None = None
) -> ir.Table:
    """One row per scored customer with the columns of all these tables, whose key is customer_id; the first that has one gives it.

    With ``rules``, only the columns that they ask about, and expected_value; a table of which none is asked is not read.
    A customer whom another table does not know has missing values there.
    """
    wanted = None if rules is None else {*_ALWAYS, *asked_columns(rules)}
    rows = scores.select(*(name for name in scores.columns if wanted is None or name in wanted))
    for table in others:
        new = [name for name in table.columns if name not in rows.columns and (wanted is None or name in wanted)]
        if new:
            told = table.select(*new, told_of="customer_id")
            rows = rows.left_join(told, rows.customer_id == told.told_of).drop("told_of")
    return rows


def asked_columns(rules: Sequence[SegmentRule]) -> tuple[str, ...]:
    """The columns that these rules ask about, each once, in the order in which they are first named."""
    return tuple(
        dict.fromkeys(where.column for rule in rules for _, where in rule.where.walk() if where.column is not None)
    )
