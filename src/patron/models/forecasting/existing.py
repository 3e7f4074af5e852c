"""What today's customers bring month by month: each one's expected value, spread over the horizon as it will buy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from patron.models.arrays import Floats, Integers
from patron.models.buying.summary import Summary
from patron.models.forecasting.cohorts import Matrix
from patron.models.forecasting.months import Period


class ExpectsPurchases(Protocol):
    """A fitted model of when customers buy."""

    def expected_purchases(self, summary: Summary, periods: float) -> Floats: ...


@dataclass(frozen=True, eq=False)
class ExistingAhead:
    """Expected revenue (cohort, period) of customers who are there already, and how many of each cohort there are."""

    cohorts: Integers
    customers: Floats
    revenue: Matrix


def existing_ahead(
    cohort: Integers,
    expected_value: Floats,
    summary: Summary,
    process: ExpectsPurchases,
    horizon_days: int,
    periods: Sequence[Period],
    season: Floats,
) -> ExistingAhead:
    """Each customer's expected value within the horizon, laid on the periods in which purchases are expected.

    ``cohort`` is each customer's first month; the summary and the process count days. Seasons move revenue between the
    periods and leave the total as it is: a value model already knows which season the horizon has.
    """
    origin = periods[0].from_day
    ends = np.array([period.to_day - origin for period in periods], dtype=np.float64)
    cohorts, place = np.unique(cohort, return_inverse=True)
    whole = process.expected_purchases(summary, horizon_days)
    revenue = np.empty((len(cohorts), len(periods)))
    before = np.zeros(len(summary))
    for number, end in enumerate(ends):
        by_then = process.expected_purchases(summary, float(end)) if end < horizon_days else whole
        # Who is not expected to buy at all has its little value spread evenly.
        share = np.where(whole > 0, by_then / np.where(whole > 0, whole, 1.0), end / horizon_days)
        revenue[:, number] = np.bincount(place, (share - before) * expected_value, len(cohorts))
        before = share
    revenue = _in_season(revenue, np.array([season[period.month % 12] for period in periods]))
    return ExistingAhead(np.asarray(cohorts, np.int64), np.bincount(place).astype(np.float64), revenue)


def _in_season(revenue: Matrix, index: Floats) -> Matrix:
    total = revenue.sum()
    shaped = revenue * index
    return shaped * (total / shaped.sum()) if shaped.sum() > 0 else revenue
