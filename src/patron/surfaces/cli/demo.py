"""`patron demo`: the whole journey on sample customers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from patron.errors import UnknownName, UsageError
from patron.settings import FILE_NAME
from patron.sources.samples import SAMPLES, prepare_sample
from patron.surfaces.cli.run import run_and_tell

MARK = ".sample.json"
DEFAULTS = {"customers": 5000, "seed": 1}
SIMULATED = ("shop", "bank", "subscription")


def run_demo(
    workspace: Path,
    world: str,
    *,
    customers: int | None,
    seed: int | None,
    file: Path | None,
    download: bool,
    as_json: bool,
) -> None:
    """Prepare a sample in a folder of its own (once) and run it."""
    world = world.replace("_", "-")
    if world not in SAMPLES:
        raise UnknownName("sample", world, SAMPLES)
    options = _options(world, {"customers": customers, "seed": seed, "file": file, "download": download or None})
    wanted = json.dumps({"world": world, **options}, sort_keys=True, default=str)
    mark = workspace / MARK
    if (workspace / FILE_NAME).exists():
        _refuse_another(workspace, mark, wanted)
        typer.echo(f"Using the sample already in {workspace}.", err=True)
    else:
        typer.echo(f"Preparing {world} in {workspace} …", err=True)
        prepare_sample(world, workspace, **options)
        mark.write_text(wanted, "utf-8")
    run_and_tell(workspace, as_json=as_json)


def _options(world: str, given: dict[str, Any]) -> dict[str, Any]:
    """The options that the sample takes; UsageError for one that it does not."""
    takes = ("customers", "seed") if world in SIMULATED else ("file", "download") if world == "online-retail" else ()
    told = {name: value for name, value in given.items() if value is not None}
    foreign = sorted(told.keys() - set(takes))
    if foreign:
        raise UsageError(
            f"The sample {world} takes no --{foreign[0]}.",
            allowed=f"It takes: {', '.join(f'--{name}' for name in takes) or 'no options'}.",
        )
    return {name: told.get(name, DEFAULTS[name]) for name in takes} if world in SIMULATED else told


def _refuse_another(workspace: Path, mark: Path, wanted: str) -> None:
    there = mark.read_text("utf-8") if mark.exists() else "a workspace that no demo made"
    if there != wanted:
        raise UsageError(
            f"{workspace} holds something else: {there}.",
            allowed=f"Asked for was {wanted}.",
            to_do="Choose another folder with --workspace, or remove that one.",
        )
