"""Rules of the user's own (quality.rules): which rows each would set aside, and the checks it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from patron.quality.expectations import Expectation, Kind
from patron.quality.measures import breaks
from patron.quality.rules import Rule
from patron.quality_terms import OwnRule
from patron.warehouse import Warehouse

_KINDS: Mapping[str, Kind] = {
    "required": "required",
    "at_least": "range",
    "at_most": "range",
    "one_of": "accepted",
    "none_of": "accepted",
    "longest": "longest",
    "known_in": "reference",
}


def expectation_of(rule: OwnRule) -> Expectation:
    """The check that a rule is: it blocks the batch, or warns; one that sets rows aside leaves none to block."""
    return Expectation(
        "silver",
        rule.table,
        _KINDS[rule.test],
        (rule.column,),
        severity="warn" if rule.action == "warn" else "block",
        least=rule.at_least,
        most=rule.longest if rule.longest is not None else rule.at_most,
        values=rule.one_of or rule.none_of or (),
        none_of=rule.none_of is not None,
        parent=f"{rule.known_in}.{rule.column}" if rule.known_in else "",
        words=rule.words or told(rule),
        to_do="Correct the file or take it out; or change the rule in patron.toml and have it approved.",
        rule=rule.name,
    )


def broken_by(rule: OwnRule, rows: ir.Table, parents: Mapping[str, ir.Table]) -> ir.BooleanValue:
    """Whether a row breaks a rule; one that refers to a table that is not filled breaks nothing."""
    if rule.known_in is None:
        return breaks(expectation_of(rule), rows)
    if rule.known_in not in parents:
        return ibis.literal(False)
    known = parents[rule.known_in]
    return (rows[rule.column].notnull() & rows[rule.column].notin(known[rule.column])).fill_null(False)


def parents(warehouse: Warehouse, rules: Sequence[OwnRule]) -> dict[str, ir.Table]:
    """The rows that hold now of the tables that these rules refer to."""
    named = {rule.known_in for rule in rules if rule.known_in is not None}
    tables = {name: warehouse.table("silver", name) for name in named if warehouse.exists("silver", name)}
    return {name: rows.filter(rows.superseded_at.isnull()) for name, rows in tables.items()}


def row_rules(rules: Sequence[OwnRule], table: str, parents: Mapping[str, ir.Table]) -> tuple[Rule, ...]:
    """The rules that set rows of a table aside, as rules on its rows."""
    return tuple(_row_rule(rule, parents) for rule in rules if rule.table == table and rule.action == "quarantine")


def _row_rule(rule: OwnRule, parents: Mapping[str, ir.Table]) -> Rule:
    wrong = rule.words or told(rule)
    return Rule(
        rule.name,
        lambda rows: broken_by(rule, rows, parents),
        lambda rows: (
            ibis.literal(f"{rule.column}: ") + rows[rule.column].cast("string").fill_null("empty") + f" ({wrong})"
        ),
    )


def told(rule: OwnRule) -> str:
    """A rule in words: transactions.amount must be at most 10000."""
    limit = getattr(rule, rule.test)
    shown = ", ".join(limit) if isinstance(limit, tuple) else f"{limit:g}" if isinstance(limit, float) else limit
    must = {
        "required": "must be filled",
        "at_least": f"must be at least {shown}",
        "at_most": f"must be at most {shown}",
        "one_of": f"must be one of {shown}",
        "none_of": f"must be none of {shown}",
        "longest": f"must have at most {shown} characters",
        "known_in": f"must be among the {shown}",
    }
    return f"{rule.table}.{rule.column} {must[rule.test]}"
