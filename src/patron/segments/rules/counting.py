"""Who belongs to the groups of rules, and how many they are and what is expected of them, asked in one query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from patron.segment_terms import SegmentRule
from patron.segments.rules.conditions import belongs

# A decimal sum does not change with the order in which an engine adds.
_MONEY: Final = "decimal(18, 4)"


@dataclass(frozen=True)
class RuleCount:
    """How many customers belong to a rule's group and what is expected of them; shares are of all customers."""

    rule: str
    customers: int
    expected_value: float
    share_of_customers: float
    share_of_value: float


def rule_flags(table: ir.Table, rules: Sequence[SegmentRule]) -> ir.Table:
    """One row per customer: customer_id, and the booleans ``rule_1``, ``rule_2`` … of the rules in their order.

    Columns are numbered because a rule's name can be longer than PostgreSQL lets a column's be. Raises UsageError where
    the table lacks a column that a rule asks about.
    """
    return table.select("customer_id", **_flags(table, rules))


def rule_memberships(table: ir.Table, rules: Sequence[SegmentRule]) -> ir.Table:
    """One row per customer and rule to whose group they belong: customer_id and rule, the rule's name.

    A customer can belong to several groups or to none. Raises UsageError where the table lacks a column.
    """
    flags = rule_flags(table, rules)
    members = [
        flags.filter(flags[f"rule_{number}"]).select("customer_id", rule=ibis.literal(rule.name, "string"))
        for number, rule in enumerate(rules, start=1)
    ]
    if not members:
        return flags.select("customer_id", rule=ibis.literal("", "string")).filter(ibis.literal(False))
    return members[0] if len(members) == 1 else ibis.union(*members, distinct=False)


def count_rules(table: ir.Table, rules: Sequence[SegmentRule]) -> ir.Table:
    """One row, from one query: ``customers_n`` and ``value_n`` of the n-th rule, and of everybody where n is 0.

    ``table`` has one row per customer, with ``expected_value``; ``read_counts`` reads the row. Raises UsageError where
    the table lacks a column that a rule asks about.
    """
    rows = table.select(money=table.expected_value.cast(_MONEY), **_flags(table, rules))
    counted: dict[str, ir.Value] = {
        "customers_0": rows.count(),
        "value_0": rows.money.sum().cast("float64").fill_null(0.0),
    }
    for number in range(1, len(rules) + 1):
        member = rows[f"rule_{number}"]
        counted[f"customers_{number}"] = rows.count(where=member)
        counted[f"value_{number}"] = rows.money.sum(where=member).cast("float64").fill_null(0.0)
    return rows.aggregate(**counted)


def read_counts(rules: Sequence[SegmentRule], counted: pa.Table) -> tuple[RuleCount, ...]:
    """The counts of these rules, in their order, from the row that ``count_rules`` of the same rules gave."""
    row = counted.to_pylist()[0]
    customers, value = int(row["customers_0"]), float(row["value_0"])
    return tuple(
        RuleCount(
            rule.name,
            int(row[f"customers_{number}"]),
            float(row[f"value_{number}"]),
            _share(row[f"customers_{number}"], customers),
            _share(row[f"value_{number}"], value),
        )
        for number, rule in enumerate(rules, start=1)
    )


def _flags(table: ir.Table, rules: Sequence[SegmentRule]) -> dict[str, ir.BooleanValue]:
    return {f"rule_{number}": belongs(rule, table) for number, rule in enumerate(rules, start=1)}


def _share(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole else 0.0
