"""A warehouse on Spark: tables are folders of Parquet, queries run on its executors.

Nothing is ever changed in place. A write makes a new folder, and a transaction ends by swapping the catalog that says which
folders hold which table; a run that is killed before leaves the old catalog, and folders that the next opening sweeps away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
from filelock import FileLock, Timeout

from patron.credentials import Credentials
from patron.errors import DataError, NothingThere, UsageError, WorkspaceBusy
from patron.settings import WarehouseSettings
from patron.tables import Column
from patron.warehouse.growing import Growth
from patron.warehouse.spark_catalog import Catalog, Name, StoredTable, read_catalog, write_catalog
from patron.warehouse.spark_changes import SMALL, Selection, compacted, selected, superseded
from patron.warehouse.spark_errors import in_our_words
from patron.warehouse.spark_folders import Folders, HadoopFolders, LocalFolders
from patron.warehouse.spark_mapped import on_executors, shipped_whole
from patron.warehouse.spark_session import session_for
from patron.warehouse.spark_store import ParquetStore, answer, fitted
from patron.warehouse.spark_trees import grow
from patron.warehouse.spark_types import Columns, arrow_schema, declared_columns, spark_columns, struct_of
from patron.warehouse.warehouse import Batches, BatchFunction, Rows, Warehouse

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

FOLDER: Final = "spark"
MOST_FOLDERS: Final = 16
"""Folders from which on a small table is put into one."""


class SparkWarehouse(Warehouse):
    """An open warehouse on Spark. One process at a time; close it, or use it as a context."""

    def __init__(self, folder: Path, settings: WarehouseSettings) -> None:
        self.path = folder
        self._lock = _locked(folder)
        try:
            self._open(settings)
        except BaseException:
            self._lock.release()
            raise

    def _open(self, settings: WarehouseSettings) -> None:
        self._catalog = _catalog_of(self.path, settings.location)
        self._session = session_for(settings, self.path)
        self._ibis = ibis.pyspark.connect(self._session)
        self._store = ParquetStore(
            self._session, _folders(self.path, settings.location, self._session), self.path / "scratch"
        )
        self._store.sweep(self._catalog.owner, self._catalog.folders)
        self._viewed: dict[Name, StoredTable] = {}
        self._streamed: set[str] = set()
        self._began: Catalog | None = None
        self._made: set[str] = set()
        self._version = _latest_version(self._catalog)

    def __enter__(self) -> SparkWarehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the tables; Spark itself stays for the next warehouse of this process."""
        try:
            self._store.remove(self._streamed)
        finally:
            self._lock.release()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside becomes visible at once, or not at all."""
        before, self._began = self._catalog, self._catalog
        try:
            with in_our_words():
                yield
                self._swap(before)
        except BaseException:
            self._catalog = before
            self._store.remove(self._made - before.folders)
            raise
        finally:
            self._began = None
            self._made.clear()

    def exists(self, schema: str, name: str) -> bool:
        return (schema, name) in self._catalog.tables

    def names(self, schema: str) -> tuple[str, ...]:
        """The tables of a schema, by name."""
        return tuple(sorted(name for home, name in self._catalog.tables if home == schema))

    def table(self, schema: str, name: str) -> ir.Table:
        """A stored table as an Ibis expression."""
        columns = ibis.Schema.from_pyarrow(arrow_schema(self._stored(schema, name).columns))
        return ops.DatabaseTable(_view((schema, name)), columns, self._ibis, ops.Namespace()).to_expr()

    def create(self, schema: str, name: str, columns: tuple[Column, ...]) -> None:
        """An empty table of declared columns, unless it exists."""
        if not self.exists(schema, name):
            self._hold((schema, name), StoredTable(declared_columns(columns)))

    def create_raw(self, schema: str, name: str, columns: list[str]) -> None:
        """A table of text columns, made wider when it lacks some of these."""
        self.create(schema, name, (Column("file_id", "id", ""), Column("line", "count", "")))
        table = self._stored(schema, name)
        known = {column.lower() for column in table.columns}
        wider = {column: "string" for column in columns if column.lower() not in known}
        if wider:
            self._hold((schema, name), replace(table, columns={**table.columns, **wider}))

    def replace(self, schema: str, name: str, rows: Rows) -> int:
        """Make this table anew from a query or from Arrow; gives the number of rows."""
        with in_our_words():
            table = self._written((schema, name), rows)
        self._hold((schema, name), table)
        return table.rows

    def append(self, schema: str, name: str, rows: Rows) -> int:
        """Add rows, matched by column name; gives the number of rows added."""
        held = self._stored(schema, name)
        with in_our_words():
            added = self._written((schema, name), rows, held.columns)
            table = replace(held, folders={**held.folders, **added.folders})
            if len(table.folders) >= MOST_FOLDERS and table.rows <= SMALL:
                table = compacted(self._store, table, self._new_folder((schema, name)))
        self._hold((schema, name), table)
        return added.rows

    def map_rows(self, schema: str, name: str, rows: ir.Table, function: BatchFunction, made: pa.Schema) -> int:
        """Make this table anew from what a function makes of each batch of a query's rows, on the executors."""
        columns = spark_columns(made)
        with in_our_words(), shipped_whole(function):
            mapped = self._frame(rows).mapInArrow(on_executors(function, columns), struct_of(columns))
            table = self._store.write_frame(mapped, self._new_folder((schema, name)))
        self._hold((schema, name), table)
        return table.rows

    def grow_trees(self, rows: ir.Table, growth: Growth) -> bytes:
        """Boosted trees for these rows, grown by the executors together; a file of XGBoost's own binary JSON."""
        with in_our_words():
            return grow(self._frame(rows), growth)

    def drop(self, schema: str, name: str) -> None:
        if self.exists(schema, name):
            self._change(self._catalog.without((schema, name)))

    def delete(self, schema: str, name: str, where: Mapping[str, str]) -> None:
        """Remove the rows in which these columns have these values (all rows, if none are given)."""
        self._select(schema, name, Selection(where, stay=False))

    def keep_only(self, schema: str, name: str, where: Mapping[str, str]) -> None:
        """Remove the rows in which not all of these columns have these values."""
        self._select(schema, name, Selection(where, stay=True))

    def supersede(self, schema: str, name: str, rows: ir.Table, at: datetime) -> None:
        """Close the rows that hold and agree with one of these in every column that these have (NULL agrees with NULL)."""
        with in_our_words():
            told, folder = self._frame(rows), self._new_folder((schema, name))
            table = superseded(self._store, self._stored(schema, name), told, at, folder)
        self._hold((schema, name), table)

    def count(self, schema: str, name: str) -> int:
        return self._stored(schema, name).rows

    def fetch(self, expression: ir.Expr) -> pa.Table:
        """A query's result as an Arrow table; of a whole table, without a job of Spark's."""
        rows = expression.as_table()
        with in_our_words():
            plain = self._plain(rows)
            found = self._store.table(plain) if plain else answer(self._frame(rows))
        return found.cast(_answer_schema(rows, found.schema))

    def stream(self, expression: ir.Table, rows: int = 200_000) -> pa.RecordBatchReader:
        """A query's result as Arrow batches; the executors write it out first, so no part of it is ever held whole."""
        with in_our_words():
            table = self._plain(expression) or self._spilt(expression)
        schema = _answer_schema(expression, arrow_schema(table.columns))
        return pa.RecordBatchReader.from_batches(schema, self._read(table, schema, rows))

    def sql(self, expression: ir.Expr) -> str:
        """The SQL that an expression becomes here."""
        return str(self._ibis.compile(expression))

    def _stored(self, schema: str, name: str) -> StoredTable:
        if not self.exists(schema, name):
            raise NothingThere(f"There is no table {schema}.{name} in the warehouse.", to_do="Run 'patron run' first.")
        return self._catalog.tables[schema, name]

    def _plain(self, expression: ir.Table) -> StoredTable | None:
        """The stored table that an expression is, and nothing more."""
        node = expression.op()
        return self._catalog.tables.get(_name_of(node)) if isinstance(node, ops.DatabaseTable) else None

    def _frame(self, expression: ir.Table) -> DataFrame:
        """A query, over the tables as they are now."""
        for node in expression.op().find(ops.DatabaseTable):
            name = _name_of(node)
            table = self._stored(*name)
            if self._viewed.get(name) is not table:
                self._store.frame(table).createOrReplaceTempView(_view(name))
                self._viewed[name] = table
        return self._session.sql(self.sql(expression))

    def _written(self, name: Name, rows: Rows, columns: Columns | None = None) -> StoredTable:
        folder = self._new_folder(name)
        if isinstance(rows, pa.Table | Batches):
            batches = rows.to_batches() if isinstance(rows, pa.Table) else rows.batches
            _refuse_unknown(name, rows.schema.names, columns)
            return self._store.write_batches(batches, columns or spark_columns(rows.schema), folder)
        frame = self._frame(rows)
        _refuse_unknown(name, frame.columns, columns)
        return self._store.write_frame(frame if columns is None else fitted(frame, columns), folder)

    def _select(self, schema: str, name: str, selection: Selection) -> None:
        with in_our_words():
            folder = self._new_folder((schema, name))
            table = selected(self._store, self._stored(schema, name), selection, folder)
        self._hold((schema, name), table)

    def _spilt(self, expression: ir.Table) -> StoredTable:
        table = self._store.write_frame(self._frame(expression), self._new_folder(("work", "streamed")))
        self._streamed.update(table.folders)
        return table

    def _read(self, table: StoredTable, schema: pa.Schema, rows: int) -> Iterator[pa.RecordBatch]:
        for batch in self._store.batches(table, rows):
            yield from pa.Table.from_batches([batch]).cast(schema).to_batches()
        spilt = self._streamed.intersection(table.folders)
        self._store.remove(spilt)
        self._streamed -= spilt

    def _new_folder(self, name: Name) -> str:
        self._version += 1
        folder = f"{name[0]}/{name[1]}/{self._catalog.owner}-{self._version:08d}"
        self._made.add(folder)
        return folder

    def _hold(self, name: Name, table: StoredTable) -> None:
        if self._catalog.tables.get(name) is not table:
            self._change(self._catalog.holding(name, table))

    def _change(self, catalog: Catalog) -> None:
        before, self._catalog = self._catalog, catalog
        if self._began is None:
            self._swap(before)
            self._made.clear()

    def _swap(self, before: Catalog) -> None:
        """Make what is there now the truth; what only the truth before knew is removed."""
        write_catalog(self._catalog, self.path)
        self._store.remove((before.folders | self._made) - self._catalog.folders - self._streamed)


