"""What fitted models say beside what happened: tracking, frequencies, distributions, and forecasts by frequency.

The checks that papers of the family show; ``patron.reports.fit_plots`` draws them. Several models overlay: each is
given under the name that the legend shall show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline

from patron.errors import DataError, UsageError
from patron.models.arrays import Floats, dot, floats, same_length, weight_by
from patron.models.buying.summary import Summary
from patron.periods import days_per

# Beyond this many distinct ages a model's curve is read from a table of so many, to about one part in a million.
_TABULATED: Final = 400


class NewCustomers(Protocol):
    """A fitted process that speaks of customers who have just come."""

    @property
    def unit(self) -> str: ...

    def expected_purchases_new_customer(self, periods: float) -> float: ...

    def probability_of_purchases(self, count: int, periods: float) -> float: ...


class KnownCustomers(Protocol):
    """A fitted process that forecasts customers from their histories."""

    @property
    def unit(self) -> str: ...

    def expected_purchases(self, summary: Summary, periods: float) -> Floats: ...


@dataclass(frozen=True, eq=False)
class Tracking:
    """Repeat purchases of a cohort, cumulated at the end of each period: ``actual`` and as each model expected.

    ``times`` are ends of periods from the clock's origin, in ``unit``s; ``calibration_end`` is where the models stopped
    learning, if that was said.
    """

    times: Floats
    actual: Floats
    expected: Mapping[str, Floats]
    unit: str
    calibration_end: float | None = None

    def per_period(self) -> Tracking:
        """The same, but the purchases within each period (incremental tracking)."""
        expected = {name: np.diff(values, prepend=0.0) for name, values in self.expected.items()}
        return Tracking(self.times, np.diff(self.actual, prepend=0.0), expected, self.unit, self.calibration_end)


@dataclass(frozen=True, eq=False)
class Frequencies:
    """Customers by number of repeat purchases, 0 to ``counts[-1]`` or more: actual and expected by each model."""

    counts: Floats
    actual: Floats
    expected: Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class Distribution:
    """The chance of each number of repeat purchases that a new customer makes in ``periods`` units, by each model."""

    counts: Floats
    chances: Mapping[str, Floats]
    periods: float
    unit: str


@dataclass(frozen=True, eq=False)
class ByFrequency:
    """Mean purchases in the holdout by frequency before it, 0 to ``counts[-1]`` or more: actual and expected.

    ``customers`` counts who is behind each mean; a mean of nobody is NaN.
    """

    counts: Floats
    customers: Floats
    actual: Floats
    expected: Mapping[str, Floats]
    periods: float
    unit: str


def track(
    starts: ArrayLike,
    purchases: ArrayLike,
    models: Mapping[str, NewCustomers],
    until: float,
    *,
    unit: str,
    step: float = 1.0,
    calibration_end: float | None = None,
) -> Tracking:
    """Repeat purchases period by period beside what each model expects of customers who came at those times.

    ``starts``: when each customer first bought; ``purchases``: when each repeat purchase fell, whoever made it; both on
    one clock, in ``unit``s from its origin. ``until``: where the clock stops; ``step``: how long a period lasts. A model
    expects Σ E[X(t - start)] by t over customers who came before t. Raises UsageError for models in another unit.
    """
    came, bought = floats("starts", starts), floats("purchases", purchases)
    days_per(unit)
    _in_unit(models, unit)
    if not (0 < step <= until < np.inf):
        raise UsageError(
            f"Periods of {step} until {until} were asked for.", allowed="Both above 0, the step no longer."
        )
    times = step * np.arange(1.0, np.floor(until / step + 1e-9) + 1)
    cohorts, sizes = np.unique(came, return_counts=True)
    age = np.maximum(times[:, None] - cohorts[None, :], 0.0)
    expected = {
        name: (over_ages(model.expected_purchases_new_customer, age.ravel()).reshape(age.shape) * sizes).sum(axis=1)
        for name, model in models.items()
    }
    actual = np.searchsorted(np.sort(bought), times, side="right").astype(np.float64)
    return Tracking(times, actual, expected, unit, calibration_end)


def frequencies(summary: Summary, models: Mapping[str, NewCustomers], top: int = 7) -> Frequencies:
    """How many customers made 0, 1, … ``top`` or more repeat purchases, and how many each model expects to.

    A model expects Σ P(X(T) = count) over the customers, each observed for an own T.
    """
    _in_unit(models, summary.unit)
    counts, weight = _counts(top), summary.weights
    ages, which = np.unique(summary.T, return_inverse=True)
    customers = weight_by(which, weight)
    expected = {name: _expected_frequencies(model, ages, customers, top) for name, model in models.items()}
    actual = _by_count(summary.frequency, weight, top)
    return Frequencies(counts, actual, expected)


def distribution(models: Mapping[str, NewCustomers], periods: float, top: int = 10) -> Distribution:
    """The chance that a new customer makes 0, 1, … ``top`` repeat purchases in ``periods`` units, by each model."""
    units = {model.unit for model in models.values()}
    if len(units) != 1:
        raise UsageError(f"The models' units are {', '.join(sorted(units)) or 'none'}.", allowed="They must share one.")
    chances = {
        name: np.array([model.probability_of_purchases(count, periods) for count in range(top + 1)])
        for name, model in models.items()
    }
    return Distribution(_counts(top), chances, periods, units.pop())


def by_frequency(
    summary: Summary, holdout_purchases: ArrayLike, models: Mapping[str, KnownCustomers], periods: float, top: int = 7
) -> ByFrequency:
    """Mean purchases in the ``periods`` after the cutoff, by frequency before it: what happened and what was expected.

    ``holdout_purchases``: what each row's customers bought in that time, each on average where a row stands for many.
    """
    _in_unit(models, summary.unit)
    bought, weight = floats("holdout_purchases", holdout_purchases), summary.weights
    same_length(frequency=summary.frequency, holdout_purchases=bought)
    customers = _by_count(summary.frequency, weight, top)

    def mean(values: Floats) -> Floats:
        total = _by_count(summary.frequency, values * weight, top)
        return np.where(customers > 0, total / np.maximum(customers, 1e-300), np.nan)

    expected = {name: mean(model.expected_purchases(summary, periods)) for name, model in models.items()}
    return ByFrequency(_counts(top), customers, mean(bought), expected, periods, summary.unit)


def over_ages(curve: Callable[[float], float], ages: Floats) -> Floats:
    """A smooth function of one age at each of many: at the distinct ones, or read from a table when those are many."""
    # Differences of times carry noise in the last digits, which would make equal ages distinct.
    distinct, which = np.unique(np.round(ages, 9), return_inverse=True)
    if len(distinct) <= _TABULATED:
        return np.array([curve(float(age)) for age in distinct])[which]
    # Denser near the youngest, where the curves bend.
    nodes = distinct[0] + (distinct[-1] - distinct[0]) * np.linspace(0.0, 1.0, _TABULATED) ** 2
    table = CubicSpline(nodes, [curve(float(age)) for age in nodes])
    return np.asarray(table(distinct), dtype=np.float64)[which]


def _expected_frequencies(model: NewCustomers, ages: Floats, customers: Floats, top: int) -> Floats:
    below = [dot(over_ages(partial(model.probability_of_purchases, count), ages), customers) for count in range(top)]
    return np.array([*below, max(float(customers.sum()) - sum(below), 0.0)])


def _by_count(frequency: Floats, values: Floats, top: int) -> Floats:
    """The sum of the values of customers with 0, 1, … ``top`` or more repeat purchases."""
    group = np.minimum(frequency, top).astype(np.int64)
    return np.asarray(np.bincount(group, values, top + 1), dtype=np.float64)


def _counts(top: int) -> Floats:
    if top < 1:
        raise UsageError(f"Counts up to {top} were asked for.", allowed="At least up to 1.")
    return np.arange(top + 1.0)


def _in_unit(models: Mapping[str, NewCustomers] | Mapping[str, KnownCustomers], unit: str) -> None:
    if not models:
        raise DataError("No model was given.", to_do="Give fitted models under the names that a legend shall show.")
    for name, model in models.items():
        if model.unit != unit:
            raise UsageError(
                f"The times are in {unit}s, {name}'s in {model.unit}s.",
                to_do=f"Fit {name} on {unit}s, or give times in {model.unit}s.",
            )
