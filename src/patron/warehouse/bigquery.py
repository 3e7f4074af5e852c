"""The warehouse on BigQuery: datasets of its own in a project that may hold other things.

Tables lie in the dataset ``<prefix>_store`` under names that are used once; the datasets ``<prefix>_bronze``, ``_silver`` and
``_gold`` hold a view of each for people and BI tools. A step writes tables beside those that hold; at its end one statement
makes them hold (``bigquery_catalog``), the views follow one by one, and the old tables go. So Patron itself always reads
whole steps, while who reads views may for a moment see some of the new ones beside some of the old. A run that is killed
leaves tables that nothing names: the next one removes those older than a day.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from patron.credentials import Credentials
from patron.errors import NothingThere, UsageError
from patron.settings import WarehouseSettings
from patron.tables import Column
from patron.warehouse.bigquery_catalog import ROW, Catalog, StoredTable, read_catalog, write_catalog
from patron.warehouse.bigquery_session import Session, address_of, open_client
from patron.warehouse.bigquery_sql import (
    StoredColumn,
    arrow_schema,
    column_in,
    columns_of,
    query_sql,
    quoted,
    stored_name,
    typed,
)
from patron.warehouse.declared import IBIS_TYPE
from patron.warehouse.warehouse import Batches, BatchFunction, Rows, Warehouse

SHOWN: Final = ("bronze", "silver", "gold")
FORGOTTEN: Final = timedelta(days=1)


class BigQueryWarehouse(Warehouse):
    """An open warehouse. One run at a time; close it, or use it as a context."""

    def __init__(self, session: Session, prefix: str) -> None:
        self._session, self._prefix = session, prefix
        self._store = f"{prefix}_store"
        for dataset in (self._store, *(f"{prefix}_{schema}" for schema in SHOWN)):
            session.make_dataset(dataset)
        self._holding = read_catalog(session, self._store)
        self._tables = dict(self._holding.tables)
        self._made: list[str] | None = None  # the tables that the open transaction has made
        self._show()
        self._forget_orphans()

    def __enter__(self) -> BigQueryWarehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside becomes visible at once, or not at all."""
        self._made = []
        try:
            yield
            self._hold()
        except BaseException:
            made, self._made = self._made, None
            self._tables = dict(self._holding.tables)
            # What fails after the catalog was written undoes nothing: the tables hold, and the next run shows them.
            self._remove([one for one in made if one not in self._holding_ids])
            raise
        self._made = None

    def exists(self, schema: str, name: str) -> bool:
        return (schema, name) in self._tables

    def names(self, schema: str) -> tuple[str, ...]:
        """The tables of a schema, by name."""
        return tuple(sorted(name for home, name in self._tables if home == schema))

    def table(self, schema: str, name: str) -> ir.Table:
        """A stored table as an Ibis expression."""
        stored = self._stored(schema, name)
        kinds = {column.name: column.kind for column in stored.columns}
        return ibis.table(kinds, name=stored.id, database=self._store, catalog=self._session.project)

    def create(self, schema: str, name: str, columns: tuple[Column, ...]) -> None:
        """An empty table of declared columns, unless it exists."""
        if not self.exists(schema, name):
            with self._whole():
                self._make(schema, name, tuple(StoredColumn(column.name, IBIS_TYPE[column.kind]) for column in columns))

    def create_raw(self, schema: str, name: str, columns: list[str]) -> None:
        """A table of text columns, made wider when it lacks some of these."""
        self.create(schema, name, (Column("file_id", "id", ""), Column("line", "count", "")))
        held = list(self._stored(schema, name).columns)
        for column in columns:
            if column_in(held, column) is None:
                held.append(StoredColumn(column, "string"))
        wider = held[len(self._stored(schema, name).columns) :]
        if wider:
            with self._whole():
                own = self._own(schema, name)
                added = ", ".join(f"ADD COLUMN {column.declaration}" for column in wider)
                self._session.run(f"ALTER TABLE {self._named(own.id)} {added}")
                self._tables[schema, name] = replace(own, columns=tuple(held))

    def replace(self, schema: str, name: str, rows: Rows) -> int:
        """Make this table anew from a query or from Arrow; gives the number of rows."""
        kinds = rows.schema() if isinstance(rows, ir.Table) else ibis.Schema.from_pyarrow(rows.schema)
        query = self.sql(rows) if isinstance(rows, ir.Table) else ""
        with self._whole():
            made = self._make(schema, name, columns_of(kinds), query)
            return self.count(schema, name) if query else self._load(made, rows)

    def append(self, schema: str, name: str, rows: Rows) -> int:
        """Add rows, matched by column name; gives the number of rows added."""
        query = self.sql(rows) if isinstance(rows, ir.Table) else ""
        with self._whole():
            own = self._own(schema, name)
            if not isinstance(rows, ir.Table):
                return self._load(own, rows)
            held = self._held(schema, name, rows.columns)
            into = ", ".join(quoted(column.stored) for column in held)
            told = ", ".join(quoted(stored_name(column)) for column in rows.columns)
            return self._session.run(f"INSERT INTO {self._named(own.id)} ({into}) SELECT {told} FROM ({query})")

    def map_rows(self, schema: str, name: str, rows: ir.Table, function: BatchFunction, made: pa.Schema) -> int:
        """Make this table anew from what a function makes of each batch of a query's rows; gives the number of rows."""
        return self.replace(schema, name, Batches(made, map(function, self.stream(rows))))

    def drop(self, schema: str, name: str) -> None:
        if self.exists(schema, name):
            with self._whole():
                del self._tables[schema, name]

    def delete(self, schema: str, name: str, where: Mapping[str, str]) -> None:
        """Remove the rows in which these columns have these values (all rows, if none are given)."""
        self._change(schema, name, lambda table: f"DELETE FROM {table} WHERE {_all_equal(where)}", _values(where))

    def keep_only(self, schema: str, name: str, where: Mapping[str, str]) -> None:
        """Remove the rows in which not all of these columns have these values."""
        same = _all_equal(where)
        self._change(schema, name, lambda table: f"DELETE FROM {table} WHERE ({same}) IS NOT TRUE", _values(where))

    def supersede(self, schema: str, name: str, rows: ir.Table, at: datetime) -> None:
        """Close the rows that hold and agree with one of these in every column that these have (NULL agrees with NULL)."""
        # Once each: BigQuery refuses to change a row for two reasons.
        told, names = self.sql(rows.distinct()), [quoted(stored_name(column)) for column in rows.columns]
        same = " AND ".join(f"held.{column} IS NOT DISTINCT FROM told.{column}" for column in names)
        self._change(
            schema,
            name,
            lambda table: (
                f"UPDATE {table} AS held SET superseded_at = @at FROM ({told}) AS told "
                f"WHERE held.superseded_at IS NULL AND {same}"
            ),
            {"at": at},
        )

    def count(self, schema: str, name: str) -> int:
        (told,) = self._session.rows(f"SELECT COUNT(*) AS told FROM {self._named(self._stored(schema, name).id)}")
        return int(told["told"][0].as_py())

    def fetch(self, expression: ir.Expr) -> pa.Table:
        """A query's result as an Arrow table."""
        return self._read(expression.as_table()).read_all()

    def stream(self, expression: ir.Table, rows: int = 200_000) -> pa.RecordBatchReader:
        """A query's result as Arrow batches of at most so many rows; results are kept apart from the tables asked."""
        found = self._read(expression)
        pieces = (batch.slice(start, rows) for batch in found for start in range(0, max(batch.num_rows, 1), rows))
        return pa.RecordBatchReader.from_batches(found.schema, pieces)

    def sql(self, expression: ir.Expr) -> str:
        """The SQL that an expression becomes here."""
        return query_sql(expression)

    def _read(self, rows: ir.Table) -> pa.RecordBatchReader:
        made = arrow_schema(rows)
        return pa.RecordBatchReader.from_batches(
            made, (typed(made, batch) for batch in self._session.rows(self.sql(rows)))
        )

    def _stored(self, schema: str, name: str) -> StoredTable:
        found = self._tables.get((schema, name))
        if found is None:
            raise NothingThere(f"There is no table {schema}.{name} in the warehouse.", to_do="Run 'patron run' first.")
        return found

    def _named(self, stored: str) -> str:
        return ".".join(map(quoted, (self._session.project, self._store, stored)))

    def _make(self, schema: str, name: str, columns: tuple[StoredColumn, ...], query: str = "") -> StoredTable:
        """A new stored table in the place of the one of this name, of a query's rows or of none."""
        made = self._new(schema, name, columns)
        body = ", ".join(column.declaration for column in columns)
        self._session.run(f"CREATE TABLE {self._named(made.id)} ({body})" + (f" AS {query}" if query else ""))
        self._tables[schema, name] = made
        return made

    def _own(self, schema: str, name: str) -> StoredTable:
        """The table as the open transaction may change it: a copy, unless it made the table itself."""
        held = self._stored(schema, name)
        if self._made is not None and held.id in self._made:
            return held
        made = self._new(schema, name, held.columns)
        self._session.run(f"CREATE TABLE {self._named(made.id)} CLONE {self._named(held.id)}")
        self._tables[schema, name] = made
        return made

    def _new(self, schema: str, name: str, columns: tuple[StoredColumn, ...]) -> StoredTable:
        made = StoredTable(f"{schema}_{name}_{uuid4().hex}", columns)
        if self._made is not None:
            self._made.append(made.id)
        return made

    def _held(self, schema: str, name: str, wanted: tuple[str, ...]) -> list[StoredColumn]:
        """The stored columns of these names, in their order."""
        columns = self._stored(schema, name).columns
        found = {column: column_in(columns, column) for column in wanted}
        missing = [column for column, held in found.items() if held is None]
        if missing:
            raise UsageError(
                f"The table {schema}.{name} has no column named {', '.join(missing)}.",
                allowed=f"Allowed: {', '.join(column.name for column in columns)}.",
            )
        return [held for held in found.values() if held is not None]

    def _load(self, table: StoredTable, rows: pa.Table | Batches) -> int:
        """Add Arrow rows, by way of one Parquet file: it is loaded whole or not at all."""
        batches = rows.batches if isinstance(rows, Batches) else iter(rows.to_batches())
        found = [column_in(table.columns, name) for name in rows.schema.names]
        fields = [
            (stored_name(name if held is None else held.name), pa.string() if pa.types.is_null(kind) else kind)
            for name, kind, held in zip(rows.schema.names, rows.schema.types, found, strict=True)
        ]
        schema = pa.schema(fields)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "rows.parquet"
            count = 0
            with pq.ParquetWriter(file, schema) as writer:
                for batch in batches:
                    writer.write_batch(typed(schema, batch))
                    count += batch.num_rows
            if count:
                self._session.load(f"{self._session.project}.{self._store}.{table.id}", file)
        return count

    def _change(
        self, schema: str, name: str, statement: Callable[[str], str], parameters: Mapping[str, str | datetime]
    ) -> None:
        with self._whole():
            self._session.run(statement(self._named(self._own(schema, name).id)), parameters)

    def _whole(self) -> AbstractContextManager[None]:
        """The transaction that is open, or one of its own."""
        return nullcontext() if self._made is not None else self.transaction()

    def _hold(self) -> None:
        """Make what the transaction has written hold, show it, and remove what it replaced."""
        before = self._holding.tables
        changed = {name for name in {*before, *self._tables} if before.get(name) != self._tables.get(name)}
        if not changed:
            return
        unshown = self._holding.unshown | {name for name in changed if name[0] in SHOWN}
        self._holding = write_catalog(
            self._session, self._store, self._holding, Catalog(0, dict(self._tables), unshown)
        )
        self._show()
        gone = (*(table.id for table in before.values()), *(self._made or ()))
        self._remove([one for one in gone if one not in self._holding_ids])

    def _show(self) -> None:
        """Have the views show the tables that hold; what an earlier run could not finish is done first thing."""
        if not self._holding.unshown:
            return
        for schema, name in sorted(self._holding.unshown):
            view = ".".join(map(quoted, (self._session.project, f"{self._prefix}_{schema}", name)))
            held = self._holding.tables.get((schema, name))
            if held is None:
                self._session.run(f"DROP VIEW IF EXISTS {view}")
            else:
                self._session.run(f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM {self._named(held.id)}")
        shown = Catalog(0, self._holding.tables)
        self._holding = write_catalog(self._session, self._store, self._holding, shown)

    @property
    def _holding_ids(self) -> set[str]:
        return {table.id for table in self._holding.tables.values()}

    def _remove(self, stored: list[str]) -> None:
        for one in stored:
            self._session.run(f"DROP TABLE IF EXISTS {self._named(one)}")

    def _forget_orphans(self) -> None:
        """Remove what runs that were killed left behind."""
        holding = {ROW, *self._holding_ids}
        old = self._session.tables_before(self._store, datetime.now(UTC) - FORGOTTEN)
        self._remove([name for name in old if name not in holding])


def open_warehouse(_folder: Path, settings: WarehouseSettings, credentials: Credentials) -> BigQueryWarehouse:
    """The warehouse of a workspace: in the project that the credential 'warehouse' names."""
    address = address_of(credentials.secret("warehouse"))
    return BigQueryWarehouse(Session(open_client(address), address.project), settings.schema_prefix)


def _all_equal(where: Mapping[str, str]) -> str:
    return " AND ".join(f"{quoted(stored_name(column))} = @p{place}" for place, column in enumerate(where)) or "TRUE"


def _values(where: Mapping[str, str]) -> dict[str, str]:
    return {f"p{place}": value for place, value in enumerate(where.values())}
