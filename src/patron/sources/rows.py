"""What reading a raw file gives: its columns, its rows as text, and the rows that could not be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

LINE: Final = "line"
# Bronze adds these to a source's own columns; a source column of that name is stored with a prefix.
_TAKEN: Final = re.compile(r"(?i)^(source_)*(line|file_id)$")


@dataclass(frozen=True)
class RejectedRow:
    """A row that cannot be believed: its line, a reason code, what was wrong, and the row as it came."""

    line: int
    reason: str
    detail: str
    raw: str


@dataclass(frozen=True)
class RawBatch:
    """Some rows of a file: ``rows`` is ``line`` (int64) and the source's columns as text, null where empty."""

    rows: pa.RecordBatch
    rejected: list[RejectedRow]


@dataclass(frozen=True)
class RawFile:
    """A file whose header fits its source; ``batches()`` reads it from the start, each time it is called."""

    path: Path
    columns: tuple[str, ...]
    read: Callable[[], Iterator[RawBatch]]

    def batches(self) -> Iterator[RawBatch]:
        """The rows, in the file's order; rows in = rows + rejected, blank lines are not rows."""
        return self.read()


def stored_name(column: str) -> str:
    """The name under which a source's column is kept; one that Patron needs, or that looks kept so, gets a prefix."""
    return f"source_{column}" if _TAKEN.match(column) else column


def raw_batch(
    columns: Sequence[str], lines: np.ndarray, values: Sequence[pa.Array], rejected: list[RejectedRow]
) -> RawBatch:
    """A batch of text columns with its line numbers."""
    arrays = [pa.array(lines, pa.int64()), *values]
    return RawBatch(pa.RecordBatch.from_arrays(arrays, names=[LINE, *columns]), rejected)
