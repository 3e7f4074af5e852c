"""What BigQuery refuses, as far as it can be told from a statement alone: each rule gives the places that break it.

BigQuery itself judges with the tables at hand; these rules are those of its documentation that a compiler for many engines is most
likely to break. A statement that meets them all may still be refused, and one that breaks any would be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

import sqlglot
import sqlglot.expressions as sge
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

LONGEST_STATEMENT: Final = 1_000_000
FUNCTIONS: Final = frozenset(
    [
        "abs",
        "any_value",
        "avg",
        "cast",
        "ceil",
        "coalesce",
        "concat",
        "count",
        "countif",
        "date",
        "date_diff",
        "datetime",
        "exp",
        "extract",
        "first_value",
        "floor",
        "format_datetime",
        "greatest",
        "ieee_divide",
        "if",
        "is_inf",
        "is_nan",
        "lag",
        "last_value",
        "lead",
        "least",
        "length",
        "ln",
        "lower",
        "max",
        "min",
        "mod",
        "nullif",
        "pow",
        "power",
        "rank",
        "regexp_contains",
        "regexp_replace",
        "replace",
        "round",
        "row_number",
        "safe_cast",
        "sign",
        "sqrt",
        "starts_with",
        "stddev_samp",
        "strpos",
        "substr",
        "sum",
        "trim",
        "trunc",
        "unix_micros",
        "upper",
        "unix_seconds",
        "instr",
        "substring",
        "log",
        "var_samp",
        "dense_rank",
        "ntile",
        "farm_fingerprint",
        "parse_date",
        "parse_datetime",
        "timestamp",
        "approx_quantiles",
    ]
)
_WORDS_BEFORE_A_BRACKET: Final = frozenset(
    [
        "all",
        "and",
        "as",
        "by",
        "exists",
        "from",
        "having",
        "in",
        "into",
        "is",
        "join",
        "limit",
        "not",
        "on",
        "or",
        "over",
        "select",
        "then",
        "union",
        "using",
        "values",
        "when",
        "where",
        "with",
        "between",
        "distinct",
        "else",
        "case",
        "except",
        "numeric",
        "bignumeric",
        "table",
        "view",
        "set",
        "schema",
        "column",
        "clone",
        "insert",
        "update",
        "delete",
        "qualify",
    ]
)
TYPES: Final = frozenset(
    ["INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC", "STRING", "BOOL", "DATE", "DATETIME", "TIMESTAMP", "BYTES"]
)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,299}")
_CALL: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_.]*)\s*\(")
_TEXT: Final = re.compile(r"'(?:[^'\\]|\\.)*'|`[^`]*`")
Kind = sge.DataType.Type
# From a type, to the types that CAST takes it to; a type that is not here may go anywhere.
_CASTS: Final = {
    Kind.BOOLEAN: {Kind.BOOLEAN, Kind.BIGINT, Kind.TEXT},
    Kind.DATE: {Kind.DATE, Kind.TEXT, Kind.DATETIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ},
    Kind.DATETIME: {Kind.DATETIME, Kind.DATE, Kind.TEXT, Kind.TIMESTAMP, Kind.TIMESTAMPTZ},
    Kind.TIMESTAMP: {Kind.DATETIME, Kind.DATE, Kind.TEXT, Kind.TIMESTAMP, Kind.TIMESTAMPTZ},  # what DATETIME is read as
    Kind.DOUBLE: {Kind.DOUBLE, Kind.BIGINT, Kind.DECIMAL, Kind.BIGDECIMAL, Kind.TEXT},
    Kind.DECIMAL: {Kind.DECIMAL, Kind.BIGDECIMAL, Kind.DOUBLE, Kind.BIGINT, Kind.TEXT},
    Kind.BIGDECIMAL: {Kind.DECIMAL, Kind.BIGDECIMAL, Kind.DOUBLE, Kind.BIGINT, Kind.TEXT},
    Kind.BIGINT: {Kind.BIGINT, Kind.BOOLEAN, Kind.DOUBLE, Kind.DECIMAL, Kind.BIGDECIMAL, Kind.TEXT},
}
Schema = dict[str, dict[str, dict[str, dict[str, str]]]]


def refusals(sql: str, schema: Schema | None = None) -> list[str]:
    """Why BigQuery would refuse a statement; with the stored tables' columns also what only their types tell."""
    told = sqlglot.parse_one(sql, dialect="bigquery")
    found = [f"{rule.__name__}: {place}" for rule in RULES for place in rule(told, sql)]
    query = told if isinstance(told, sge.Query) else told.args.get("expression")
    if schema is not None and isinstance(query, sge.Query):
        known = annotate_types(
            qualify(query.copy(), schema=dict(schema), dialect="bigquery", validate_qualify_columns=False),
            schema=dict(schema),
            dialect="bigquery",
        )
        found += [f"{rule.__name__}: {place}" for rule in TYPE_RULES for place in rule(known)]
    return found


