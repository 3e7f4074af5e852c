"""`patron quarantine`: what could not be believed, and why."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from patron.pipeline.inquiries.quarantine import quarantined_rows


def show_quarantine(workspace: Path, limit: int, *, as_json: bool) -> None:
    """Print counts by reason, then the rows."""
    reasons, rows = quarantined_rows(workspace, limit)
    if as_json:
        typer.echo(json.dumps({"reasons": reasons, "rows": rows}, indent=2, default=str))
        return
    if not reasons:
        typer.echo("No row is quarantined.")
    for reason, count in reasons.items():
        typer.echo(f"{count:>10,}  {reason}")
    for row in rows:
        typer.echo(f"\n{row['name']}, line {row['line']}: {row['reason']}\n  {row['detail']}\n  {row['raw']}")
