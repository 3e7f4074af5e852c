"""`patron customer`: everything the release says of one customer."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from patron.reports.customer import customer_report
from patron.surfaces.effective import effective_release


def show_customer(workspace: Path, customer_id: str, release: str | None, *, as_json: bool) -> None:
    """Print one customer of a release."""
    report = customer_report(effective_release(workspace, release), customer_id)
    typer.echo(json.dumps(report.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) if as_json else str(report))
