"""`patron quality`: the four gates, what is agreed, whether scores are stale, and how it went before."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

import typer

from patron.pipeline.inquiries.quality import quality_state
from patron.reports.quality_page import CheckResult, QualityState, quality_page
from patron.surfaces.cli.progress import called_as

_SIGNS: Final = {"open": "✓", "open, with warnings": "!", "closed": "✗", "not reached yet": "·"}


def show_quality(workspace: Path, html: Path | None, *, as_json: bool) -> None:
    """Print the state of the gates, or write it as a page."""
    state = quality_state(workspace)
    if html is not None:
        html.write_text(quality_page(state), "utf-8")
        typer.echo(f"Written: {html}", err=True)
    if as_json:
        typer.echo(json.dumps(asdict(state), indent=2, ensure_ascii=False, default=str))
    elif html is None:
        _tell(state)


def _tell(state: QualityState) -> None:
    if state.stale:
        typer.echo(f"Release {state.stale.release} is current but stale since {state.stale.since}.")
    for gate in state.gates:
        when = f", {gate.checks} checks on {gate.checked_at:%Y-%m-%d %H:%M} UTC" if gate.checked_at else ""
        typer.echo(f"{_SIGNS[gate.state]} {gate.layer:<7} {gate.state}{when}")
        for result in (*gate.blocked, *gate.warned):
            typer.echo(f"    {'✗' if result.severity == 'block' else '!'} {_told(result)}")
    if state.slas:
        typer.echo("\nAgreed in quality.sla:")
        for result in state.slas:
            typer.echo(f"  {'✓' if result.passed else '✗'} {_told(result)}")
    typer.echo("\nRuns, the newest first:")
    for run in state.history[:5]:
        typer.echo(
            f"  {run.checked_at:%Y-%m-%d %H:%M}  {run.checks:>6,} checks, {run.blocked} blocked, {run.warned} warned"
        )
    typer.echo(f"\nAll of it: {called_as()} quality --json, or --html FILE")


def _told(result: CheckResult) -> str:
    about = f" ({result.subject})" if result.subject else ""
    return f"{result.check}{about}: {result.words}"
