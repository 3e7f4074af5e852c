"""`patron moves` and `patron alerts`: who moved, whom to act on, and how often that was right."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from patron.errors import UnknownName, UsageError
from patron.releases.contents import Release
from patron.reports.behaviour_story import ALL_SAVABLE
from patron.reports.segment_lists import act_on
from surfaces.called import facts, told


def first_release(folder: Path) -> str:
    return sorted(path.name for path in (folder / "releases").glob("2*"))[0]


def test_moves_are_counted_by_where_from_and_where_to(moved_shop: Path, newest: Release) -> None:
    held = facts(moved_shop, "moves")
    assert held["previous"] == first_release(moved_shop)
    assert held["moves"] == newest.moves().num_rows == sum(flow["customers"] for flow in held["flows"]) > 0
    sizes = [abs(row["change"]) for row in held["largest"]]
    assert sizes == sorted(sizes, reverse=True)
    assert all(row["because"] for row in held["largest"])
    page = told(moved_shop, "moves", "-n", "3")
    assert "Whose value changed most" in page
    assert max(map(len, page.splitlines())) <= 100


def test_one_view_of_moves_can_be_asked_for(moved_shop: Path) -> None:
    assert {flow["view"] for flow in facts(moved_shop, "moves", "--view", "tier")["flows"]} == {"tier"}
    with pytest.raises(UnknownName, match="Known: cluster, lifecycle, rfm_segment, tier"):
        told(moved_shop, "moves", "--view", "place")


def test_nobody_moved_in_a_first_release(moved_shop: Path) -> None:
    page = told(moved_shop, "moves", "--release", first_release(moved_shop))
    assert "first release" in page
    assert facts(moved_shop, "moves", "--release", first_release(moved_shop))["previous"] is None


def test_alerts_come_with_the_most_urgent_first_and_say_how_often_they_were_right(
    moved_shop: Path, newest: Release, tmp_path: Path
) -> None:
    held = facts(moved_shop, "alerts", "-n", "1000", "--csv", str(tmp_path / "alerts.csv"))
    levels = [row["alert"] for row in held["rows"]]
    counted = newest.behaviour()["alert"].to_pylist()
    assert levels == ["act now"] * counted.count("act now") + ["watch"] * counted.count("watch")
    assert all(row["alert_because"] for row in held["rows"])
    assert "Measured on" in held["measured"]
    assert held["precision"] == newest.segmentation()["behaviour"]["measured"]["alerts"]
    rows = list(csv.DictReader((tmp_path / "alerts.csv").read_text("utf-8").splitlines()))
    assert [row["customer_id"] for row in rows] == [row["customer_id"] for row in held["rows"]]
    page = told(moved_shop, "alerts")
    assert "of all who had something to lose" in page


def test_lists_of_losses_and_of_rising_customers_have_an_order_of_their_own(moved_shop: Path) -> None:
    for option, column in (("--at-risk", "savable_value"), ("--rising", "potential")):
        held = facts(moved_shop, "alerts", option)
        figures = [row[column] for row in held["rows"]]
        assert figures == sorted(figures, reverse=True)
        assert held["measured"].startswith("Measured on")
        assert told(moved_shop, "alerts", option)
    only = facts(moved_shop, "alerts", "--at-risk", "--level", "watch")
    assert {row["alert"] for row in only["rows"]} <= {"watch"}


def test_where_nobody_is_seen_to_leave_it_is_said_why_all_can_be_saved(
    moved_shop: Path, newest: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ALL_SAVABLE not in told(moved_shop, "alerts", "--at-risk")
    rows = act_on(newest, "at_risk", None)
    place = rows.column_names.index("savable_value")
    alike = rows.set_column(place, "savable_value", rows["value_at_risk"])
    monkeypatch.setattr("patron.surfaces.cli.alerts.act_on", lambda *_: alike)
    assert ALL_SAVABLE in told(moved_shop, "alerts", "--at-risk")


def test_levels_and_lists_that_are_not_there_are_refused(moved_shop: Path) -> None:
    with pytest.raises(UnknownName, match="Known: act now, watch"):
        told(moved_shop, "alerts", "--level", "calm")
    with pytest.raises(UsageError, match="--rising is a list of its own"):
        told(moved_shop, "alerts", "--rising", "--at-risk")
    with pytest.raises(UsageError, match="is a folder"):
        told(moved_shop, "alerts", "--csv", str(moved_shop))
