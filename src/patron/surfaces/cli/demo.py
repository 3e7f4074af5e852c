"""`patron demo`: the whole journey on sample customers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from patron.settings import FILE_NAME
from patron.sources.samples import prepare_sample
from patron.surfaces.cli.run import run_and_tell


def run_demo(
    workspace: Path, world: str, *, customers: int, seed: int, file: Path | None, download: bool, as_json: bool
) -> None:
    """Prepare a sample in a folder of its own (once) and run it."""
    if (workspace / FILE_NAME).exists():
        typer.echo(f"Using the sample already in {workspace}; remove that folder to make it anew.", err=True)
    else:
        typer.echo(f"Preparing {world} in {workspace} …", err=True)
        prepare_sample(world, workspace, **_options(world, customers, seed, file, download))
    run_and_tell(workspace, as_json=as_json)


def _options(world: str, customers: int, seed: int, file: Path | None, download: bool) -> dict[str, Any]:
    if world == "online-retail":
        return {"file": file, "download": download}
    return {} if world == "complete-journey" else {"customers": customers, "seed": seed}
