"""What the gates found: the last run's checks by layer, the SLAs, whether the release is stale, and how it went before."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import ibis

from patron.errors import NothingThere
from patron.pipeline.gates.gate import RESULTS
from patron.pipeline.workspace import Workspace
from patron.quality.expectations import LAYERS
from patron.releases.shelf import Shelf
from patron.releases.stale import read_stale
from patron.reports.quality_page import CheckResult, GateState, QualityState, RunResult

RUNS_SHOWN = 20
_SLA_RULE = ".sla"


def quality_state(folder: Path) -> QualityState:
    """The state of the gates of a workspace; raises NothingThere before the first run."""
    workspace = Workspace.at(folder)
    shelf = Shelf(workspace.releases)
    with workspace.made_warehouse() as warehouse:
        if not warehouse.exists(*RESULTS) or not warehouse.count(*RESULTS):
            raise NothingThere("No gate has checked anything in this workspace yet.", to_do="Run 'patron run' first.")
        results = warehouse.table(*RESULTS)
        newest = results.group_by("layer").aggregate(checked_at=results.checked_at.max())
        last = results.semi_join(newest, ["layer", "checked_at"]).order_by(["layer", "check_name", "subject"])
        rows = warehouse.fetch(last).to_pylist()
        failed = ~results.passed
        runs = results.group_by("checked_at").aggregate(
            checks=results.count(),
            blocked=(failed & (results.severity == "block")).sum(),
            warned=(failed & (results.severity == "warn")).sum(),
        )
        history = warehouse.fetch(runs.order_by(ibis.desc("checked_at")).limit(RUNS_SHOWN)).to_pylist()
    found = tuple(_result(row) for row in rows)
    moments = {row["layer"]: row["checked_at"] for row in rows}
    return QualityState(
        tuple(_gate(layer, moments.get(layer), found) for layer in LAYERS),
        tuple(result for result in found if result.check.endswith(_SLA_RULE)),
        read_stale(shelf.folder),
        shelf.current_name(),
        tuple(
            RunResult(row["checked_at"], int(row["checks"]), int(row["blocked"]), int(row["warned"])) for row in history
        ),
        found,
    )


def _gate(layer: str, checked_at: datetime | None, results: tuple[CheckResult, ...]) -> GateState:
    mine = [result for result in results if result.layer == layer]
    failed = [result for result in mine if not result.passed]
    blocked = tuple(result for result in failed if result.severity == "block")
    warned = tuple(result for result in failed if result.severity == "warn")
    state = "closed" if blocked else "open, with warnings" if warned else "open" if mine else "not reached yet"
    return GateState(layer, state, checked_at, len(mine), blocked, warned)


def _result(row: dict[str, Any]) -> CheckResult:  # Any: a row of the warehouse
    return CheckResult(
        row["layer"],
        row["check_name"],
        row["subject"] or "",
        row["severity"],
        row["passed"],
        row["figure"],
        row["least"],
        row["most"],
        row["words"],
        row["to_do"] or "",
    )
