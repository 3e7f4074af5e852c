"""Both views of the months ahead, reconciled."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.errors import UsageError
from patron.models.buying.bg_nbd import FittedBGNBD
from patron.models.buying.summary import Summary
from patron.models.forecasting.cohorts import CohortHistory
from patron.models.forecasting.existing import existing_ahead
from patron.models.forecasting.months import month_of, periods_ahead
from patron.models.forecasting.revenue import PastMonths, TwoViews, reconcile, season_of, two_views
from patron.periods import day_number

PROCESS = FittedBGNBD({"r": 0.8, "alpha": 60.0, "a": 0.8, "b": 2.5}, unit="day")
HORIZON = 184


@cache
def views(origin: date = date(2026, 6, 30)) -> TwoViews:
    day = day_number(origin)
    months = 12
    rng = np.random.default_rng(1)
    revenue = np.triu(rng.uniform(50, 150, (months, months)))
    history = CohortHistory(day, month_of(day) - months + 1, revenue, np.full(months, 40.0), np.full(months, 30.0))
    summary = customers(rng)
    cohort = rng.integers(history.first_month, month_of(day) + 1, len(summary))
    periods = periods_ahead(day, HORIZON)
    existing = existing_ahead(
        cohort, rng.gamma(2, 50, len(summary)), summary, PROCESS, HORIZON, periods, season_of(history)
    )
    return two_views(history, existing, periods, season_of(history))


@pytest.fixture(scope="module")
def both() -> TwoViews:
    return views()


def customers(rng: np.random.Generator) -> Summary:
    frequency = rng.integers(0, 9, 200)
    return Summary(frequency, np.where(frequency > 0, rng.uniform(1, 150, 200), 0.0), np.full(200, 150.0), unit="day")


def test_each_customers_value_is_laid_on_the_months_and_none_is_lost() -> None:
    rng = np.random.default_rng(2)
    summary, values = customers(rng), rng.gamma(2, 50, 200)
    periods = periods_ahead(day_number(date(2026, 6, 30)), HORIZON)
    assert periods[-1].to_day - periods[0].from_day == HORIZON
    found = existing_ahead(np.arange(200) % 5, values, summary, PROCESS, HORIZON, periods, np.ones(12))
    assert found.revenue.sum(axis=1) == pytest.approx([values[k::5].sum() for k in range(5)])
    assert found.customers.tolist() == [40.0] * 5


def test_who_may_leave_brings_less_and_less() -> None:
    summary = Summary(np.array([5]), np.array([140.0]), np.array([150.0]), unit="day")
    periods = periods_ahead(day_number(date(2026, 6, 30)), HORIZON)
    found = existing_ahead(np.array([0]), np.array([100.0]), summary, PROCESS, HORIZON, periods, np.ones(12))
    per_day = found.revenue[0] / [period.days for period in periods]
    assert (np.diff(per_day) < 0).all()


@given(st.floats(0.05, 0.95), st.integers(0, 5))
def test_the_parts_add_up_to_what_is_expected(both: TwoViews, off: float, origins: int) -> None:
    past = [PastMonths(both.bottom_up * (1 + off), both.top_down, both.top_down * 1.1)] * origins
    told = reconcile(both, past)
    assert told.cohort_revenue.sum(axis=0) + told.anonymous + told.so_far == pytest.approx(told.expected)
    low, high = np.minimum(both.bottom_up, both.top_down), np.maximum(both.bottom_up, both.top_down)
    assert ((told.expected >= low - 1e-9) & (told.expected <= high + 1e-9)).all()
    assert told.gap == pytest.approx(both.bottom_up - both.top_down)


def test_the_view_that_was_right_weighs_more() -> None:
    both = views()
    right_below = [PastMonths(np.full(6, 100.0), np.full(6, 150.0), np.full(6, 101.0))] * 3
    assert reconcile(both, right_below).weight_bottom_up > 0.7
    assert reconcile(both, []).weight_bottom_up == 0.5


def test_without_an_earlier_origin_there_are_no_bounds() -> None:
    told = reconcile(views(), [])
    assert np.isnan(told.low).all()
    assert np.isnan(told.high).all()


def test_a_month_that_has_begun_counts_what_is_in_so_far() -> None:
    told = reconcile(views(date(2026, 7, 20)), [])
    assert told.so_far[0] > 0
    assert told.expected[0] > told.so_far[0]
    assert (told.so_far[1:] == 0).all()


def test_bounds_hold_as_often_as_claimed_over_many_worlds() -> None:
    rng, inside, trials = np.random.default_rng(7), 0, 600
    both = views()
    for _ in range(trials):
        shocks = np.exp(rng.normal(0, 0.15, 5))
        past = [PastMonths(both.bottom_up, both.bottom_up, both.bottom_up * shock) for shock in shocks[:4]]
        flat = TwoViews(**{**vars(both), "top_down": both.bottom_up})
        told = reconcile(flat, past)
        actual = both.bottom_up[2] * shocks[4]
        inside += bool(told.low[2] <= actual <= told.high[2])
    assert 0.75 < inside / trials < 0.87


def test_an_impossible_level_is_refused() -> None:
    with pytest.raises(UsageError, match=r"level of 1\.2"):
        reconcile(views(), [], level=1.2)


def test_a_view_that_expects_nothing_gains_no_weight_by_it() -> None:
    blind = [PastMonths(np.array([100.0, 0.0, 0.0]), np.full(3, 110.0), np.full(3, 100.0))] * 2
    assert reconcile(views(), blind).weight_bottom_up < 0.3


def test_with_nothing_expected_from_below_the_series_stands_as_nobodys(both: TwoViews) -> None:
    empty = replace(
        both,
        bottom_up=both.so_far,
        anonymous=np.zeros(len(both.periods)),
        newcomers=np.zeros_like(both.newcomers),
        existing=replace(both.existing, revenue=np.zeros_like(both.existing.revenue)),
    )
    told = reconcile(empty, [])
    assert told.cohort_revenue.sum(axis=0) + told.anonymous + told.so_far == pytest.approx(told.expected)
