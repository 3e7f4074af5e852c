"""The calendar, the arrivals and the exact columns that simulated worlds are made of."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from patron.periods import day_number
from patron.sources.samples.export import dates, labels, moments, money, words
from patron.sources.samples.rhythm import (
    Rhythm,
    add_months,
    days_of_month,
    lifetimes,
    on_calendar_days,
    opening_hours,
    shop_weights,
)


def days(*written: str) -> np.ndarray:
    return np.array([day_number(date.fromisoformat(text)) for text in written], dtype=np.int64)


def test_a_month_after_the_31st_is_the_last_day_of_a_shorter_month() -> None:
    start = days("2024-01-31", "2025-01-31", "2024-03-15")
    assert add_months(start, 1).tolist() == days("2024-02-29", "2025-02-28", "2024-04-15").tolist()
    assert add_months(start, 12).tolist() == days("2025-01-31", "2026-01-31", "2025-03-15").tolist()


def test_days_of_a_month_count_from_one() -> None:
    assert days_of_month(days("1969-12-31", "1970-01-01", "2024-02-29")).tolist() == [31, 1, 29]


def test_a_shops_weights_average_one_over_the_years() -> None:
    first = day_number(date(2023, 1, 1))
    weights = shop_weights(first, 3 * 365)
    assert weights.mean() == pytest.approx(1.0, abs=0.03)
    assert weights[day_number(date(2023, 12, 25)) - first] < 0.5
    saturday, sunday = (weights[day_number(date(2023, 5, day)) - first] for day in (6, 7))
    assert saturday > 1.5 * sunday


def test_a_rhythms_mass_is_the_sum_of_its_weights() -> None:
    rhythm = Rhythm.of(100, np.array([1.0, 2.0, 4.0, 8.0]))
    from_day, to_day = np.array([100, 101, 103, 90, 102]), np.array([103, 102, 102, 500, 102])
    assert rhythm.mass(from_day, to_day).tolist() == [15.0, 6.0, 0.0, 15.0, 4.0]


def test_arrivals_stay_within_their_interval_and_follow_the_weights() -> None:
    rhythm = Rhythm.of(0, np.array([1.0, 0.0, 3.0, 5.0]))
    rate, start, end = np.array([4_000.0, 0.0, 9.0]), np.array([0, 0, 3]), np.array([2, 3, 2])
    who, day = rhythm.arrivals(np.random.default_rng(1), rate, start, end)
    assert set(who.tolist()) == {0}
    counts = np.bincount(day, minlength=4)
    assert counts[1] == counts[3] == 0
    assert counts[0] == pytest.approx(4_000, rel=0.05)
    assert counts[2] == pytest.approx(12_000, rel=0.05)


def test_calendar_days_fall_within_each_interval() -> None:
    calendar = np.array([10, 20, 30])
    who, day = on_calendar_days(calendar, np.array([11, 0, 31, 20]), np.array([30, 9, 40, 20]))
    assert who.tolist() == [0, 0, 3]
    assert day.tolist() == [20, 30, 20]
    none, _ = on_calendar_days(calendar, np.array([5]), np.array([4]))
    assert none.tolist() == []


def test_a_shop_is_open_from_eight_to_ten() -> None:
    day = np.full(5_000, 3)
    hours = (opening_hours(np.random.default_rng(2), day) - 3 * 86_400) / 3_600
    assert 8 <= hours.min() < hours.max() < 22


def test_lifetimes_are_memoryless() -> None:
    lived = lifetimes(np.random.default_rng(3), np.full(200_000, 0.01))
    assert np.mean(lived >= 50) == pytest.approx(np.exp(-0.5), abs=0.005)
    assert np.mean(lived[lived >= 50] >= 100) == pytest.approx(np.exp(-0.5), abs=0.005)


def test_money_is_exact_and_signed() -> None:
    assert money(np.array([-1, 0, 12_345])).to_pylist() == [Decimal("-0.01"), Decimal("0.00"), Decimal("123.45")]
    assert money(np.array([-7]), scale=4).to_pylist() == [Decimal("-0.0007")]
    assert money(np.array([1, 2]), np.array([True, False])).to_pylist() == [None, Decimal("0.02")]


def test_what_is_absent_is_empty() -> None:
    assert moments(np.array([-1, 0])).to_pylist()[0] is None
    assert dates(np.array([-1, 0]), np.array([False, True])).to_pylist() == [date(1969, 12, 31), None]
    assert labels("K", np.array([-1, 42]), 4).to_pylist() == [None, "K0042"]
    assert words(("a", "b"), np.array([1, -1])).to_pylist() == ["b", None]
