"""Lineage: every gold column leads back to a source's own column or a setting, and the steps and their edges agree."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from patron.features.customer_features import customer_features
from patron.origins import OUTSIDE, Edge, Place, place
from patron.pipeline.inquiries.lineage import stages
from patron.pipeline.lineage.lineage import (
    ANY_HORIZON,
    CUTOFFS,
    DAYS,
    LINEAGE_OF,
    Grounds,
    lineage,
    unrun_grounds,
)
from patron.pipeline.runner import RunOutcome, run_workspace
from patron.pipeline.steps import STEPS
from patron.pipeline.workspace import Workspace
from patron.quality_terms import OwnRule
from patron.releases.contents import load_release
from patron.reports.lineage import Lineage, lineage_of_table
from patron.settings import Settings, read_settings
from patron.sources.samples import prepare_sample
from patron.tables import ALL_TABLES, QUALITY_RESULTS, SOURCE_TABLES, Column
from patron.warehouse.declared import declared_table
from patron.warehouse.trace import trace

WORLDS = ("shop", "bank", "subscription")


@pytest.fixture(scope="module")
def told(shop_outcome: RunOutcome) -> Lineage:
    """The lineage that the shop's release holds."""
    return lineage_of_table(load_release(shop_outcome.workspace).lineage())


def gold_columns(folder: Path) -> list[Place]:
    """Every column of every gold table that a run has left in the warehouse."""
    with Workspace.at(folder).warehouse() as warehouse:
        return [
            Place("gold", table, column)
            for table in warehouse.names("gold")
            for column in warehouse.table("gold", table).columns
        ]


def test_every_gold_column_leads_back_to_a_source_or_a_setting(told: Lineage, shop_outcome: RunOutcome) -> None:
    columns = gold_columns(shop_outcome.workspace)
    assert {place.table for place in columns} >= {table.name for table in ALL_TABLES if table.layer == "gold"}
    assert told.without_origin(columns) == ()


def test_a_gold_column_that_nothing_explains_is_found(told: Lineage) -> None:
    planted = place("gold.scores.magic")
    assert told.without_origin([planted, place("gold.scores.expected_value")]) == (planted,)


def test_columns_that_only_explain_each_other_are_found(told: Lineage) -> None:
    one, other = place("gold.scores.chicken"), place("gold.scores.egg")
    circle = (Edge("score", one, other, "computed"), Edge("score", other, one, "computed"))
    assert Lineage((*told.edges, *circle)).without_origin([one, other]) == (one, other)


def test_every_declared_column_below_gold_is_explained_too(told: Lineage) -> None:
    # What the checks found is a record of the run, like its progress: no table is made from it.
    columns = [
        Place(table.layer, table.name, column)
        for table in ALL_TABLES
        if table.layer != "gold" and table not in SOURCE_TABLES and table is not QUALITY_RESULTS
        for column in table.names
    ]
    assert told.without_origin(columns) == ()


@pytest.mark.parametrize("world", WORLDS)
def test_every_mapped_column_of_silver_comes_from_the_column_that_patron_toml_names(world: str, tmp_path: Path) -> None:
    prepare_sample(world, tmp_path, customers=60, seed=1)
    settings = read_settings(tmp_path / "patron.toml")
    told = Lineage(lineage(unrun_grounds(settings)))
    for name, source in settings.sources.items():
        for column, own in source.columns.items():
            origins = {
                further.source.column
                for edge in told.into[Place("silver", source.table, column)]
                for further in told.into.get(edge.source, ())
                if further.source.table == name
            }
            assert own in origins, (name, column)


def test_a_path_runs_from_a_files_own_column_to_what_a_customer_is_worth(told: Lineage) -> None:
    tree = [str(branch.place) for branch in told.tree(place("gold.scores.expected_value"), upstream=True)]
    for step in (
        "gold.customer_features.monetary_value",
        "work.order_parts.gross",
        "silver.transactions.amount",
        "bronze.raw_orders.line_total",
        "orders.parquet: line_total",
    ):
        assert step in tree
    down = [str(branch.place) for branch in told.tree(Place("source", "orders.parquet", "line_total"), upstream=False)]
    assert "gold.scores.expected_value" in down


def test_each_step_reads_and_writes_what_its_edges_say(told: Lineage) -> None:
    steps = {step.name: step for step in STEPS}
    assert set(LINEAGE_OF) == {step.name for step in STEPS if any("." in table for table in step.writes)} - {
        "publish",
        "report",
    }
    for edge in told.edges:
        step = steps[edge.step]
        known = {*step.reads, *step.writes}
        assert named(edge.target, step.writes), f"{step.name} does not say that it writes {edge.target}"
        if edge.source.layer not in OUTSIDE:
            assert named(edge.source, known), f"{step.name} does not say that it reads {edge.source}"


