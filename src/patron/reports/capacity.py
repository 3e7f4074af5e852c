"""What a run costs: time, memory and disk for any number of customers, from runs that were measured.

Every step has a fixed cost, a cost per row (or per customer) and a cost per customer who takes part in backtest and
training; of those there are at most ``models.sample_customers``, so that part stops growing. Memory grows more slowly than
what is worked on, and no more with the rows where the engine begins to spill to disk. What cannot follow from small runs
(``MOST_TAUGHT``, ``MEMORY_POWER``, ``SPILLED_SHARE``) was read off runs of 50,000 to 5,000,000 customers, docs/benchmarks.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log2
from typing import Final

import numpy as np
from scipy.optimize import nnls

from patron.errors import DataError

BY_CUSTOMERS: Final = frozenset({"score", "segment", "publish", "report"})
"""Steps whose cost follows the customers; that of all others follows the rows."""
HELD_PER_CUSTOMER: Final = 400
"""Bytes: of everybody a run holds a few numbers and, while it sorts them, copies of those."""
MOST_TAUGHT: Final = {"score": 60_000}
"""Customers beyond whom a step costs no more: trees are grown on at most 120,000 rows, two or more of each customer."""
MEMORY_POWER: Final = 0.65
"""By which power of the size memory grows beyond the largest run that was measured."""
SPILLED_SHARE: Final = 1 / 3
"""What the engine writes to disk, packed, of what it cannot hold."""
GIGABYTE: Final = 10**9
NEAR: Final = 0.15
PER_DOUBLING: Final = 0.05
MOST_UNSURE: Final = 0.6
FEWEST_RUNS: Final = 3


@dataclass(frozen=True)
class MeasuredRun:
    """One whole run that was measured: its size, the seconds of each step, and the most memory and disk it took.

    ``learners`` took part in backtest and training. Memory is that of the process and its children, ``peaks`` the most of
    it while each step was at work; None and nothing where the system does not tell.
    """

    customers: int
    learners: int
    rows: int
    seconds: Mapping[str, float]
    total_seconds: float
    peak_bytes: int | None
    disk_bytes: int
    peaks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """What is planned: how many customers with how many rows, and the settings that bound its cost."""

    customers: int
    rows: int
    sample_customers: int
    engine_bytes: float

    @property
    def learners(self) -> int:
        return min(self.customers, self.sample_customers)


@dataclass(frozen=True)
class Estimate:
    """A figure and the range it should lie in."""

    low: float
    expected: float
    high: float


@dataclass(frozen=True)
class Forecast:
    """What a job should cost; ``reach`` is how many times larger it is than the largest run it was learnt from."""

    seconds: Estimate
    by_step: Mapping[str, float]
    peak_bytes: Estimate | None
    disk_bytes: Estimate
    reach: float

    @property
    def is_extrapolated(self) -> bool:
        return self.reach > 1


@dataclass(frozen=True)
class Cost:
    """Fixed, per row or customer, and per learner; none is below 0."""

    fixed: float
    per_unit: float
    per_learner: float

    def of(self, units: float, learners: float) -> float:
        return self.fixed + self.per_unit * units + self.per_learner * learners


def forecast(runs: Sequence[MeasuredRun], job: Job, own: MeasuredRun | None = None) -> Forecast:
    """What the job should cost by these runs; ``own``, a run of the user's own data, sets the level of the time.

    Raises DataError with fewer than three runs of which two differ in rows and two in learners.
    """
    _refuse_alike(runs)
    steps = {step: _step_seconds(runs, step, job) for step in runs[0].seconds}
    outside = _fitted(runs, _rows, lambda run: run.total_seconds - sum(run.seconds.values()))
    level = 1.0 if own is None else _level(runs, own, job)
    reach = job.rows / max(run.rows for run in (*runs, *([own] if own else [])))
    seconds = level * (sum(steps.values()) + outside.of(job.rows, job.learners))
    unsure = unsureness(reach)
    return Forecast(
        seconds=_around(seconds, unsure),
        by_step={step: level * cost for step, cost in steps.items()},
        peak_bytes=_memory(runs, job, unsure),
        disk_bytes=_around(_disk(runs, job), unsure),
        reach=reach,
    )


def unsureness(reach: float) -> float:
    """How far off a figure may be, as a share of it: 15 % at the sizes measured, and 5 % more with each doubling beyond."""
    return min(NEAR + PER_DOUBLING * max(log2(max(reach, 1e-9)), 0.0), MOST_UNSURE)


def log_log_slope(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """By which power of the size the cost grows: 1 is in proportion."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def _step_seconds(runs: Sequence[MeasuredRun], step: str, job: Job) -> float:
    by_customers = step in BY_CUSTOMERS
    taught = MOST_TAUGHT.get(step, job.learners)
    cost = _fitted(runs, _customers if by_customers else _rows, lambda run: run.seconds.get(step, 0.0))
    return cost.of(job.customers if by_customers else job.rows, min(job.learners, taught))


