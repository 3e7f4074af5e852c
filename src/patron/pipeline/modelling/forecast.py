"""The step that forecasts revenue by month: from the customers' values up, from the monthly series down, reconciled."""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from patron.features.cutoffs import CutoffPlan
from patron.features.prepared import needed_tables
from patron.features.revenue_by_month import anonymous_revenue, cohort_revenue, newcomers, revenue_between
from patron.models.arrays import Floats
from patron.models.customers import Customers
from patron.models.forecasting.cohorts import CohortHistory
from patron.models.forecasting.existing import ExistingAhead, existing_ahead
from patron.models.forecasting.gathered import gathered_cohorts
from patron.models.forecasting.months import Period, label, month_of, months_of, periods_ahead
from patron.models.forecasting.revenue import PastMonths, RevenueForecast, reconcile, season_of, two_views
from patron.models.forecasting.series import TITLES
from patron.models.valuing.activity import INPUTS, fit_activity, summary_of
from patron.pipeline.columns import numbers_of
from patron.pipeline.mapped import mapped_columns, silver_tables
from patron.pipeline.modelling.backtest import recalled_plan
from patron.pipeline.step import Run, StepReport
from patron.scores.views import customers_of
from patron.tables import TRANSACTIONS

LEAST_MONTHS = 3
LONGEST_DAYS = 366


def forecast(run: Run) -> StepReport:
    """Write gold.forecast and gold.forecast_cohorts; both are empty where not even three months are over."""
    plan = recalled_plan(run)
    history = _history(run, plan.now)
    told = _forecast(run, plan, history) if history.complete >= LEAST_MONTHS else None
    run.warehouse.replace("gold", "forecast", months_table(told))
    run.warehouse.replace("gold", "forecast_cohorts", cohorts_table(told))
    run.remember("forecast", told and in_brief(told, history))
    if told is None:
        return StepReport(f"too young: {history.complete} months are over", {"months": 0})
    return StepReport(
        f"{len(told.periods)} months from {label(told.periods[0].month)}",
        {"months": len(told.periods), "origins": told.origins},
    )


def _forecast(run: Run, plan: CutoffPlan, history: CohortHistory) -> RevenueForecast:
    days = min(plan.horizon_days, LONGEST_DAYS)
    customers, values = _everybody(run, plan.now)
    periods, season = periods_ahead(plan.now, days), season_of(history)
    views = two_views(history, _existing(customers, values, plan, periods, season), periods, season)
    return reconcile(views, _past(run, plan, days))


def _everybody(run: Run, today: int) -> tuple[Customers, Floats]:
    """What the forecast needs to know of all customers, told apart by their place, and their expected values."""
    features, scores = (run.warehouse.table("gold", name) for name in ("customer_features", "scores"))
    columns = numbers_of(run.warehouse, features, "first_day", *INPUTS)
    values = numbers_of(run.warehouse, scores, "expected_value")["expected_value"]
    return Customers(today, np.arange(len(values)), columns), values


def _existing(
    customers: Customers, values: Floats, plan: CutoffPlan, periods: Sequence[Period], season: Floats
) -> ExistingAhead:
    cohort = months_of(customers.column("first_day"))
    process = fit_activity(customers, plan.horizon_days).process
    return existing_ahead(cohort, values, summary_of(customers), process, plan.horizon_days, periods, season)


def _past(run: Run, plan: CutoffPlan, days: int) -> list[PastMonths]:
    """Both views as they would have been at each fold, beside what came; none where there was no backtest."""
    totals = run.recall("totals_by_fold")
    found = []
    for day, (predicted, _) in zip(plan.tests, totals, strict=bool(totals)):
        history = _history(run, day)
        if history.complete >= LEAST_MONTHS:
            customers = _as_they_were(run, day)
            # The backtest may have seen a sample of the customers only.
            everybody = predicted * float(history.newcomers.sum()) / max(len(customers), 1)
            found.append(_past_months(run, plan, history, customers, everybody, periods_ahead(day, days)))
    return found


def _past_months(
    run: Run,
    plan: CutoffPlan,
    history: CohortHistory,
    customers: Customers,
    total: float,
    periods: Sequence[Period],
) -> PastMonths:
    season = season_of(history)
    values = np.full(len(customers), total / max(len(customers), 1))
    views = two_views(
        history, _existing(customers, _by_purchases(values, customers, plan), plan, periods, season), periods, season
    )
    came = revenue_between(_transactions(run), plan.now, periods[0].from_day, periods[-1].to_day)
    by_month = _by_month(run, came)
    actual = np.array([by_month.get(period.month, 0.0) for period in periods])
    # The rest of a month that had begun says little of whole months: it counts only where no whole month was forecast.
    whole = np.array([period.whole for period in periods])
    kept = whole if whole.any() else ~whole
    up, down = views.bottom_up - views.so_far, views.top_down - views.so_far
    return PastMonths(up[kept], down[kept], actual[kept])


