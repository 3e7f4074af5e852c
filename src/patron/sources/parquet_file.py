"""Parquet files: typed columns written as the text that a CSV export of them would hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from patron.errors import BrokenContract, UnreadableFile
from patron.settings import Source
from patron.sources.arrow_text import as_text, bad_text_rows, is_nested
from patron.sources.header import mapped_columns, require_columns, stored_columns
from patron.sources.rows import RawBatch, RawFile, RejectedRow, raw_batch
from patron.sources.text_blocks import ExpansionGuard

BATCH_ROWS: Final = 131_072
# Values of one column in one batch; beyond this a batch is cut into smaller ones before it is unfolded.
MAX_COLUMN_BYTES: Final = 64 << 20
MAX_VALUE_BYTES: Final = 1 << 20


def read_parquet(path: Path, source: Source) -> RawFile:
    """A Parquet file. Rows count from 1. Columns of lists and records are left out, unless mapped: then refused."""
    with _reading(path), pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        claimed = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
    ExpansionGuard(path, path.stat().st_size).add(claimed)
    require_columns(path, schema.names, source)
    _refuse_nested(path, schema, source)
    names = [field.name for field in schema if not is_nested(field.type)]
    columns = stored_columns(path, names)
    return RawFile(path, columns, lambda: _batches(path, source, names, columns))


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Words Arrow's complaints about a damaged file."""
    try:
        yield
    except MemoryError:  # it may be whole, and too large
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(
            str(path), f"it is not a whole Parquet file ({error}).", to_do="Copy or export it again."
        ) from error


def _refuse_nested(path: Path, schema: pa.Schema, source: Source) -> None:
    mapped = set(mapped_columns(source))
    for field in schema:
        if is_nested(field.type) and field.name.strip() in mapped:
            raise BrokenContract(
                f"{path}: the column '{field.name}' holds {field.type}, not single values.",
                to_do="Export its parts as columns of their own, or map another column.",
            )


def _batches(path: Path, source: Source, names: list[str], columns: tuple[str, ...]) -> Iterator[RawBatch]:
    guard = ExpansionGuard(path, path.stat().st_size)
    row = 1
    with _reading(path), pq.ParquetFile(path) as file:
        folded = [field.name for field in file.schema_arrow if _is_text(field.type)]
    with _reading(path), pq.ParquetFile(path, read_dictionary=folded) as file:
        for batch in file.iter_batches(BATCH_ROWS, columns=names, use_threads=True):
            for part in _small_parts(path, batch.select(names), row):
                unfolded = _text_batch(part, source, columns, row)
                guard.add(unfolded.rows.nbytes)
                yield unfolded
                row += part.num_rows


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _small_parts(path: Path, batch: pa.RecordBatch, row: int) -> Iterator[pa.RecordBatch]:
    """The batch, cut so that no text column unfolds into more than 64 MB: a dictionary may hold one huge value."""
    longest = max((_longest_value(column) for column in batch.columns), default=0)
    if longest > MAX_VALUE_BYTES:
        raise UnreadableFile(
            str(path),
            f"a value among the rows from {row:,} on takes {longest:,} bytes (at most {MAX_VALUE_BYTES:,}).",
            to_do="Leave that column out of the export.",
        )
    step = max(1, min(batch.num_rows, MAX_COLUMN_BYTES // max(longest, 1)))
    for start in range(0, batch.num_rows, step):
        yield batch.slice(start, step)


def _longest_value(column: pa.Array) -> int:
    values = column.dictionary if pa.types.is_dictionary(column.type) else column
    kind = values.type
    if not (_is_text(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        return 0
    return pc.max(pc.binary_length(values)).as_py() or 0


def _text_batch(batch: pa.RecordBatch, source: Source, columns: tuple[str, ...], row: int) -> RawBatch:
    values = [as_text(column, decimal=source.decimal) for column in batch.columns]
    lines = np.arange(row, row + batch.num_rows)
    bad = bad_text_rows(values)
    if not bad:
        return raw_batch(columns, lines, values, [])
    kept = np.delete(np.arange(batch.num_rows), sorted(bad))
    rejected = [
        RejectedRow(int(lines[place]), reason, f"{columns[column]}: {detail}", _raw(values, columns, place))
        for place, (column, reason, detail) in sorted(bad.items())
    ]
    return raw_batch(columns, lines[kept], [value.take(pa.array(kept)) for value in values], rejected)


def _raw(values: list[pa.Array], columns: tuple[str, ...], place: int) -> str:
    cells = (value.slice(place, 1).cast(pa.binary())[0].as_py() for value in values)
    shown = ("" if cell is None else cell.decode("utf-8", "backslashreplace").replace("\0", "\\0") for cell in cells)
    return ", ".join(f"{name}={cell}" for name, cell in zip(columns, shown, strict=True))
