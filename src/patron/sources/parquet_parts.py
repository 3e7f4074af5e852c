"""Batches of text columns written to one Parquet file, although later ones may have columns that the first had not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

_GROUP_ROWS: Final = 131_072
_READ_ROWS: Final = 65_536


class ParquetParts:
    """A file that is being written; a part begins wherever a batch brings a new column, and ``whole`` makes them one."""

    def __init__(self, folder: Path, name: str, metadata: Mapping[str, str]) -> None:
        self._folder, self._name, self._metadata = folder, name, metadata
        self.columns: tuple[str, ...] = ()
        self._paths: list[Path] = []
        self._writer: pq.ParquetWriter | None = None

    def add(self, batch: pa.RecordBatch) -> None:
        """Write a batch of text columns."""
        new = [name for name in batch.schema.names if name not in self.columns]
        if new or self._writer is None:
            self.columns = (*self.columns, *new)
            self._begin_part()
        assert self._writer is not None  # noqa: S101 - begun in the lines above
        self._writer.write_batch(_widened(batch, self.columns), _GROUP_ROWS)

    def whole(self) -> Path | None:
        """The one file of all that was added; None if nothing was."""
        self.close()
        if len(self._paths) < 2:
            return self._paths[0] if self._paths else None
        path = self._folder / f"{self._name}-whole.parquet"
        with self._opened(path) as writer:
            for batch in self._batches():
                writer.write_batch(_widened(batch, self.columns), _GROUP_ROWS)
        for part in self._paths:
            part.unlink()
        self._paths = [path]
        return path

    def close(self) -> None:
        """Let go of the file that is being written."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None

    def _begin_part(self) -> None:
        self.close()
        self._paths.append(self._folder / f"{self._name}-{len(self._paths)}.parquet")
        self._writer = self._opened(self._paths[-1])

    def _opened(self, path: Path) -> pq.ParquetWriter:
        schema = pa.schema([(name, pa.string()) for name in self.columns], metadata=dict(self._metadata))
        # Packed lightly, and without dictionaries: a reader refuses files that expand a hundredfold.
        return pq.ParquetWriter(path, schema, compression="snappy", use_dictionary=False)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for path in self._paths:
            with pq.ParquetFile(path) as part:
                yield from part.iter_batches(_READ_ROWS)


def _widened(batch: pa.RecordBatch, columns: tuple[str, ...]) -> pa.RecordBatch:
    nothing = pa.nulls(batch.num_rows, pa.string())
    values = [batch.column(name) if name in batch.schema.names else nothing for name in columns]
    return pa.RecordBatch.from_arrays(values, names=list(columns))
