"""A search for the shape of boosted trees, inside the past: seeded, time-aware, and within a budget of seconds.

Each trial teaches boosting of one shape on windows whose outcomes had ended by a later window's cutoff, and is scored
on that later window by the Tweedie deviance of value, over up to three such windows. The first trial is the standard
shape; the others are drawn at random from the seed. The same number of trials gives the same answer; the budget only
decides how many there are, and is looked at between trials.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from patron.errors import UsageError
from patron.models.arrays import Floats
from patron.models.customers import ALL_COLUMNS, Customers, History, Prediction
from patron.models.valuing.activity import as_json
from patron.models.valuing.boosting import FittedBoosting, fit_boosting, grow_parts
from patron.models.valuing.regression import TWEEDIE_POWER
from patron.models.valuing.teaching import FEWEST_BUYERS, Teaching, teaching
from patron.models.valuing.trees import Shape

MOST_LATER_WINDOWS: Final = 3
MATERIAL: Final = 0.002
"""By so much of the standard shape's deviance must another shape be better: less is chance."""


@dataclass(frozen=True)
class Trial:
    """One shape and its mean deviance on the later windows; lower is better."""

    shape: Shape
    deviance: float


@dataclass(frozen=True)
class Found:
    """The best shape, and every trial in order; no trial where no window stands apart from an earlier one."""

    shape: Shape
    trials: tuple[Trial, ...]

    def to_dict(self) -> dict[str, object]:
        trials = [{"deviance": trial.deviance, **asdict(trial.shape)} for trial in self.trials]
        return {"shape": asdict(self.shape), "trials": trials}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Found:  # Any: plain data
        """The search that ``to_dict`` wrote."""
        shapes = ({name: figure for name, figure in one.items() if name != "deviance"} for one in content["trials"])
        trials = zip(shapes, content["trials"], strict=True)
        return cls(Shape(**content["shape"]), tuple(Trial(Shape(**shape), one["deviance"]) for shape, one in trials))


def search(
    taught: Teaching,
    seed: int,
    budget_seconds: float,
    most_trials: int,
    clock: Callable[[], float] = time.monotonic,
) -> Found:
    """The best of at most so many shapes, tried until the budget is spent; the standard shape is always tried.

    Raises UsageError for a budget that is not positive, or no trial.
    """
    if budget_seconds <= 0 or most_trials < 1:
        raise UsageError(
            f"A search of {most_trials} trials in {budget_seconds} seconds is not possible.",
            allowed="At least 1 trial, and more than 0 seconds.",
        )
    splits = _splits(taught)
    if not splits:
        return Found(Shape(), ())
    began, rng, trials = clock(), np.random.default_rng(seed), list[Trial]()
    while len(trials) < most_trials and (not trials or clock() - began < budget_seconds):
        shape = _drawn(rng) if trials else Shape()
        trials.append(Trial(shape, float(np.mean([_deviance(shape, split, seed) for split in splits]))))
    best = min(trials, key=lambda trial: trial.deviance)
    better = best.deviance < trials[0].deviance * (1 - MATERIAL)
    return Found(best.shape if better else trials[0].shape, tuple(trials))


@dataclass(frozen=True, eq=False)
class FittedTunedBoosting:
    """Boosting of the shape that was found, and the record of the search."""

    boosting: FittedBoosting
    found: Found

    def predict(self, customers: Customers) -> Prediction:
        return self.boosting.predict(customers)

    def artifacts(self) -> dict[str, bytes]:
        return self.boosting.artifacts() | {"search.json": as_json(self.found.to_dict())}

    @classmethod
    def from_artifacts(cls, files: Mapping[str, bytes]) -> FittedTunedBoosting:
        """The model that ``artifacts`` wrote; DataError when the files hold something else."""
        return cls(FittedBoosting.from_artifacts(files), Found.from_dict(json.loads(files["search.json"])))


@dataclass(frozen=True)
class TunedBoosting:
    """Two-part boosting whose shape is searched for in the history it learns from."""

    name: str = "tuned_boosting"
    title: str = "Two-part boosting, its shape searched for in the past"
    complexity: int = 3
    inputs: tuple[str, ...] = ALL_COLUMNS
    budget_seconds: float = 120.0
    most_trials: int = 12

    def fit(self, history: History, seed: int) -> FittedTunedBoosting:
        """Raises DataError without a window, or with too few buyers in all of them."""
        taught = teaching(history, "Boosting")
        found = search(taught, seed, self.budget_seconds, self.most_trials)
        return FittedTunedBoosting(fit_boosting(taught, found.shape, seed), found)


def _splits(taught: Teaching) -> list[tuple[Teaching, Teaching]]:
    """Pairs of an earlier past and a later window that shares no day of outcome with it, newest first."""
    pairs: list[tuple[Teaching, Teaching]] = []
    for day in np.unique(taught.as_of_day)[::-1]:
        older = taught.rows(taught.as_of_day + taught.reach.taught.days <= day)
        later = taught.rows(taught.as_of_day == day)
        if min(older.buyers, later.buyers) >= FEWEST_BUYERS:
            pairs.append((older, later))
    return pairs[:MOST_LATER_WINDOWS]


def _deviance(shape: Shape, split: tuple[Teaching, Teaching], seed: int) -> float:
    older, later = split
    parts = grow_parts(older, shape, seed)
    value = parts.value(later.table, parts.chance(later.table.matrix))
    outcome = np.maximum(later.value, 0.0)
    usual = max(float(outcome.mean()), 1e-12)
    return tweedie_deviance(outcome / usual, value / usual)


def tweedie_deviance(actual: Floats, predicted: Floats) -> float:
    """Mean Tweedie deviance of power 1.5 (Jørgensen 1987), 0 where all is right; predictions count at least 0.001."""
    p, mean = TWEEDIE_POWER, np.maximum(predicted, 1e-3)
    each = actual ** (2 - p) / ((1 - p) * (2 - p)) - actual * mean ** (1 - p) / (1 - p) + mean ** (2 - p) / (2 - p)
    return 2 * float(each.mean())


def _drawn(rng: np.random.Generator) -> Shape:
    """A shape at random. More rounds come with a lower rate, since it is their product that learns."""
    rounds = int(rng.choice([50, 100, 200, 300]))
    return Shape(
        rounds=rounds,
        depth=int(rng.integers(2, 6)),
        rate=float(np.exp(rng.uniform(np.log(2.5), np.log(10.0))) / rounds),
        least_rows=float(np.exp(rng.uniform(np.log(15.0), np.log(240.0)))),
        row_share=float(rng.uniform(0.6, 1.0)),
        column_share=float(rng.uniform(0.4, 1.0)),
        ridge=float(np.exp(rng.uniform(np.log(1.0), np.log(30.0)))),
    )
