"""Customers as they would be had something not happened between two days: told from the rows that hold now.

``day_before`` is the day of an earlier description, ``day_now`` that of a later one. What becomes known after the earlier
day, by the clock of each prepared table, is what happened in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import ibis
import ibis.expr.types as ir

from patron.features.customer_features import customer_features
from patron.features.feature import Feature
from patron.features.order_parts import MONEY

Prepared = Mapping[str, ir.Table]

CLOCKS: Final = {
    "order_parts": "visible_day",
    "product_breadth": "visible_day",
    "category_breadth": "visible_day",
    "branch_breadth": "visible_day",
    "channel_breadth": "visible_day",
    "contact_days": "contact_day",
    "engagement_days": "visible_day",
    "review_days": "visible_day",
    "contract_spans": "started_day",
    "acquisition_days": "acquired_day",
}
"""The day from which a row of a prepared table may be seen. A table without one says nothing of any day."""
LATER_DAYS: Final = {"contact_days": "response_day", "contract_spans": "ended_day"}
"""What a row may say of a day after its own: a response, the end of a contract."""


def told_again(
    prepared: Prepared,
    day_before: int,
    horizon_days: int,
    available: Sequence[Feature],
    customers: ir.Table | None = None,
) -> ir.Table:
    """The earlier day as it is told now: with late, changed and deleted rows that were to be seen by then.

    Columns as of ``customer_features``; customers of whom nothing was to be seen by then have no row.
    """
    return customer_features(prepared, [day_before], horizon_days, available, customers)


def aged(
    prepared: Prepared,
    day_before: int,
    day_now: int,
    horizon_days: int,
    available: Sequence[Feature],
    customers: ir.Table | None = None,
) -> ir.Table:
    """The later day as if nothing at all had happened in between: the same customers, only older."""
    known = {name: _known_by(rows, name, day_before) for name, rows in prepared.items()}
    return customer_features(known, [day_now], horizon_days, available, customers)


def without_refunds(
    prepared: Prepared,
    day_before: int,
    day_now: int,
    horizon_days: int,
    available: Sequence[Feature],
    customers: ir.Table | None = None,
) -> ir.Table:
    """The later day as if nothing had been given back in between: all else that happened is in it."""
    kept = {**prepared, "order_parts": _without_refunds(prepared["order_parts"], day_before)}
    return customer_features(kept, [day_now], horizon_days, available, customers)


def stirred(prepared: Prepared, day_before: int, day_now: int) -> ir.Table:
    """The customers of whom anything became known in between: (customer_id). All others are as ``aged`` says."""
    keys = [
        rows.filter((rows[day] > day_before) & (rows[day] <= day_now)).select("customer_key")
        for name, rows in prepared.items()
        for day in (CLOCKS.get(name), LATER_DAYS.get(name))
        if day is not None
    ]
    return _ids(prepared, keys[0] if len(keys) == 1 else ibis.union(*keys, distinct=False))


def refunded(prepared: Prepared, day_before: int, day_now: int) -> ir.Table:
    """The customers who gave something back in between: (customer_id). All others are as ``without_refunds`` says."""
    parts = prepared["order_parts"]
    given = parts.filter((parts.refund_lines > 0) & (parts.visible_day > day_before) & (parts.visible_day <= day_now))
    return _ids(prepared, given.select("customer_key"))


def _known_by(rows: ir.Table, name: str, day: int) -> ir.Table:
    """The rows of a prepared table that were to be seen by a day, with what they said then."""
    if name not in CLOCKS:
        return rows
    rows = rows.filter(rows[CLOCKS[name]] <= day)
    later = LATER_DAYS.get(name)
    if later is None:
        return rows
    said = (rows[later] <= day).fill_null(False)
    return rows.mutate(**{later: said.ifelse(rows[later], ibis.null(rows[later].type()))})


def _without_refunds(parts: ir.Table, day_before: int) -> ir.Table:
    """The parts without what was given back after a day; of a day on which something else was written too, that stays."""
    given = (parts.refund_lines > 0) & (parts.visible_day > day_before)
    parts = parts.filter(~(given & (parts.net == parts.refund)))
    given = (parts.refund_lines > 0) & (parts.visible_day > day_before)
    return parts.mutate(
        net=given.ifelse(parts.net - parts.refund, parts.net).cast(MONEY),
        refund=given.ifelse(ibis.literal(0).cast(MONEY), parts.refund),
        refund_lines=given.ifelse(ibis.literal(0, "int32"), parts.refund_lines),
    )


def _ids(prepared: Prepared, keys: ir.Table) -> ir.Table:
    chosen = keys.distinct().select(chosen_key="customer_key")
    known = prepared["customer_keys"]
    return known.inner_join(chosen, known.customer_key == chosen.chosen_key).select("customer_id")
