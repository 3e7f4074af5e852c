"""Simulate customers and run them through `patron run`: wall time and peak memory of each step.

    python benchmarks/run.py 100000 1000000

Each argument is a number of customers, with about ten orders each. Memory is the resident set of the run's process,
sampled every 20 ms; on Linux only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path

from patron.sources.samples.worlds import simulate

MB = 1 << 20


def main(sizes: list[int]) -> None:
    print(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}, {datetime.now():%Y-%m-%d}")  # noqa: DTZ005 - local day
    for customers in sizes or [100_000]:
        folder = Path(tempfile.mkdtemp(prefix="patron-benchmark-"))
        try:
            measure(folder, customers)
        finally:
            shutil.rmtree(folder)


def measure(folder: Path, customers: int) -> None:
    began = time.perf_counter()
    world = simulate("shop", folder, customers=customers, seed=1, orders_per_customer=10.0, one_row_per_order=True)
    (folder / "patron.toml").write_text(world.settings(), "utf-8")
    print(f"\n{customers:,} customers simulated in {time.perf_counter() - began:.0f} s")
    result, memory, wall = watched_run(folder)
    print(f"{result['rows_in']:,} rows, {result['invoices']:,} invoices; champion {result['champion']}")
    print(f"{'step':<12}{'seconds':>10}{'peak MB':>10}")
    for step in result["steps"]:
        start = datetime.fromisoformat(step["began_at"]).timestamp()
        within = [used for at, used in memory if start <= at <= start + step["seconds"] + 0.03]
        print(f"{step['name']:<12}{step['seconds']:>10.1f}{max(within, default=0) / MB:>10,.0f}")
    print(f"{'whole':<12}{wall:>10.1f}{max(used for _, used in memory) / MB:>10,.0f}")


def watched_run(folder: Path) -> tuple[dict, list[tuple[float, int]], float]:  # type: ignore[type-arg]  # JSON
    """The run's JSON, samples of (time, resident bytes), and its wall time."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "patron", "run", "-w", str(folder), "--json"], stdout=subprocess.PIPE, text=True
    )
    memory: list[tuple[float, int]] = []
    watcher = threading.Thread(target=sample_memory, args=(process, memory), daemon=True)
    watcher.start()
    out, _ = process.communicate()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"patron run ended with {process.returncode}: {out}")
    return json.loads(out), memory, time.perf_counter() - began


def sample_memory(process: subprocess.Popen[str], memory: list[tuple[float, int]]) -> None:
    page = os.sysconf("SC_PAGE_SIZE")
    statm = Path(f"/proc/{process.pid}/statm")
    while process.poll() is None:
        try:
            memory.append((time.time(), int(statm.read_text().split()[1]) * page))
        except (OSError, IndexError):
            return
        time.sleep(0.02)


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]])
