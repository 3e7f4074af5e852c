"""Export files as a business would send them, written a piece at a time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from patron.errors import UnknownName
from patron.sources.samples.rhythm import Flags, Ints

FileFormat = Literal["parquet", "csv"]
FILE_FORMATS: Final[tuple[FileFormat, ...]] = ("parquet", "csv")
TRUTH_FOLDER: Final = "truth"
NOBODY: Final = -1


class Exports:
    """The files of one world, open for appending; use it as a context.

    The truth goes into a subfolder of its own, always as Parquet: it is never ingested.
    """

    def __init__(self, folder: Path, file_format: FileFormat) -> None:
        if file_format not in FILE_FORMATS:
            raise UnknownName("file format", file_format, FILE_FORMATS)
        self.folder, self.file_format = folder, file_format
        self.rows: dict[str, int] = {}
        self._writers: dict[Path, pq.ParquetWriter | pa_csv.CSVWriter] = {}
        (folder / TRUTH_FOLDER).mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Exports:
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._writers.values():
            writer.close()

    def file_name(self, name: str) -> str:
        return f"{name}.{self.file_format}"

    def truth_path(self, name: str) -> Path:
        return self.folder / TRUTH_FOLDER / f"{name}.parquet"

    def write(self, name: str, columns: Mapping[str, pa.Array]) -> None:
        """Append rows to an export file."""
        rows = pa.table(dict(columns))
        self.rows[name] = self.rows.get(name, 0) + rows.num_rows
        self._append(self.folder / self.file_name(name), rows)

    def write_truth(self, name: str, columns: Mapping[str, pa.Array]) -> None:
        """Append rows to a file of the truth."""
        self._append(self.truth_path(name), pa.table(dict(columns)))

    def _append(self, path: Path, rows: pa.Table) -> None:
        if path not in self._writers:
            self._writers[path] = (
                pa_csv.CSVWriter(path, rows.schema, write_options=pa_csv.WriteOptions(quoting_style="needed"))
                if path.suffix == ".csv"
                else pq.ParquetWriter(path, rows.schema)
            )
        self._writers[path].write_table(rows)


def money(units: Ints, absent: Flags | None = None, *, scale: int = 2) -> pa.Array:
    """Decimals from whole units of 10^-scale (cents by default), exactly."""
    halves = np.empty((len(units), 2), dtype=np.int64)
    halves[:, 0] = units
    halves[:, 1] = units >> 63  # the sign, in the upper half of a 128-bit number
    values = pa.Array.from_buffers(pa.decimal128(18, scale), len(units), [None, pa.py_buffer(halves)])
    return values if absent is None else _without(values, absent)


def moments(seconds: Ints) -> pa.Array:
    """Times of day without a zone; a negative one is no time."""
    return _without(pa.array(seconds).cast(pa.timestamp("s")), seconds < 0)


def dates(days: Ints, absent: Flags | None = None) -> pa.Array:
    """Calendar days from their numbers."""
    values = pa.array(days.astype(np.int32)).cast(pa.date32())
    return values if absent is None else _without(values, absent)


def labels(prefix: str, numbers: Ints, width: int) -> pa.Array:
    """Names such as K0000042; a negative number has none."""
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0")
    return _without(pc.binary_join_element_wise(prefix, digits, ""), numbers < 0)


def words(names: tuple[str, ...], codes: Ints) -> pa.Array:
    """The names at these places; a negative place has none."""
    return pa.array(names, pa.string()).take(pa.array(codes, mask=codes < 0))


def _without(values: pa.Array, absent: Flags) -> pa.Array:
    return pc.if_else(pa.array(absent), pa.scalar(None, values.type), values) if absent.any() else values
