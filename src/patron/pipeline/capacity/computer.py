"""What this computer, or the container that it lends us, has to give: processors and memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

# Version 2, and version 1 as older systems still have it.
_MEMORY_BOUNDS: Final = ("memory.max", "memory/memory.limit_in_bytes")
_PROCESSOR_BOUND: Final = "cpu.max"
_GROUPS: Final = Path("/sys/fs/cgroup")


def processors(groups: Path = _GROUPS) -> int:
    """Processors that this process may use at once, at least one."""
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _told(groups / _PROCESSOR_BOUND).partition(" ")
    if quota.isdigit() and period.isdigit() and int(period):
        return max(min(mine, round(int(quota) / int(period))), 1)
    return max(mine, 1)


def memory_bytes(groups: Path = _GROUPS) -> int | None:
    """Memory that this process may fill; None where the system does not tell."""
    if not hasattr(os, "sysconf"):
        return None
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    bounds = [int(text) for name in _MEMORY_BOUNDS if (text := _told(groups / name)).isdigit()]
    return min([whole, *bounds])


def _told(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""
