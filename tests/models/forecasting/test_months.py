"""Calendar months as numbers, and horizons cut into them."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.errors import UsageError
from patron.models.forecasting.months import first_day, label, month_of, months_of, periods_ahead
from patron.periods import day_number

DAYS = st.integers(-20_000, 40_000)


@given(DAYS)
def test_a_day_lies_in_its_month(day: int) -> None:
    month = month_of(day)
    assert first_day(month) <= day < first_day(month + 1)
    assert months_of(np.array([float(day)]))[0] == month


def test_months_are_labelled_so_that_text_sorts_as_time_does() -> None:
    assert label(month_of(day_number(date(2026, 11, 22)))) == "2026-11"


@given(DAYS, st.integers(31, 800))
def test_periods_cover_the_days_after_the_origin_without_gap_or_overlap(origin: int, horizon: int) -> None:
    periods = periods_ahead(origin, horizon)
    assert periods[0].from_day == origin
    assert all(one.to_day == two.from_day for one, two in pairwise(periods))
    assert origin + horizon - 31 <= periods[-1].to_day <= origin + horizon
    assert all(period.whole for period in periods[1:])


def test_a_month_that_has_begun_is_not_whole() -> None:
    mid = day_number(date(2026, 11, 22))
    assert not periods_ahead(mid, 60)[0].whole
    assert periods_ahead(day_number(date(2026, 10, 31)), 60)[0].whole


def test_a_horizon_shorter_than_any_month_end_is_one_period() -> None:
    (period,) = periods_ahead(day_number(date(2026, 11, 5)), 7)
    assert (period.days, period.whole) == (7, False)


def test_no_days_ahead_is_refused() -> None:
    with pytest.raises(UsageError, match="0 days"):
        periods_ahead(0, 0)
