"""Whether rules of the user's own ask about columns that exist, in words that fit them: every fault with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from patron.segment_terms import Scalar, SegmentRule, Where, day_of_text
from patron.segments.rules.columns import Kind, RuleColumn, rule_columns
from patron.settings import OptionFault, Settings

_ORDERED: Final = frozenset({"above", "at_least", "below", "at_most", "between"})
_ASKED_FOR: Final[Mapping[Kind, str]] = {
    "number": "Compare it with a number.",
    "share": "Compare it with a number from 0 to 1; 30 % is 0.3.",
    "day": "Compare it with a day such as 2024-06-30, or with a number of days since 1970-01-01.",
    "date": "Compare it with a day such as 2024-06-30.",
    "text": "Compare it with a text in quotes.",
    "flag": "Compare it with true or false.",
}
_WHERE_THEY_ARE_TOLD: Final = (
    "Columns are the features (docs/features.md) and those of scores and segments (docs/tables.md)."
)


def rule_faults(settings: Settings) -> Iterator[OptionFault]:
    """Whatever is wrong with any rule of segments.rules beyond its form; ``read_settings`` gives each its line."""
    yield from faults_of_rules(settings.segments.rules, rule_columns())


def faults_of_rules(rules: tuple[SegmentRule, ...], columns: Mapping[str, RuleColumn]) -> Iterator[OptionFault]:
    """The same of these rules, where these are the columns that exist (a plugin may add its own to ``rule_columns``)."""
    names: set[str] = set()
    for number, rule in enumerate(rules):
        place = ("segments", "rules", str(number))
        if rule.name.casefold() in names:
            yield OptionFault(
                (*place, "name"),
                f"another rule is called '{rule.name}' too.",
                to_do="Give each rule a name of its own.",
            )
        names.add(rule.name.casefold())
        for inner, condition in rule.where.walk((*place, "where")):
            if condition.column is not None:
                yield from _faults_of_comparison(inner, rule.name, condition, columns)


def _faults_of_comparison(
    place: tuple[str, ...], rule: str, condition: Where, columns: Mapping[str, RuleColumn]
) -> Iterator[OptionFault]:
    name = condition.column or ""
    if name not in columns:
        close = get_close_matches(name.lower(), columns, n=1)
        hint = f"Did you mean '{close[0]}'?" if close else _WHERE_THEY_ARE_TOLD
        yield OptionFault((*place, "column"), f"'{name}' of the rule '{rule}' is no column of a customer.", to_do=hint)
        return
    column, test = columns[name], condition.test
    if test == "missing":
        return
    key, told = (*place, test), f"the rule '{rule}' compares {name}, which holds a {_held(column)}, with"
    if test in _ORDERED and column.kind in ("text", "flag"):
        yield OptionFault(key, f"{told} '{test}', which is for numbers and days.", "Use is, is_not, in or missing.")
        return
    for limit in condition.limits:
        if not _fits(limit, column.kind):
            yield OptionFault(key, f"{told} {_shown(limit)}.", _ASKED_FOR[column.kind])
        elif column.words and limit not in column.words:
            close = get_close_matches(str(limit).casefold(), {word.casefold(): word for word in column.words}, n=1)
            meant = next((word for word in column.words if close and word.casefold() == close[0]), "")
            yield OptionFault(
                key,
                f"the rule '{rule}' asks for {name} '{limit}', which nobody has.",
                f"Allowed: {', '.join(column.words)}.",
                f"Did you mean '{meant}'?" if meant else "",
            )


def _held(column: RuleColumn) -> str:
    return {"share": "number from 0 to 1", "flag": "true or false"}.get(column.kind, column.kind)


def _shown(limit: Scalar) -> str:
    return f"'{limit}'" if isinstance(limit, str) else str(limit).lower() if isinstance(limit, bool) else f"{limit:g}"


def _fits(limit: Scalar, kind: Kind) -> bool:
    if isinstance(limit, bool):
        return kind == "flag"
    if isinstance(limit, str):
        return kind == "text" or (kind in ("date", "day") and day_of_text(limit) is not None)
    return kind in ("number", "day") or (kind == "share" and 0 <= limit <= 1)
