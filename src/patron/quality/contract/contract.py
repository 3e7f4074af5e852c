"""What a contract holds: declared tables, the checks on them, and each check as a query that finds what breaks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import ibis
import ibis.expr.types as ir
import sqlglot

from patron.errors import UnknownName
from patron.quality.expectations import ROW_KINDS, Expectation
from patron.quality.measures import breaks
from patron.tables import ALL_TABLES, Column, Kind, Table, silver_columns

DIALECTS: Final = ("duckdb", "postgres", "bigquery", "spark")
CURRENT: Final = "superseded_at"
"""Silver keeps what was corrected; rows in which this is empty hold now."""
_EXPORTED: Final = frozenset({"rows", "type", *ROW_KINDS})
_TYPES: Final[dict[Kind, str]] = {
    "id": "string",
    "text": "string",
    "money": "decimal(18, 4)",
    "quantity": "decimal(18, 4)",
    "count": "int64",
    "day": "int32",
    "moment": "timestamp",
    "date": "date",
    "share": "float64",
    "real": "float64",
    "flag": "boolean",
}
# How information_schema may call what a kind is kept in; the first words are enough.
_TYPE_NAMES: Final[dict[Kind, tuple[str, ...]]] = {
    "id": ("VARCHAR", "CHARACTER VARYING", "TEXT", "STRING"),
    "text": ("VARCHAR", "CHARACTER VARYING", "TEXT", "STRING"),
    "money": ("DECIMAL", "NUMERIC", "BIGNUMERIC"),
    "quantity": ("DECIMAL", "NUMERIC", "BIGNUMERIC"),
    "count": ("BIGINT", "INTEGER", "INT64", "SMALLINT"),
    "day": ("BIGINT", "INTEGER", "INT64", "SMALLINT"),
    "moment": ("TIMESTAMP", "DATETIME"),
    "date": ("DATE",),
    "share": ("DOUBLE", "FLOAT", "REAL"),
    "real": ("DOUBLE", "FLOAT", "REAL"),
    "flag": ("BOOL",),
}


@dataclass(frozen=True)
class Check:
    """One check of a contract, under a name that every tool takes."""

    expectation: Expectation
    name: str
    dialect: str
    prefix: str = ""

    @property
    def layer(self) -> str:
        return self.expectation.layer

    @property
    def table(self) -> str:
        return self.expectation.table

    @property
    def is_plain(self) -> bool:
        """Whether tools have words of their own that mean just the same."""
        one = self.expectation
        told = one.kind in ("required", "unique", "range", "accepted", "longest", "rows")
        return told and not one.allowed_share and not one.none_of and not isinstance(one.least or one.most, str)

    @property
    def query(self) -> str:
        """SQL that gives rows where, and only where, the check fails."""
        asked = _failing(self.expectation, self.prefix)
        if self.dialect != "spark":
            return str(ibis.to_sql(asked, dialect=self.dialect))
        # Ibis writes Spark's SQL only beside a running Spark.
        return str(sqlglot.transpile(str(ibis.to_sql(asked, dialect="duckdb")), read="duckdb", write="spark")[0])


@dataclass(frozen=True)
class Contract:
    """The checks that a contract exports, and the tables they are on."""

    checks: tuple[Check, ...]
    prefix: str = ""

    def schema(self, layer: str) -> str:
        """What the engine calls a layer."""
        return f"{self.prefix}{layer}"

    @property
    def tables(self) -> tuple[tuple[str, str], ...]:
        """Layer and name of each table, in order."""
        return tuple(dict.fromkeys((check.layer, check.table) for check in self.checks))

    def of(self, layer: str, table: str) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if (check.layer, check.table) == (layer, table))


def contract_of(expectations: Sequence[Expectation], dialect: str = "duckdb", prefix: str = "") -> Contract:
    """The contract of these expectations; what only Patron's own history can answer is left out.

    ``prefix`` is what the names of the engine's schemas begin with.
    """
    if dialect not in DIALECTS:
        raise UnknownName("dialect", dialect, DIALECTS)
    checks = [one for one in expectations if one.kind in _EXPORTED]
    named = ((one, one.name.replace(".", "__").replace("+", "_")) for one in checks)
    return Contract(tuple(Check(one, name, dialect, prefix) for one, name in named), prefix)


def meaning(check: Check) -> str:
    """A check in words, for a comment or a description."""
    one = check.expectation
    return " ".join(one.words.split()) or f"{', '.join(one.columns) or one.table}: {one.kind}"


def _failing(one: Expectation, prefix: str) -> ir.Table:
    if one.kind == "type":
        return _wrongly_typed(one, prefix)
    rows = _rows(one.layer, one.table, prefix)
    if one.kind == "rows":
        return rows.aggregate(found=rows.count()).filter(ibis._.found < int(one.least or 0))
    if one.kind == "unique":
        return rows.group_by(list(one.columns)).aggregate(found=rows.count()).filter(ibis._.found > 1)
    broken = _orphans(one, rows, prefix) if one.kind == "reference" else rows.filter(breaks(one, rows))
    if not one.allowed_share:
        return broken
    told = broken.aggregate(broken=broken.count()).cross_join(rows.aggregate(all_rows=rows.count()))
    return told.filter(told.broken > (told.all_rows.cast("float64") * one.allowed_share).floor())


def _orphans(one: Expectation, rows: ir.Table, prefix: str) -> ir.Table:
    table, column = one.parent.split(".")
    parents = _rows("silver", table, prefix)
    refers = rows.filter(rows[one.columns[0]].notnull())
    return refers.anti_join(parents, refers[one.columns[0]] == parents[column])


def _rows(layer: str, name: str, prefix: str) -> ir.Table:
    """The rows of a table that hold now."""
    columns = {column.name: _TYPES[column.kind] for column in _columns(layer, name)}
    rows = ibis.table(columns, name=name, database=f"{prefix}{layer}")
    return rows.filter(rows[CURRENT].isnull()) if CURRENT in columns else rows


@cache
def _columns(layer: str, name: str) -> tuple[Column, ...]:
    declared: list[Table] = [table for table in ALL_TABLES if (table.layer, table.name) == (layer, name)]
    if not declared:  # its features depend on what the sources tell; all that is asked of it is its key
        return (Column("customer_id", "id", "who"),)
    return silver_columns(declared[0]) if layer == "silver" else declared[0].columns


def _wrongly_typed(one: Expectation, prefix: str) -> ir.Table:
    """One row where the column is not there, or not of its kind."""
    (name,) = one.columns
    kind = next(column.kind for column in _columns(one.layer, one.table) if column.name == name)
    words = ("table_schema", "table_name", "column_name", "data_type")
    known = ibis.table(dict.fromkeys(words, "string"), name="columns", database="information_schema")
    here = (
        (known.table_schema == f"{prefix}{one.layer}") & (known.table_name == one.table) & (known.column_name == name)
    )
    fits = [known.data_type.upper().startswith(word) for word in _TYPE_NAMES[kind]]
    whole = fits[0]
    for fit in fits[1:]:
        whole = whole | fit
    right = known.filter(here & whole)
    return right.aggregate(found=right.count()).filter(ibis._.found == 0)
