"""Revenue by cohort and month, and what newcomers will add."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from patron.errors import DataError
from patron.models.forecasting.cohorts import (
    CohortHistory,
    anonymous_ahead,
    newcomers_ahead,
    revenue_by_age,
    seasons,
)
from patron.models.forecasting.months import month_of, periods_ahead
from patron.periods import day_number

ORIGIN = day_number(date(2026, 6, 30))
LAST = month_of(ORIGIN)


def steady(months: int = 18, *, origin: int = ORIGIN, newcomers: float = 100.0) -> CohortHistory:
    """A hundred customers come every month; each brings 20, then 10, then 5 every month."""
    curve = np.array([20.0, 10.0] + [5.0] * months)
    revenue = np.array([[newcomers * curve[m - c] if m >= c else 0.0 for m in range(months)] for c in range(months)])
    return CohortHistory(
        origin, month_of(origin) - months + 1, revenue, np.full(months, newcomers), np.full(months, 60.0)
    )


def test_revenue_by_age_is_what_each_newcomer_brought_at_that_age() -> None:
    assert revenue_by_age(steady(), 5) == pytest.approx([20, 10, 5, 5, 5])


def test_ages_that_no_cohort_has_reached_repeat_the_last_one_seen() -> None:
    assert revenue_by_age(steady(6), 12)[-1] == pytest.approx(5)


def test_as_many_newcomers_come_per_day_as_lately() -> None:
    periods = periods_ahead(ORIGIN, 92)
    coming, revenue = newcomers_ahead(steady(), periods, np.ones(12))
    days = 181  # January to June
    assert coming == pytest.approx([600 / days * period.days for period in periods])
    assert revenue[0] == pytest.approx(coming[0] * np.array([20, 10, 5]))
    assert revenue[2, :2] == pytest.approx([0, 0])


def test_a_month_that_has_only_begun_teaches_nothing() -> None:
    begun = steady(origin=day_number(date(2026, 7, 3)))
    assert begun.complete == 17
    begun.revenue[-1, -1] = 0.0
    assert revenue_by_age(begun, 1)[0] == pytest.approx(20)


def test_anonymous_revenue_keeps_its_share() -> None:
    history = steady()
    share = history.anonymous[-6:].sum() / history.revenue[:, -6:].sum()
    assert anonymous_ahead(history, np.array([100.0])) == pytest.approx([100 * share])


def test_seasons_need_two_years_and_are_drawn_towards_none() -> None:
    december = np.where(np.arange(36) % 12 == 11, 300.0, 100.0)
    assert (seasons(december[:23], 0) == 1).all()
    index = seasons(december, 0)
    assert index.mean() == pytest.approx(1)
    assert 1.5 < index[11] / index[:11].mean() < 3


def test_seasons_are_named_by_the_calendar_wherever_history_begins() -> None:
    december = np.where((np.arange(36) + 5) % 12 == 11, 300.0, 100.0)
    assert int(np.argmax(seasons(december, 5))) == 11


def test_arrays_of_another_length_are_refused() -> None:
    with pytest.raises(DataError, match="history of 3 months"):
        CohortHistory(ORIGIN, LAST - 2, np.zeros((2, 2)), np.zeros(3), np.zeros(3))
