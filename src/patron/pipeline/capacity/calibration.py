"""Calibration: three short runs on simulated customers that tell what this computer needs, kept in a file."""

from __future__ import annotations

import json
import platform
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from patron.errors import UsageError
from patron.pipeline.capacity.computer import processors
from patron.pipeline.capacity.measured_run import watch_run
from patron.reports.capacity import MeasuredRun
from patron.settings import FILE_NAME
from patron.sources.samples.worlds import simulate
from patron.version import VERSION

CALIBRATION: Final = "calibration.json"
ORDERS_PER_CUSTOMER: Final = 10.0


@dataclass(frozen=True)
class Size:
    """One run of a calibration: customers, and at most how many of them backtest and training take."""

    customers: int
    learners: int


SIZES: Final = (Size(20_000, 20_000), Size(60_000, 20_000), Size(60_000, 60_000))
"""Two sizes, and two numbers of learners at one of them: enough to tell what grows with which."""


@dataclass(frozen=True)
class Calibration:
    """The measured runs, and the computer, Patron and day they were measured with."""

    version: str
    computer: str
    processors: int
    measured_at: str
    runs: tuple[MeasuredRun, ...]


def calibrate(say: Callable[[str], None], sizes: tuple[Size, ...] = SIZES) -> Calibration:
    """Simulate and run each size in a folder that is removed afterwards; takes two to three minutes on two processors."""
    runs: list[MeasuredRun] = []
    say(f"This computer is measured once, by {len(sizes)} short runs: two to three minutes on two processors.")
    for number, size in enumerate(sizes, start=1):
        took = f" (the last took {runs[-1].total_seconds:.0f} s)" if runs else ""
        say(f"{number} of {len(sizes)}: a run of {size.customers:,} simulated customers …{took}")
        with tempfile.TemporaryDirectory(prefix="patron-calibration-") as folder:
            runs.append(watch_run(simulated(Path(folder), size), size.learners).run)
    now = datetime.now(UTC)
    return Calibration(VERSION, this_computer(), processors(), f"{now:%Y-%m-%dT%H:%M:%SZ}", tuple(runs))


def simulated(folder: Path, size: Size, orders_per_customer: float = ORDERS_PER_CUSTOMER) -> Path:
    """A workspace of simulated customers, about ten orders each, one row an order."""
    world = simulate(
        "shop",
        folder,
        customers=size.customers,
        seed=1,
        orders_per_customer=orders_per_customer,
        one_row_per_order=True,
    )
    bounded = f"\n[models]\nsample_customers = {size.learners}\n"
    (folder / FILE_NAME).write_text(world.settings() + bounded, "utf-8")
    return folder


def keep(calibration: Calibration, path: Path) -> None:
    """Write it where ``kept`` finds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(asdict(calibration), indent=2) + "\n", "utf-8")
    draft.replace(path)


def kept(path: Path) -> Calibration | None:
    """The calibration in this file; None where there is none, or another computer or Patron made it."""
    if not path.is_file():
        return None
    try:
        told = json.loads(path.read_text("utf-8"))
        runs = tuple(MeasuredRun(**run) for run in told.pop("runs"))
        calibration = Calibration(**told, runs=runs)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            f"{path} is no calibration: {error}.", to_do="Measure anew: 'patron plan --calibrate'."
        ) from error
    is_ours = (calibration.version, calibration.computer) == (VERSION, this_computer())
    return calibration if is_ours else None


def place_of_calibration(workspace: Path) -> Path:
    """The file beside patron.toml; outside a workspace, one in the user's cache."""
    home = workspace if (workspace / FILE_NAME).is_file() else Path.home() / ".cache" / "patron"
    return home / CALIBRATION


def this_computer() -> str:
    """What tells one computer from another: its name, kind, processors."""
    return f"{platform.node()} {platform.system()} {platform.machine()} {processors()}"