def _level(runs: Sequence[MeasuredRun], own: MeasuredRun, job: Job) -> float:
    alike = Job(own.customers, own.rows, own.learners, job.engine_bytes)
    expected = sum(forecast(runs, alike).by_step.values())
    return sum(own.seconds.values()) / expected if expected > 0 else 1.0


def _memory(runs: Sequence[MeasuredRun], job: Job, unsure: float) -> Estimate | None:
    """The most that any step takes: which one that is depends on the size."""
    if any(not run.peaks for run in runs):
        return None
    most = max(_step_bytes(runs, step, job) for step in runs[0].peaks)
    return _around(most + HELD_PER_CUSTOMER * job.customers, unsure)


def _step_bytes(runs: Sequence[MeasuredRun], step: str, job: Job) -> float:
    cost = _fitted(runs, _rows, lambda run: float(run.peaks.get(step, 0)))
    learning = cost.per_learner * _slowed(job.learners, max(run.learners for run in runs))
    return cost.fixed + learning + min(_rows_bytes(runs, cost, job), job.engine_bytes)


def _rows_bytes(runs: Sequence[MeasuredRun], cost: Cost, job: Job) -> float:
    return cost.per_unit * _slowed(job.rows, max(run.rows for run in runs))


def _slowed(size: float, measured: float) -> float:
    """The size as memory sees it: in proportion up to the largest that was measured, from there on by the power."""
    return size if size <= measured else measured * float((size / measured) ** MEMORY_POWER)


def _disk(runs: Sequence[MeasuredRun], job: Job) -> float:
    """The workspace, and what the engine spills of what it cannot hold."""
    kept = _fitted(runs, _rows, lambda run: float(run.disk_bytes)).of(job.rows, job.learners)
    needed = _rows_bytes(runs, _fitted(runs, _rows, lambda run: float(run.peak_bytes or 0)), job)
    return kept + SPILLED_SHARE * max(needed - job.engine_bytes, 0.0)


def _fitted(
    runs: Sequence[MeasuredRun], units: Callable[[MeasuredRun], float], cost: Callable[[MeasuredRun], float]
) -> Cost:
    """Least squares without a negative part: more customers never cost less."""
    inputs = np.array([[1.0, units(run), run.learners] for run in runs])
    scale = inputs.max(axis=0)
    found, _ = nnls(inputs / scale, np.array([max(cost(run), 0.0) for run in runs]))
    return Cost(*(float(value) for value in found / scale))


def _rows(run: MeasuredRun) -> float:
    return float(run.rows)


def _customers(run: MeasuredRun) -> float:
    return float(run.customers)


def _around(value: float, unsure: float) -> Estimate:
    return Estimate(value * (1 - unsure), value, value * (1 + unsure))


def _refuse_alike(runs: Sequence[MeasuredRun]) -> None:
    if len(runs) < FEWEST_RUNS or min(len({run.rows for run in runs}), len({run.learners for run in runs})) < 2:
        raise DataError(
            f"A forecast of costs was asked from {len(runs)} measured runs.",
            allowed="At least three are needed, of two sizes and with two numbers of learners.",
            to_do="Measure anew: 'patron plan --calibrate'.",
        )
