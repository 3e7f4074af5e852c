"""A run in a process of its own, watched from outside: seconds of each step, memory and disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from patron.errors import UsageError
from patron.reports.capacity import MeasuredRun

_MEMORY_EVERY: Final = 0.05
_DISK_EVERY: Final = 1.0
_PROCESSES: Final = Path("/proc")


@dataclass(frozen=True)
class Watched:
    """A measured run with all that it printed and every sample of its memory (time, bytes)."""

    run: MeasuredRun
    told: dict[str, Any]  # JSON
    memory: tuple[tuple[float, int], ...]

    def peak_of(self, step: dict[str, Any]) -> int:
        """The most memory while a step was at work."""
        return _peak(self.memory, step)


def watch_run(workspace: Path, learners: int) -> Watched:
    """Run a workspace anew and measure it; ``learners`` is at most how many take part in backtest and training.

    UsageError with the run's own words where it fails.
    """
    began = time.perf_counter()
    command = [sys.executable, "-m", "patron", "run", "-w", str(workspace), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - ourselves
    samples = _Samples(workspace, process)
    watcher = threading.Thread(target=samples.take, daemon=True)
    watcher.start()
    out, talk = process.communicate()
    watcher.join()
    if process.returncode:
        raise UsageError(f"The run to measure ended with {process.returncode}: {_last_words(out, talk)}")
    told = json.loads(out)
    run = MeasuredRun(
        customers=told["customers"],
        learners=min(told["customers"], learners),
        rows=told["rows_in"],
        seconds={step["name"]: step["seconds"] for step in told["steps"]},
        total_seconds=time.perf_counter() - began,
        peak_bytes=max((used for _, used in samples.memory), default=None),
        disk_bytes=max([*samples.disk, disk_used(workspace)]),
        peaks={step["name"]: _peak(samples.memory, step) for step in told["steps"]} if samples.memory else {},
    )
    return Watched(run, told, tuple(samples.memory))


def _peak(memory: Iterable[tuple[float, int]], step: Mapping[str, Any]) -> int:  # Any: JSON
    start = datetime.fromisoformat(step["began_at"]).timestamp()
    return max((used for at, used in memory if start <= at <= start + step["seconds"] + 0.1), default=0)


@dataclass
class _Samples:
    """What a running process takes, looked at again and again until it ends."""

    workspace: Path
    process: subprocess.Popen[str]
    memory: list[tuple[float, int]] = field(default_factory=list)
    disk: list[int] = field(default_factory=list)

    def take(self) -> None:
        disk_due = 0.0
        while self.process.poll() is None:
            now = time.time()
            used = resident_bytes(self.process.pid)
            if used:
                self.memory.append((now, used))
            if now >= disk_due:
                self.disk.append(disk_used(self.workspace))
                disk_due = now + _DISK_EVERY
            time.sleep(_MEMORY_EVERY)


def resident_bytes(pid: int) -> int:
    """Memory of a process and all its children; 0 where the system does not tell, or the process has ended."""
    page = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
    return sum(_pages(one) for one in _family(pid)) * page


def disk_used(folder: Path) -> int:
    """Bytes of all files below a folder; one that goes meanwhile counts nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).stat().st_size
            except FileNotFoundError:
                continue
    return total


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        threads = list((_PROCESSES / str(pid) / "task").iterdir())
    except OSError:
        return
    for thread in threads:
        try:
            children = (thread / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _family(int(child))


def _pages(pid: int) -> int:
    try:
        return int((_PROCESSES / str(pid) / "statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0


def _last_words(out: str, talk: str) -> str:
    lines = (out.strip() or talk.strip()).splitlines()
    return lines[-1] if lines else "it said nothing."
