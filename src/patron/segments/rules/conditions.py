"""A rule as one expression over a table of customers: the same on every engine, and never missing."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import reduce
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from patron.errors import UsageError
from patron.features.catalogue import FEATURES
from patron.features.catalogue_text import needs_words
from patron.features.feature import is_met
from patron.periods import day_number
from patron.segment_terms import Scalar, SegmentRule, Where, day_of_text
from patron.segments.rules.columns import RuleColumn, rule_columns

# Any: Ibis' operators take and give expressions of every type
_TESTS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "is": operator.eq,
    "is_not": operator.ne,
    "above": operator.gt,
    "at_least": operator.ge,
    "below": operator.lt,
    "at_most": operator.le,
}
_MET_BY_NAN: Final = frozenset({"above", "at_least", "is_not"})


def belongs(rule: SegmentRule, table: ir.Table, columns: Mapping[str, RuleColumn] | None = None) -> ir.BooleanValue:
    """Whether a customer belongs to a rule's group: true or false, never missing.

    ``table`` has one row per customer. A missing value (NULL, or not a number) meets no comparison, ``is_not`` among
    them, and so ``not`` of a comparison is met where the value is missing. Raises UsageError where the table lacks a
    column that the rule asks about. Numbers are compared as 64-bit floats and texts sign by sign, on every engine.
    """
    known = rule_columns() if columns is None else columns
    return _condition(rule.where, rule.name, table, known).fill_null(False)


def refuse_unmet(rules: Iterable[SegmentRule], present: Mapping[str, frozenset[str]]) -> None:
    """Nothing, or a UsageError where a rule asks about a feature that these mapped columns do not give.

    ``present`` gives the mapped columns of each silver table: known before a run begins, so that none fails at its end.
    """
    unmet = {feature.name for feature in FEATURES if not is_met(feature.needs, present)}
    for rule in rules:
        for _, condition in rule.where.walk():
            if condition.column in unmet:
                raise _lacking(rule.name, condition.column)


def _condition(where: Where, rule: str, table: ir.Table, columns: Mapping[str, RuleColumn]) -> ir.BooleanValue:
    """Whether a condition is met; NULL as well as false where it is not, which "and" and "or" carry to the same end."""
    if where.shape == "column":
        return _comparison(where, rule, table, columns)
    parts = [_condition(part, rule, table, columns) for _, part in where.parts]
    if where.shape == "not":
        return ~parts[0].fill_null(False)
    return reduce(operator.and_ if where.shape == "all" else operator.or_, parts)


def _comparison(where: Where, rule: str, table: ir.Table, columns: Mapping[str, RuleColumn]) -> ir.BooleanValue:
    name = where.column or ""
    if name not in columns or name not in table.columns:
        raise _lacking(rule, name)
    value = _value(table[name], columns[name])
    if where.test == "missing":
        return _is_missing(value) if where.limit else ~_is_missing(value)
    limits = [_limit(limit, columns[name]) for limit in where.limits]
    if where.test == "in":
        met = value.isin(limits)
    elif where.test == "between":
        met = (value >= limits[0]) & (value <= limits[1])
    else:
        met = _TESTS[where.test](value, limits[0])
    # Engines place NaN above all numbers; to us it is no value.
    return met & ~value.isnan() if where.test in _MET_BY_NAN and value.type().is_floating() else met


def _is_missing(value: Any) -> ir.BooleanValue:  # Any: an expression of any type
    return value.isnull() | value.isnan().fill_null(False) if value.type().is_floating() else value.isnull()


def _lacking(rule: str, name: str) -> UsageError:
    needs = next((needs_words(feature) for feature in FEATURES if feature.name == name and feature.needs), "")
    remedy = f"Map {needs}, or change the rule in patron.toml." if needs else "Change the rule in patron.toml."
    return UsageError(f"The rule '{rule}' asks about {name}, which these customers do not have.", to_do=remedy)


def _value(column: ir.Value, known: RuleColumn) -> Any:  # Any: an expression of the column's kind
    """A column as its kind."""
    if known.kind == "flag":
        return column.cast("boolean")
    if known.kind == "text":
        return column.cast("string")
    if known.kind == "date":
        return column.cast("date")
    return column.cast("float64")


def _limit(limit: Scalar, known: RuleColumn) -> ir.Scalar:
    """A value as a literal, which Ibis words for each engine: what the file says never becomes SQL."""
    if known.kind == "flag":
        return ibis.literal(bool(limit))
    if known.kind == "text":
        return ibis.literal(str(limit), "string")
    if known.kind == "date":
        return ibis.literal(_date(limit), "date")
    return ibis.literal(float(day_number(_date(limit)) if isinstance(limit, str) else limit), "float64")


def _date(limit: Scalar) -> date:
    day = day_of_text(str(limit))
    if day is None:
        raise UsageError(f"'{limit}' is no day of the calendar.", allowed="Write a day such as 2024-06-30.")
    return day
