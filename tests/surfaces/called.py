"""The command line called in this process: what it prints, or the refusal it raises."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from patron.surfaces.cli.main import app


def told(workspace: Path, *arguments: str) -> str:
    """What a command prints; a refusal is raised as it is."""
    result = CliRunner().invoke(app, [*arguments, "-w", str(workspace)])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def facts(workspace: Path, *arguments: str) -> dict[str, Any]:
    """What a command prints with --json."""
    return dict(json.loads(told(workspace, *arguments, "--json")))
