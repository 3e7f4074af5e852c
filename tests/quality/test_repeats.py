"""Repeats, corrections and conflicts are told apart; nothing is dropped that could be a second piece."""

from __future__ import annotations

from collections.abc import Iterator

import ibis
import pyarrow as pa
import pytest

from patron.quality.repeats import repeated_share, sorted_by_content, sorted_by_key
from patron.settings import WarehouseSettings
from patron.warehouse import DuckDBWarehouse

SCHEMA = pa.schema([("line", pa.int64()), ("row_id", pa.string()), ("amount", pa.int64()), ("row_hash", pa.int64())])


@pytest.fixture
def warehouse() -> Iterator[DuckDBWarehouse]:
    with DuckDBWarehouse(None, WarehouseSettings()) as opened:
        yield opened


def table(warehouse: DuckDBWarehouse, name: str, rows: list[tuple[str | None, int]]) -> ibis.Table:
    data = [
        {"line": n, "row_id": key, "amount": amount, "row_hash": amount}
        for n, (key, amount) in enumerate(rows, start=2)
    ]
    warehouse.replace("work", name, pa.Table.from_pylist(data, schema=SCHEMA))
    return warehouse.table("work", name)


def fates(warehouse: DuckDBWarehouse, rows: ibis.Table) -> dict[int, str]:
    found = warehouse.fetch(rows.select("line", "fate").order_by("line"))
    return dict(zip(found["line"].to_pylist(), found["fate"].to_pylist(), strict=True))


def test_rows_of_one_id_are_duplicates_when_equal_and_in_conflict_when_not(warehouse: DuckDBWarehouse) -> None:
    new = table(warehouse, "new", [("a", 1), ("a", 1), ("b", 1), ("b", 2), ("c", 3)])
    held = table(warehouse, "held", [])
    told = fates(warehouse, sorted_by_key(new, held, ("row_id",), ("amount",)))
    assert told == {2: "fresh", 3: "duplicate", 4: "conflict", 5: "conflict", 6: "fresh"}


def test_against_held_rows_equal_content_is_a_duplicate_and_other_content_a_correction(
    warehouse: DuckDBWarehouse,
) -> None:
    held = table(warehouse, "held", [("a", 1), ("b", 2)])
    new = table(warehouse, "new", [("a", 1), ("b", 7), ("c", 3)])
    told = fates(warehouse, sorted_by_key(new, held, ("row_id",), ("amount",)))
    assert told == {2: "duplicate", 3: "correction", 4: "fresh"}


def test_a_missing_value_differs_from_an_empty_one_but_equals_itself(warehouse: DuckDBWarehouse) -> None:
    held = table(warehouse, "held", [(None, 1)])
    new = table(warehouse, "new", [(None, 1), ("", 1)])
    assert fates(warehouse, sorted_by_key(new, held, ("row_id",), ("amount",))) == {2: "duplicate", 3: "fresh"}


def test_without_an_id_as_many_copies_are_repeats_as_are_held(warehouse: DuckDBWarehouse) -> None:
    held = table(warehouse, "held", [(None, 5), (None, 5), (None, 6)])
    new = table(warehouse, "new", [(None, 5), (None, 5), (None, 5), (None, 7)])
    assert fates(warehouse, sorted_by_content(new, held)) == {2: "duplicate", 3: "duplicate", 4: "fresh", 5: "fresh"}
    share = warehouse.fetch(repeated_share(new, held).as_table()).column(0)[0].as_py()
    assert share == 0.5
