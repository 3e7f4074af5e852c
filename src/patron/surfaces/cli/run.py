"""`patron run`: progress while it works, plain words when it is done."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from patron.pipeline.runner import RunOutcome, run_workspace
from patron.releases.manifest import read_manifest
from patron.releases.shelf import Shelf
from patron.reports.summary import plain_summary
from patron.surfaces.cli.progress import called_as, watched

_WARNINGS_SHOWN = 5


def run_and_tell(workspace: Path, *, again: bool = False, as_json: bool = False) -> RunOutcome:
    """Run a workspace, with progress on stderr and the result on stdout."""
    with watched("run") as watcher:
        outcome = run_workspace(workspace, again=again, watcher=watcher)
    if as_json:
        typer.echo(json.dumps(outcome_facts(outcome), indent=2))
    else:
        _tell(outcome)
    return outcome


def outcome_facts(outcome: RunOutcome) -> dict[str, Any]:
    """A run's result as plain data."""
    manifest = read_manifest(outcome.release_folder)
    return {
        "release": outcome.release_id,
        "unchanged": outcome.unchanged,
        "workspace": str(outcome.workspace),
        "report": str(outcome.workspace / "report.html"),
        "score_digest": manifest.score_digest,
        "champion": manifest.champion,
        "as_of": manifest.as_of,
        "horizon_days": manifest.horizon_days,
        **outcome.totals,
        "expected_value": outcome.expected,
        "warnings": list(outcome.warnings),
        "steps": [asdict(step) for step in outcome.steps],
    }


def _tell(outcome: RunOutcome) -> None:
    typer.echo("")
    if outcome.unchanged:
        typer.echo("Nothing has changed since the last run; its release still holds.")
    current = Shelf(outcome.workspace / "releases").current_name()
    if current != outcome.release_id:
        typer.echo(f"Current is {current}, to which somebody rolled back; this input's own release is told of here.")
    for line in plain_summary(outcome.release_folder):
        typer.echo(line)
    report = outcome.workspace / "report.html"
    if outcome.warnings:
        typer.echo("")
        for line in outcome.warnings[:_WARNINGS_SHOWN]:
            typer.echo(f"! {line}")
        if len(outcome.warnings) > _WARNINGS_SHOWN:
            typer.echo(f"! … {len(outcome.warnings) - _WARNINGS_SHOWN} more: {called_as()} quality")
    typer.echo("")
    typer.echo(f"Release  {outcome.release_id}")
    typer.echo(f"Report   {report}")
    typer.echo(f"Next     {called_as()} release show -w {outcome.workspace}")
