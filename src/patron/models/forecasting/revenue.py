"""The revenue of the coming months: from the customers up, from the series down, and the two reconciled.

Bottom-up is what today's customers are expected to bring, what newcomers will, and what nobody in particular will;
top-down carries the monthly total on. The forecast is their mean, weighted by how far off each was from earlier origins
(Bates and Granger 1969, "The combination of forecasts"); the gap between them is told, since a wide one is news.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import t as students_t

from patron.errors import UsageError
from patron.models.arrays import Floats, Integers
from patron.models.forecasting.cohorts import (
    CohortHistory,
    Matrix,
    anonymous_ahead,
    newcomers_ahead,
    seasons,
)
from patron.models.forecasting.existing import ExistingAhead
from patron.models.forecasting.months import Period, first_day
from patron.models.forecasting.series import forecast_series

EQUAL_WEIGHT_MONTHS: Final = 6.0
"""Errors of so many months are needed before they count as much as the belief that both views are equally good."""


@dataclass(frozen=True, eq=False)
class TwoViews:
    """The months ahead seen both ways, before they are reconciled; all arrays by period."""

    periods: tuple[Period, ...]
    so_far: Floats
    existing: ExistingAhead
    newcomers: Matrix
    newcomers_coming: Floats
    anonymous: Floats
    bottom_up: Floats
    top_down: Floats
    series_model: str


@dataclass(frozen=True, eq=False)
class PastMonths:
    """What both views expected at one earlier origin of months that are over by now, and what came; without what was in."""

    bottom_up: Floats
    top_down: Floats
    actual: Floats


@dataclass(frozen=True, eq=False)
class RevenueForecast:
    """Revenue by calendar month: expected, with bounds, and its parts; ``so_far`` of a month that has begun is included.

    ``cohort``, ``cohort_revenue``: the customers' part by the month in which they came, today's customers and
    newcomers, scaled to the reconciled forecast; with ``anonymous`` and ``so_far`` they add up to ``expected``.
    ``low`` and ``high`` are NaN where no earlier origin says how far off the forecast may be.
    """

    periods: tuple[Period, ...]
    expected: Floats
    low: Floats
    high: Floats
    so_far: Floats
    bottom_up: Floats
    top_down: Floats
    weight_bottom_up: float
    series_model: str
    cohort: Integers
    cohort_customers: Floats
    cohort_revenue: Matrix
    anonymous: Floats
    origins: int

    @property
    def gap(self) -> Floats:
        """Bottom-up above top-down, by month."""
        return self.bottom_up - self.top_down


def two_views(history: CohortHistory, existing: ExistingAhead, periods: Sequence[Period], season: Floats) -> TwoViews:
    """Both views of the same months. The history needs one complete month."""
    coming, newcomers = newcomers_ahead(history, periods, season)
    identified = existing.revenue.sum(axis=0) + newcomers.sum(axis=0)
    anonymous = anonymous_ahead(history, periods, season)
    so_far = np.zeros(len(periods))
    if not periods[0].whole:
        so_far[0] = history.total[-1]
    series = forecast_series(history.total[_first_whole(history) : history.complete], len(periods))
    return TwoViews(
        tuple(periods),
        so_far,
        existing,
        newcomers,
        coming,
        anonymous,
        bottom_up=so_far + identified + anonymous,
        top_down=_top_down(series.expected, so_far, periods),
        series_model=series.model,
    )


def season_of(history: CohortHistory) -> Floats:
    """The seasons of a history's complete months."""
    start = _first_whole(history)
    return seasons(history.total[start : history.complete], history.first_month + start)


def _first_whole(history: CohortHistory) -> int:
    # Sales that began within a month make it look weak; with little else there is no choice.
    return 1 if history.complete > 3 else 0


def _top_down(expected: Floats, so_far: Floats, periods: Sequence[Period]) -> Floats:
    """Of a month that has begun, what is in so far and the rest at the series' pace: never less than what is in."""
    told = expected.copy()
    if not periods[0].whole:
        month = periods[0].month
        left = periods[0].days / (first_day(month + 1) - first_day(month))
        told[0] = so_far[0] + left * expected[0]
    return told