def open_warehouse(folder: Path, settings: WarehouseSettings, _credentials: Credentials) -> SparkWarehouse:
    """The warehouse of a workspace folder."""
    return SparkWarehouse(folder / FOLDER, settings)


def _locked(folder: Path) -> FileLock:
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise WorkspaceBusy(
            f"The warehouse {folder} is open in another process.", to_do="Wait until it is done, then try again."
        ) from error
    return lock


def _catalog_of(folder: Path, root: str) -> Catalog:
    catalog = read_catalog(folder) or Catalog.new(root)
    if catalog.root != root:
        raise UsageError(
            f"The tables of {folder} lie under {catalog.root or folder}; warehouse.location now says {root or 'nothing'}.",
            to_do=f"Set warehouse.location back, or remove {folder} to make everything anew from your files.",
        )
    return catalog


def _folders(folder: Path, location: str, session: SparkSession) -> Folders:
    return HadoopFolders(location, session) if "://" in location else LocalFolders(Path(location or folder))


def _latest_version(catalog: Catalog) -> int:
    return max((int(folder.rsplit("-", 1)[-1]) for folder in catalog.folders), default=0)


def _view(name: Name) -> str:
    return f"{name[0]}__{name[1]}"


def _name_of(node: ops.DatabaseTable) -> Name:
    schema, name = node.name.split("__", 1)
    return schema, name


def _answer_schema(rows: ir.Table, found: pa.Schema) -> pa.Schema:
    """The Arrow types of a query's columns as Ibis tells them, which are the same on every engine."""
    fields = []
    for field, (name, kind) in zip(found, rows.schema().items(), strict=True):
        unsized = kind.is_decimal() and kind.precision is None
        fields.append(pa.field(name, field.type if unsized or kind.is_null() else kind.to_pyarrow()))
    return pa.schema(fields)


def _refuse_unknown(name: Name, given: list[str], columns: Columns | None) -> None:
    known = {column.lower() for column in columns or given}
    unknown = [column for column in given if column.lower() not in known]
    if unknown:
        raise DataError(
            f"Table {'.'.join(name)} has no column {', '.join(unknown)}.", allowed=f"It has {', '.join(columns or ())}."
        )
