"""`patron run`: progress while it works, plain words when it is done."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from patron.pipeline.runner import RunOutcome, StepDone, Watcher, run_workspace
from patron.pipeline.step import Step
from patron.releases.manifest import read_manifest
from patron.releases.shelf import Shelf
from patron.reports.summary import plain_summary

INTERRUPTED = 130  # what shells expect after Ctrl-C


def run_and_tell(workspace: Path, *, again: bool = False, as_json: bool = False) -> RunOutcome:
    """Run a workspace, with progress on stderr and the result on stdout."""
    outcome = _run_watched(workspace, again=again)
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
        "steps": [asdict(step) for step in outcome.steps],
    }


def _run_watched(workspace: Path, *, again: bool) -> RunOutcome:
    console = Console(stderr=True, highlight=False)
    status = Status("", console=console, spinner="dots")

    def begins(step: Step) -> None:
        status.update(f"{step.title} …")
        status.start()

    def done(step: StepDone) -> None:
        status.stop()
        time = "before" if step.resumed else f"{step.seconds:.1f} s"
        console.print(f"[green]✓[/] {step.title:<28}[dim]{time:>8}[/]  {escape(step.words)}", soft_wrap=True)

    try:
        return run_workspace(
            workspace, again=again, watcher=Watcher(begins, lambda words: status.update(escape(words)), done)
        )
    except KeyboardInterrupt:
        status.stop()
        typer.echo(f"\nInterrupted. Finished steps are kept: '{called_as()} run' goes on from there.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        status.stop()


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
    typer.echo("")
    typer.echo(f"Release  {outcome.release_id}")
    typer.echo(f"Report   {report}")
    typer.echo(f"Next     {called_as()} release show -w {outcome.workspace}")


def called_as() -> str:
    """How the user calls Patron: start.py says so when it stands between."""
    return os.environ.get("PATRON_CALLED_AS", "patron")
