"""Workbooks: cells become text, rows keep the numbers that the sheet shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from patron.errors import UnknownName
from sources.malformed_files import workbook
from sources.reading import read

HEADER = ["order_id", "customer_id", "date", "amount"]


def write(folder: Path, rows: list[list[str | float | None]], **options: str) -> Path:
    path = folder / "orders.xlsx"
    path.write_bytes(workbook(rows, **options))
    return path


def test_whole_numbers_are_plain_and_days_are_iso(tmp_path: Path) -> None:
    rows, _ = read(write(tmp_path, [HEADER, [17850.0, "Anna", "date:40886", 2.55], [2, None, "date:40886.5", "-1,5"]]))
    assert rows == [
        {"line": 2, "order_id": "17850", "customer_id": "Anna", "date": "2011-12-09", "amount": "2.55"},
        {"line": 3, "order_id": "2", "customer_id": None, "date": "2011-12-09 12:00:00", "amount": "-1,5"},
    ]


def test_rows_without_any_value_are_not_rows(tmp_path: Path) -> None:
    rows, _ = read(
        write(tmp_path, [[], HEADER, [], ["O1", "Anna", "2024-01-05", 1], [None], ["O2", "Bert", "2024-01-05", 2]])
    )
    assert [(row["line"], row["order_id"]) for row in rows] == [(4, "O1"), (6, "O2")]


def test_lines_above_the_header_can_be_skipped(tmp_path: Path) -> None:
    rows, _ = read(write(tmp_path, [["Orders of 2024"], HEADER, ["O1", "Anna", "2024-01-05", 1]]), skip_lines=1)
    assert [row["order_id"] for row in rows] == ["O1"]


def test_a_sheet_is_chosen_by_its_name(tmp_path: Path) -> None:
    path = write(tmp_path, [HEADER, ["O1", "Anna", "2024-01-05", 1]], sheet="Orders")
    assert len(read(path, sheet="Orders")[0]) == 1
    with pytest.raises(UnknownName, match="Did you mean 'Orders'"):
        read(path, sheet="Order")
