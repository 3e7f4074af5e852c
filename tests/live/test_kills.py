"""The server may be killed at any moment: what was acknowledged is there, once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

KILLS = 5
SCRIPT = Path(__file__).parents[2] / "benchmarks" / "event_kills.py"


@pytest.mark.slow
def test_no_acknowledged_event_is_lost_or_doubled_when_the_server_is_killed() -> None:
    told = subprocess.run(
        [sys.executable, str(SCRIPT), str(KILLS)], capture_output=True, text=True, timeout=300, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert " 0 lost, 0 doubled" in told.stdout
