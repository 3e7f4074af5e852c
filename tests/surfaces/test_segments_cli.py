"""`patron segments`: groups of every view, members, own rules tried without a run, and CSV that runs nothing."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from patron.errors import SettingsError, UnknownName, UsageError
from patron.pipeline.workspace import Workspace
from patron.releases.contents import Release
from patron.reports.segment_lists import ALERT_LEVELS, MOVING_VIEWS, VIEW_TITLES, VIEWS, spreadsheet_safe
from patron.segments.behaviour.alerts import LEVELS
from patron.segments.grouping import VIEWS as FOLLOWED
from patron.surfaces.rule_check import check_rules
from surfaces.called import facts, told


def test_the_views_and_levels_told_are_those_of_their_owners() -> None:
    assert MOVING_VIEWS == FOLLOWED
    assert tuple(level for level, _ in LEVELS) == ALERT_LEVELS
    assert tuple(VIEW_TITLES) == VIEWS


@pytest.mark.parametrize("view", VIEWS[:-1])
def test_the_groups_of_a_view_share_out_all_customers_and_all_value(
    moved_shop: Path, newest: Release, view: str
) -> None:
    rows = facts(moved_shop, "segments", "--by", view)["segments"]
    assert sum(row["customers"] for row in rows) == newest.manifest.customers
    assert sum(row["share_of_value"] for row in rows) == pytest.approx(1)
    followed = view in MOVING_VIEWS
    assert all((row["moved_in"] is not None) == followed for row in rows)
    if followed:
        assert sum(row["moved_in"] for row in rows) == sum(row["moved_out"] for row in rows)


def test_rules_are_groups_too_even_one_that_nobody_meets(moved_shop: Path) -> None:
    rows = {row["name"]: row for row in facts(moved_shop, "segments", "--by", "rule")["segments"]}
    assert rows.keys() == {"Sleeping regulars", "Nobody"}
    assert rows["Nobody"]["customers"] == 0
    assert rows["Sleeping regulars"]["customers"] > 0
    assert "Nobody is in Nobody: --check notes names" in told(moved_shop, "segments", "--by", "rule")


def test_a_table_stays_within_the_width_and_cuts_no_figure(moved_shop: Path) -> None:
    for view in VIEWS:
        page = told(moved_shop, "segments", "--by", view).split("\n\n")[0]
        assert max(map(len, page.splitlines())) <= 100
        assert "…" not in page


def test_clusters_are_told_with_what_they_do_and_how_they_were_chosen(moved_shop: Path, newest: Release) -> None:
    clusters = newest.segmentation()["segmentation"]["clusters"]
    page = told(moved_shop, "segments", "--by", "cluster")
    assert clusters["choice"]["sentence"] in page
    assert all(profile["sentence"] in page for profile in clusters["profiles"])


def test_members_come_with_the_most_valuable_first_however_the_name_is_written(
    moved_shop: Path, newest: Release, tmp_path: Path
) -> None:
    held = facts(moved_shop, "segments", "HIGH", "--limit", "3", "--csv", str(tmp_path / "high.csv"))
    assert (held["view"], held["segment"], len(held["members"])) == ("tier", "high", 3)
    values = [row["expected_value"] for row in held["members"]]
    assert values == sorted(values, reverse=True)
    rows = list(csv.DictReader((tmp_path / "high.csv").read_text("utf-8").splitlines()))
    assert len(rows) == held["customers"] == newest.segments()["tier"].to_pylist().count("high")
    assert [row["customer_id"] for row in rows[:3]] == [row["customer_id"] for row in held["members"]]
    assert "more customers" in told(moved_shop, "segments", "low", "-n", "2")


def test_what_is_no_segment_or_several_is_refused(moved_shop: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'Champions'"):
        told(moved_shop, "segments", "Champion")
    with pytest.raises(UnknownName, match="No view named 'colour'"):
        told(moved_shop, "segments", "--by", "colour")
    with pytest.raises(UsageError, match="several views"):
        told(moved_shop, "segments", "new")
    assert facts(moved_shop, "segments", "new", "--by", "lifecycle")["segment"] == "New"
    with pytest.raises(UsageError, match="--check counts"):
        told(moved_shop, "segments", "high", "--check")


def test_a_check_counts_the_rules_of_the_file_as_a_run_does(moved_shop: Path, newest: Release) -> None:
    checked = facts(moved_shop, "segments", "--check")
    ran = {row["rule"]: row for row in newest.segmentation()["members"]}
    assert [rule["rule"] for rule in checked["rules"]] == ["Sleeping regulars", "Nobody"]
    for rule in checked["rules"]:
        assert rule["customers"] == ran[rule["rule"]]["customers"]
        assert rule["expected_value"] == pytest.approx(ran[rule["rule"]]["expected_value"])
        assert rule["words"] == ran[rule["rule"]]["told"]
    page = told(moved_shop, "segments", "--check")
    assert "Came often, and have not come lately." in page
    assert "nothing was published" in " ".join(page.split())


def test_a_check_hints_at_names_that_nobody_has_and_stops_nothing(
    moved_shop: Path, newest: Release, tmp_path: Path
) -> None:
    shutil.copytree(moved_shop / "releases", tmp_path / "releases")
    text = (moved_shop / "patron.toml").read_text("utf-8")
    clusters = sorted({str(name) for name in newest.segments()["cluster"].to_pylist() if name})
    rule = f"""
