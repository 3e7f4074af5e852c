"""What every warehouse can do, whichever engine holds its tables.

Tables live in the schemas bronze, silver and gold; work tables of a run in ``work``. Rooms ask in Ibis
expressions and get Arrow; no SQL and no engine's own type leaves this room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, TypeAlias

import ibis.expr.types as ir
import pyarrow as pa

from patron.tables import Column

SCHEMAS: Final = ("bronze", "silver", "gold", "work")

BatchFunction = Callable[[pa.RecordBatch], pa.RecordBatch]


@dataclass(frozen=True)
class Batches:
    """Arrow batches that are made as they are written."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


Rows: TypeAlias = ir.Table | pa.Table | Batches


class Warehouse(AbstractContextManager["Warehouse"], Protocol):
    """An open warehouse. One run at a time; a context, closed at its end."""

    def close(self) -> None:
        """Let go of the engine."""

    def transaction(self) -> AbstractContextManager[None]:
        """All that is written inside becomes visible at once, or not at all."""

    def exists(self, schema: str, name: str) -> bool:
        """Whether there is such a table."""

    def names(self, schema: str) -> tuple[str, ...]:
        """The tables of a schema, by name."""

    def table(self, schema: str, name: str) -> ir.Table:
        """A stored table as an Ibis expression; NothingThere if it is none."""

    def create(self, schema: str, name: str, columns: tuple[Column, ...]) -> None:
        """An empty table of declared columns, unless it exists."""

    def create_raw(self, schema: str, name: str, columns: list[str]) -> None:
        """A table of a file's text columns, made wider when it lacks some of these."""

    def replace(self, schema: str, name: str, rows: Rows) -> int:
        """Make this table anew; gives the number of rows."""

    def append(self, schema: str, name: str, rows: Rows) -> int:
        """Add rows, matched by column name; gives the number of rows added."""

    def map_rows(self, schema: str, name: str, rows: ir.Table, function: BatchFunction, made: pa.Schema) -> int:
        """Make this table anew from what a function makes of each batch of a query's rows; gives the number of rows.

        The function knows nothing but its batch, and batches come in any size and order: an engine may call it
        where the rows live. The query may only ask tables that were there when the transaction began.
        """

    def drop(self, schema: str, name: str) -> None:
        """Remove a table, if it is there."""

    def delete(self, schema: str, name: str, where: Mapping[str, str]) -> None:
        """Remove the rows in which these columns have these values (all rows, if none are given)."""

    def keep_only(self, schema: str, name: str, where: Mapping[str, str]) -> None:
        """Remove the rows in which not all of these columns have these values."""

    def supersede(self, schema: str, name: str, rows: ir.Table, at: datetime) -> None:
        """Close the rows that hold and agree with one of these in every column that these have (NULL agrees with NULL)."""

    def count(self, schema: str, name: str) -> int:
        """How many rows a table has."""

    def fetch(self, expression: ir.Expr) -> pa.Table:
        """A query's result as an Arrow table."""

    def stream(self, expression: ir.Table, rows: int = 200_000) -> pa.RecordBatchReader:
        """A query's result as Arrow batches of so many rows; it may only ask tables that were there when the transaction began."""

    def sql(self, expression: ir.Expr) -> str:
        """The SQL that an expression becomes here."""
