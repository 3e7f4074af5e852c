"""A run groups customers in parallel views, says where they head, and remembers from one release to the next."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.compute as pc
import pytest

from made_once import made_once
from patron.pipeline.runner import run_workspace
from patron.releases.contents import Release, load_release
from patron.segments.grouping import VIEWS
from patron.segments.lifecycle import STAGE_NAMES
from patron.segments.rfm import RFM_NAMES
from patron.segments.tiers import TIERS
from patron.sources.samples import prepare_sample
from patron.tables import BEHAVIOUR, MEMBERS, MOVES, SEGMENTS

RULE = """
[[segments.rules]]
name = "Slowing and worth it"
where = { all = [ { column = "lifecycle", in = ["Slowing", "Lapsing"] }, { not = { column = "tier", is = "low" } } ] }
"""


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory, looks_for_clusters: None) -> tuple[Release, Release]:
    """The shop as it stood four weeks ago, with a rule of its own, and as it stands: two releases."""
    folder = made_once(tmp_path_factory, "twice", _run_twice)
    one, other = (folder / "made.txt").read_text("utf-8").split()
    return load_release(folder, one), load_release(folder, other)


def _run_twice(folder: Path) -> None:
    prepare_sample("shop", folder, customers=400, seed=3)
    settings = (folder / "patron.toml").read_text("utf-8")
    (as_of,) = re.findall(r'(?m)^as_of = "(.*)"$', settings)
    then = settings.replace(as_of, f"{date.fromisoformat(as_of) - timedelta(days=28)}")
    made = []
    for text in (then, settings):
        (folder / "patron.toml").write_text(text + RULE, "utf-8")
        made.append(run_workspace(folder).release_id)
    (folder / "made.txt").write_text("\n".join(made), "utf-8")


@pytest.fixture(scope="module")
def release(twice: tuple[Release, Release]) -> Release:
    """The first of the two."""
    return twice[0]


def test_every_customer_has_a_group_in_every_view(release: Release) -> None:
    rows = release.segments()
    assert tuple(rows.column_names) == SEGMENTS.names
    assert rows.num_rows == release.manifest.customers
    for column, words in (
        ("tier", TIERS),
        ("rfm_segment", RFM_NAMES),
        ("lifecycle", STAGE_NAMES),
        ("next_tier", TIERS),
    ):
        assert set(rows[column].to_pylist()) <= set(words)
        assert rows[column].null_count == 0
    assert rows["cluster_chance"].null_count == rows["cluster_id"].null_count
    assert rows["place"].null_count < rows.num_rows


def test_a_first_release_is_raw_and_nobody_has_moved(release: Release) -> None:
    rows = release.segments()
    for view in ("tier", "rfm_segment", "lifecycle", "cluster_id"):
        assert rows[view] == rows[f"raw_{view}"]
    assert release.moves().num_rows == 0
    assert tuple(release.moves().column_names) == MOVES.names


def test_the_outlook_is_the_next_tier_beside_what_was_brought(release: Release) -> None:
    for row in release.segments().to_pylist():
        step = TIERS.index(row["brought_tier"]) - TIERS.index(row["next_tier"])
        assert row["tier_outlook"] == ("same" if step == 0 else "up" if step > 0 else "down")


def test_flows_lose_nobody_and_their_rows_sum_to_one(release: Release) -> None:
    told = release.segmentation()["segmentation"]
    for flows in told["flows"].values():
        assert sum(flow["customers"] for flow in flows) == told["flows_customers"]
        for group in {flow["before"] for flow in flows}:
            assert sum(flow["share"] for flow in flows if flow["before"] == group) == pytest.approx(1)


def test_the_way_ahead_is_served_only_where_it_beat_persistence(release: Release) -> None:
    rows, foresight = release.segments(), release.segmentation()["segmentation"]["foresight"]
    for view, now, later in (("tier", "brought_tier", "next_tier"), ("rfm_segment", "rfm_segment", "next_rfm_segment")):
        told = foresight[view]
        beats = told["accuracy"] > told["persistence"] and told["money_accuracy"] > told["money_persistence"]
        assert told["beats_persistence"] == beats
        if told["served"] == "persistence":
            assert rows[now] == rows[later]


def test_clusters_are_explained_without_raw_names(release: Release) -> None:
    clusters = release.segmentation()["segmentation"]["clusters"]
    assert clusters is not None
    words = [clusters["choice"]["sentence"], clusters["agreement_in_words"]]
    words += [text for profile in clusters["profiles"] for text in (profile["name"], profile["sentence"])]
    assert all(text and not re.search(r"[a-z]_[a-z0-9]", text) for text in words)
    counted = release.segments().group_by("cluster_id").aggregate([("customer_id", "count")])
    assert counted["customer_id_count"].to_pylist() != []
    assert {profile["id"] for profile in clusters["profiles"]} >= set(counted["cluster_id"].to_pylist())


def test_behaviour_adds_up(release: Release) -> None:
    rows, told = release.behaviour(), release.segmentation()["behaviour"]
    assert tuple(rows.column_names) == BEHAVIOUR.names
    parts = [name for name in rows.column_names if name.startswith("engagement_")]
    for row in rows.to_pylist():
        assert row["engagement"] == pytest.approx(sum(row[part] or 0.0 for part in parts), abs=1e-6)
        assert 0 <= row["value_at_risk"] <= row["usual_value"] + 1e-6
        assert row["savable_value"] <= row["value_at_risk"] + 1e-6
        assert (row["alert"] == "calm") == (row["alert_because"] is None)
    assert told["value_at_risk"] == pytest.approx(pc.sum(rows["value_at_risk"]).as_py(), abs=0.01)
    assert told["rising"] == pc.sum(rows["rising"].cast("int64")).as_py()
    assert told["measured"]["at_risk"]["days"] == min(90, release.manifest.horizon_days)


def test_the_loss_that_came_is_summed_over_the_days_that_are_told(twice: tuple[Release, Release]) -> None:
    later = twice[1]
    told = later.segmentation()["behaviour"]["measured"]
    lost = told["at_risk"]
    with duckdb.connect(later.folder.parent.parent / "warehouse.duckdb", read_only=True) as warehouse:
        (came,) = warehouse.execute(
            """
            WITH after AS (
                SELECT customer_id, sum(net) AS value FROM work.order_parts JOIN work.customer_keys USING (customer_key)
                WHERE occurred_day > $day AND occurred_day <= $day + $days GROUP BY customer_id
            )
            SELECT sum(greatest(greatest(trailing_value, 0) * $days / $horizon - coalesce(value, 0), 0))
            FROM work.past_features LEFT JOIN after USING (customer_id) WHERE as_of_day = $day
            """,
            {"day": told["day"], "days": lost["days"], "horizon": later.manifest.horizon_days},
        ).fetchone() or (None,)
    assert lost["came"] == pytest.approx(float(came), rel=1e-6)


def test_expected_numbers_hold_every_customer_once(twice: tuple[Release, Release]) -> None:
    for one in twice:
        told = one.segmentation()["segmentation"]
        served = {view for view, ahead in told["foresight"].items() if ahead["served"] == "model"}
        assert told["expected"].keys() - {"outlook"} == served
        assert ("outlook" in told["expected"]) == ("tier" in served)
        for counts in told["expected"].values():
            assert sum(counts.values()) == pytest.approx(one.manifest.customers, rel=1e-3)


def test_who_moved_has_a_reason_and_groups_that_differ(twice: tuple[Release, Release]) -> None:
    earlier, later = twice
    was = {row["customer_id"]: row for row in earlier.segments().to_pylist()}
    now = {row["customer_id"]: row for row in later.segments().to_pylist()}
    moves = later.moves().to_pylist()
    assert {move["view"] for move in moves} <= set(VIEWS)
    assert moves
    for move in moves:
        who, view = move["customer_id"], move["view"]
        assert (move["before"], move["now"]) == (was[who][view], now[who][view])
        if view != "cluster":
            assert move["before"] != move["now"]
        assert move["because"].endswith(".")
    moved = {(move["customer_id"], move["view"]) for move in moves}
    for who in was.keys() & now.keys():
        for view in ("tier", "rfm_segment", "lifecycle"):
            assert ((who, view) in moved) == (was[who][view] != now[who][view])


def test_a_label_differs_from_the_raw_one_only_to_stay_what_it_was(twice: tuple[Release, Release]) -> None:
    earlier, later = twice
    was = {row["customer_id"]: row for row in earlier.segments().to_pylist()}
    held = 0
    for row in later.segments().to_pylist():
        for view in ("tier", "rfm_segment", "lifecycle", "cluster_id"):
            if row[view] != row[f"raw_{view}"]:
                assert row[view] == was[row["customer_id"]][view]
                held += 1
    assert held, "in four weeks somebody is near a border"


def test_clusters_keep_their_ids_and_names(twice: tuple[Release, Release]) -> None:
    names: list[dict[Any, Any]] = []
    for one in twice:
        rows = one.segments().select(["cluster_id", "cluster"]).to_pylist()
        names.append({row["cluster_id"]: row["cluster"] for row in rows})
    for lasting in names[0].keys() & names[1].keys():
        assert names[0][lasting] == names[1][lasting]
    assert names[0].keys() & names[1].keys()


def test_own_rules_hold_who_meets_them(twice: tuple[Release, Release]) -> None:
    _, later = twice
    meant = {
        row["customer_id"]
        for row in later.segments().to_pylist()
        if row["lifecycle"] in ("Slowing", "Lapsing") and row["tier"] != "low"
    }
    members = later.members()
    assert tuple(members.column_names) == MEMBERS.names
    assert set(members["customer_id"].to_pylist()) == meant
    (counted,) = later.segmentation()["members"]
    assert counted["customers"] == len(meant)


def test_calm_labels_flap_at_most_half_as_often_and_tell_what_comes_as_well(release: Release) -> None:
    views = release.segmentation()["segmentation"]["calm"]["views"]
    assert set(views) == {"tier", "rfm_segment", "lifecycle", "cluster"}
    for view, told in views.items():
        assert told["calm"]["flaps"] <= max(told["raw"]["flaps"] / 2, 2), view
        assert told["calm"]["quality"] >= told["raw"]["quality"] - 0.03, view


def test_the_bridge_of_a_run_adds_up_for_everybody(twice: tuple[Release, Release]) -> None:
    earlier, later = twice
    parts = ("new", "purchases", "silence", "refunds", "corrections", "model_change", "overrides")
    before = dict(zip(*(earlier.scores()[name].to_pylist() for name in ("customer_id", "expected_value")), strict=True))
    now = dict(zip(*(later.scores()[name].to_pylist() for name in ("customer_id", "expected_value")), strict=True))
    rows = later.bridge().to_pylist()
    assert {row["customer_id"] for row in rows} == before.keys() | now.keys()
    for row in rows:
        assert row["value_before"] + sum(row[part] for part in parts) == row["value_now"]
        assert float(row["value_now"]) == pytest.approx(now.get(row["customer_id"], 0.0), abs=5e-5)
        assert float(row["value_before"]) == pytest.approx(before.get(row["customer_id"], 0.0), abs=5e-5)
