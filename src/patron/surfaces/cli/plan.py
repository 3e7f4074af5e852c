"""`patron plan`: minutes, memory and disk for any number of customers, and where to run them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from patron.pipeline.capacity.planner import CapacityPlan, TierPlan, plan_capacity
from patron.reports.capacity import Estimate, Forecast


def show_plan(
    workspace: Path, customers: int, orders_per_customer: float | None, *, anew: bool, as_json: bool
) -> CapacityPlan:
    """Print the plan; what is measured meanwhile is told on stderr."""
    plan = plan_capacity(
        workspace, customers, orders_per_customer, lambda words: typer.echo(words, err=True), anew=anew
    )
    if as_json:
        typer.echo(json.dumps(plan_facts(plan), indent=2))
    else:
        _tell(plan)
    return plan


def plan_facts(plan: CapacityPlan) -> dict[str, Any]:
    """The plan as plain data."""
    return {
        "job": asdict(plan.job) | {"learners": plan.job.learners},
        "cost": _cost_facts(plan.cost),
        "computer": asdict(plan.computer),
        "suffices": not plan.lacks,
        "lacks": list(plan.lacks),
        "tier": plan.tier.name,
        "calibration": asdict(plan.calibration),
        "own_run": asdict(plan.own) if plan.own else None,
        "tiers": [_tier_facts(row) for row in plan.tiers],
    }


def _cost_facts(cost: Forecast) -> dict[str, Any]:
    return {
        "seconds": asdict(cost.seconds),
        "by_step": dict(cost.by_step),
        "peak_bytes": asdict(cost.peak_bytes) if cost.peak_bytes else None,
        "disk_bytes": asdict(cost.disk_bytes),
        "extrapolated": cost.is_extrapolated,
        "times_the_largest_measured": round(cost.reach, 1),
    }


def _tier_facts(row: TierPlan) -> dict[str, Any]:
    one_time, monthly, yearly = row.tier.planned
    return {
        "customers": row.tier.name,
        "figures_for": row.tier.size,
        "planned_thousand_dollars": {
            "one_time": one_time,
            "monthly": monthly,
            "yearly": yearly,
            "at_least": row.tier.at_least,
        },
        "basis": "measured" if row.measured else "extrapolated",
        "shape": row.tier.shape,
        "machine": row.tier.machine,
        **_cost_facts(row.cost),
    }


def _tell(plan: CapacityPlan) -> None:
    job, cost = plan.job, plan.cost
    typer.echo(f"{job.customers:,} customers, {job.rows:,} transaction rows, on {plan.computer.processors} processors:")
    typer.echo(f"  time    {_minutes(cost.seconds)}")
    typer.echo(f"  memory  {_gigabytes(cost.peak_bytes) if cost.peak_bytes else 'not told by this system'}")
    typer.echo(f"  disk    {_gigabytes(cost.disk_bytes)}")
    typer.echo(f"  shape   {plan.tier.shape}; {plan.tier.machine}")
    typer.echo(f"This computer {'does not suffice: ' + '; '.join(plan.lacks) if plan.lacks else 'suffices'}.")
    typer.echo(_basis(plan))
    Console(highlight=False, soft_wrap=True).print(_table(plan))
    for row in plan.tiers:
        typer.echo(f"{row.tier.name}: {row.tier.shape}; {row.tier.machine}.")
    typer.echo(
        "Planned: what the seed's plan gave for a project of its own (one-time / month / year); repeated, not calculated."
    )


def _basis(plan: CapacityPlan) -> str:
    sizes = ", ".join(f"{run.customers:,}" for run in plan.calibration.runs)
    own = f", and by your last run of {plan.own.customers:,} customers" if plan.own else ""
    beyond = f"; {plan.cost.reach:.0f} times the rows of the largest" if plan.cost.is_extrapolated else ""
    return f"By runs of {sizes} customers measured here on {plan.calibration.measured_at[:10]}{own}{beyond}."


def _table(plan: CapacityPlan) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("customers per cycle", "planned, k$", "minutes", "GB memory", "GB disk", "basis"):
        table.add_column(name)
    for row in plan.tiers:
        more = "+" if row.tier.at_least else ""
        memory = row.cost.peak_bytes
        table.add_row(
            row.tier.name,
            " / ".join(f"{cost}{more}" for cost in row.tier.planned),
            f"{row.cost.seconds.expected / 60:,.1f}",
            f"{memory.expected / 1e9:,.1f}" if memory else "–",
            f"{row.cost.disk_bytes.expected / 1e9:,.1f}",
            "measured" if row.measured else "extrapolated",
        )
    return table


def _minutes(seconds: Estimate) -> str:
    low, expected, high = (value / 60 for value in (seconds.low, seconds.expected, seconds.high))
    return f"{expected:,.1f} minutes ({low:,.1f} to {high:,.1f})"


def _gigabytes(size: Estimate) -> str:
    return f"{size.expected / 1e9:,.1f} GB ({size.low / 1e9:,.1f} to {size.high / 1e9:,.1f})"
