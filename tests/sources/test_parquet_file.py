"""Parquet files give the same rows as a CSV export of the same table."""

# ruff: noqa: DTZ001 - times in tables are UTC and carry no zone

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest

from patron.errors import BrokenContract, UnreadableFile
from patron.sources import parquet_file, text_blocks
from sources.reading import a_source, read, whole


def write(folder: Path, **columns: Any) -> Path:
    path = folder / "orders.parquet"
    base = {
        "order_id": ["O1", "O2"],
        "customer_id": ["Anna", "Bert"],
        "date": [date(2024, 1, 5)] * 2,
        "amount": [2.5, 3.0],
    }
    pq.write_table(pa.table({**base, **columns}), path)
    return path


def test_typed_columns_are_written_one_way(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        order_id=pa.array([17850, None], pa.int32()),
        customer_id=pa.array([31198570047.0, 1.5]),
        date=pa.array([datetime(2011, 12, 9, 12, 50), None], pa.timestamp("ns")),
        amount=pa.array([Decimal("2.50"), Decimal("-0.01")]),
        zoned=pa.array([datetime(2011, 12, 9, 12, 50)] * 2, pa.timestamp("ms", "Europe/Prague")),
        price=pa.array([2.55, 1e-7], pa.float32()),
        open=pa.array([True, False]),
        shop=pa.array(["London", ""]).dictionary_encode(),
    )
    rows, _ = read(path)
    assert rows[0] == {
        "line": 1,
        "order_id": "17850",
        "customer_id": "31198570047",
        "date": "2011-12-09 12:50:00.000000",
        "amount": "2.50",
        "zoned": "2011-12-09 12:50:00.000000Z",
        "price": "2.55",
        "open": "true",
        "shop": "London",
    }
    assert (rows[1]["order_id"], rows[1]["date"], rows[1]["shop"], rows[1]["customer_id"]) == (None, None, None, "1.5")


def test_csv_and_parquet_of_one_table_parse_to_the_same_rows(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        customer_id=pa.array([17850.0, None]),
        date=pa.array([datetime(2011, 12, 9, 12, 50), datetime(2011, 1, 2)]),
    )
    arrow_csv.write_csv(pq.read_table(path), tmp_path / "orders.csv")
    by_parquet = whole(path, a_source(path)).rows.drop(["line"])
    by_csv = whole(tmp_path / "orders.csv", a_source(tmp_path / "orders.csv")).rows.drop(["line"])
    assert by_parquet.num_rows == 2
    assert by_parquet.equals(by_csv)


def test_numbers_follow_the_declared_decimal_sign(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert whole(path, a_source(path, decimal=",")).rows["amount"].to_pylist() == [Decimal("2.5"), Decimal(3)]


def test_columns_of_lists_are_left_out_unless_they_are_mapped(tmp_path: Path) -> None:
    path = write(tmp_path, tags=[["a"], ["b", "c"]])
    assert "tags" not in read(path)[0][0]
    with pytest.raises(BrokenContract, match="'tags' holds list"):
        read(path, columns={"occurred_at": "date", "amount": "amount", "category": "tags"})


def test_a_value_that_unfolds_beyond_measure_is_cut_into_small_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "orders.parquet"
    rows = 5000
    pq.write_table(
        pa.table(
            {
                "order_id": ["O"] * rows,
                "customer_id": ["x" * 1000] * rows,
                "date": ["2024-01-05"] * rows,
                "amount": ["1"] * rows,
            }
        ),
        path,
    )
    monkeypatch.setattr(parquet_file, "MAX_COLUMN_BYTES", 100_000)
    assert [row["line"] for row in read(path)[0]] == list(range(1, rows + 1))
    monkeypatch.setattr(text_blocks, "MAX_EXPANDED_BYTES", 1 << 20)
    with pytest.raises(UnreadableFile, match="expand to more than"):
        read(path)