[[segments.rules]]
name = "Misspelt"
where = {{ any = [ {{ column = "cluster", in = ["{clusters[0]}", "{clusters[0][:-1]}"] }}, {{ column = "model", is = "crystal ball" }} ] }}
"""
    (tmp_path / "patron.toml").write_text(text + rule, "utf-8")
    first, second = check_rules(tmp_path).unheld
    assert (first.rule, first.column, first.name, first.known) == (
        "Misspelt", "cluster", clusters[0][:-1], tuple(clusters),
    )  # fmt: skip
    page = told(tmp_path, "segments", "--check")
    assert first.sentence in page
    assert f"Did you mean '{clusters[0]}'?" in first.sentence
    assert "model 'crystal ball', which no customer of this release has" in second.sentence
    assert [hint["name"] for hint in facts(tmp_path, "segments", "--check")["unheld_names"]] == [
        first.name, "crystal ball",
    ]  # fmt: skip
    assert check_rules(moved_shop).unheld == ()


def test_a_check_reads_the_file_as_it_is_now(moved_shop: Path, tmp_path: Path) -> None:
    shutil.copytree(moved_shop / "releases", tmp_path / "releases")
    text = (moved_shop / "patron.toml").read_text("utf-8")
    (tmp_path / "patron.toml").write_text(text.replace("above = 100000", "at_least = 0"), "utf-8")
    assert [rule.count.share_of_customers for rule in check_rules(tmp_path).rules][1] == 1.0
    (tmp_path / "patron.toml").write_text(text.replace('"orders", above', '"ordres", above'), "utf-8")
    with pytest.raises(SettingsError, match="Did you mean 'orders'"):
        check_rules(tmp_path)
    (tmp_path / "patron.toml").write_text(text[: text.index("[[segments.rules]]")], "utf-8")
    assert "proposes no rule" in told(tmp_path, "segments", "--check")


def test_the_rules_of_the_guide_can_be_read_and_counted(moved_shop: Path, tmp_path: Path) -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs" / "segments.md").read_text("utf-8")
    rules = guide.split("```toml\n")[1].split("```")[0]
    shutil.copytree(moved_shop / "releases", tmp_path / "releases")
    text = (moved_shop / "patron.toml").read_text("utf-8")
    (tmp_path / "patron.toml").write_text(text[: text.index("[[segments.rules]]")] + rules, "utf-8")
    assert len(Workspace.at(tmp_path).settings.segments.rules) == len(check_rules(tmp_path).rules) == 3


def test_no_text_that_a_spreadsheet_would_run_leaves_as_it_is() -> None:
    texts = ["=1+1", "+1", "-1", "@a", "\tb", "\rc", "\nd", "plain", "a=b", "", None]
    table = pa.table({"text": texts, "number": [-1.0] * len(texts)})
    safe = spreadsheet_safe(table)
    assert safe["text"].to_pylist() == [*(f"'{text}" for text in texts[:7]), "plain", "a=b", "", None]
    assert safe["number"].to_pylist() == table["number"].to_pylist()
    assert safe.schema == table.schema
