"""Environments of their own for programs that Patron works with and must not be installed beside it.

Each is made once, by pip, in a folder that outlives the tests: ``PATRON_INTEGRATIONS``, or ``.integrations`` beside the
source. Nothing is fetched once it is there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
from filelock import FileLock

HOME: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = "PATRON_INTEGRATIONS"
WHOLE: Final = "whole"
LONGEST_SECONDS: Final = 1800


def environment(name: str, requirements: Sequence[str]) -> Path:
    """The Python of an environment that holds these requirements; a test that cannot have it fails, and says what is missing."""
    folder = Path(os.environ.get(FOLDER) or HOME / ".integrations").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{name}-{_digest(requirements)}"
    with FileLock(folder / f"{name}.lock"):
        if not (place / WHOLE).is_file():
            _make(place, name, requirements)
    return place / "bin" / "python"


def _make(place: Path, name: str, requirements: Sequence[str]) -> None:
    shutil.rmtree(place, ignore_errors=True)
    venv.create(place, with_pip=True)
    command = [place / "bin" / "python", "-m", "pip", "install", "--quiet", *requirements]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
        pytest.fail(
            f"The environment '{name}' cannot be made: pip could not install {', '.join(requirements)}.\n"
            + "\n".join(last)
            + f"\nMake it where there is a package index, and point {FOLDER} to the folder.",
            pytrace=False,
        )
    (place / WHOLE).write_text("\n".join(requirements) + "\n", "utf-8")


def _digest(requirements: Sequence[str]) -> str:
    told = [f"{sys.version_info.major}.{sys.version_info.minor}", *sorted(requirements)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:12]
