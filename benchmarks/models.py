"""Fit and predict beside two public peers, each in its own environment, on the same simulated customers, in one run.

    python benchmarks/models.py --environments FOLDER --make      # once: makes both peers' environments with pip
    python benchmarks/models.py --environments FOLDER [--customers 1000000] [--only purchases|pareto|collapsed|live]

Customers are simulated at the papers' CDNOW parameters, in weeks, observed for 1 to 78 weeks. Each contestant runs in a
process of its own, warms up on 2,000 customers, then does each step; its own clock times the step, and the operating
system's high-water mark of its memory is read at the end. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from patron.models.buying.bg_nbd import FittedBGNBD
from patron.models.buying.gamma_gamma import FittedGammaGamma
from patron.models.buying.pareto_nbd import FittedParetoNBD

HERE = Path(__file__).resolve().parent
PEERS = {
    # lifetimes was last released for these.
    "lifetimes": ("lifetimes==0.11.3", "numpy<2", "pandas<2.2"),
    "pymc-marketing": ("pymc-marketing==1.3.0",),
}
NEWEST_PYTHON_FOR = {"lifetimes": (3, 12)}
LEAST_PYTHON_FOR = {"pymc-marketing": (3, 12)}
TRUE_BG_NBD = FittedBGNBD({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, unit="week")
TRUE_PARETO = FittedParetoNBD({"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}, unit="week")
TRUE_SPEND = FittedGammaGamma({"p": 6.25, "q": 3.74, "v": 15.44})
STEPS = ("fit BG/NBD", "fit Gamma-Gamma", "activity and purchases", "12-month value")
DEMANDED = {"fit BG/NBD": 20, "fit Gamma-Gamma": 20, "activity and purchases": 5, "12-month value": 20, "total": 20}


def main() -> None:
    asked = _arguments()
    print(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}, {datetime.now():%Y-%m-%d}")  # noqa: DTZ005 - local day
    if asked.make:
        make_environments(asked.environments)
    pythons = {"patron": Path(sys.executable)} | {
        name: asked.environments / name / "bin" / "python" for name in PEERS if asked.environments
    }
    folder = Path(tempfile.mkdtemp(prefix="patron-benchmark-"))
    try:
        for part in (asked.only,) if asked.only else ("purchases", "pareto", "collapsed", "live"):
            PARTS[part](folder, pythons, asked.customers, asked.limit)
    finally:
        shutil.rmtree(folder)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environments", type=Path, help="folder of the peers' environments")
    parser.add_argument("--make", action="store_true", help="make them first")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--limit", type=float, default=900.0, help="seconds after which a contestant is stopped")
    parser.add_argument("--only", choices=sorted(PARTS))
    return parser.parse_args()


def make_environments(folder: Path) -> None:
    """A virtual environment for each peer, where this Python can run it."""
    for name, requirements in PEERS.items():
        if not LEAST_PYTHON_FOR.get(name, (3, 0)) <= sys.version_info[:2] <= NEWEST_PYTHON_FOR.get(name, (4, 0)):
            print(f"{name} does not run on Python {sys.version.split()[0]}: make {folder / name} with another one")
            continue
        venv.create(folder / name, with_pip=True)
        subprocess.run([folder / name / "bin" / "python", "-m", "pip", "install", "-q", *requirements], check=True)


def contest(task: str, data: Path, pythons: Mapping[str, Path], limit: float) -> dict[str, dict[str, Any]]:  # Any: JSON
    """Every contestant on one task, one after the other; who fails or takes too long is told and left out."""
    told = {}
    for name, python in pythons.items():
        worker = HERE / "peers" / f"{name.replace('-', '_')}_worker.py"
        try:
            done = subprocess.run(
                [python, worker, task, data], capture_output=True, text=True, timeout=limit, check=True
            )
        except FileNotFoundError:
            print(f"{name}: no environment at {python}")
        except subprocess.TimeoutExpired:
            print(f"{name}: not done after {limit:.0f} s")
        except subprocess.CalledProcessError as error:
            print(f"{name} failed: {error.stderr.strip().splitlines()[-1]}")
        else:
            told[name] = json.loads(done.stdout.splitlines()[-1])
    return told


def compare_purchases(folder: Path, pythons: Mapping[str, Path], customers: int, limit: float) -> None:
    """BG/NBD + Gamma-Gamma: two fits, activity and purchases, and the discounted value of a year."""
    data = simulated_purchases(folder, customers)
    told = contest("purchases", data, pythons, limit)
    print(f"\n{customers:,} customers: BG/NBD + Gamma-Gamma, seconds")
    _table([*STEPS, "total"], {name: _with_total(result["seconds"]) for name, result in told.items()}, DEMANDED)
    _memory_and_fit(told)


def compare_pareto(folder: Path, pythons: Mapping[str, Path], customers: int, limit: float) -> None:
    """Pareto/NBD: the fit, at a tenth of the customers and at all of them."""
    for count in (customers // 10, customers):
        data = simulated_pareto(folder, count)
        told = contest("pareto", data, pythons, limit)
        print(f"\n{count:,} customers: Pareto/NBD, seconds")
        _table(["fit Pareto/NBD"], {name: result["seconds"] for name, result in told.items()}, {"fit Pareto/NBD": 40})
        _memory_and_fit(told)


def compare_collapsed(folder: Path, pythons: Mapping[str, Path], customers: int, limit: float) -> None:
    """Our own fit on collapsed weekly statistics: ten times the customers must cost at most half as much again."""
    seconds = {}
    for count in (customers, 10 * customers):
        data = simulated_purchases(folder, count, whole_weeks=True)
        told = contest("collapsed", data, {"patron": pythons["patron"]}, limit)
        result = told["patron"]
        seconds[count] = result["seconds"]["fit BG/NBD"]
        rows = f"{result['rows']:,.0f} distinct rows"
        print(f"\n{count:,} customers in whole weeks: {rows}, fitted in {seconds[count]:.3f} s")
    print(f"ratio {seconds[10 * customers] / seconds[customers]:.2f} (at most 1.5)")


def compare_live(folder: Path, pythons: Mapping[str, Path], customers: int, limit: float) -> None:  # noqa: ARG001 - one shape
    """One customer from four numbers, in process."""
    data = simulated_purchases(folder, 20_000)
    told = contest("live", data, {"patron": pythons["patron"]}, limit)
    print(f"\none customer, live: {told['patron']['microseconds']:.1f} µs (under 50)")


PARTS = {
    "purchases": compare_purchases,
    "pareto": compare_pareto,
    "collapsed": compare_collapsed,
    "live": compare_live,
}


def simulated_purchases(folder: Path, customers: int, *, whole_weeks: bool = False) -> Path:
    """BG/NBD customers with Gamma-Gamma spend, as a file of arrays."""
    rng = np.random.default_rng(1)
    weeks = rng.uniform(1, 78, customers)
    seen = TRUE_BG_NBD.simulate(np.ceil(weeks) if whole_weeks else weeks, rng).summary
    recency = np.ceil(seen.recency) if whole_weeks else seen.recency
    spend = TRUE_SPEND.simulate(seen.frequency, rng)
    path = folder / f"purchases-{customers}-{whole_weeks}.npz"
    np.savez(path, frequency=seen.frequency, recency=recency, T=seen.T, monetary_value=spend)
    return path


def simulated_pareto(folder: Path, customers: int) -> Path:
    """Pareto/NBD customers, as a file of arrays."""
    rng = np.random.default_rng(2)
    seen = TRUE_PARETO.simulate(rng.uniform(1, 78, customers), rng).summary
    path = folder / f"pareto-{customers}.npz"
    np.savez(path, frequency=seen.frequency, recency=seen.recency, T=seen.T)
    return path


def _with_total(seconds: Mapping[str, float]) -> dict[str, float]:
    return {**seconds, "total": sum(seconds.values())}


def _table(steps: Sequence[str], told: Mapping[str, Mapping[str, float]], demanded: Mapping[str, float]) -> None:
    print(f"{'':<26}" + "".join(f"{name:>16}" for name in told) + f"{'times faster':>16}{'demanded':>10}")
    for step in steps:
        seconds = {name: result[step] for name, result in told.items()}
        peers = [value for name, value in seconds.items() if name != "patron"]
        ratio = f"{min(peers) / seconds['patron']:.1f}" if peers else "-"
        row = "".join(f"{value:>16.3f}" for value in seconds.values())
        print(f"{step:<26}{row}{ratio:>16}{demanded[step]:>10}")


def _memory_and_fit(told: Mapping[str, Mapping[str, Any]]) -> None:
    for name, result in told.items():
        print(f"{name}: peak memory {result['peak_mb']:,.0f} MB; {result['params']}")


if __name__ == "__main__":
    main()
