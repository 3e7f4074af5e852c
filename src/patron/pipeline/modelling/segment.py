"""The step that groups customers: value tiers and RFM names."""

from __future__ import annotations

import ibis.expr.types as ir

from patron.pipeline.columns import numbers_of
from patron.pipeline.step import Run, StepReport
from patron.segments.grouping import GROUPED, Grouping
from patron.segments.rfm import RfmCuts
from patron.segments.tiers import TIERS, tier_thresholds


def segment(run: Run) -> StepReport:
    """Write gold.segments: one row per scored customer."""
    features = run.warehouse.table("gold", "customer_features")
    scores = run.warehouse.table("gold", "scores")
    columns = numbers_of(run.warehouse, features, "days_since_last_purchase", "orders", "historic_value")
    values = numbers_of(run.warehouse, scores, "expected_value")["expected_value"]
    tiers = tier_thresholds(values, run.settings.segments)
    cuts = RfmCuts.of(columns["days_since_last_purchase"], columns["orders"], columns["historic_value"])
    run.warehouse.map_rows("gold", "segments", _together(features, scores), Grouping(tiers, cuts), GROUPED)
    places = tiers.places(values)
    counts = {tier: int((places == place).sum()) for place, tier in enumerate(TIERS)}
    return StepReport(", ".join(f"{counts[tier]:,} {tier}" for tier in TIERS), counts)


def _together(features: ir.Table, scores: ir.Table) -> ir.Table:
    told = features.select("customer_id", "days_since_last_purchase", "orders", "historic_value")
    return scores.select("customer_id", "as_of", "expected_value").inner_join(told, "customer_id")
