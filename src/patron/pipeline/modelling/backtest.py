"""The step that tests models on the past and decides whose values may be published."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
import pyarrow as pa

from patron.features.cutoffs import CutoffPlan
from patron.models.customers import ValueModel
from patron.models.validation.fold import Fold
from patron.models.validation.gate import enough
from patron.models.valuing.installed import BASELINES, value_model
from patron.pipeline.modelling.groups import fold_groups
from patron.pipeline.step import Run, StepReport
from patron.scores.contest import Contest, hold_contest
from patron.scores.findings import told, told_untested
from patron.scores.intervals import learnt_group_totals, learnt_intervals
from patron.scores.study import study
from patron.scores.views import Past, past_of
from patron.segments.tiers import value_tiers

PAST_VALUES: Final = ("work", "past_values")


def backtest(run: Run) -> StepReport:
    """Hold the contest where history allows one; remember the verdict and the champion's errors, and keep what it said."""
    run.warehouse.drop(*PAST_VALUES)
    plan = recalled_plan(run)
    metric = run.settings.models.metric
    verdict = enough(*_sizes(run), plan.horizon_days)
    if verdict is not None or not plan.tests:
        champion, reasons = (verdict.champion, verdict.reasons) if verdict else ("trailing_value", ())
        run.remember("contest", told_untested(champion, reasons, metric))
        run.remember("intervals", None)
        run.remember("totals_by_fold", [])
        run.remember("study", None)
        return StepReport(f"not enough to test on; {champion} is served, untested", {"folds": 0})
    candidates = [value_model(name) for name in run.settings.models.candidates if name not in BASELINES]
    past = recalled_past(run)
    contest = hold_contest(past, plan, run.settings.models, candidates, run.say)
    _remember(run, contest, candidates, past)
    won = "beats every baseline" if contest.verdict.passed else "no model beat the baselines"
    folds = len(contest.board.folds)
    return StepReport(
        f"{contest.verdict.champion}: {won} over {folds} fold{'s' * (folds != 1)}",
        {"folds": folds, "models": len(contest.board.models), "refused": len(contest.refused)},
    )


def _remember(run: Run, contest: Contest, candidates: list[ValueModel], past: Past) -> None:
    titles = {model.name: model.title for model in (*map(value_model, BASELINES), *candidates)}
    tier_of = partial(value_tiers, settings=run.settings.segments)
    folds, champion = contest.board.folds, contest.verdict.champion
    groups = fold_groups(run, past, folds)
    run.remember("contest", told(contest, titles, tier_of, run.settings.models.seed))
    intervals = learnt_intervals(folds, champion)
    tiers = {"tier": [tier_of(fold.predictions[champion]) for fold in folds]}
    totals = learnt_group_totals(folds, champion, tiers | groups)
    run.remember("intervals", {**intervals.to_dict(), "groups": totals} if intervals else None)
    run.remember("totals_by_fold", contest.totals(champion))
    _keep_past_values(run, folds, champion)
    run.say("Measure how sure each figure is …")
    run.remember("study", study(contest, groups, tier_of, run.settings.models))


def _keep_past_values(run: Run, folds: Sequence[Fold], champion: str) -> None:
    """Write work.past_values: what the champion expected of each customer on each test day, by what was known then."""
    rows = [
        pa.table(
            {
                "as_of_day": pa.array(np.full(len(fold), fold.cutoff_day), pa.int32()),
                "customer_id": pa.array(fold.customer_id),
                "expected_value": pa.array(fold.predictions[champion], pa.float64()),
            }
        )
        for fold in folds
    ]
    run.warehouse.replace(*PAST_VALUES, pa.concat_tables(rows))


def recalled_plan(run: Run) -> CutoffPlan:
    """The cutoffs that the describe step planned."""
    plan = run.recall("plan")
    return CutoffPlan(plan["now"], plan["horizon_days"], tuple(plan["tests"]), tuple(plan["grid"]))


def recalled_past(run: Run) -> Past:
    """Customers and outcomes at every past cutoff; nothing where history holds none."""
    if not run.warehouse.exists("work", "past_features"):
        return Past({}, {})
    return past_of(
        *(run.warehouse.fetch(run.warehouse.table("work", name)) for name in ("past_features", "past_outcomes"))
    )


def _sizes(run: Run) -> tuple[int, int, int]:
    """Customers, repeat buyers and days of history."""
    span = run.recall("span")
    features = run.warehouse.table("gold", "customer_features")
    counted = features.aggregate(customers=features.count(), repeaters=features.count(where=features.frequency > 0))
    (row,) = run.warehouse.fetch(counted).to_pylist()
    return row["customers"], row["repeaters"], span["last_day"] - span["first_day"] + 1
