"""The one query that types a batch: trim, drop missing words, type, compute, judge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from patron.settings import Condition, Source
from patron.sources.typed_sql import (
    MONEY_TYPE,
    SHOWN_LENGTH,
    Typed,
    believable,
    literal,
    number_value,
    plain_id,
    trimmed,
    typed,
    without_missing_words,
)
from patron.tables import TRANSACTIONS, Column, Table

# The refund rule reads a column of its own, which need not be mapped to anything.
CONDITION: Final = "refund_rule"
_EPOCH: Final = "DATE '1970-01-01'"
_SEPARATOR: Final = "chr(31)"


def parsing_query(source: Source, table: Table, places: Mapping[str, str], wide: frozenset[str]) -> str:
    """SQL over ``batch``: line, a column for each place, what is computed from them, reason and detail.

    ``places`` maps each declared column (and CONDITION) to its text column in the batch; ``wide`` names the
    text columns that hold more than printable ASCII. ``reason`` is NULL for a row that is believed.
    """
    columns = [table.column(name) for name in places if name != CONDITION]
    types = {column.name: typed(column, _t(column.name), source, wide=places[column.name] in wide) for column in columns}
    query = _select("batch", {f"raw_{name}": trimmed(place, wide=place in wide) for name, place in places.items()})
    query = _select(query, {_t(name): _without_missing(table, name) for name in places})
    query = _select(query, {column.name: types[column.name].value for column in columns}, keep=map(_t, places))
    query = _select(query, {column.name: _settled(column) for column in columns}, keep=map(_t, places))
    if table.name == TRANSACTIONS.name:
        query = _with_computed(query, source, places)
    complaints = [*_complaints(columns, types), *_missing(table, places)]
    return _judged(query, table, places, complaints)


def _t(name: str) -> str:
    return f"text_{name}"


def _select(inner: str, columns: Mapping[str, str], keep: Iterable[str] = ()) -> str:
    parts = ["line", *keep, *(f"{value} AS {name}" for name, value in columns.items())]
    return f"SELECT {', '.join(parts)} FROM {_from(inner)}"  # noqa: S608 - names are Patron's own, values are literals


def _from(inner: str) -> str:
    return inner if inner == "batch" else f"({inner})"


def _without_missing(table: Table, name: str) -> str:
    numeric = name in table.names and table.column(name).kind in ("money", "quantity")
    return without_missing_words(f"raw_{name}", numeric=numeric)


def _settled(column: Column) -> str:
    """What is left to do once a value is there to look at."""
    if column.kind in ("moment", "date"):
        return believable(column.name)
    return f"abs({column.name})" if column.name == "discount" else column.name


# Computed for transactions


def _with_computed(query: str, source: Source, places: Mapping[str, str]) -> str:
    kept = [name for name in places if name != CONDITION]
    texts = [_t(name) for name in places]
    if "amount" not in places:
        query = _select(query, {"amount": _product()}, keep=[*texts, *kept])
        kept.append("amount")
    rule = _refund_rule(source.refund_when, source) if source.refund_when else "FALSE"
    query = _select(query, {"by_rule": f"COALESCE({rule}, FALSE) AND amount > 0"} | {"ruled": f"COALESCE({rule}, FALSE)"},
                    keep=[*texts, *kept])  # fmt: skip
    turned = {name: _turned(name) for name in kept}
    query = _select(query, turned | {"is_refund": "ruled OR amount < 0"}, keep=texts)
    days = {"occurred_day": _day("occurred_at"), "visible_day": _visible_day(places)}
    hashed = {"row_hash": _row_hash(kept)}
    return _select(query, days | hashed, keep=[*texts, *kept, "is_refund"])


def _product() -> str:
    """quantity × unit_price, exact to the 8th place, then rounded half away from zero to the 4th."""
    return f"TRY_CAST(CAST(quantity AS DECIMAL(19,4)) * unit_price AS {MONEY_TYPE})"


def _refund_rule(rule: Condition, source: Source) -> str:
    text = _t(CONDITION)
    if rule.starts_with is not None:
        return f"starts_with({text}, {literal(rule.starts_with)})"
    if rule.equals is not None:
        words = ", ".join(literal(word) for word in rule.equals)
        return f"{text} IN ({words}) OR {plain_id(text)} IN ({words})" if words else "FALSE"
    return f"{number_value(text, source)} < {literal(str(rule.less_than))}::DOUBLE"


def _turned(name: str) -> str:
    """Money, pieces and margin of a refund written with a plus sign change theirs."""
    if name == "amount":
        return "CASE WHEN by_rule THEN -amount ELSE amount END"
    if name in ("quantity", "margin"):
        return f"CASE WHEN by_rule AND {name} > 0 THEN -{name} ELSE {name} END"
    return name


def _day(moment: str) -> str:
    return f"CAST(CAST({moment} AS DATE) - {_EPOCH} AS INTEGER)"


def _visible_day(places: Mapping[str, str]) -> str:
    return f"greatest({_day('occurred_at')}, {_day('known_at')})" if "known_at" in places else _day("occurred_at")


def _row_hash(present: Iterable[str]) -> str:
    """64 bits of the md5 of every declared column's value, in declared order; an absent one counts as empty."""
    have = set(present)
    parts = [_canonical(column) if column.name in have else "''" for column in TRANSACTIONS.columns]
    return f"md5_number_lower({f' || {_SEPARATOR} || '.join(parts)})"


