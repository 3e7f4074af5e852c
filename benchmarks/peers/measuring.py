"""What every contestant's process shares: its clock, its memory, its customers. Standard library and NumPy only."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

TIMES = 2
"""Each step is done so often, and the quicker one counts: the first pays for compiling and for fresh memory. Where a step
takes minutes (Pareto/NBD in lifetimes) it is done once."""


def customers_of(path: str, most: int | None = None) -> dict[str, np.ndarray]:
    """The columns of a simulated file, or of its first customers."""
    with np.load(path) as file:
        return {name: file[name][:most].copy() for name in file.files}


def seconds(step: Callable[[], object], times: int = 1) -> float:
    """The quickest of several runs, in seconds."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        step()
        took.append(time.perf_counter() - began)
    return min(took)


def tell(**facts: object) -> None:
    """One line of JSON with the process's peak memory."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**facts, "peak_mb": peak}))


def asked() -> tuple[str, str]:
    """Task and data file from the command line."""
    return sys.argv[1], str(Path(sys.argv[2]))
