"""The capacity planner: what a run of so many customers should cost on this computer, and where to run it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from patron.errors import NothingThere, UsageError, WorkspaceBusy
from patron.pipeline.capacity.calibration import (
    ORDERS_PER_CUSTOMER,
    Calibration,
    calibrate,
    keep,
    kept,
    place_of_calibration,
)
from patron.pipeline.capacity.computer import memory_bytes, processors
from patron.pipeline.runner import PROGRESS
from patron.pipeline.step import FACTS
from patron.pipeline.workspace import Workspace
from patron.reports.capacity import Forecast, Job, MeasuredRun, forecast
from patron.reports.deployment import TIERS, Tier, tier_of
from patron.settings import FILE_NAME, ModelSettings, WarehouseSettings
from patron.tables import INTAKE
from patron.warehouse import Warehouse

MOST_CUSTOMERS: Final = 1_000_000_000


@dataclass(frozen=True)
class Computer:
    """What this computer has: processors, memory (None where it does not tell) and room on the disk."""

    processors: int
    memory_bytes: int | None
    free_disk_bytes: int


@dataclass(frozen=True)
class TierPlan:
    """One tier with what a run of its largest size should cost here; ``measured`` where a run as large was measured."""

    tier: Tier
    cost: Forecast
    measured: bool


@dataclass(frozen=True)
class CapacityPlan:
    """The answer: the job, its cost, whether this computer suffices and what it lacks, and the tiers."""

    job: Job
    cost: Forecast
    tier: Tier
    computer: Computer
    lacks: tuple[str, ...]
    tiers: tuple[TierPlan, ...]
    calibration: Calibration
    own: MeasuredRun | None


def plan_capacity(
    workspace: Path,
    customers: int,
    orders_per_customer: float | None,
    say: Callable[[str], None],
    *,
    anew: bool = False,
) -> CapacityPlan:
    """Plan a run of so many customers, each with so many transaction rows (by default as in the last run, else ten).

    Calibrates where this computer was not measured yet, or ``anew``. Raises UsageError for sizes that cannot be.
    """
    _refuse_impossible(customers, orders_per_customer)
    own = own_run(workspace)
    calibration = _calibration(workspace, say, anew=anew)
    each = orders_per_customer or (own.rows / own.customers if own else ORDERS_PER_CUSTOMER)
    models, warehouse = _settings(workspace)

    def job_of(size: int) -> Job:
        return Job(size, round(size * each), models.sample_customers, warehouse.memory_gb * 2**30)

    job, computer = job_of(customers), this_computer_has(workspace)
    cost = forecast(calibration.runs, job, own)
    largest = max(run.customers for run in (*calibration.runs, *([own] if own else [])))
    tiers = tuple(
        TierPlan(tier, forecast(calibration.runs, job_of(tier.size), own), tier.size <= largest) for tier in TIERS
    )
    return CapacityPlan(job, cost, tier_of(customers), computer, _lacks(cost, computer), tiers, calibration, own)


def this_computer_has(workspace: Path) -> Computer:
    """Processors and memory, as far as a container lends them, and the room on the workspace's disk."""
    folder = workspace if workspace.is_dir() else Path()
    return Computer(processors(), memory_bytes(), shutil.disk_usage(folder).free)


def own_run(workspace: Path) -> MeasuredRun | None:
    """The last run of this workspace, where it read all there is and did every step; nothing otherwise."""
    if not (workspace / FILE_NAME).is_file():
        return None
    home = Workspace.at(workspace)
    try:
        with home.made_warehouse() as warehouse:
            return _last_run(warehouse, home.settings.models)
    except (NothingThere, WorkspaceBusy):
        return None  # nothing has run, or a run is at work: the calibration alone must do


def _last_run(warehouse: Warehouse, models: ModelSettings) -> MeasuredRun | None:
    if not (warehouse.exists(*PROGRESS) and warehouse.exists(*FACTS) and warehouse.exists("silver", INTAKE.name)):
        return None
    steps = {row["step"]: row for row in warehouse.fetch(warehouse.table(*PROGRESS)).to_pylist()}
    facts = {row["name"]: json.loads(row["body"]) for row in warehouse.fetch(warehouse.table(*FACTS)).to_pylist()}
    if not {"check", "publish", "report"} <= set(steps) or "totals" not in facts:
        return None
    intake = warehouse.table("silver", INTAKE.name)
    read = warehouse.fetch(intake.aggregate(rows=intake.rows_in.sum())).to_pylist()[0]["rows"]
    if json.loads(steps["check"]["counts"])["rows_in"] != read:
        return None  # it went on from an earlier one: its reading cost less than all rows would
    seconds = {name: row["seconds"] for name, row in steps.items()}
    totals = facts["totals"]
    customers = int(totals["customers"])
    learners = min(customers, models.sample_customers)
    return MeasuredRun(customers, learners, int(totals["rows_in"]), seconds, sum(seconds.values()), None, 0)


def _calibration(workspace: Path, say: Callable[[str], None], *, anew: bool) -> Calibration:
    path = place_of_calibration(workspace)
    known = None if anew else kept(path)
    if known is None:
        known = calibrate(say)
        keep(known, path)
    return known


def _settings(workspace: Path) -> tuple[ModelSettings, WarehouseSettings]:
    if not (workspace / FILE_NAME).is_file():
        return ModelSettings(), WarehouseSettings()
    settings = Workspace.at(workspace).settings
    return settings.models, settings.warehouse


def _lacks(cost: Forecast, computer: Computer) -> tuple[str, ...]:
    """What there is too little of, in words."""
    needed = {
        "memory": (cost.peak_bytes, computer.memory_bytes),
        "room on the disk": (cost.disk_bytes, computer.free_disk_bytes),
    }
    return tuple(
        f"{what}: up to {estimate.high / 1e9:.1f} GB needed, {there / 1e9:.1f} GB there"
        for what, (estimate, there) in needed.items()
        if estimate is not None and there is not None and estimate.high > there
    )


def _refuse_impossible(customers: int, orders_per_customer: float | None) -> None:
    if not 1 <= customers <= MOST_CUSTOMERS:
        raise UsageError(f"A run of {customers:,} customers was asked for.", allowed="1 to 1,000,000,000.")
    if orders_per_customer is not None and not 0 < orders_per_customer <= 100_000:
        raise UsageError(f"{orders_per_customer:g} orders per customer were asked for.", allowed="Above 0, to 100,000.")
