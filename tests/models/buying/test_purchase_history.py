from __future__ import annotations

import numpy as np
import pytest

from patron.errors import DataError, UsageError
from patron.models.buying.purchase_history import PurchaseHistory


def test_a_log_in_any_order_becomes_first_and_repeat_purchases() -> None:
    history = PurchaseHistory(["ben", "ada", "ada", "ada"], [4.0, 7.5, 1.0, 2.0], until=10)
    assert list(history.ids) == ["ada", "ben"]
    assert list(history.first) == [1.0, 4.0]
    assert list(history.customer) == [0, 0]
    assert list(history.time) == [2.0, 7.5]
    assert list(history.last) == [7.5, 4.0]


def test_a_history_knows_its_summary() -> None:
    summary = PurchaseHistory(["ben", "ada", "ada", "ada"], [4.0, 7.5, 1.0, 2.0], until=[10, 11], unit="day").summary
    assert list(summary.frequency) == [2, 0]
    assert list(summary.recency) == [6.5, 0]
    assert list(summary.T) == [9, 7]
    assert summary.unit == "day"


@pytest.mark.parametrize(
    ("customer", "time", "until", "what"),
    [
        (["ada"], [np.nan], 10, "time is nan in row 0"),
        (["ada", "ben"], [1.0], 10, "2 customers and 1 times"),
        (["ada", "ben"], [1.0, 11.0], 10, "row 1, of customer ben, is at 11, after the end"),
        (["ada", "ben"], [-1.0, 3.0], 10, "row 0, of customer ada, is at -1, before period 0"),
        (["ada", "ben"], [1.0, 3.0], [10, 10, 10], "until has 3 times for 2 customers"),
        (["ada"], [1.0], np.inf, "until is inf"),
        ([], [], 10, "no purchases"),
    ],
)
def test_impossible_histories_are_refused_with_the_row(customer: list, time: list, until: float, what: str) -> None:
    with pytest.raises(DataError, match=what):
        PurchaseHistory(customer, time, until)


def test_an_unknown_unit_of_time_is_refused() -> None:
    with pytest.raises(UsageError, match="fortnight"):
        PurchaseHistory(["ada"], [1.0], 10, unit="fortnight")
