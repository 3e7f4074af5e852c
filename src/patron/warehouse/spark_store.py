"""The rows of a Spark warehouse: written to new folders of Parquet, read from them, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4
from warnings import catch_warnings, simplefilter

import pyarrow as pa
import pyarrow.parquet as pq

from patron.warehouse.spark_catalog import StoredTable
from patron.warehouse.spark_folders import Folders, literally
from patron.warehouse.spark_types import Columns, arrow_schema, columns_of, conformed, struct_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

ROWS_PER_GROUP: Final = 100_000


class ParquetStore:
    """Writes rows to folders and reads them, by Spark where there are many, by Arrow where they come from Python."""

    def __init__(self, session: SparkSession, folders: Folders, scratch: Path) -> None:
        self._session, self._folders, self._scratch = session, folders, scratch

    def write_frame(self, frame: DataFrame, folder: str) -> StoredTable:
        """The result of a query, written by the executors."""
        columns = columns_of(frame.schema)
        fitted(frame, columns).write.parquet(self._folders.url(folder))
        return self._kept(columns, folder, self._folders.rows(folder))

    def write_batches(self, batches: Iterable[pa.RecordBatch], columns: Columns, folder: str) -> StoredTable:
        """Arrow batches, written here without a job of Spark's."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        draft = self._scratch / f"{uuid4().hex}.parquet"
        rows = 0
        try:
            with pq.ParquetWriter(draft, arrow_schema(columns), compression="zstd") as writer:
                for table in _gathered(batches, columns):
                    writer.write_table(table, ROWS_PER_GROUP)
                    rows += table.num_rows
            if rows:
                self._folders.place(draft, folder)
        finally:
            draft.unlink(missing_ok=True)
        return StoredTable(columns, {folder: rows} if rows else {})

    def frame(self, table: StoredTable) -> DataFrame:
        """A table's rows for Spark."""
        schema = struct_of(table.columns)
        if not table.folders:
            return self._session.createDataFrame([], schema)
        return self._session.read.schema(schema).parquet(
            *(literally(self._folders.url(folder)) for folder in table.folders)
        )

    def batches(self, table: StoredTable, rows: int) -> Iterator[pa.RecordBatch]:
        """A table's rows in Arrow batches, folder by folder, in the order in which they were written."""
        for folder in table.folders:
            for file in self._folders.files(folder, self._scratch):
                for batch in pq.ParquetFile(file).iter_batches(rows):
                    # A folder from before the table was made wider lacks columns.
                    yield from conformed(pa.Table.from_batches([batch]), table.columns).to_batches()

    def table(self, table: StoredTable) -> pa.Table:
        """A table's rows in Arrow, whole."""
        return pa.Table.from_batches(self.batches(table, ROWS_PER_GROUP), arrow_schema(table.columns))

    def remove(self, folders: Iterable[str]) -> None:
        for folder in folders:
            self._folders.remove(folder)

    def sweep(self, owner: str, known: frozenset[str]) -> int:
        """Remove this owner's folders that no table knows, as a killed run leaves them; gives how many there were."""
        orphans = {folder for folder in self._folders.all() if folder.rsplit("/", 1)[-1].startswith(f"{owner}-")}
        self.remove(orphans - known)
        return len(orphans - known)

    def _kept(self, columns: Columns, folder: str, rows: int) -> StoredTable:
        if not rows:
            self._folders.remove(folder)
        return StoredTable(columns, {folder: rows} if rows else {})


def answer(frame: DataFrame) -> pa.Table:
    """A query's whole result, here."""
    with catch_warnings():
        # pyspark leaves the socket that the result comes through to the garbage collector.
        simplefilter("ignore", ResourceWarning)
        return frame.toArrow()


def fitted(frame: DataFrame, columns: Columns) -> DataFrame:
    """A query's result in exactly these columns: by name, converted, NULL where one is missing."""
    from pyspark.sql import functions as F  # noqa: N812 the name that Spark's own guide gives it

    held = {name.lower() for name in frame.columns}
    return frame.select(
        [
            (F.col(quoted(field.name)) if field.name.lower() in held else F.lit(None))
            .cast(field.dataType)
            .alias(field.name)
            for field in struct_of(columns)
        ]
    )


def quoted(name: str) -> str:
    """A column's name as Spark reads it whole, whatever stands in it."""
    return f"`{name.replace('`', '``')}`"


def _gathered(batches: Iterable[pa.RecordBatch], columns: Columns) -> Iterator[pa.Table]:
    """The batches in tables of a row group's size or more: a file of many small row groups is slow to read."""
    held: list[pa.Table] = []
    for batch in batches:
        held.append(conformed(pa.Table.from_batches([batch]), columns))
        if sum(table.num_rows for table in held) >= ROWS_PER_GROUP:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)
