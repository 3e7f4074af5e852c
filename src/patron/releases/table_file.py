"""A table of a release as a Parquet file, written as its rows come."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

ROWS_PER_GROUP: Final = 100_000


def write_table(reader: pa.RecordBatchReader, path: Path) -> int:
    """Write all rows, in their order and in groups of one size, so that equal rows give equal bytes; gives their number."""
    rows = 0
    with pq.ParquetWriter(path, reader.schema, compression="zstd") as writer:
        for group in _groups(reader):
            writer.write_table(group, row_group_size=ROWS_PER_GROUP)
            rows += group.num_rows
    return rows


def _groups(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """The rows in tables of one chunk and ``ROWS_PER_GROUP`` rows, the last of what is left, however they were cut before."""
    waiting: list[pa.RecordBatch] = []
    for batch in reader:
        waiting.append(batch)
        while sum(part.num_rows for part in waiting) >= ROWS_PER_GROUP:
            whole = pa.Table.from_batches(waiting, reader.schema)
            yield whole.slice(0, ROWS_PER_GROUP).combine_chunks()
            waiting = whole.slice(ROWS_PER_GROUP).to_batches()
    rest = pa.Table.from_batches(waiting, reader.schema)
    if rest.num_rows:
        yield rest.combine_chunks()
