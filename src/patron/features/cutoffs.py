"""Which days to describe customers as of: today, the backtest's folds, and what each fold may learn from.

All cutoffs lie on one grid, about a third of a horizon apart and counted back from one horizon before
today. Three steps are exactly one horizon, so what a fold may learn from (cutoffs at least a horizon
older, whose outcomes had ended by then) is on the grid as well and is computed once for all folds.

A model taught on spring alone halves autumn: where history reaches back a year, one of the cutoffs to learn
from lies a year before the one to predict from, so that its horizon covers the same season.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Final

from patron.errors import UsageError

LEAST_STEP_DAYS: Final = 7
STEPS_PER_HORIZON: Final = 3
MOST_TRAINING_WINDOWS: Final = 4
YEAR: Final = 365


@dataclass(frozen=True)
class CutoffPlan:
    """Today's cutoff, the folds' cutoffs (newest first), and the training cutoffs of each."""

    now: int
    horizon_days: int
    tests: tuple[int, ...]
    grid: tuple[int, ...]

    def training_of(self, cutoff: int) -> tuple[int, ...]:
        """The cutoffs, newest first, that a model standing at this cutoff may learn from.

        At most four, spread out, and among them the one whose horizon covers the same season a year before.
        """
        matured = _matured(self.grid, cutoff, self.horizon_days)
        chosen = _spread(matured, MOST_TRAINING_WINDOWS)
        season = _a_year_before(matured, cutoff, self.horizon_days)
        return chosen if season is None else _with(chosen, season, MOST_TRAINING_WINDOWS)

    @property
    def all_cutoffs(self) -> tuple[int, ...]:
        """Every cutoff that the plan needs, newest first, each once."""
        training = {day for cutoff in (self.now, *self.tests) for day in self.training_of(cutoff)}
        return tuple(sorted({self.now, *self.tests, *training}, reverse=True))


def plan_cutoffs(first_day: int, last_day: int, horizon_days: int, folds: int) -> CutoffPlan:
    """The cutoffs of a run, from the first and last day of history.

    Every cutoff but today's keeps at least half a horizon of history before it. Days count
    inclusively: a history of three horizons proves one fold. A shorter history proves none (tests is
    empty), though today's model may still find matured cutoffs to learn from.
    """
    if horizon_days < 1:
        raise UsageError(f"A horizon of {horizon_days} days is not possible.", allowed="At least 1 day.")
    if last_day < first_day:
        raise UsageError(f"History cannot end on day {last_day}, before it begins on day {first_day}.")
    grid = _grid(first_day + horizon_days // 2, last_day, horizon_days)
    provable = last_day - first_day + 1 >= 3 * horizon_days
    with_training = (day for day in grid if provable and grid[-1] <= day - horizon_days)
    return CutoffPlan(last_day, horizon_days, tuple(islice(with_training, folds)), grid)


def teaching_horizon(first_day: int, cutoff: int, horizon_days: int) -> int:
    """How far ahead the windows may look that teach a model standing at this cutoff.

    The horizon itself where half of it fits before a window's cutoff, as everywhere on the grid; in a shorter history
    half of that history, so that a window looks as far back as ahead. What is learnt is then told over the horizon.
    """
    history = cutoff - first_day
    return horizon_days if 3 * horizon_days <= 2 * history else max(1, history // 2)


def _grid(earliest: int, last_day: int, horizon_days: int) -> tuple[int, ...]:
    """Days from one horizon before the last day down to the earliest, whole horizons apart every few steps."""
    steps = max(1, min(STEPS_PER_HORIZON, horizon_days // LEAST_STEP_DAYS))
    newest = last_day - horizon_days
    count = max(0, (newest - earliest + 1) * steps // horizon_days + 1)
    days = (newest - step * horizon_days // steps for step in range(count + 1))
    return tuple(day for day in days if day >= earliest)


def _matured(grid: tuple[int, ...], cutoff: int, horizon_days: int) -> tuple[int, ...]:
    return tuple(day for day in grid if day <= cutoff - horizon_days)


def _spread(days: tuple[int, ...], most: int) -> tuple[int, ...]:
    """At most so many of these days, evenly spread, the first and the last among them."""
    if len(days) <= most:
        return days
    return tuple(days[place * (len(days) - 1) // (most - 1)] for place in range(most))


def _a_year_before(days: tuple[int, ...], cutoff: int, horizon_days: int) -> int | None:
    """The day nearest to a year before the cutoff; None where it misses by more than a third of a horizon."""
    nearest = min(days, key=lambda day: abs(cutoff - YEAR - day), default=None)
    return nearest if nearest is not None and abs(cutoff - YEAR - nearest) <= horizon_days / 3 else None


def _with(chosen: tuple[int, ...], day: int, most: int) -> tuple[int, ...]:
    """The chosen days and this one; where that is one too many, it takes the place of the nearest but the newest."""
    if day in chosen:
        return chosen
    replaced = min(chosen[1:], key=lambda other: abs(other - day)) if len(chosen) >= most else None
    return tuple(sorted({*chosen, day} - {replaced}, reverse=True))
