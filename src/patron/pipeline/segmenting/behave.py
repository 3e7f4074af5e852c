"""The step that watches behaviour: engagement, alerts, value at risk and rising customers, each measured on a past day."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import ibis.expr.types as ir
import numpy as np

from patron.features.cutoffs import CutoffPlan
from patron.models.customers import Customers
from patron.pipeline.columns import numbers_of
from patron.pipeline.modelling.backtest import recalled_past, recalled_plan
from patron.pipeline.modelling.learners import learners
from patron.pipeline.segmenting.watched_past import learnt_from, measure_behaviour, taught
from patron.pipeline.step import Run, StepReport
from patron.scores.views import Past
from patron.segments.behaviour.alerts import CALM, LEVELS, levels_begin
from patron.segments.behaviour.at_risk import TAIL_Z
from patron.segments.behaviour.rising import Rising
from patron.segments.behaviour.watching import WATCHED, Watching, signs_of
from patron.segments.rules import count_rules, described_customers, read_counts, rule_memberships, rule_text
from patron.segments.tiers import tier_thresholds
from patron.tables import BEHAVIOUR, MEMBERS

ROWS: Final = ("work", "behaved")


def behave(run: Run) -> StepReport:
    """Write gold.behaviour and gold.members, and remember how alerts, lists and losses did on the newest past day."""
    plan, past = recalled_plan(run), recalled_past(run)
    some = learners(run, plan.now)
    run.say("Learn who falls off, and measure it on the past …")
    measured = measure_behaviour(run, plan, past)
    watching = _watching(run, plan, past, some, found_nobody=alerts_failed(measured))
    run.say("Watch every customer's behaviour …")
    run.warehouse.map_rows(*ROWS, _scored(run), watching, WATCHED)
    rows = run.warehouse.table(*ROWS)
    run.warehouse.replace("gold", BEHAVIOUR.name, rows.select(*BEHAVIOUR.names))
    totals = _totals(run, rows)
    run.warehouse.drop(*ROWS)
    run.remember("behaviour", {**totals, "measured": measured, "points": dict(watching.engagement.points)})
    _write_members(run)
    levels = ", ".join(f"{totals['alerts'].get(level, 0):,} {level}" for level, _ in LEVELS)
    return StepReport(f"{levels}; {totals['rising']:,} rising", {"rising": totals["rising"]})


def _write_members(run: Run) -> None:
    """Write gold.members, and remember how many belong to each rule's group and what is expected of them."""
    rules = run.settings.segments.rules
    gold = [run.warehouse.table("gold", name) for name in ("scores", "segments", "behaviour", "customer_features")]
    described = described_customers(gold[0], gold[1:], rules)
    run.warehouse.replace("gold", MEMBERS.name, rule_memberships(described, rules))
    counted = read_counts(rules, run.warehouse.fetch(count_rules(described, rules))) if rules else ()
    run.remember(
        "members", [{**asdict(row), "told": rule_text(rule)} for row, rule in zip(counted, rules, strict=True)]
    )


def alerts_failed(measured: dict[str, Any] | None) -> bool:  # Any: plain data
    """Whether some level's customers fell off no oftener than everybody on the newest past day, or nothing tells.

    Then nobody is alerted.
    """
    alerted = [row for row in (measured or {}).get("alerts", ()) if row["level"] != CALM]
    return not alerted or any(row["precision"] <= row["base_rate"] for row in alerted)


def _watching(run: Run, plan: CutoffPlan, past: Past, some: Customers, *, found_nobody: bool) -> Watching:
    process, engagement = taught(some, plan.horizon_days)
    alerts, spread = learnt_from(past, plan, plan.now)
    features, scores = (run.warehouse.table("gold", name) for name in ("customer_features", "scores"))
    brought = numbers_of(run.warehouse, features, "trailing_value")["trailing_value"]
    expected = numbers_of(run.warehouse, scores, "expected_value")["expected_value"]
    begins = (np.inf,) * len(LEVELS)
    if alerts is not None and not found_nobody:
        chances = alerts.chances(signs_of(process, engagement, some, plan.horizon_days))
        begins = levels_begin(chances[some.column("trailing_value") > 0])
    rising = Rising.of(brought, expected, tier_thresholds(brought, run.settings.segments))
    return Watching(process, engagement, alerts, begins, spread, rising, plan.now, plan.horizon_days)


def _scored(run: Run) -> ir.Table:
    features, scores = (run.warehouse.table("gold", name) for name in ("customer_features", "scores"))
    told = scores.select("customer_id", "as_of", "expected_value", "probability_no_purchase")
    return told.inner_join(features.drop("as_of_day"), "customer_id")


def _totals(run: Run, rows: ir.Table) -> dict[str, Any]:  # Any: plain data
    """Losses of all together in money over 90 days, and how many carry each alert."""
    sums = {
        name: rows[name].cast("decimal(38,4)").sum().cast("float64")
        for name in ("usual_value", "value_at_risk", "savable_value", "loss_variance")
    }
    (told,) = run.warehouse.fetch(rows.aggregate(**sums, rising=rows.rising.ifelse(1, 0).sum())).to_pylist()
    counted = run.warehouse.fetch(rows.group_by("alert").aggregate(customers=rows.count())).to_pylist()
    deviation = float(np.sqrt(told.pop("loss_variance")))
    return {
        **{name: round(value, 2) for name, value in told.items() if name != "rising"},
        "value_at_risk_tail": round(told["value_at_risk"] + TAIL_Z * deviation, 2),
        "rising": int(told["rising"]),
        "alerts": {row["alert"]: row["customers"] for row in sorted(counted, key=lambda row: str(row["alert"]))},
    }
