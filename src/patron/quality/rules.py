"""Rules on one row: what cannot be believed, with a reason code.

A rule is a condition under which a row is quarantined and the words that say what was wrong. The first
rule that holds gives the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import ibis
import ibis.expr.types as ir

from patron.periods import day_number
from patron.quality.decisions import CONFLICTING_ID
from patron.settings import Settings

_AMOUNT_TOO_LARGE = "amount_too_large"
_ANY_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
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
            lambda rows: (rows.visible_day > last_believable) & (rows.visible_day > rows.occurred_day),
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
            _AMOUNT_TOO_LARGE,
            lambda rows: rows.amount.abs() >= MOST_AMOUNT,
            lambda rows: _told("amount", rows.amount, "is a trillion or more"),
        ),
        Rule(
            "unknown_currency",
            lambda rows: rows.currency.notnull() & (rows.currency.upper() != currency),
            lambda rows: _told("currency", rows.currency, f"is not the value contract's {currency}"),
        ),
    )


def liftable_reasons(settings: Settings) -> frozenset[str]:
    """The reasons for which a row waits though it can be read: a person may believe it nevertheless."""
    rules = transaction_rules(settings, _ANY_MOMENT)
    return frozenset(
        {rule.reason for rule in rules} - {_AMOUNT_TOO_LARGE}
        | {CONFLICTING_ID}
        | {rule.name for rule in settings.quality.rules}
    )


def judged(rows: ir.Table, rules: tuple[Rule, ...]) -> ir.Table:
    """The rows with ``reason`` and ``detail`` of the first rule that each breaks, or NULL.

    Where rows have ``accepted_reasons`` (each between bars), a rule that a person lifted from a row does not hold it back.
    """
    reason: ir.Value = ibis.null("string")
    detail: ir.Value = ibis.null("string")
    for rule in reversed(rules):
        broken = rule.broken(rows)
        if "accepted_reasons" in rows.columns:
            broken = broken & ~rows.accepted_reasons.contains(f"|{rule.reason}|").fill_null(False)
        reason = broken.ifelse(rule.reason, reason)
        detail = broken.ifelse(rule.detail(rows), detail)
    return rows.mutate(reason=reason, detail=detail)


def with_decisions(rows: ir.Table, key: Sequence[str]) -> ir.Table:
    """Judged rows after what people decided: what they dropped is set aside, and of one id the row that they chose stays.

    Takes up the columns ``accepted_reasons``, ``dropped_reason`` and ``dropped_detail``.
    """
    reason = ibis.coalesce(rows.dropped_reason, rows.reason)
    detail = rows.dropped_reason.isnull().ifelse(rows.detail, rows.dropped_detail)
    if key:
        chosen = rows.accepted_reasons.contains(f"|{CONFLICTING_ID}|").fill_null(False)
        same_key = ibis.window(group_by=[rows[name] for name in key])
        passed_over = reason.isnull() & ~chosen & (chosen.cast("int32").max().over(same_key) == 1)
        reason = passed_over.ifelse(CONFLICTING_ID, reason)
        detail = passed_over.ifelse("another row of the same id was accepted in its place", detail)
    return rows.mutate(reason=reason, detail=detail).drop("accepted_reasons", "dropped_reason", "dropped_detail")


def _told(column: str, value: ir.Value, wrong: str) -> ir.StringValue:
    return ibis.literal(f"{column}: ") + value.cast("string") + ibis.literal(f" {wrong}")
