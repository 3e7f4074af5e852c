"""Of the versions of a row the highest holds, whatever the order and the files in which they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patron.quality.versions import sorted_by_version
from patron.settings import WarehouseSettings
from patron.warehouse import DuckDBWarehouse

ROWS = pa.schema(
    [
        ("line", pa.int64()),
        ("row_id", pa.string()),
        ("row_version", pa.int64()),
        ("amount", pa.int64()),
        ("is_deleted", pa.bool_()),
    ]
)
SILVER = ROWS.append(pa.field("holds", pa.bool_()))


class Told(NamedTuple):
    """What one line says of one id; no amount means that the row is gone."""

    row_id: str
    version: int
    amount: int | None


class Store:
    """Silver as the pipeline keeps it: rows are only added, and stop holding."""

    def __init__(self, house: DuckDBWarehouse) -> None:
        self.house = house
        self.kept: list[dict[str, object]] = []

    def load(self, rows: Sequence[Told]) -> list[str]:
        """Judge one file; gives the fate of each line."""
        told = [
            dict(zip(ROWS.names, (line, *row, row.amount is None), strict=True)) for line, row in enumerate(rows, 2)
        ]
        self.house.replace("work", "told", pa.Table.from_pylist(told, schema=ROWS))
        self.house.replace("work", "kept", pa.Table.from_pylist(self.kept, schema=SILVER))
        file, kept = self.house.table("work", "told"), self.house.table("work", "kept")
        judged = self.house.fetch(sorted_by_version(file, kept, ("row_id",), ("amount",)).order_by("line")).to_pylist()
        closed = {row["row_id"] for row in judged if row["closes"]}
        self.kept = [row | {"holds": row["holds"] and row["row_id"] not in closed} for row in self.kept]
        for row in judged:
            if row["fate"] in ("fresh", "correction", "earlier"):
                content = {name: row[name] for name in ROWS.names}
                self.kept.append(content | {"holds": row["fate"] != "earlier"})
        return [row["fate"] for row in judged]

    @property
    def holding(self) -> dict[object, object]:
        holding = [row for row in self.kept if row["holds"]]
        assert len({row["row_id"] for row in holding}) == len(holding)
        return {row["row_id"]: row["amount"] for row in holding}


@pytest.fixture
def house() -> Iterator[DuckDBWarehouse]:
    with DuckDBWarehouse(None, WarehouseSettings(threads=1)) as opened:
        yield opened


@pytest.fixture
def store(house: DuckDBWarehouse) -> Store:
    return Store(house)


def what_should_hold(feed: Sequence[Told]) -> dict[object, object]:
    """The rule itself, over all rows at once: the highest version, if it is told in one way and is no deletion."""
    newest = {row_id: max(row.version for row in feed if row.row_id == row_id) for row_id in {r.row_id for r in feed}}
    said = {
        row_id: {r.amount for r in feed if (r.row_id, r.version) == (row_id, top)} for row_id, top in newest.items()
    }
    return {
        row_id: next(iter(amounts)) for row_id, amounts in said.items() if len(amounts) == 1 and None not in amounts
    }


def test_a_later_version_corrects_and_a_late_earlier_one_is_kept_but_does_not_hold(store: Store) -> None:
    assert store.load([Told("a", 2, 20)]) == ["fresh"]
    assert store.load([Told("a", 1, 10)]) == ["earlier"]
    assert store.holding == {"a": 20}
    assert store.load([Told("a", 3, 30)]) == ["correction"]
    assert store.holding == {"a": 30}
    assert len(store.kept) == 3


def test_several_versions_in_one_file_are_all_kept_and_the_highest_holds(store: Store) -> None:
    assert store.load([Told("a", 2, 20), Told("a", 3, 30), Told("a", 1, 10)]) == ["earlier", "fresh", "earlier"]
    assert store.holding == {"a": 30}


def test_an_equal_version_with_equal_content_is_a_duplicate_also_of_one_that_no_longer_holds(store: Store) -> None:
    store.load([Told("a", 1, 10)])
    store.load([Told("a", 2, 20)])
    assert store.load([Told("a", 1, 10), Told("a", 2, 20), Told("a", 2, 20)]) == ["duplicate"] * 3


def test_an_equal_version_with_other_content_is_a_conflict_and_neither_holds(store: Store) -> None:
    store.load([Told("a", 1, 5), Told("b", 1, 7)])
    store.load([Told("a", 2, 20)])
    assert store.load([Told("a", 2, 21)]) == ["conflict"]
    assert store.holding == {"b": 7}
    assert store.load([Told("a", 3, 30)]) == ["correction"]
    assert store.holding == {"a": 30, "b": 7}


def test_a_conflict_within_one_file_closes_what_held_before(store: Store) -> None:
    store.load([Told("a", 1, 5)])
    assert store.load([Told("a", 2, 20), Told("a", 2, 21), Told("a", 2, 20)]) == ["earlier", "conflict", "duplicate"]
    assert store.holding == {}


def test_a_conflict_about_an_old_version_leaves_the_newest_alone(store: Store) -> None:
    store.load([Told("a", 1, 5), Told("a", 2, 20)])
    assert store.load([Told("a", 1, 6)]) == ["conflict"]
    assert store.holding == {"a": 20}


def test_a_deletion_closes_the_row_and_an_older_version_does_not_bring_it_back(store: Store) -> None:
    store.load([Told("a", 1, 10)])
    assert store.load([Told("a", 3, None)]) == ["earlier"]
    assert store.holding == {}
    assert store.load([Told("a", 2, 20)]) == ["earlier"]
    assert store.holding == {}
    assert store.load([Told("a", 4, 40)]) == ["correction"]
    assert store.holding == {"a": 40}


def test_a_deletion_and_a_row_of_one_version_contradict_each_other(store: Store) -> None:
    store.load([Told("a", 1, 10)])
    assert store.load([Told("a", 1, None)]) == ["conflict"]
    assert store.holding == {}


FEEDS = st.lists(
    st.builds(Told, st.sampled_from("abc"), st.integers(0, 3), st.sampled_from((1, 1, 2, None))),
    min_size=1,
    max_size=14,
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(feed=FEEDS, seed=st.integers(0, 2**16), files=st.integers(1, 14))
def test_what_holds_follows_from_the_rows_alone_however_they_are_cut_and_ordered(
    house: DuckDBWarehouse, feed: list[Told], seed: int, files: int
) -> None:
    shuffled = Random(seed).sample(feed, len(feed))  # noqa: S311
    store = Store(house)
    fates = [fate for number in range(files) for fate in store.load(shuffled[number::files])]
    assert store.holding == what_should_hold(feed)
    assert len(fates) == len(feed)
    assert len(store.kept) + fates.count("duplicate") + fates.count("conflict") == len(feed)
    assert len(store.kept) == len({(row.row_id, row.version) for row in feed})
