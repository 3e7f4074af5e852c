"""Days, units and horizons."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.errors import UsageError
from patron.periods import day_number, day_of, days_per, longest_provable_horizon, parse_period


@given(st.dates())
def test_a_day_and_its_number_are_one(day: date) -> None:
    assert day_of(day_number(day)) == day


@pytest.mark.parametrize(("text", "days"), [("90 days", 90), ("26 weeks", 182), ("6 months", 180), ("1 year", 365)])
def test_periods_are_read_as_whole_days(text: str, days: int) -> None:
    assert parse_period(text) == days


@pytest.mark.parametrize("text", ["", "90", "six months", "-3 days", "1.5 years"])
def test_anything_else_is_refused_with_what_was_allowed(text: str) -> None:
    with pytest.raises(UsageError, match="26 weeks"):
        parse_period(text)


def test_an_unknown_unit_cannot_pass() -> None:
    assert days_per("week") == 7
    with pytest.raises(UsageError, match="fortnight"):
        days_per("fortnight")


@pytest.mark.parametrize(
    ("history", "horizon"),
    [(3000, 365), (1095, 365), (1094, 360), (545, 180), (373, 120), (90, 30), (89, 28), (21, 7), (20, None)],
)
def test_the_longest_provable_horizon_is_a_third_of_history(history: int, horizon: int | None) -> None:
    assert longest_provable_horizon(history) == horizon
