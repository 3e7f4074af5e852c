"""Rules on one row: what cannot be believed, with a reason code.

A rule is a condition under which a row is quarantined and the words that say what was wrong. The first
rule that holds gives the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import ibis
import ibis.expr.types as ir

from patron.periods import day_number
from patron.settings import Settings

MOST_AMOUNT = 10**12  # beyond it, a few rows would overflow a sum of decimal(18,4)


@dataclass(frozen=True)
class Rule:
    """One reason to quarantine a row."""

    reason: str
    broken: Callable[[ir.Table], ir.BooleanValue]
    detail: Callable[[ir.Table], ir.StringValue]


def transaction_rules(settings: Settings, arrived_at: datetime) -> tuple[Rule, ...]:
    """The rules for transactions that arrived at this moment."""
    last_believable = day_number(arrived_at) + 1  # a day of grace: the far side of the date line
    earliest = day_number(date.fromisoformat(settings.quality.earliest))
    currency = settings.value.currency
    return (
        Rule(
            "future_date",
            lambda rows: rows.occurred_day > last_believable,
            lambda rows: _told("occurred_at", rows.occurred_at, f"is after the file arrived ({arrived_at:%Y-%m-%d})"),
        ),
        Rule(
            "future_known_at",
            lambda rows: rows.visible_day > last_believable,
            lambda rows: _told("known_at", rows.known_at, f"is after the file arrived ({arrived_at:%Y-%m-%d})"),
        ),
        Rule(
            "date_too_early",
            lambda rows: rows.occurred_day < earliest,
            lambda rows: _told(
                "occurred_at", rows.occurred_at, f"is before quality.earliest ({settings.quality.earliest})"
            ),
        ),
        Rule(
            "amount_too_large",
            lambda rows: rows.amount.abs() >= MOST_AMOUNT,
            lambda rows: _told("amount", rows.amount, "is a trillion or more"),
        ),
        Rule(
            "unknown_currency",
            lambda rows: rows.currency.notnull() & (rows.currency.upper() != currency),
            lambda rows: _told("currency", rows.currency, f"is not the value contract's {currency}"),
        ),
    )


def judged(rows: ir.Table, rules: tuple[Rule, ...]) -> ir.Table:
    """The rows with ``reason`` and ``detail`` of the first rule that each breaks, or NULL."""
    reason: ir.Value = ibis.null("string")
    detail: ir.Value = ibis.null("string")
    for rule in reversed(rules):
        broken = rule.broken(rows)
        reason = broken.ifelse(rule.reason, reason)
        detail = broken.ifelse(rule.detail(rows), detail)
    return rows.mutate(reason=reason, detail=detail)


def _told(column: str, value: ir.Value, wrong: str) -> ir.StringValue:
    return ibis.literal(f"{column}: ") + value.cast("string") + ibis.literal(f" {wrong}")