def not_understood(told: sge.Expr, _sql: str) -> Iterator[str]:
    if isinstance(told, sge.Command):
        yield told.sql()


def too_long(_told: sge.Expr, sql: str) -> Iterator[str]:
    if len(sql) > LONGEST_STATEMENT:
        yield f"{len(sql):,} characters"


def unknown_function(_told: sge.Expr, sql: str) -> Iterator[str]:
    for name in set(_CALL.findall(_TEXT.sub("''", sql))):
        if name.lower() not in FUNCTIONS | _WORDS_BEFORE_A_BRACKET:
            yield name


def unknown_type(told: sge.Expr, _sql: str) -> Iterator[str]:
    for kind in told.find_all(sge.DataType):
        name = kind.sql(dialect="bigquery").partition("(")[0]
        if name not in TYPES:
            yield name


def too_many_digits(told: sge.Expr, _sql: str) -> Iterator[str]:
    for kind in told.find_all(sge.DataType):
        digits = [int(part.name) for part in kind.expressions]
        if len(digits) == 2:
            precision, scale = digits
            whole, most = (29, 9) if kind.this == Kind.DECIMAL else (38, 38)
            if scale > most or not max(1, scale) <= precision <= whole + scale:
                yield kind.sql(dialect="bigquery")


def aggregate_with_a_filter(told: sge.Expr, _sql: str) -> Iterator[str]:
    yield from (node.sql(dialect="bigquery") for node in told.find_all(sge.Filter))


def semi_or_anti_join(told: sge.Expr, _sql: str) -> Iterator[str]:
    yield from (join.sql(dialect="bigquery") for join in told.find_all(sge.Join) if join.kind in ("SEMI", "ANTI"))


def distinct_on(told: sge.Expr, _sql: str) -> Iterator[str]:
    yield from (node.sql(dialect="bigquery") for node in told.find_all(sge.Distinct) if node.args.get("on"))


def outer_join_without_equality(told: sge.Expr, _sql: str) -> Iterator[str]:
    for join in told.find_all(sge.Join):
        if join.side in ("LEFT", "RIGHT", "FULL") and not any(
            _is_equality(part) for part in _parts(join.args.get("on"))
        ):
            yield join.sql(dialect="bigquery")


def correlated_without_equality(told: sge.Expr, _sql: str) -> Iterator[str]:
    """A subquery that names a table of the query around it must be one that can become a join."""
    for exists in told.find_all(sge.Exists):
        inner = exists.this
        own = {table.alias_or_name for table in inner.find_all(sge.Table, sge.Subquery)}
        where = inner.args.get("where")
        parts = _parts(where.this if where else None)
        outward = [part for part in parts if {column.table for column in part.find_all(sge.Column)} - own]
        if outward and not any(_is_equality(part) for part in outward):
            yield exists.sql(dialect="bigquery")


def division_by_what_may_be_zero(told: sge.Expr, _sql: str) -> Iterator[str]:
    yield from (node.sql(dialect="bigquery") for node in told.find_all(sge.Div, sge.IntDiv))


def frame_of_a_function_that_takes_none(told: sge.Expr, _sql: str) -> Iterator[str]:
    for window in told.find_all(sge.Window):
        if window.args.get("spec") and isinstance(window.this, sge.RowNumber | sge.Lag | sge.Lead):
            yield window.sql(dialect="bigquery")


def order_of_a_window_that_is_refused(told: sge.Expr, _sql: str) -> Iterator[str]:
    """In a window, nothing may be sorted ascending with NULLs last, or descending with NULLs first."""
    for window in told.find_all(sge.Window):
        for key in window.args["order"].expressions if window.args.get("order") else ():
            if key.args.get("nulls_first") is bool(key.args.get("desc")) and "NULLS" in key.sql(dialect="bigquery"):
                yield key.sql(dialect="bigquery")