def named(place: Place, tables: set[str] | tuple[str, ...]) -> bool:
    """Whether a step that names these tables names this one; <source>, <table> and <prepared> stand for any of a kind."""
    if f"{place.layer}.{place.table}" in tables:
        return True
    kind = {"bronze": "bronze.<source>", "silver": "silver.<table>", "work": "work.<prepared>"}.get(place.layer, "")
    return kind in tables and not any(f"{place.layer}.{place.table}" in step.writes for step in STEPS)


def test_every_step_that_makes_tables_has_a_place_in_the_picture() -> None:
    assert {step for stage in stages() for step in stage.steps} == set(LINEAGE_OF)


def test_the_past_is_described_by_the_same_columns_as_today(unrun_shop: Path) -> None:
    grounds = unrun_grounds(read_settings(unrun_shop / "patron.toml"))
    sample = declared_table("work", "sample_customers", [Column("customer_id", "id", "")])
    query = customer_features(grounds.kept, CUTOFFS, ANY_HORIZON, grounds.features, sample)
    traced = {(name, source) for name, found in trace(query, DAYS).items() for source, _ in found.origins()}
    told = {(edge.target.column, edge.source) for edge in lineage(grounds) if edge.target.table == "past_features"}
    assert told == traced


def test_a_rule_of_the_users_own_and_the_queue_decide_on_rows(unrun_shop: Path) -> None:
    settings = read_settings(unrun_shop / "patron.toml")
    rule = OwnRule(name="known_channel", table="transactions", column="channel", one_of=("web",))
    ruled = settings.model_copy(update={"quality": settings.quality.model_copy(update={"rules": (rule,)})})
    amount = place("silver.transactions.amount")
    plain, more = (
        {edge.source for edge in lineage(unrun_grounds(one)) if edge.target == amount and edge.how == "filtered"}
        for one in (settings, ruled)
    )
    assert place("source.queue.verdict") in plain
    assert {one.column for one in more - plain} == {settings.sources["orders"].columns["channel"], "quality.rules"}


def test_the_champion_decides_which_features_a_value_comes_from(unrun_shop: Path) -> None:
    settings = read_settings(unrun_shop / "patron.toml")
    few, all_of_them = (value_inputs(settings, champion) for champion in ("bg_nbd", "boosting"))
    assert few == {
        "frequency",
        "recency",
        "T",
        "monetary_value",
        "gross_value",
        "historic_value",
        "orders",
        "purchase_days",
    }
    assert len(all_of_them) > 60
    assert few < all_of_them


def value_inputs(settings: Settings, champion: str) -> set[str]:
    grounds = Grounds(settings, unrun_grounds(settings).landed, champion)
    value = place("gold.scores.expected_value")
    return {e.source.column for e in lineage(grounds) if e.target == value and e.source.table == "customer_features"}


@pytest.mark.slow
def test_lineage_is_written_once_and_then_found_again(shop: Path) -> None:
    first = next(step for step in run_workspace(shop).steps if step.name == "trace")
    again = next(step for step in run_workspace(shop, again=True).steps if step.name == "trace")
    assert first.counts["columns"] > 300
    assert again.words == "as before"
    assert again.counts["edges"] == first.counts["edges"]


@pytest.mark.slow
def test_a_column_that_is_no_longer_mapped_still_shows_and_leads_nowhere(shop: Path) -> None:
    settings = shop / "patron.toml"
    text = settings.read_text("utf-8")
    assert text.count('quantity = "quantity"\n') == 1
    settings.write_text(text.replace('quantity = "quantity"\n', ""), "utf-8")
    run_workspace(shop)
    told = lineage_of_table(load_release(shop).lineage())
    assert place("gold.customer_features.items_per_order") not in told.into
    [landed] = told.out_of[Place("source", "orders.parquet", "quantity")]
    assert str(landed.target) == "bronze.raw_orders.quantity"
    assert {edge.target.table for edge in told.out_of[landed.target]} <= {"quarantine", "review", "decided"}


def test_it_is_told_in_five_seconds_of_the_processor(unrun_shop: Path) -> None:
    grounds = unrun_grounds(read_settings(unrun_shop / "patron.toml"))
    began = time.process_time()
    assert len(lineage(grounds)) > 2000
    assert time.process_time() - began < 5


def test_it_can_be_asked_in_sql(shop_outcome: RunOutcome) -> None:
    with Workspace.at(shop_outcome.workspace).warehouse() as warehouse:
        rows = warehouse.table("gold", "lineage")
        asked = rows.filter((rows.to_table == "segments") & (rows.to_column == "tier")).select(
            "from_table", "from_column"
        )
        found = {tuple(row.values()) for row in warehouse.fetch(asked).to_pylist()}
    assert ("scores", "expected_value") in found


def test_every_edge_stands_once(told: Lineage) -> None:
    ends = [(edge.step, edge.source, edge.target) for edge in told.edges]
    assert len(ends) == len(set(ends))
