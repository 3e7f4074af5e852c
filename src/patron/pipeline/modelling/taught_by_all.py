"""The champion's last fit by everybody, not by a sample: every customer of the past is described and learnt from where it lives."""

from __future__ import annotations

from typing import Final

import ibis.expr.types as ir

from patron.features.catalogue import available_features
from patron.features.customer_features import customer_features
from patron.features.cutoffs import CutoffPlan
from patron.features.outcomes import outcomes
from patron.features.prepared import needed_tables
from patron.models.customers import FittedValueModel, History
from patron.pipeline.mapped import mapped_columns
from patron.pipeline.step import Run
from patron.scores.distributed_boosting import fit_distributed, require_trees

BOOSTING: Final = "boosting"
PAST: Final = ("work", "past_of_all")


def taught_by_all(run: Run, plan: CutoffPlan, history: History) -> FittedValueModel:
    """Boosting fitted to all customers at the cutoffs that today's model learns from; ``history`` holds a sample of them.

    Raises UsageError for an engine that cannot train where its rows live.
    """
    warehouse = require_trees(run.warehouse, run.settings.warehouse.engine)
    run.say("Describe every customer's past, for all to learn from …")
    for number, cutoff in enumerate(plan.training_of(plan.now)):
        rows = _past_at(run, plan, cutoff)
        (warehouse.append if number else warehouse.replace)(*PAST, rows)
    run.say("Learn from every customer, where they are stored …")
    fitted = fit_distributed(warehouse, history, warehouse.table(*PAST), run.settings.models.seed)
    warehouse.drop(*PAST)
    return fitted


def _past_at(run: Run, plan: CutoffPlan, cutoff: int) -> ir.Table:
    """Every customer at a cutoff, with what came after as it is known today."""
    present = mapped_columns(run)
    prepared = {table.name: run.warehouse.table("work", table.name) for table in needed_tables(present)}
    parts = prepared["order_parts"]
    known = {**prepared, "order_parts": parts.filter(parts.visible_day <= plan.now)}
    features = customer_features(prepared, [cutoff], plan.horizon_days, available_features(present))
    came = outcomes(known, [cutoff], plan.horizon_days).drop("future_purchase_days")
    return features.inner_join(came, ["as_of_day", "customer_id"])
