"""Counts and lists from a release's tables: by stage, by what is at stake, and who moved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from patron.errors import DamagedRelease
from patron.reports.segment_tables import SegmentLists, read_segment_lists
from patron.reports.valuation import read_valuation
from reports.fake_release import shop_evidence, write_release
from reports.fake_segments import tell_segments


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return write_release(tmp_path, np.arange(40.0, 0.0, -1.0), shop_evidence())


def lists(release: Path) -> SegmentLists:
    return read_segment_lists(release, read_valuation(release))


def test_an_old_release_has_no_lists(release: Path) -> None:
    assert lists(release) == SegmentLists()


def test_stages_stand_in_their_order_and_hold_everybody_and_all_value(release: Path) -> None:
    told = lists(tell_segments(release))
    assert [row.name for row in told.stages] == ["Regular", "Slowing", "One-time"]
    assert [row.customers for row in told.stages] == [20, 10, 10]
    assert sum(row.value for row in told.stages) == pytest.approx(820.0)
    assert sum(row.value_share or 0.0 for row in told.seasons) == pytest.approx(1.0)


def test_lists_are_ordered_by_what_is_at_stake(release: Path) -> None:
    told = lists(tell_segments(release))
    saved = [row.savable_value for row in told.savable]
    assert saved == sorted(saved, reverse=True)
    assert told.savable[0].because == "The last purchase was 113 days ago."
    assert told.savable[1].because == ""
    assert [row.customer_id for row in told.rising] == ["12347", "12348"]
    assert told.rising[0].expected_value == 39.0


def test_a_mover_is_told_once_with_all_moves_tiers_first(release: Path) -> None:
    told = lists(tell_segments(release))
    assert told.movers_in_all == 3
    assert [mover.customer_id for mover in told.movers] == ["12348", "12347", "12346"]
    assert [move.view for move in told.movers[0].moves] == ["tier", "cluster"]


def test_now_and_next_are_counted_by_name(release: Path) -> None:
    told = lists(tell_segments(release))
    names = told.heading("rfm_segment")
    assert names is not None
    assert sum(row.now for row in names.rows) == sum(row.next for row in names.rows) == 40
    tiers = told.heading("tier")
    assert tiers is not None
    assert tiers.outlook_of("same") == 40


def test_what_is_expected_of_groups_stands_in_place_of_likeliest_groups(release: Path) -> None:
    tell_segments(release)
    expected = {"tier": {"high": 3.4, "medium": 10.6, "low": 26.0}, "outlook": {"up": 1.6, "same": 30.0, "down": 8.4}}
    told = read_segment_lists(release, read_valuation(release), expected=expected)
    tiers, names = told.heading("tier"), told.heading("rfm_segment")
    assert tiers is not None
    assert names is not None
    assert [(row.name, row.next) for row in tiers.rows] == [("high", 3), ("medium", 11), ("low", 26)]
    assert [tiers.outlook_of(word) for word in ("up", "same", "down")] == [2, 30, 8]
    assert (tiers.expected, names.expected) == (True, False)


def test_behaviour_of_somebody_without_a_score_is_a_damaged_release(release: Path) -> None:
    tell_segments(release, ids=["nobody"])
    with pytest.raises(DamagedRelease, match="have no score"):
        lists(release)


def test_empty_tables_give_empty_lists(release: Path) -> None:
    tell_segments(release, ids=[])
    told = lists(release)
    assert (told.movers, told.savable, told.rising, told.engagement) == ((), (), (), None)


def test_an_unreadable_table_is_a_damaged_release(release: Path) -> None:
    (release / "moves.parquet").write_text("no parquet")
    with pytest.raises(DamagedRelease, match=r"moves\.parquet"):
        lists(release)


def test_a_stage_that_is_not_known_yet_comes_last(release: Path) -> None:
    tell_segments(release)
    labels = pq.read_table(release / "segments.parquet")
    place = labels.column_names.index("lifecycle")
    words = pa.array(["Alien", *labels["lifecycle"].to_pylist()[1:]], pa.string())
    pq.write_table(labels.set_column(place, "lifecycle", words), release / "segments.parquet")
    assert [row.name for row in lists(release).stages][-1] == "Alien"