def reconcile(views: TwoViews, past: Sequence[PastMonths], level: float = 0.8) -> RevenueForecast:
    """One forecast from both views, with bounds from how far such a forecast was off at earlier origins.

    Relative errors of the months of one origin move together, so K origins give Student's t with K degrees of freedom.
    """
    if not 0 < level < 1:
        raise UsageError(f"An interval level of {level} was asked for.", allowed="It lies between 0 and 1.")
    weight = _weight_of_bottom_up(past)
    ahead = weight * (views.bottom_up - views.so_far) + (1 - weight) * (views.top_down - views.so_far)
    parts = views.bottom_up - views.so_far
    scale = np.where(parts != 0, ahead / np.where(parts != 0, parts, 1.0), 0.0)
    reach = _reach_in_usual_months(past, weight, level) * _usual(ahead, views.periods)
    cohort, customers, revenue = _by_cohort(views)
    return RevenueForecast(
        periods=views.periods,
        expected=views.so_far + ahead,
        low=views.so_far + ahead - reach,
        high=views.so_far + ahead + reach,
        so_far=views.so_far,
        bottom_up=views.bottom_up,
        top_down=views.top_down,
        weight_bottom_up=weight,
        series_model=views.series_model,
        cohort=cohort,
        cohort_customers=customers,
        cohort_revenue=revenue * scale,
        # Where nothing is expected from below, what the series expects is nobody's in particular.
        anonymous=np.where(parts != 0, views.anonymous * scale, ahead),
        origins=len(past),
    )


def _usual(ahead: Floats, periods: Sequence[Period]) -> Floats:
    """The usual amount of so many days ahead, for each period: errors are told in usual months."""
    days = np.array([period.days for period in periods], dtype=np.float64)
    return np.asarray(float(np.abs(ahead).sum()) / float(days.sum()) * days, dtype=np.float64)


def _errors(past: Sequence[PastMonths], weight: float) -> Floats:
    """Actual − forecast of every month for one weight of the bottom-up view, in usual months of its origin."""
    errors = []
    for origin in past:
        told = weight * origin.bottom_up + (1 - weight) * origin.top_down
        usual = float(np.abs(origin.actual).mean()) if len(origin.actual) else 0.0
        if usual > 0:
            errors.append((origin.actual - told) / usual)
    return np.concatenate(errors) if errors else np.zeros(0)


def _weight_of_bottom_up(past: Sequence[PastMonths]) -> float:
    """The inverse of mean squared errors, with equal weights believed as firmly as six months of errors."""
    up, down = _errors(past, 1.0), _errors(past, 0.0)
    if not len(up):
        return 0.5
    both = float((up**2).sum() + (down**2).sum())
    prior = EQUAL_WEIGHT_MONTHS * both / (len(up) + len(down))
    off_up, off_down = float((up**2).sum()) + prior, float((down**2).sum()) + prior
    return off_down / (off_up + off_down) if off_up + off_down > 0 else 0.5


def _reach_in_usual_months(past: Sequence[PastMonths], weight: float, level: float) -> float:
    errors = _errors(past, weight)
    if not len(errors):
        return float("nan")
    return float(np.sqrt(np.mean(errors**2)) * students_t.ppf((1 + level) / 2, len(past)))


def _by_cohort(views: TwoViews) -> tuple[Integers, Floats, Matrix]:
    """Today's cohorts and those to come; newcomers of the rest of this month join this month's cohort."""
    months = np.array([period.month for period in views.periods], dtype=np.int64)
    cohort = np.union1d(views.existing.cohorts, months)
    customers, revenue = np.zeros(len(cohort)), np.zeros((len(cohort), len(months)))
    there, coming = np.searchsorted(cohort, views.existing.cohorts), np.searchsorted(cohort, months)
    customers[there] += views.existing.customers
    revenue[there] += views.existing.revenue
    customers[coming] += views.newcomers_coming
    revenue[coming] += views.newcomers
    return cohort, customers, revenue
