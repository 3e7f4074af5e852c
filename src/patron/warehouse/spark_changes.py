"""Changes to stored rows, as copies: only the folders that hold a row to change are written anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from patron.warehouse.spark_catalog import StoredTable
from patron.warehouse.spark_store import ROWS_PER_GROUP, ParquetStore, answer, quoted

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

SMALL: Final = 50_000
"""Rows up to which a table is changed here, in memory: a job of Spark's would take longer to start."""


@dataclass(frozen=True)
class Selection:
    """Rows in which these columns have these values, or the others: the ones that stay."""

    where: Mapping[str, str]
    stay: bool
    """Whether the rows that have them stay, or those that have not."""

    def here(self, rows: pa.Table) -> pa.Table:
        """The rows of an Arrow table that stay."""
        same = pa.array([True] * rows.num_rows)
        for name, value in self.where.items():
            same = pc.and_(same, pc.fill_null(pc.equal(rows[name].cast(pa.string()), value), False))
        return rows.filter(same if self.stay else pc.invert(same))

    def there(self) -> Column:
        """The same as a condition of Spark's."""
        from pyspark.sql import functions as F  # noqa: N812 the name that Spark's own guide gives it

        same = [F.col(quoted(name)).cast("string").eqNullSafe(F.lit(value)) for name, value in self.where.items()]
        every = reduce(and_, same, F.lit(True))
        return every if self.stay else ~every


def selected(store: ParquetStore, table: StoredTable, selection: Selection, folder: str) -> StoredTable:
    """The table with only the rows that stay; what is new is written to ``folder``."""
    if not table.rows:
        return table
    if not selection.where:
        return table if selection.stay else StoredTable(table.columns)
    if table.rows <= SMALL:
        return _selected_here(store, table, selection, folder)
    stays = selection.there()
    return _rewritten(
        store, table, _with_file(store.frame(table)).where(~stays), lambda part: part.where(stays), folder
    )


def superseded(store: ParquetStore, table: StoredTable, told: DataFrame, at: datetime, folder: str) -> StoredTable:
    """The table with the rows closed that hold and agree with one of those told in every column told."""
    from pyspark.sql import functions as F  # noqa: N812 the name that Spark's own guide gives it

    if not table.rows:
        return table
    names = told.columns
    marked = told.distinct().toDF(*[f"_told_{name}" for name in names]).withColumn("_is_told", F.lit(True))
    # One of those told at most agrees with a row, for they are distinct: the join makes no row twice.
    agrees = [F.col(quoted(name)).eqNullSafe(F.col(quoted(f"_told_{name}"))) for name in names]
    same = reduce(and_, agrees, F.col("superseded_at").isNull())
    closed = F.when(F.col("_is_told"), F.lit(_utc(at)).cast("timestamp_ntz")).otherwise(F.col("superseded_at"))

    def close(part: DataFrame) -> DataFrame:
        joined = part.join(marked, same, "left").withColumn("superseded_at", closed)
        return joined.select([F.col(quoted(name)) for name in table.columns])

    found = _with_file(store.frame(table)).join(marked, same, "left_semi")
    return _rewritten(store, table, found, close, folder)


def compacted(store: ParquetStore, table: StoredTable, folder: str) -> StoredTable:
    """A small table's rows in one folder."""
    return store.write_batches(store.batches(table, ROWS_PER_GROUP), table.columns, folder)


def _selected_here(store: ParquetStore, table: StoredTable, selection: Selection, folder: str) -> StoredTable:
    rows = selection.here(store.table(table))
    if rows.num_rows == table.rows:
        return table
    return store.write_batches(rows.to_batches(), table.columns, folder)


def _with_file(frame: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F  # noqa: N812 the name that Spark's own guide gives it

    return frame.select("*", F.col("_metadata.file_path").alias("_file"))


def _rewritten(
    store: ParquetStore, table: StoredTable, found: DataFrame, change: Callable[[DataFrame], DataFrame], folder: str
) -> StoredTable:
    """The table with those of its folders changed in which a row was found; ``found`` has the file of each."""
    files = answer(found.select("_file").distinct())["_file"].to_pylist()
    touched = {"/".join(file.split("/")[-4:-1]) for file in files}
    if not touched:
        return table
    left = {name: rows for name, rows in table.folders.items() if name not in touched}
    part = StoredTable(table.columns, {name: table.folders[name] for name in touched})
    written = store.write_frame(change(store.frame(part)), folder)
    return StoredTable(table.columns, left | dict(written.folders))


def _utc(at: datetime) -> str:
    return (at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at).isoformat(" ")
