"""What each column of a query is made from, read off the SQL that the query becomes.

The SQL is taken apart once, with every name resolved; then each of its parts says, from the innermost outwards, which
stored columns its own columns are made from. A part that is used twice is looked at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Final

import ibis.expr.operations as ops
import ibis.expr.types as ir
import sqlglot.expressions as sge
from ibis.backends.sql.compilers import DuckDBCompiler
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

from patron.origins import How, Place

DIALECT: Final = "duckdb"
_AS_WRITTEN: Final = "duckdb, normalization_strategy = case_sensitive"  # T and t are two columns to us
LONGEST_FORMULA: Final = 240
_NOTHING: Final[frozenset[Place]] = frozenset()
_DECIDING: Final = ("where", "group", "having", "qualify", "joins")


@dataclass(frozen=True)
class Trace:
    """Where one column comes from: columns it is made of, columns that decide which rows are counted, and which take part."""

    values: frozenset[Place] = _NOTHING
    counted: frozenset[Place] = _NOTHING
    rows: frozenset[Place] = _NOTHING
    copied: bool = False
    told: sge.Expr | None = field(default=None, compare=False, repr=False)

    @cached_property
    def formula(self) -> str:
        """The expression in SQL, as people read it: without the names that the compiler gave to parts of the query."""
        if self.told is None:
            return ""
        bare = self.told.copy()
        for column in bare.find_all(sge.Column):
            column.set("table", None)
        text = bare.sql(dialect=DIALECT, identify=False).replace('"', "")
        return text if len(text) <= LONGEST_FORMULA else text[: LONGEST_FORMULA - 1] + "…"

    def origins(self) -> tuple[tuple[Place, How], ...]:
        """Every column it comes from, with the nearest relation."""
        how: dict[Place, How] = dict.fromkeys(sorted(self.rows), "filtered")
        how |= dict.fromkeys(sorted(self.counted), "counted")
        how |= dict.fromkeys(sorted(self.values), "copied" if self.copied else "computed")
        return tuple(how.items())


@dataclass
class _Walk:
    """One query's scopes with what is known of each already."""

    parameters: Mapping[str, Place]
    known: dict[int, dict[str, Trace]] = field(default_factory=dict)
    rows: dict[int, frozenset[Place]] = field(default_factory=dict)


def trace(expression: ir.Table, parameters: Mapping[str, Place]) -> dict[str, Trace]:
    """For each column of a query over stored tables, where it comes from.

    ``parameters`` says of which place a constant is the value, by the name under which the query knows it.
    """
    return dict(_traced(expression.op(), tuple(sorted(parameters.items()))))


@lru_cache(
    maxsize=64
)  # taking a query apart takes longer than most runs' own steps, and the same one comes with every run
def _traced(query_told: ops.Node, parameters: tuple[tuple[str, Place], ...]) -> dict[str, Trace]:
    tables = query_told.find((ops.UnboundTable, ops.DatabaseTable))
    columns: dict[str, dict[str, dict[str, str]]] = {}
    for table in tables:
        columns.setdefault(table.namespace.database, {})[table.name] = dict.fromkeys(table.schema.names, "text")
    schema: dict[str, object] = {**columns}
    query = _as_parsed(DuckDBCompiler().to_sqlglot(query_told.to_expr()))
    query = qualify(query, schema=schema, dialect=_AS_WRITTEN, validate_qualify_columns=False)
    walk = _Walk(dict(parameters))
    scopes = traverse_scope(query)
    for scope in scopes:
        _look(scope, walk)
    return walk.known[id(scopes[-1])]


def _as_parsed(query: sge.Expression) -> sge.Expression:
    """The compiled query as a parser would give it: each node once, and lists where Ibis leaves tuples, which no search enters."""
    query = query.copy()
    for node in query.walk():
        for name, part in node.args.items():
            if isinstance(part, tuple):
                node.set(name, [one.copy() for one in part])
    return query


def _look(scope: Scope, walk: _Walk) -> None:
    if scope.union_scopes:
        left, right = (walk.known[id(part)] for part in scope.union_scopes)
        pairs = zip(left.items(), right.values(), strict=True)
        walk.known[id(scope)] = {name: _either(one, other) for (name, one), other in pairs}
        walk.rows[id(scope)] = _union(walk.rows[id(part)] for part in scope.union_scopes)
        return
    select = scope.expression
    if not isinstance(select, sge.Select):  # rows written out in the query come from no table
        walk.known[id(scope)], walk.rows[id(scope)] = {}, _NOTHING
        return
    walk.rows[id(scope)] = rows = _deciding(scope, select, walk)
    columns = {
        column.alias_or_name: _of_column(column.unalias(), column.alias_or_name, scope, rows, walk)
        for column in select.selects
    }
    if select.args.get("distinct"):
        walk.rows[id(scope)] |= _union(column.values for column in columns.values())
    walk.known[id(scope)] = columns


