"""The step that groups customers: tiers, RFM names, stages, clusters, seasons and places, where they head, and who moved."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from patron.features.cutoffs import CutoffPlan
from patron.models.customers import Customers
from patron.pipeline.columns import numbers_of
from patron.pipeline.modelling.backtest import recalled_past, recalled_plan
from patron.pipeline.modelling.learners import learners
from patron.pipeline.segmenting.clustering import cluster, keep_artifacts, told_clusters
from patron.pipeline.segmenting.headings import Learnt, learn_headings
from patron.pipeline.segmenting.places import TABLE as PLACES
from patron.pipeline.segmenting.previous import remembered
from patron.pipeline.segmenting.seasonal import told_seasons
from patron.pipeline.segmenting.steadied import measure_calm
from patron.pipeline.step import Run, StepReport
from patron.releases.contents import Release
from patron.segments.by_data import told_labels
from patron.segments.grouping import CHANCES, GROUPED, VIEWS, Grouping
from patron.segments.heading import OUTLOOKS
from patron.segments.labels import RFM_NEEDS, Labeller
from patron.segments.lifecycle import Rhythm
from patron.segments.rfm import RFM_NAMES, RfmCuts
from patron.segments.seasons import Seasons
from patron.segments.tiers import TIERS, tier_thresholds
from patron.tables import MOVES, SEGMENTS

GROUPS: Final = ("work", "grouped")


def segment(run: Run) -> StepReport:
    """Write gold.segments and gold.moves, and remember what was found."""
    plan, past = recalled_plan(run), recalled_past(run)
    some = learners(run, plan.now)
    before, earlier = remembered(run)
    run.say("Find clusters of behaviour …")
    sought = cluster(run, some, before, earlier)
    found = None if isinstance(sought, str) else sought
    run.say("Learn where customers are heading …")
    learnt = learn_headings(some, past, plan, run.settings.segments, run.settings.models.seed)
    labeller, clustered = _labeller(run, some), found.clustered if found else None
    run.say("Group every customer …")
    grouping = Grouping(
        labeller,
        Seasons.of(some.columns),
        learnt.heading,
        clustered,
        plan.now,
        run.settings.value.currency,
        _began(earlier),
        _another_model(run, plan, earlier),
    )
    run.warehouse.map_rows(*GROUPS, _together(run, before, run.warehouse.table(*PLACES)), grouping, GROUPED)
    expected = _expected(run, learnt)
    _write_gold(run)
    keep_artifacts(run, found)
    run.remember("labels", told_labels(labeller))
    told = {
        "previous": earlier.id if earlier else None,
        "clusters": told_clusters(found, some),
        "no_clusters": sought if isinstance(sought, str) else "",
        "places": run.recall("places"),
        "calm": measure_calm(run, plan, labeller, clustered),
        "seasons": told_seasons(past, some),
        "usual_gap": labeller.rhythm.usual_gap,
        "thresholds": asdict(labeller.tiers),
    }
    run.remember("segmentation", told | _told_movement(learnt, len(some)) | {"expected": expected})
    return _report(run)


def _labeller(run: Run, some: Customers) -> Labeller:
    """Where tiers and scores begin, taken from everybody, and the usual pause, from the customers learnt from."""
    settings = run.settings.segments
    features, scores = (run.warehouse.table("gold", name) for name in ("customer_features", "scores"))
    values = numbers_of(run.warehouse, scores, "expected_value")["expected_value"]
    columns = numbers_of(run.warehouse, features, *RFM_NEEDS)
    cuts = RfmCuts.of(*(columns[name] for name in RFM_NEEDS))
    return Labeller(tier_thresholds(values, settings), cuts, Rhythm.of(some.columns), settings.hysteresis)


def _told_movement(learnt: Learnt, customers: int) -> dict[str, Any]:  # Any: plain data
    """Where customers came from and are heading, as plain data."""
    return {
        "foresight": learnt.foresight,
        "flows": {view: [asdict(flow) for flow in flows] for view, flows in learnt.flows.items()},
        "flows_customers": customers,
        "brought_thresholds": asdict(learnt.heading.brought),
    }


def _expected(run: Run, learnt: Learnt) -> dict[str, dict[str, float]]:
    """How many customers are expected in each group one horizon from now, their chances added up; of views that a model tells."""
    told = {
        view: model for view, model in (("tier", learnt.heading.tier), ("rfm_segment", learnt.heading.rfm)) if model
    }
    words = {"tier": TIERS, "outlook": OUTLOOKS, "rfm_segment": RFM_NAMES}
    views = [view for view in words if (view if view != "outlook" else "tier") in told]
    if not views:
        return {}
    rows = run.warehouse.table(*GROUPS)
    names = [name for view in views for name in CHANCES[view]]
    sums = {name: rows[name].cast("decimal(38,4)").sum().cast("float64") for name in names}
    (summed,) = run.warehouse.fetch(rows.aggregate(**sums)).to_pylist()
    return {
        view: {word: round(summed[name], 2) for word, name in zip(words[view], CHANCES[view], strict=True)}
        for view in views
    }


def _began(earlier: Release | None) -> dict[str, float | None]:
    """Where the tiers began in the release before, as far as it tells."""
    told = earlier.segmentation().get("segmentation", {}) if earlier else {}
    return dict(told.get("thresholds", {}))


def _another_model(run: Run, plan: CutoffPlan, earlier: Release | None) -> bool:
    """Whether the release before valued customers by another model, or over another horizon."""
    if earlier is None:
        return False
    then = earlier.manifest
    return (then.champion, then.horizon_days) != (run.recall("contest")["champion"], plan.horizon_days)


def _together(run: Run, before: ir.Table, places: ir.Table) -> ir.Table:
    """Scored customers with all that a grouping reads of them: what they did, where they are, and where they belonged."""
    features, scores = (run.warehouse.table("gold", name) for name in ("customer_features", "scores"))
    rows = scores.select("customer_id", "as_of", "expected_value")
    told = features.drop("as_of_day")
    rows = rows.inner_join(told, "customer_id")
    rows = rows.left_join(before.rename(before_id="customer_id"), rows.customer_id == before.customer_id).drop(
        "before_id"
    )
    return rows.left_join(places.rename(placed_id="customer_id"), rows.customer_id == places.customer_id).drop(
        "placed_id"
    )


def _write_gold(run: Run) -> None:
    """gold.segments and gold.moves from the grouped rows."""
    grouped = run.warehouse.table(*GROUPS)
    run.warehouse.replace("gold", SEGMENTS.name, grouped.select(*SEGMENTS.names))
    run.warehouse.replace("gold", MOVES.name, ibis.union(*(_moves(grouped, view) for view in VIEWS), distinct=False))
    run.warehouse.drop(*GROUPS)


def _moves(grouped: ir.Table, view: str) -> ir.Table:
    """Who moved in one view, with the reason."""
    because = grouped[f"because_{view}"]
    moved = grouped.filter(because.notnull())
    return moved.select(
        "customer_id",
        view=ibis.literal(view, "string"),
        before=moved[f"before_{view}"].fill_null(""),
        now=moved[view],
        because=moved[f"because_{view}"],
        value_before="value_before",
        value_now="value_now",
    ).select(*MOVES.names)


def _report(run: Run) -> StepReport:
    counted = run.warehouse.table("gold", SEGMENTS.name)
    rows = run.warehouse.fetch(counted.group_by("tier").aggregate(customers=counted.count())).to_pylist()
    counts = {tier: sum(row["customers"] for row in rows if row["tier"] == tier) for tier in TIERS}
    moved = run.warehouse.count("gold", MOVES.name)
    words = ", ".join(f"{counts[tier]:,} {tier}" for tier in TIERS)
    return StepReport(f"{words}; {moved:,} moves" if moved else words, {**counts, "moves": moved})