def qualify_without_a_window(told: sge.Expr, _sql: str) -> Iterator[str]:
    for clause in told.find_all(sge.Qualify):
        if not clause.parent or not clause.parent.find(sge.Window):
            yield clause.sql(dialect="bigquery")


def change_without_where(told: sge.Expr, _sql: str) -> Iterator[str]:
    if isinstance(told, sge.Update | sge.Delete) and not told.args.get("where"):
        yield told.sql(dialect="bigquery")


def column_name(told: sge.Expr, _sql: str) -> Iterator[str]:
    for alias in told.find_all(sge.Alias, sge.ColumnDef):
        if not _NAME.fullmatch(alias.alias_or_name):
            yield alias.alias_or_name


def two_columns_of_one_name(told: sge.Expr, _sql: str) -> Iterator[str]:
    for select in told.find_all(sge.Select):
        names = [column.alias_or_name.lower() for column in select.selects if column.alias_or_name != "*"]
        yield from sorted({name for name in names if names.count(name) > 1})


def cast_that_is_refused(told: sge.Expr) -> Iterator[str]:
    for cast in told.find_all(sge.Cast):
        before, after = cast.this.type, cast.to.this
        if isinstance(cast.this, sge.Null):
            continue
        if before and before.this in _CASTS and after not in _CASTS[before.this]:
            yield f"{before.this} to {after}: {cast.sql(dialect='bigquery')[:200]}"


def count_of_seconds_from_a_datetime(told: sge.Expr) -> Iterator[str]:
    for count in told.find_all(sge.UnixSeconds, sge.UnixMicros, sge.UnixMillis):
        if not count.this.type or count.this.type.this != Kind.TIMESTAMPTZ:
            yield f"{count.this.type}: {count.sql(dialect='bigquery')[:200]}"


def partition_by_a_float(told: sge.Expr) -> Iterator[str]:
    for window in told.find_all(sge.Window):
        for key in window.args.get("partition_by") or ():
            if key.type and key.type.this == Kind.DOUBLE:
                yield window.sql(dialect="bigquery")[:200]


def comparison_of_two_kinds(told: sge.Expr) -> Iterator[str]:
    """BigQuery compares no text with a number, no truth with a number, and no day with a moment that is not written out."""
    for node in told.find_all(sge.EQ, sge.NEQ, sge.GT, sge.GTE, sge.LT, sge.LTE, sge.NullSafeEQ):
        kinds = {_family(side.type) for side in (node.this, node.expression)} - {""}
        if len(kinds) > 1:
            yield f"{sorted(kinds)}: {node.sql(dialect='bigquery')[:200]}"


RULES: Final[tuple[Callable[[sge.Expr, str], Iterator[str]], ...]] = (
    not_understood,
    too_long,
    unknown_function,
    unknown_type,
    too_many_digits,
    aggregate_with_a_filter,
    semi_or_anti_join,
    distinct_on,
    outer_join_without_equality,
    correlated_without_equality,
    division_by_what_may_be_zero,
    frame_of_a_function_that_takes_none,
    order_of_a_window_that_is_refused,
    qualify_without_a_window,
    change_without_where,
    column_name,
    two_columns_of_one_name,
)
TYPE_RULES: Final[tuple[Callable[[sge.Expr], Iterator[str]], ...]] = (
    cast_that_is_refused,
    count_of_seconds_from_a_datetime,
    partition_by_a_float,
    comparison_of_two_kinds,
)


def _parts(condition: sge.Expr | None) -> list[sge.Expr]:
    if condition is None:
        return []
    return list(condition.flatten()) if isinstance(condition, sge.And) else [condition.unnest()]


def _is_equality(part: sge.Expr) -> bool:
    """Whether a condition is that a value of one table equals a value of another."""
    part = part.unnest()
    sides = (
        [{column.table for column in side.find_all(sge.Column)} for side in (part.this, part.expression)]
        if isinstance(part, sge.EQ)
        else []
    )
    return len(sides) == 2 and all(sides) and not sides[0] & sides[1]


def _family(kind: sge.DataType | None) -> str:
    if kind is None:
        return ""
    if kind.this in sge.DataType.NUMERIC_TYPES:
        return "number"
    if kind.this in sge.DataType.TEXT_TYPES:
        return "text"
    return {Kind.BOOLEAN: "truth", Kind.DATE: "day", Kind.DATETIME: "moment", Kind.TIMESTAMP: "moment"}.get(
        kind.this, ""
    )