def _as_they_were(run: Run, day: int) -> Customers:
    """What the forecast needs to know of the customers of a fold."""
    rows = run.warehouse.table("work", "past_features")
    rows = rows.filter(rows.as_of_day == day)
    return customers_of(run.warehouse.fetch(rows.select("as_of_day", "customer_id", "first_day", *INPUTS)), day)


def _by_purchases(values: Floats, customers: Customers, plan: CutoffPlan) -> Floats:
    """The same total, to each customer by the purchases expected of it: only the months' sums matter here."""
    expected = fit_activity(customers, plan.horizon_days).process.expected_purchases(
        summary_of(customers), plan.horizon_days
    )
    return values.sum() * expected / expected.sum() if expected.sum() > 0 else values


def _history(run: Run, known_by: int) -> CohortHistory:
    """What had been earned by a day, as it was known then."""
    prepared = {table.name: run.warehouse.table("work", table.name) for table in needed_tables(mapped_columns(run))}
    earned = run.warehouse.fetch(cohort_revenue(prepared, known_by)).to_pylist()
    came = run.warehouse.fetch(newcomers(prepared, known_by)).to_pylist()
    anonymous = _by_month(run, anonymous_revenue(_transactions(run), known_by))
    last = month_of(known_by)
    first = min([row["cohort"] for row in came] + list(anonymous) + [last])
    revenue, count, nobody = np.zeros((last - first + 1,) * 2), np.zeros(last - first + 1), np.zeros(last - first + 1)
    for row in earned:
        revenue[row["cohort"] - first, row["month"] - first] = float(row["revenue"])
    for row in came:
        count[row["cohort"] - first] = row["customers"]
    for month, value in anonymous.items():
        nobody[month - first] = value
    return CohortHistory(known_by, first, revenue, count, nobody)


def _transactions(run: Run) -> ir.Table:
    return silver_tables(run)[TRANSACTIONS.name]


def _by_month(run: Run, rows: ir.Table) -> dict[int, float]:
    return {row["month"]: float(row["revenue"]) for row in run.warehouse.fetch(rows).to_pylist()}


def in_brief(told: RevenueForecast, history: CohortHistory) -> dict[str, object]:
    """A forecast as plain data for the report: months as they were and will be, and cohorts gathered."""
    ahead = months_table(told).drop(["anonymous"]).to_pylist()
    months = [label(history.first_month + place) for place in range(history.complete)]
    return {
        "months": ahead,
        "cohorts": [vars(cohort) for cohort in gathered_cohorts(told)],
        "history": [[month, f"{value:.2f}"] for month, value in zip(months, history.total, strict=False)],
        "series_model": TITLES[told.series_model],
        "weight_bottom_up": told.weight_bottom_up,
        "origins": told.origins,
    }


def months_table(told: RevenueForecast | None) -> pa.Table:
    """``tables.FORECAST``: a row for each month; bounds are empty where nothing says how far off it may be."""
    names = ("expected", "low", "high", "so_far", "bottom_up", "top_down", "anonymous")
    columns = {name: [] if told is None else np.round(getattr(told, name), 4) for name in names}
    months = [] if told is None else [label(period.month) for period in told.periods]
    return pa.table(
        {"month": pa.array(months, pa.string())}
        | {name: pa.array(column, pa.float64(), from_pandas=True) for name, column in columns.items()}
    )


def cohorts_table(told: RevenueForecast | None) -> pa.Table:
    """``tables.FORECAST_COHORTS``: a row for each month in which customers came or will come, and each month ahead."""
    rows = (
        []
        if told is None
        else [
            {
                "cohort": label(int(cohort)),
                "month": label(period.month),
                "customers": round(float(told.cohort_customers[line]), 1),
                "expected": round(float(told.cohort_revenue[line, column]), 4),
            }
            for line, cohort in enumerate(told.cohort)
            for column, period in enumerate(told.periods)
            if period.month >= cohort
        ]
    )
    kinds = {"cohort": pa.string(), "month": pa.string(), "customers": pa.float64(), "expected": pa.float64()}
    return pa.table({name: pa.array([row[name] for row in rows], kind) for name, kind in kinds.items()})
