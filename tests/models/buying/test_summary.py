from __future__ import annotations

import numpy as np
import pytest

from patron.errors import DataError, UsageError
from patron.models.buying.summary import Summary


@pytest.mark.parametrize(
    ("frequency", "recency", "T", "what"),
    [
        ([1.0, np.nan], [1, 1], [2, 2], "frequency is nan in row 1"),
        ([1, 1], [1, np.inf], [2, 2], "recency is inf in row 1"),
        ([-1], [1], [2], "frequency is -1 in row 0"),
        ([1.5], [1], [2], "whole number"),
        ([1], [3], [2], "cannot exceed T"),
        ([1], [-3], [2], "cannot be negative"),
        ([0], [1], [2], "0 for a customer without a repeat purchase"),
        ([0, 0], [0], [1, 1], "frequency 2, recency 1, T 2"),
        ([[0]], [0], [1], "2 dimensions"),
    ],
)
def test_impossible_customers_are_refused_with_the_row(frequency: list, recency: list, T: list, what: str) -> None:
    with pytest.raises(DataError, match=what):
        Summary(frequency, recency, T, unit="day")


def test_negative_spend_is_no_purchase() -> None:
    with pytest.raises(DataError, match="Refunds are not purchases"):
        Summary([1], [1], [2], monetary_value=[-30], unit="day")


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(UsageError, match="fortnight"):
        Summary([1], [1], [2], unit="fortnight")


@pytest.mark.parametrize("scale", [1.0, 1 / 7])
def test_equal_customers_collapse_to_one_row_with_their_number(scale: float) -> None:
    x, t_x, T = np.array([0, 2, 0, 2, 1]), np.array([0, 7, 0, 7, 7]) * scale, np.array([9, 9, 9, 9, 9]) * scale
    rows = Summary(x, t_x, T, unit="day").collapse()
    assert sorted(zip(rows.frequency, rows.weights, strict=True)) == [(0, 2), (1, 1), (2, 2)]


def test_collapsing_adds_given_weights() -> None:
    rows = Summary([1, 1, 0], [2, 2, 0], [3, 3, 3], weight=[10, 5, 7], unit="day").collapse()
    assert sorted(rows.weights) == [7, 15]


def test_sevenths_of_weeks_collapse_like_whole_days() -> None:
    rng = np.random.default_rng(1)
    T = rng.integers(0, 60, 20_000)
    x = rng.integers(0, 3, 20_000) * (T > 0)
    t_x = np.where(x > 0, np.ceil(T * rng.random(20_000)), 0)
    days, weeks = Summary(x, t_x, T, unit="day").collapse(), Summary(x, t_x / 7, T / 7, unit="day").collapse()
    assert len(weeks) == len(days) == len(np.unique(np.column_stack([x, t_x, T]), axis=0))
    assert sorted(weeks.weights) == sorted(days.weights)


def test_a_negative_zero_is_a_zero() -> None:
    assert len(Summary([0, 0], [0.0, -0.0], [1.5, 1.5], unit="day").collapse()) == 1


def test_many_customers_collapse_to_learn_from_only_where_rows_repeat() -> None:
    T = np.random.default_rng(2).uniform(1, 500, 60_000)
    nobody_alike = Summary(np.zeros(60_000), np.zeros(60_000), T, unit="day")
    assert nobody_alike.to_learn_from() is nobody_alike
    by_day = Summary(np.zeros(60_000), np.zeros(60_000), np.ceil(T), unit="day").to_learn_from()
    assert len(by_day) <= 500
    assert by_day.weights.sum() == 60_000


def test_no_customers_collapse_to_none() -> None:
    assert len(Summary([], [], [], unit="day").collapse()) == 0


def test_a_summary_keeps_its_own_copy() -> None:
    T = np.array([5.0])
    customers = Summary([0], [0], T, unit="day")
    T[0] = -1
    assert customers.T[0] == 5
