"""The step that values every customer with the champion, fitted on all that is known today."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
import pyarrow as pa

from patron.features.cutoffs import CutoffPlan
from patron.models.arrays import Floats
from patron.models.customers import Customers, FittedValueModel, History
from patron.models.explaining.typical import typical_customer
from patron.models.validation.conformal import Intervals
from patron.models.validation.total_intervals import Totals, total_interval, totals_of_groups
from patron.models.valuing.installed import value_model
from patron.pipeline.columns import numbers_of
from patron.pipeline.modelling.backtest import recalled_past, recalled_plan
from patron.pipeline.modelling.groups import groups_today
from patron.pipeline.modelling.learners import learners
from patron.pipeline.modelling.taught_by_all import BOOSTING, taught_by_all
from patron.pipeline.step import Run, StepReport
from patron.scores.explanation import global_drivers
from patron.scores.scoring import Scoring
from patron.scores.table import VALUED, rounded, scores
from patron.segments.tiers import TIERS, tier_thresholds

MOST_DRIVERS = 10


def score(run: Run) -> StepReport:
    """Write gold.scores, the champion's artifacts, and the intervals of the total and of groups."""
    plan, contest, intervals = recalled_plan(run), run.recall("contest"), run.recall("intervals")
    known = Intervals.from_dict(intervals) if intervals else None
    run.say(f"Fit to all that is known today: {contest['champion_title']} …")
    fitted = _fitted(run, plan, contest["champion"])
    run.say(f"Value every customer: {contest['champion_title']} …")
    usual = 0.0 if known else _usual_history(run)
    run.remember("usual_history", usual)
    values = _value_everybody(run, Scoring(fitted, contest["champion"], plan.now, plan.horizon_days, known, usual))
    _keep_artifacts(run, fitted)
    total = _total(run, known, values)
    run.remember("total", total)
    past = intervals.get("groups", {}) if intervals else {}
    run.remember("group_totals", _group_totals(run, plan.now, values, known, past))
    word = "customer" if len(values) == 1 else "customers"
    return StepReport(f"{len(values):,} {word}, {total['expected']:,.0f} expected", {"customers": len(values)})


def unsettled(artifacts: Mapping[str, bytes]) -> list[str]:
    """What the fits that did not converge advise; nothing where all did."""
    parts = [json.loads(body) for name, body in sorted(artifacts.items()) if name.endswith(".json")]
    return [
        f"The {part['model']} fit did not settle: {part['advice']}"
        for part in parts
        if isinstance(part, dict) and part.get("converged") is False
    ]


def _fitted(run: Run, plan: CutoffPlan, champion: str) -> FittedValueModel:
    """The champion taught by all that is known today; what moves its values is remembered while its lessons are at hand."""
    learnt = recalled_past(run).windows(plan.training_of(plan.now), plan.now)
    history = History(learners(run, plan.now), learnt, plan.horizon_days)
    if champion == BOOSTING and run.settings.models.distributed:
        fitted = taught_by_all(run, plan, history)
    else:
        fitted = value_model(champion).fit(history, run.settings.models.seed)
    _remember_drivers(run, history.now, fitted)
    return fitted


def _usual_history(run: Run) -> float:
    features = run.warehouse.table("gold", "customer_features")
    return float(np.mean(np.maximum(numbers_of(run.warehouse, features, "historic_value")["historic_value"], 0.0)))


def _value_everybody(run: Run, scoring: Scoring) -> Floats:
    """Write gold.scores; gives the expected values, not rounded, in the order of customers' ids."""
    features = run.warehouse.table("gold", "customer_features")
    run.warehouse.map_rows("work", "valued", features, scoring, VALUED)
    valued = run.warehouse.table("work", "valued")
    values = numbers_of(run.warehouse, valued, "exact_value")["exact_value"]
    usual_value = float(np.mean(np.abs(values)))
    run.remember("usual_value", usual_value)
    rows = scores(valued, usual_value, proven=scoring.intervals is not None)
    run.warehouse.replace("gold", "scores", rows)
    run.warehouse.drop("work", "valued")
    return values


def _remember_drivers(run: Run, some: Customers, fitted: FittedValueModel) -> None:
    """What moves the values most, over the customers learnt from: parts that add up to each value, by their mean size."""
    drivers = global_drivers(fitted, some, typical_customer(some), MOST_DRIVERS)
    told = [
        {
            "noun": driver.noun,
            "mean_size": driver.mean_size,
            "share": driver.share,
            "direction": driver.direction,
            "words": driver.sentence(run.settings.value.currency),
        }
        for driver in drivers
    ]
    run.remember("drivers", told)


def _keep_artifacts(run: Run, fitted: FittedValueModel) -> None:
    artifacts = fitted.artifacts()
    bodies = {
        "name": pa.array(sorted(artifacts)),
        "body": pa.array([artifacts[n] for n in sorted(artifacts)], pa.binary()),
    }
    run.warehouse.replace("work", "artifacts", pa.table(bodies))
    run.remember("unsettled", unsettled(artifacts))


def _total(run: Run, known: Intervals | None, values: Floats) -> dict[str, float]:
    """The expected total with its 80 % interval; without a backtest, the sum of the customers' own bounds."""
    expected = float(rounded(values).sum())
    if known is None:
        bounds = numbers_of(run.warehouse, run.warehouse.table("gold", "scores"), "value_low", "value_high")
        low, high = (float(bounds[name].sum()) for name in ("value_low", "value_high"))
        return {"expected": expected, "low": low, "high": high}
    folds = [(predicted, actual) for predicted, actual in run.recall("totals_by_fold")]
    interval = total_interval(expected, folds, known.noise(values))
    return {"expected": expected, "low": interval.low, "high": interval.high}


def _group_totals(
    run: Run, today: int, values: Floats, known: Intervals | None, past: Mapping[str, Mapping[str, Totals]]
) -> dict[str, list[dict[str, object]]]:
    """What tiers, branches and other groups should bring together, each with its interval or why there is none.

    ``past`` holds the totals of earlier folds by grouping and label; without a backtest there are none, and nothing is said.
    """
    if known is None or not past:
        return {}
    tenure = numbers_of(run.warehouse, run.warehouse.table("gold", "customer_features"), "T")["T"]
    tiers = tier_thresholds(values, run.settings.segments).places(values)
    told = {"tier": totals_of_groups(values, tiers, TIERS, past.get("tier", {}), known.noise)}
    for name, labels in groups_today(run, today, tenure):
        told[name] = totals_of_groups(values, labels.group, labels.names, past.get(name, {}), known.noise)
    return {
        name: [asdict(total) for total in totals if total.customers] for name, totals in told.items() if name in past
    }
