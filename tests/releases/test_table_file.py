"""Tables of a release as files: the same rows give the same bytes, however they arrive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from patron.releases import table_file
from patron.releases.table_file import write_table

ROWS = pa.table(
    {"customer_id": [f"K{n:04}" for n in range(1000)], "value": np.arange(1000) / 7, "tier": ["high"] * 1000}
)


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_file, "ROWS_PER_GROUP", 300)


def reader(step: int) -> pa.RecordBatchReader:
    def batches() -> Iterator[pa.RecordBatch]:
        for start in range(0, len(ROWS), step):
            yield from ROWS.slice(start, step).combine_chunks().to_batches()

    return pa.RecordBatchReader.from_batches(ROWS.schema, batches())


@pytest.mark.parametrize("step", [1, 7, 299, 300, 301, 5000])
def test_batches_of_any_size_give_the_same_bytes(step: int, tmp_path: Path) -> None:
    assert write_table(reader(step), tmp_path / "some.parquet") == 1000
    write_table(reader(128), tmp_path / "other.parquet")
    assert (tmp_path / "some.parquet").read_bytes() == (tmp_path / "other.parquet").read_bytes()


def test_rows_keep_their_order_and_stand_in_groups_of_one_size(tmp_path: Path) -> None:
    write_table(reader(77), tmp_path / "some.parquet")
    with pq.ParquetFile(tmp_path / "some.parquet") as file:
        assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [300, 300, 300, 100]
        assert file.read().equals(ROWS)


def test_a_table_without_rows_is_a_file_with_its_columns(tmp_path: Path) -> None:
    assert write_table(pa.RecordBatchReader.from_batches(ROWS.schema, iter(())), tmp_path / "none.parquet") == 0
    assert pq.read_table(tmp_path / "none.parquet").schema == ROWS.schema
