"""Folders that take long to make: made by the worker that first needs one; every worker works on a copy of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A copy of the folder that ``make`` fills, once for all workers; what it needs later must be inside."""
    base = factory.getbasetemp()
    home = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, whole = home / f"once-{name}", home / f"once-{name}-whole"
    with FileLock(home / f"once-{name}.lock"):
        if not whole.exists():  # also where making it failed before: it fails again, in its own words
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            whole.touch()
    return Path(shutil.copytree(folder, factory.mktemp(name) / folder.name))
