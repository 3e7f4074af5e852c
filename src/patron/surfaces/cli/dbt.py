"""`patron dbt`: the dbt package for one workspace."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from patron.pipeline.inquiries.dbt_package import write_dbt_package


def write_package(workspace: Path, folder: Path, *, as_json: bool) -> None:
    """Write the package and say how to run it."""
    written = write_dbt_package(workspace, folder)
    if as_json:
        typer.echo(json.dumps({"folder": str(written.folder), "has_profile": written.has_profile}))
        return
    typer.echo(str(written.folder))
    if written.has_profile:
        typer.echo(
            f"Next     cd {written.folder} && dbt build    (needs dbt-duckdb, in an environment of its own)", err=True
        )
    else:
        typer.echo(
            "Next     give dbt a profile named 'patron' for your warehouse, then run 'dbt build' there", err=True
        )
