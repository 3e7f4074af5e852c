"""Simulate customers and run them through `patron run`, each size in a fresh process: time, memory and disk.

    python benchmarks/run.py 50000 100000 250000 500000 1000000 2000000 5000000 --json measured.json

Sizes are numbers of customers, with about ten orders each, one Parquet row per order, beside anonymous sales, refunds,
products and contacts. Memory is the resident set of the run's process and its children, sampled every 50 ms; disk is
the workspace with all the engine spills, sampled every second. On Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from patron.pipeline.capacity.measured_run import Watched, disk_used, watch_run
from patron.reports.capacity import MeasuredRun, log_log_slope
from patron.settings import read_settings

GIGABYTE = 10**9
MEGABYTE = 10**6
SIMULATE = """
import sys
from pathlib import Path
from patron.sources.samples.worlds import prepare_world
prepare_world("shop", Path(sys.argv[1]), customers=int(sys.argv[2]), seed=1, orders_per_customer=float(sys.argv[3]), one_row_per_order=True)
"""


def main() -> None:
    asked = _asked()
    print(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}, {datetime.now():%Y-%m-%d}")  # noqa: DTZ005 - local day
    runs = []
    for customers in asked.sizes or [100_000]:
        with tempfile.TemporaryDirectory(prefix="patron-benchmark-", dir=asked.folder) as folder:
            runs.append(measured(Path(folder), customers, asked))
        if asked.json:
            asked.json.write_text(json.dumps([asdict(run) for run in runs], indent=2) + "\n", "utf-8")
    print_table(runs)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, help="numbers of customers (default: 100000)")
    parser.add_argument("--orders-per-customer", type=float, default=10.0)
    parser.add_argument("--memory-gb", type=float, help="warehouse.memory_gb (default: the setting's own)")
    parser.add_argument("--json", type=Path, help="write every measured run there, after each size")
    parser.add_argument("--folder", type=Path, help="where to work (default: the system's folder for temporary files)")
    return parser.parse_args()


def measured(folder: Path, customers: int, asked: argparse.Namespace) -> MeasuredRun:
    """Simulate this many customers in one process and run them in another; prints the steps."""
    began = time.perf_counter()
    sizes = [str(customers), str(asked.orders_per_customer)]
    subprocess.run([sys.executable, "-c", SIMULATE, str(folder), *sizes], check=True)
    if asked.memory_gb:
        with (folder / "patron.toml").open("a", encoding="utf-8") as settings:
            settings.write(f"\n[warehouse]\nmemory_gb = {asked.memory_gb}\n")
    files = disk_used(folder)
    print(
        f"\n{customers:,} customers simulated in {time.perf_counter() - began:.0f} s, {files / MEGABYTE:,.0f} MB of files"
    )
    found = watch_run(folder, read_settings(folder / "patron.toml").models.sample_customers)
    print_steps(found)
    return found.run


def print_steps(found: Watched) -> None:
    """A line for each step, then the whole."""
    run = found.run
    print(f"{run.rows:,} rows, {found.told['invoices']:,} invoices; champion {found.told['champion']}")
    print(f"{'step':<12}{'seconds':>10}{'peak MB':>10}")
    for step in found.told["steps"]:
        print(f"{step['name']:<12}{step['seconds']:>10.1f}{found.peak_of(step) / MEGABYTE:>10,.0f}")
    print(f"{'whole':<12}{run.total_seconds:>10.1f}{(run.peak_bytes or 0) / MEGABYTE:>10,.0f}", flush=True)


def print_table(runs: list[MeasuredRun]) -> None:
    """A row for each size, and by which power of the customers time and memory grow."""
    print("\n| customers | rows | seconds | seconds per million | peak GB | disk GB |")
    print("|---|---|---|---|---|---|")
    for run in runs:
        peak, each = (run.peak_bytes or 0) / GIGABYTE, 1e6 * run.total_seconds / run.customers
        disk = run.disk_bytes / GIGABYTE
        print(f"| {run.customers:,} | {run.rows:,} | {run.total_seconds:.0f} | {each:.0f} | {peak:.1f} | {disk:.1f} |")
    for some, which in ((runs, "all sizes"), ([run for run in runs if run.customers >= 500_000], "500,000 and more")):
        if len(some) > 1:
            sizes = [run.customers for run in some]
            time_slope = log_log_slope(sizes, [run.total_seconds for run in some])
            memory_slope = log_log_slope(sizes, [float(run.peak_bytes or 1) for run in some])
            print(f"\nLog-log slope, {which}: time {time_slope:.2f}, memory {memory_slope:.2f}")


if __name__ == "__main__":
    main()
