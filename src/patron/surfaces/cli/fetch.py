"""`patron fetch`: bring what is new into the lake, and say what came."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import typer

from patron.pipeline.landing.fetch import fetch_workspace
from patron.sources.fetching import SourceFetch


def fetch_and_tell(workspace: Path, source: str | None, *, as_json: bool) -> None:
    """Fetch one source, or all that are no local files."""
    done = fetch_workspace(workspace, source, say=lambda words: typer.echo(words, err=True))
    if as_json:
        typer.echo(json.dumps([asdict(fetch) for fetch in done], indent=2))
        return
    for fetch in done:
        typer.echo(_told(fetch))
    if not done:
        typer.echo("Every source is of local files; there is nothing to fetch.")


def _told(fetch: SourceFetch) -> str:
    if not fetch.files:
        brought = "nothing new"
    elif fetch.rows is None:
        brought = f"{fetch.files:,} new file{'s' * (fetch.files != 1)}"
    else:
        brought = f"{fetch.rows:,} new row{'s' * (fetch.rows != 1)}"
    return f"{fetch.source}: {brought}" + (f", up to {fetch.watermark}" if fetch.watermark else "")
