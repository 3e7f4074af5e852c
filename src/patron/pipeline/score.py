"""The step that values every customer with the champion, fitted on all that is known today."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

import pyarrow as pa

from patron.models.arrays import Floats
from patron.models.customers import Customers, History, Prediction
from patron.models.validation.conformal import Intervals
from patron.models.validation.fold import Fold
from patron.models.validation.total_intervals import Totals, group_totals, total_interval
from patron.models.valuing.installed import value_model
from patron.pipeline.backtest import recalled_past, recalled_plan
from patron.pipeline.groups import fold_groups
from patron.pipeline.step import Run, StepReport
from patron.scores.table import score_table
from patron.scores.untested import model_bounds
from patron.scores.views import Past, customers_of
from patron.segments.tiers import value_tiers


def score(run: Run) -> StepReport:
    """Write gold.scores, the champion's artifacts, and the intervals of the total and of groups."""
    plan, contest = recalled_plan(run), run.recall("contest")
    customers = customers_of(run.warehouse.fetch(run.warehouse.table("gold", "customer_features")), plan.now)
    learnt = recalled_past(run).windows(plan.training_of(plan.now), plan.now)
    run.say(f"Value every customer: {contest['champion_title']} …")
    fitted = value_model(contest["champion"]).fit(
        History(customers, learnt, plan.horizon_days), run.settings.models.seed
    )
    prediction = fitted.predict(customers)
    intervals = run.recall("intervals")
    known = Intervals.from_dict(intervals) if intervals else None
    table = score_table(
        customers,
        prediction,
        _bounds(known, customers, prediction),
        horizon_days=plan.horizon_days,
        model=contest["champion"],
        proven=known is not None,
    )
    run.warehouse.replace("gold", "scores", table)
    artifacts = fitted.artifacts()
    bodies = {
        "name": pa.array(sorted(artifacts)),
        "body": pa.array([artifacts[n] for n in sorted(artifacts)], pa.binary()),
    }
    run.warehouse.replace("work", "artifacts", pa.table(bodies))
    run.remember("unsettled", unsettled(artifacts))
    total = _total(run, known, prediction, table)
    run.remember("total", total)
    past = intervals.get("groups", {}) if intervals else {}
    run.remember("group_totals", _group_totals(run, customers, prediction.expected_value, known, past))
    word = "customer" if len(customers) == 1 else "customers"
    return StepReport(f"{len(customers):,} {word}, {total['expected']:,.0f} expected", {"customers": len(customers)})


def unsettled(artifacts: Mapping[str, bytes]) -> list[str]:
    """What the fits that did not converge advise; nothing where all did."""
    parts = [json.loads(body) for name, body in sorted(artifacts.items()) if name.endswith(".json")]
    return [
        f"The {part['model']} fit did not settle: {part['advice']}"
        for part in parts
        if isinstance(part, dict) and part.get("converged") is False
    ]


def _bounds(known: Intervals | None, customers: Customers, prediction: Prediction) -> tuple[Floats, Floats]:
    return known.bounds(prediction.expected_value) if known else model_bounds(customers, prediction)


def _total(run: Run, known: Intervals | None, prediction: Prediction, table: pa.Table) -> dict[str, float]:
    """The expected total with its 80 % interval; without a backtest, the sum of the customers' own bounds."""
    expected = float(table["expected_value"].to_numpy().sum())
    if known is None:
        return {
            "expected": expected,
            "low": float(table["value_low"].to_numpy().sum()),
            "high": float(table["value_high"].to_numpy().sum()),
        }
    folds = [(predicted, actual) for predicted, actual in run.recall("totals_by_fold")]
    bounds = total_interval(expected, folds, known.noise(prediction.expected_value))
    return {"expected": expected, "low": bounds.low, "high": bounds.high}


def _group_totals(
    run: Run, customers: Customers, expected: Floats, known: Intervals | None, past: Mapping[str, Mapping[str, Totals]]
) -> dict[str, list[dict[str, object]]]:
    """What tiers, branches and other groups should bring together, each with its interval or why there is none.

    ``past`` holds the totals of earlier folds by grouping and label; without a backtest there are none, and nothing is said.
    """
    if known is None or not past:
        return {}
    now = Fold(customers.as_of_day, customers.customer_id, expected, {})
    told = fold_groups(run, Past({customers.as_of_day: customers}, {}), [now])
    words = {"tier": value_tiers(expected, run.settings.segments), **{name: one for name, (one,) in told.items()}}
    return {
        name: [asdict(total) for total in group_totals(expected, words[name], folds, known.noise)]
        for name, folds in past.items()
        if name in words
    }
