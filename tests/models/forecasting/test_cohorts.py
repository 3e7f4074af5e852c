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


def test_anonymous_revenue_goes_on_at_its_own_pace_whatever_customers_do() -> None:
    history = steady()
    periods = periods_ahead(ORIGIN, 92)
    expected = [history.anonymous[-6:].sum() / 181 * period.days for period in periods]
    assert anonymous_ahead(history, periods, np.ones(12)) == pytest.approx(expected)
    nobody_known = CohortHistory(ORIGIN, LAST - 17, np.zeros((18, 18)), np.zeros(18), np.full(18, 500.0))
    assert anonymous_ahead(nobody_known, periods, np.ones(12)).sum() == pytest.approx(18 * 500 / 546 * 92, rel=0.02)


def test_a_season_of_coming_counts_once_where_everybody_spends_the_same() -> None:
    """Customers come in threes in December and buy once, for 100: December's newcomers bring 100 each, no more."""
    months, origin = 36, day_number(date(2026, 11, 30))
    first = month_of(origin) - months + 1
    came = np.where((first + np.arange(months)) % 12 == 11, 300.0, 100.0)
    history = CohortHistory(origin, first, np.diag(100 * came), came, np.zeros(months))
    (december,) = periods_ahead(origin, 31)
    season = seasons(history.total, first)
    coming, revenue = newcomers_ahead(history, [december], season)
    assert revenue[0, 0] == pytest.approx(100 * coming[0])
    assert 200 < coming[0] < 320


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
