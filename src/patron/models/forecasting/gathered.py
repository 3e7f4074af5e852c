"""Cohorts gathered for a reader: today's customers by the quarter or year in which they came, then those to come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from patron.models.arrays import Flags
from patron.models.forecasting.revenue import RevenueForecast

MOST_QUARTERS: Final = 8


@dataclass(frozen=True)
class GatheredCohort:
    """Who came in one span of time: how many, and what they bring over all the months ahead."""

    label: str
    customers: float
    expected: float


def gathered_cohorts(told: RevenueForecast) -> tuple[GatheredCohort, ...]:
    """The customers' part of a forecast in a few lines, oldest first; the last line holds the customers to come.

    By quarter, or by year where the quarters would be more than eight. Customers to come in a month that has begun
    stand with those who came in it.
    """
    first_ahead = told.periods[0].month + (not told.periods[0].whole)
    there = told.cohort < first_ahead
    months = 3 if len(np.unique(told.cohort[there] // 3)) <= MOST_QUARTERS else 12
    lines = [
        _gathered(told, there & (told.cohort // months == span), _span_label(int(span), months))
        for span in np.unique(told.cohort[there] // months)
    ]
    return (*lines, _gathered(told, ~there, "to come"))


def _span_label(span: int, months: int) -> str:
    return str(span) if months == 12 else f"{span // 4} Q{span % 4 + 1}"


def _gathered(told: RevenueForecast, members: Flags, label: str) -> GatheredCohort:
    return GatheredCohort(
        label,
        round(float(told.cohort_customers[members].sum()), 1),
        round(float(told.cohort_revenue[members].sum()), 2),
    )
