"""What tells a row from another by its content: to leave out rows that have landed, and to see that a table is unchanged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

import numpy as np
import pyarrow as pa

from patron.sources.text_look import mixed, text_hashes

_STEP: Final = np.uint64(0xD6E8FEB86659FD93)


def row_marks(batch: pa.RecordBatch) -> np.ndarray:
    """64 bits for each row of text columns. Column names count, their order does not, nor does a column without a value."""
    marks = np.zeros(batch.num_rows, np.uint64)
    for name in batch.schema.names:
        seed = text_hashes(pa.array([name], pa.string())) * _STEP
        column = batch.column(name)
        values = mixed(mixed(text_hashes(column) + seed) * _STEP + seed)
        marks += np.where(np.asarray(column.is_valid()), values, np.uint64(0))
    return mixed(marks)


class RowsSeen:
    """Rows that have landed, as many times as they did."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self._left: Counter[int] = Counter()
        for batch in batches:
            self._left.update(row_marks(batch).tolist())

    def unseen(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows that have not landed; of a row that landed twice, the third and later ones."""
        if not self._left:
            return batch
        kept = np.ones(batch.num_rows, bool)
        for place, mark in enumerate(row_marks(batch).tolist()):
            if self._left[mark] > 0:
                self._left[mark] -= 1
                kept[place] = False
        self._left = +self._left
        return batch if kept.all() else batch.filter(pa.array(kept))


class ContentDigest:
    """A digest of rows that does not depend on their order."""

    def __init__(self) -> None:
        self._sums = np.zeros(2, np.uint64)
        self.rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Count these rows in."""
        marks = row_marks(batch)
        self._sums += np.array([np.add.reduce(marks), np.add.reduce(mixed(marks * _STEP))], np.uint64)
        self.rows += batch.num_rows

    def text(self) -> str:
        """The digest."""
        return f"{self.rows:x}-{int(self._sums[0]):016x}{int(self._sums[1]):016x}"
