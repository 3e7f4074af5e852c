"""Everything a release says beyond its scores, gathered from the run."""

from __future__ import annotations

from patron.periods import day_of
from patron.pipeline.judging.intake import Totals, monthly_value, quarantine_findings, review_findings, source_files
from patron.pipeline.step import Run
from patron.reports.evidence import (
    CohortAhead,
    Coverage,
    CoverageRow,
    DecileRow,
    Evidence,
    ForecastEvidence,
    GateEvidence,
    GroupTotal,
    LeaderboardRow,
    MonthAhead,
    MonthValue,
    RefusedModel,
    RunEvidence,
    ValueDriver,
    ValueInterval,
)
from patron.reports.wording import exact_money


def gather_evidence(run: Run, sums: Totals) -> Evidence:
    """The intake, the contest and the caveats of this run."""
    return Evidence(
        run=run_evidence(run, sums),
        gate=gate_evidence(run),
        total=ValueInterval(**run.recall("total")),
        deciles=tuple(DecileRow(**row) for row in run.recall("contest")["deciles"]),
        coverage=coverage_of(run),
        monthly_revenue=monthly_value(run),
        caveats=(*run.recall("unsettled"), *caveats(run, sums)),
        forecast=forecast_evidence(run),
        groups=group_evidence(run),
        value_drivers=tuple(ValueDriver(**row) for row in run.recall("drivers")),
    )


def run_evidence(run: Run, sums: Totals) -> RunEvidence:
    """What was read, and what it adds up to."""
    span, horizon = run.recall("span"), run.recall("horizon")
    return RunEvidence(
        sources=source_files(run),
        profile=run.settings.profile,
        basis=run.settings.value.basis,
        currency=run.settings.value.currency,
        as_of=day_of(span["last_day"]),
        horizon_days=horizon["days"],
        provable=horizon["provable"],
        first_day=day_of(span["first_day"]),
        history_days=span["last_day"] - span["first_day"] + 1,
        customers=sums.customers,
        invoices=sums.invoices,
        items=sums.items,
        net_revenue=sums.net_revenue,
        anonymous_revenue=sums.anonymous_revenue,
        rows_in=sums.rows_in,
        accepted=sums.accepted,
        anonymous_rows=sums.anonymous,
        duplicate=sums.duplicate,
        quarantined=sums.quarantined,
        review=review_findings(run),
        quarantine=quarantine_findings(run),
    )


def gate_evidence(run: Run) -> GateEvidence:
    """Who makes the values, and how that was decided."""
    contest = run.recall("contest")
    return GateEvidence(
        champion=contest["champion"],
        champion_title=contest["champion_title"],
        passed=contest["passed"],
        metric=contest["metric"],
        reasons=tuple(contest["reasons"]),
        leaderboard=tuple(LeaderboardRow(**row) for row in contest["leaderboard"]),
        folds=tuple(day_of(day) for day in contest["folds"]),
        refused=tuple(RefusedModel(**row) for row in contest["refused"]),
        max_bias=run.settings.models.max_bias,
    )


def group_evidence(run: Run) -> tuple[GroupTotal, ...]:
    """The totals of every group with their bounds, the greatest first within each way of grouping."""
    return tuple(
        GroupTotal(by, **{name: value for name, value in total.items() if name != "folds"})
        for by, totals in run.recall("group_totals").items()
        for total in sorted(totals, key=lambda total: (-total["expected"], total["label"]))
    )


def forecast_evidence(run: Run) -> ForecastEvidence | None:
    """The months ahead; None where history is too young for a forecast."""
    told = run.recall("forecast")
    if told is None:
        return None
    return ForecastEvidence(
        months=tuple(MonthAhead(**month) for month in told["months"]),
        cohorts=tuple(CohortAhead(**cohort) for cohort in told["cohorts"]),
        history=tuple(MonthValue(month, value) for month, value in told["history"]),
        series_model=told["series_model"],
        weight_bottom_up=told["weight_bottom_up"],
        origins=told["origins"],
    )


def coverage_of(run: Run) -> Coverage:
    """How often the intervals held: of all customers, then by tier and tenth."""
    told = [CoverageRow(**row) for row in run.recall("contest")["coverage"]]
    return Coverage(told[0], tuple(told[1:])) if told else Coverage()


def caveats(run: Run, sums: Totals) -> list[str]:
    """What a careful reader should know before acting on the numbers."""
    contest, horizon, value = run.recall("contest"), run.recall("horizon"), run.settings.value
    told = list(contest["caveats"])
    if not horizon["provable"]:
        told.append(
            f"The horizon of {horizon['days']} days is longer than this history can test: the values are extrapolated, and no "
            "backtest stands behind them."
        )
    if sums.anonymous:
        share = sums.anonymous / sums.accepted
        money = exact_money(float(sums.anonymous_revenue), run.settings.value.currency)
        told.append(
            f"{share:.0%} of the accepted transaction rows ({money} of revenue) name no customer. They count as revenue and belong to "
            "nobody's value."
        )
    if value.basis == "margin" and not any("margin" in source.columns for source in run.settings.sources.values()):
        told.append(
            f"Value is taken as {value.margin_rate:.2%} of every amount (value.margin_rate), for want of a margin column."
        )
    if value.refunds == "ignore":
        told.append('Refunds are not counted against value (value.refunds = "ignore").')
    told.append(
        "A value is what is expected if the business goes on as before; it does not know of plans that the data do not show."
    )
    return told
