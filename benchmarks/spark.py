"""The same run on Spark with one executor and with two: seconds of each step, and what would shrink with more.

    python benchmarks/spark.py 100000

The executors are real ones (``local-cluster``): processes of their own, each with one processor and its own memory, that
get rows over a socket as they would from another machine. From the two measurements follows the part of each step that is
shared out (Amdahl's law), and from it what four and sixteen executors would need; those two columns are computed, not
measured. Needs Java and ``pip install 'patron[spark]'``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

EXECUTORS = (1, 2)
MORE = (4, 16)
SIMULATE = """
import sys
from pathlib import Path
from patron.sources.samples.worlds import prepare_world
prepare_world("shop", Path(sys.argv[1]), customers=int(sys.argv[2]), seed=1, orders_per_customer=float(sys.argv[3]), one_row_per_order=True)
"""
RUN = """
import json, sys
from pathlib import Path
from patron.pipeline.runner import run_workspace
done = run_workspace(Path(sys.argv[1]))
steps = {step.name: step.seconds for step in done.steps}
print(json.dumps({"steps": steps, "digest": done.release_id.rsplit("-", 1)[-1]}))
"""


@dataclass(frozen=True)
class Measured:
    """One run: seconds of each step, and the digest of its scores."""

    steps: dict[str, float]
    digest: str


def main() -> None:
    asked = _asked()
    with tempfile.TemporaryDirectory(prefix="patron-spark-", dir=asked.folder) as folder:
        world = Path(folder) / "world"
        arguments = [str(world), str(asked.customers), str(asked.orders_per_customer)]
        subprocess.run([sys.executable, "-c", SIMULATE, *arguments], check=True)
        found = {count: measured(world, Path(folder) / f"with_{count}", count, asked) for count in EXECUTORS}
    assert len({run.digest for run in found.values()}) == 1, "the scores depend on the number of executors"
    print(f"{asked.customers:,} customers, {os.cpu_count()} processors; equal scores, digest {found[1].digest}")
    print_table(found)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("customers", nargs="?", type=int, default=100_000)
    parser.add_argument("--orders-per-customer", type=float, default=10.0)
    parser.add_argument("--memory-mb", type=int, default=2048, help="of each executor")
    parser.add_argument("--folder", type=Path, help="where to work (default: the system's folder for temporary files)")
    return parser.parse_args()


def measured(world: Path, folder: Path, executors: int, asked: argparse.Namespace) -> Measured:
    """A run of a copy of the world with so many executors."""
    shutil.copytree(world, folder)
    settings = {
        "PATRON_WAREHOUSE_ENGINE": "spark",
        "PATRON_WAREHOUSE_MASTER": f"local-cluster[{executors},1,{asked.memory_mb}]",
        "PATRON_WAREHOUSE_MEMORY_GB": "2.0",
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(folder)], env=os.environ | settings, check=True, stdout=subprocess.PIPE
    )
    return Measured(**json.loads(done.stdout))


def print_table(found: dict[int, Measured]) -> None:
    """A line for each step: measured, the part that was shared out, and computed for more executors."""
    one, two = (found[count].steps for count in EXECUTORS)
    print(f"{'step':<12}{'1 executor':>12}{'2 executors':>13}{'shared':>9}" + "".join(f"{n:>10}*" for n in MORE))
    totals = dict.fromkeys(MORE, 0.0)
    for step, alone in one.items():
        part = shared_part(alone, two[step])
        more = {count: alone * (1 - part + part / count) for count in MORE}
        totals = {count: totals[count] + more[count] for count in MORE}
        print(f"{step:<12}{alone:>12.1f}{two[step]:>13.1f}{part:>9.0%}" + "".join(f"{more[n]:>11.1f}" for n in MORE))
    whole = sum(one.values()), sum(two.values())
    part = shared_part(*whole)
    print(f"{'whole':<12}{whole[0]:>12.1f}{whole[1]:>13.1f}{part:>9.0%}" + "".join(f"{totals[n]:>11.1f}" for n in MORE))
    print("* computed from the part that two executors shared out, on machines of their own")


def shared_part(one: float, two: float) -> float:
    """The part of a step's time that two executors shared out, between none and all of it."""
    return min(max(2 * (1 - two / one), 0.0), 1.0) if one > 0 else 0.0


if __name__ == "__main__":
    main()
