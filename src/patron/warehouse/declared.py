"""Declared tables as Ibis expressions that no engine holds: to see what a query becomes without running it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import ibis
import ibis.expr.types as ir

from patron.tables import Column, Kind

IBIS_TYPE: Final[dict[Kind, str]] = {
    "id": "string",
    "text": "string",
    "money": "decimal(18, 4)",
    "quantity": "decimal(18, 4)",
    "count": "int64",
    "day": "int32",
    "moment": "timestamp(6)",
    "date": "date",
    "share": "float64",
    "real": "float64",
    "flag": "boolean",
}


def declared_table(schema: str, name: str, columns: Iterable[Column]) -> ir.Table:
    """A table of these columns, as a query may name it."""
    return ibis.table({column.name: IBIS_TYPE[column.kind] for column in columns}, name=name, database=schema)


def made_table(schema: str, name: str, rows: ir.Table) -> ir.Table:
    """The table that this query's rows will be kept in."""
    return ibis.table(rows.schema(), name=name, database=schema)