def _canonical(column: Column) -> str:
    text = f"epoch_us({column.name})" if column.kind == "moment" else column.name
    return f"COALESCE(CAST({text} AS VARCHAR), '')"


# Judgement


def _complaints(columns: Iterable[Column], types: Mapping[str, Typed]) -> list[tuple[str, str, str]]:
    """Condition, reason and detail for text that is there but gives no value."""
    return [
        (
            f"{_t(column.name)} IS NOT NULL AND {column.name} IS NULL",
            types[column.name].reason,
            f"'{column.name}: ''' || left({_t(column.name)}, {SHOWN_LENGTH}) || '''' || {types[column.name].complaint}",
        )
        for column in columns
        if types[column.name].reason != "NULL"
    ]


def _missing(table: Table, places: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Condition, reason and detail for required values that are not there."""
    found = [
        (f"{_t(name)} IS NULL", f"'missing_{name}'", f"'{name} is empty'") for name in table.required if name in places
    ]
    if table.name != TRANSACTIONS.name or "amount" in places:
        return found
    parts = f"{_t('quantity')} IS NULL OR {_t('unit_price')} IS NULL"
    beyond = "'amount: quantity × unit_price is beyond 99,999,999,999,999.9999'"
    return [
        *found,
        (parts, "'missing_amount'", "'amount: quantity or unit_price is empty'"),
        ("amount IS NULL", "'amount_out_of_range'", beyond),
    ]


def _judged(query: str, table: Table, places: Mapping[str, str], complaints: list[tuple[str, str, str]]) -> str:
    """The query with ``reason`` and ``detail``: those of the first complaint that holds."""
    kept = [name for name in places if name != CONDITION]
    if table.name == TRANSACTIONS.name:
        kept = [*dict.fromkeys([*kept, "amount"]), "is_refund", "occurred_day", "visible_day", "row_hash"]
    if not complaints:
        return _select(query, {"reason": "CAST(NULL AS VARCHAR)", "detail": "CAST(NULL AS VARCHAR)"}, keep=kept)
    reasons = " ".join(f"WHEN {condition} THEN {reason}" for condition, reason, _ in complaints)
    details = " ".join(f"WHEN {condition} THEN {detail}" for condition, _, detail in complaints)
    bad = " OR ".join(f"({condition})" for condition, _, _ in complaints)
    query = _select(query, {"bad": bad}, keep=[*kept, *map(_t, places)])
    return _select(
        query,
        {
            "reason": f"CASE WHEN bad THEN CASE {reasons} END END",
            "detail": f"CASE WHEN bad THEN CASE {details} END END",
        },
        keep=kept,
    )