def _deciding(scope: Scope, select: sge.Select, walk: _Walk) -> frozenset[Place]:
    """The stored columns that decide which rows a select gives, and which it puts together.

    What is joined from the left side takes no row away: it matters only to the columns that come from it.
    """
    beside = _beside(select)
    parts = [part for name in _DECIDING for part in _listed(select.args.get(name)) if part not in beside.values()]
    if select.args.get("limit"):
        parts += _listed(select.args.get("order"))
    found = [_resolved(column, scope, walk) for part in parts for column in part.find_all(sge.Column)]
    deciding = _union(one.values | one.counted | one.rows for one in found)
    below = [source for name, source in scope.sources.items() if isinstance(source, Scope) and name not in beside]
    asked = (column.values for inner in scope.subquery_scopes for column in walk.known[id(inner)].values())
    return deciding | _union(asked) | _union(walk.rows[id(source)] for source in (*below, *scope.subquery_scopes))


def _beside(select: sge.Expr) -> dict[str, sge.Join]:
    """The left joins of a select by the name of what they join."""
    joins: list[sge.Join] = select.args.get("joins") or []
    return {join.this.alias_or_name: join for join in joins if join.side == "LEFT" and join.kind in ("", "OUTER")}


def _of_column(told: sge.Expr, name: str, scope: Scope, rows: frozenset[Place], walk: _Walk) -> Trace:
    """Where one column of a select comes from."""
    if isinstance(told, sge.Column):
        found = _resolved(told, scope, walk)
        return replace(found, rows=found.rows | rows | _joining(told.table, scope, walk))
    ordering = {id(column) for window in told.find_all(sge.Window) for column in _columns_of_order(window)}
    columns = [(_resolved(column, scope, walk), id(column) in ordering) for column in told.find_all(sge.Column)]
    rows |= _union(_joining(column.table, scope, walk) for column in told.find_all(sge.Column))
    values = _union(found.values for found, orders in columns if not orders)
    orders = _union(found.values for found, orders in columns if orders)
    inherited = _union(found.rows for found, _ in columns) | rows | orders
    counted = _union(found.counted for found, _ in columns)
    if _counts_rows(told):
        counted |= rows | orders
    if not columns and name in walk.parameters:
        values = frozenset({walk.parameters[name]})
    copied = isinstance(told, sge.Cast) and isinstance(told.this, sge.Column) and columns[0][0].copied
    return Trace(values, counted - values, inherited, copied, told)


def _resolved(column: sge.Column, scope: Scope, walk: _Walk) -> Trace:
    """Where a column that a select names comes from."""
    source = scope.sources.get(column.table)
    if isinstance(source, sge.Table):
        return Trace(values=frozenset({Place(source.db, source.name, column.name)}), copied=True)
    return walk.known[id(source)].get(column.name, Trace()) if isinstance(source, Scope) else Trace()


def _joining(name: str, scope: Scope, walk: _Walk) -> frozenset[Place]:
    """What decides which rows of a table joined from the left belong to a row."""
    join = _beside(scope.expression).get(name)
    if join is None:
        return _NOTHING
    source = scope.sources[name]
    told = _union(_resolved(column, scope, walk).values for column in join.args["on"].find_all(sge.Column))
    return told | (walk.rows[id(source)] if isinstance(source, Scope) else _NOTHING)


def _either(one: Trace, other: Trace) -> Trace:
    return Trace(
        one.values | other.values,
        (one.counted | other.counted) - one.values - other.values,
        one.rows | other.rows,
        one.copied and other.copied,
        one.told if one.values or one.counted else other.told,
    )


def _counts_rows(told: sge.Expr) -> bool:
    return any(isinstance(count.this, sge.Star) for count in told.find_all(sge.Count)) or any(
        told.find_all(sge.RowNumber)
    )


def _columns_of_order(window: sge.Window) -> Iterable[sge.Column]:
    for part in (*_listed(window.args.get("partition_by")), *_listed(window.args.get("order"))):
        yield from part.find_all(sge.Column)


def _listed(part: object) -> list[sge.Expression]:
    if isinstance(part, list):
        return part
    return [part] if isinstance(part, sge.Expression) else []


def _union(places: Iterable[frozenset[Place]]) -> frozenset[Place]:
    return frozenset().union(*places)
