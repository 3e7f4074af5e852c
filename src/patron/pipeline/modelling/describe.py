"""The step that describes customers: now, and as they were at every cutoff the backtest needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from patron.errors import UsageError
from patron.features.catalogue import available_features
from patron.features.customer_features import customer_features
from patron.features.customer_groups import customer_groups
from patron.features.cutoffs import CutoffPlan, plan_cutoffs
from patron.features.feature import Feature
from patron.features.outcomes import outcomes
from patron.features.prepared import needed_tables
from patron.periods import Horizon, day_number, day_of, longest_provable_horizon, parse_period
from patron.pipeline.mapped import mapped_columns, silver_tables
from patron.pipeline.step import Run, StepReport
from patron.segments.behaviour.at_risk import DAYS as RISK_DAYS

SHORTEST_HORIZON_DAYS = 7
ROWS_AT_ONCE = 20_000_000
MOST_DAYS_AFTER = 31


def describe(run: Run) -> StepReport:
    """Build gold.customer_features as of now, and the past features and outcomes of a sample of customers."""
    first_day, last_day = history_span(run)
    horizon = _horizon(run.settings.value.horizon, last_day - first_day + 1)
    plan = plan_cutoffs(first_day, last_day, horizon.days, run.settings.models.folds)
    run.remember("horizon", asdict(horizon))
    run.remember("span", {"first_day": first_day, "last_day": last_day})
    run.remember("plan", asdict(plan))
    present = mapped_columns(run)
    prepared = {table.name: run.warehouse.table("work", table.name) for table in needed_tables(present)}
    available = available_features(present)
    now = customer_features(prepared, [last_day], horizon.days, available)
    customers = run.warehouse.replace("gold", "customer_features", now.order_by("customer_id"))
    if not customers:
        raise UsageError(
            f"No transaction was known by {day_of(last_day)}, so there is nobody to value.",
            to_do="Set a later as_of, or look at the known_at column.",
        )
    past = _describe_past(run, prepared, plan, horizon.days, available, customers)
    words = f"{customers:,} customers by {len(available)} features" + (f", {past:,} past views" if past else "")
    return StepReport(words, {"customers": customers, "features": len(available), "past_views": past})


def _describe_past(
    run: Run,
    prepared: dict[str, ir.Table],
    plan: CutoffPlan,
    horizon_days: int,
    available: tuple[Feature, ...],
    customers: int,
) -> int:
    """Write work.past_features and work.past_outcomes, a few cutoffs at a time so that memory stays bounded."""
    for name in ("past_features", "past_outcomes"):
        run.warehouse.drop("work", name)
    sample = _draw_sample(run, customers)
    _describe_groups(run, plan, sample)
    past = [cutoff for cutoff in plan.all_cutoffs if cutoff != plan.now]
    drawn = min(1.0, run.settings.models.sample_customers / customers)
    for number, cutoffs in enumerate(_batches(past, round(run.warehouse.count("work", "order_parts") * drawn))):
        run.say(f"Describe customers as of {len(past)} past days …")
        rows = customer_features(prepared, cutoffs, horizon_days, available, customers=sample)
        (run.warehouse.append if number else run.warehouse.replace)("work", "past_features", rows)
    for number, (known_by, ended) in enumerate(_labels(plan)):
        rows = _outcomes_known_by(prepared, known_by, ended, horizon_days, sample)
        (run.warehouse.append if number else run.warehouse.replace)("work", "past_outcomes", rows)
    return run.warehouse.count("work", "past_features") if past else 0


def _describe_groups(run: Run, plan: CutoffPlan, sample: ir.Table | None) -> None:
    """Write work.customer_groups: of everybody today, and of those who take part in the backtest at its cutoffs."""
    tables = {**silver_tables(run), "customer_keys": run.warehouse.table("work", "customer_keys")}
    present = mapped_columns(run)
    run.warehouse.replace("work", "customer_groups", customer_groups(tables, present, [plan.now]))
    if plan.tests:
        run.warehouse.append("work", "customer_groups", customer_groups(tables, present, plan.tests, sample))


def _labels(plan: CutoffPlan) -> list[tuple[int, tuple[int, ...]]]:
    """Which outcomes are needed as known by which day: what a fold learns from by its own, what it is tested on by now."""
    now = tuple(sorted({*plan.tests, *plan.training_of(plan.now)}))
    told = [(plan.now, now), *((day, plan.training_of(day)) for day in plan.tests)]
    return [(known_by, cutoffs) for known_by, cutoffs in told if cutoffs]


def _outcomes_known_by(
    prepared: dict[str, ir.Table], known_by: int, cutoffs: tuple[int, ...], horizon_days: int, sample: ir.Table | None
) -> ir.Table:
    parts = prepared["order_parts"]
    known = {**prepared, "order_parts": parts.filter(parts.visible_day <= known_by)}
    came = outcomes(known, cutoffs, horizon_days, customers=sample, early_days=RISK_DAYS)
    return came.mutate(known_by=ibis.literal(known_by, "int32"))


def _batches(cutoffs: list[int], rows: int) -> Iterator[list[int]]:
    """Cutoffs that fit one query: crossed with the rows they stay within ROWS_AT_ONCE."""
    together = max(1, ROWS_AT_ONCE // max(rows, 1))
    for start in range(0, len(cutoffs), together):
        yield cutoffs[start : start + together]


def sample_of(run: Run, customers: int) -> ir.Table | None:
    """The customers that take part in backtest and training, of so many; None for all."""
    is_small = customers <= run.settings.models.sample_customers
    return None if is_small else run.warehouse.table("work", "sample_customers")


def _draw_sample(run: Run, customers: int) -> ir.Table | None:
    most = run.settings.models.sample_customers
    if customers <= most:
        return None
    keys = run.warehouse.table("work", "customer_keys")
    ids = run.warehouse.fetch(keys.select("customer_id"))["customer_id"].combine_chunks().sort()
    # Drawn here, not by the engine: every engine then draws the same.
    chosen = np.random.default_rng(run.settings.models.seed).choice(len(ids), most, replace=False)
    run.warehouse.replace("work", "sample_customers", pa.table({"customer_id": ids.take(pa.array(np.sort(chosen)))}))
    return sample_of(run, customers)


def history_span(run: Run) -> tuple[int, int]:
    """The first day of history and the day to score as of."""
    parts = run.warehouse.table("work", "order_parts")
    days = run.warehouse.fetch(
        parts.aggregate(first=parts.occurred_day.min(), last=parts.visible_day.max())
    ).to_pylist()[0]
    first, last = int(days["first"]), int(days["last"])
    if run.settings.as_of != "auto":
        newest, last = last, day_number(date.fromisoformat(run.settings.as_of))
        if last > newest + MOST_DAYS_AFTER:
            raise UsageError(
                f"as_of {run.settings.as_of} lies {last - newest} days after the last transaction, {day_of(newest)}.",
                allowed=f"At most {MOST_DAYS_AFTER} days: a longer silence would look like customers leaving.",
                to_do="Add the newer data, or set an earlier as_of.",
            )
        if last < first:
            raise UsageError(
                f"as_of {run.settings.as_of} lies before the first transaction.",
                allowed=f"History begins on {day_of(first)}.",
            )
    return first, last


def _horizon(wanted: str, history_days: int) -> Horizon:
    provable = longest_provable_horizon(history_days)
    if wanted == "auto":
        return Horizon(provable, True) if provable else Horizon(SHORTEST_HORIZON_DAYS, False)
    days = parse_period(wanted)
    return Horizon(days, days * 3 <= history_days)
