"""Revenue by the month in which customers came and the month in which it was earned, and what newcomers will add.

The last month of the history may be one that has only begun: it counts as revenue so far, and nothing is learnt from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from patron.errors import DataError
from patron.models.arrays import Floats
from patron.models.forecasting.months import Period, first_day, month_of

Matrix = NDArray[np.float64]
RECENT_MONTHS: Final = 6
RECENT_COHORTS: Final = 12
ESTABLISHED: Final = 3
"""Of a history, the first third of the months is not asked about newcomers: whoever was there before looks like one."""
FULL_YEARS: Final = 2
"""A season can be told from chance only where it was seen twice."""


@dataclass(frozen=True, eq=False)
class CohortHistory:
    """What was earned up to a day, in calendar months from ``first_month``.

    ``revenue``: (months, months), rows by the month in which customers came, columns by the month of the revenue;
    ``newcomers``: customers who came in each month; ``anonymous``: revenue of nobody in particular.
    """

    origin_day: int
    first_month: int
    revenue: Matrix
    newcomers: Floats
    anonymous: Floats

    def __post_init__(self) -> None:
        months = month_of(self.origin_day) - self.first_month + 1
        shapes = (self.revenue.shape, self.newcomers.shape, self.anonymous.shape)
        if shapes != ((months, months), (months,), (months,)):
            raise DataError(
                f"A history of {months} months has arrays of {shapes}.",
                allowed="(months, months), (months,) and (months,).",
            )

    @property
    def total(self) -> Floats:
        """All revenue of each month."""
        return np.asarray(self.revenue.sum(axis=0) + self.anonymous, dtype=np.float64)

    @property
    def complete(self) -> int:
        """How many of the months are over."""
        over = first_day(month_of(self.origin_day) + 1) - 1 == self.origin_day
        return len(self.newcomers) - (not over)


def seasons(monthly: Floats, first_month: int) -> Floats:
    """How much of a usual month each calendar month brings, January first; all 1 with fewer than two full years.

    The ratio to the centred mean of twelve months, averaged by calendar month and drawn towards 1 as if one year
    without seasons had been seen as well.
    """
    if len(monthly) < 12 * FULL_YEARS or (monthly <= 0).any():
        return np.ones(12)
    around = np.convolve(monthly, np.r_[0.5, np.ones(11), 0.5] / 12, mode="valid")
    ratio = monthly[6:-6] / around
    place = (first_month + 6 + np.arange(len(ratio))) % 12
    years = np.bincount(place, minlength=12)
    index = (np.bincount(place, ratio, minlength=12) + 1) / (years + 1)
    return np.asarray(index / index.mean(), dtype=np.float64)


def revenue_by_age(history: CohortHistory, ages: int) -> Floats:
    """Revenue per newcomer in the month of coming, the month after, and so on, from the latest cohorts that show it.

    Ages that no cohort has reached yet repeat the last one seen; nothing is known without a complete month.
    """
    curve = np.zeros(ages)
    known = 0.0
    for age in range(ages):
        last = history.complete - age
        cohorts = np.arange(max(history.complete // ESTABLISHED, last - RECENT_COHORTS), max(0, last))
        came = history.newcomers[cohorts].sum()
        if came > 0:
            known = float(history.revenue[cohorts, cohorts + age].sum() / came)
        curve[age] = known
    return curve


def newcomers_ahead(history: CohortHistory, periods: Sequence[Period], season: Floats) -> tuple[Floats, Matrix]:
    """How many customers will come in each period, and the revenue (cohort, period) that they bring.

    As many come per day as in the last six complete months, by the seasons of coming; what they bring in the month of
    coming is the mean of all months, and later follows ``season``, as it does for everybody.
    """
    arrivals = seasons(history.newcomers[: history.complete], history.first_month)
    per_day = _per_day(history, history.newcomers, arrivals, established=True)
    coming = np.array([per_day * period.days * arrivals[period.month % 12] for period in periods])
    curve = revenue_by_age(history, len(periods))
    revenue = np.zeros((len(periods), len(periods)))
    for cohort in range(len(periods)):
        for later in range(cohort, len(periods)):
            share = season[periods[later].month % 12] if later > cohort else 1.0
            revenue[cohort, later] = coming[cohort] * curve[later - cohort] * share
    return coming, revenue


def anonymous_ahead(history: CohortHistory, periods: Sequence[Period], season: Floats) -> Floats:
    """Revenue of nobody in particular: as much per day as in the last six complete months, by season."""
    per_day = _per_day(history, history.anonymous, season, established=False)
    return np.array([per_day * period.days * season[period.month % 12] for period in periods])


def _per_day(history: CohortHistory, monthly: Floats, season: Floats, *, established: bool) -> float:
    """What the last complete months brought per day of a usual season."""
    first = max(history.complete // ESTABLISHED if established else 0, history.complete - RECENT_MONTHS)
    months = np.arange(first, history.complete) + history.first_month
    lengths = np.array([first_day(int(month) + 1) - first_day(int(month)) for month in months], dtype=np.float64)
    usual = float((lengths * season[months % 12]).sum())
    return float(monthly[months - history.first_month].sum()) / usual if usual > 0 else 0.0
