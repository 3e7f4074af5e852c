from __future__ import annotations

import numpy as np
import pytest

from patron.errors import DataError, UsageError
from patron.models.survival.durations import (
    Durations,
    contract_lifetimes,
    covariate_matrix,
    indicators,
    next_purchase_gaps,
    silent_lifetimes,
)

# Ada buys on days 0, 10 and 70; Ben on day 5 alone; Cleo on days 40 and 90.
WHO = ["ada", "ada", "ada", "ben", "cleo", "cleo"]
DAY = [0, 70, 10, 5, 40, 90]


@pytest.mark.parametrize(
    ("duration", "event", "message"),
    [
        ([3, -1], [1, 0], "duration is -1 in row 1"),
        ([3, np.nan], [1, 0], "duration is nan in row 1"),
        ([3, 4], [1, 2], "event is 2 in row 1"),
        ([3, 4, 5], [1, 0], "duration 3, event 2"),
    ],
)
def test_impossible_durations_are_named_with_their_row(duration: list, event: list, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Durations(duration, event)


def test_a_covariate_that_is_no_number_is_named() -> None:
    with pytest.raises(DataError, match="covariate 'age' is nan in row 0"):
        Durations([1, 2], [1, 0], {"age": [np.nan, 3]})


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(UsageError, match="fortnight"):
        Durations([1], [1], unit="fortnight")


def test_the_arrays_of_durations_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Durations([1, 2], [1, 0]).duration[0] = 5


def test_a_model_of_log_time_leaves_out_who_came_today_and_refuses_who_left_at_once() -> None:
    assert len(Durations([0, 4], [0, 1]).above_zero()) == 1
    with pytest.raises(DataError, match="count the first day too"):
        Durations([0, 4], [1, 1]).above_zero()


def test_a_missing_covariate_is_named_and_further_ones_are_ignored() -> None:
    with pytest.raises(DataError, match="covariate 'age' is missing"):
        covariate_matrix(("age",), {"fin": [1.0]})
    np.testing.assert_array_equal(
        covariate_matrix(("b", "a"), {"a": [1, 2], "b": [3, 4], "c": [5, 6]}), [[3, 1], [4, 2]]
    )


def test_indicators_compare_each_word_to_the_commonest() -> None:
    made = indicators("plan", ["basic", "basic", "plus", "pro"])
    assert list(made) == ["plan = plus", "plan = pro"]
    np.testing.assert_array_equal(made["plan = pro"], [0, 0, 0, 1])


def test_a_contract_that_ends_later_was_still_running_and_one_that_starts_later_was_not_known() -> None:
    facts = {"price": [1.0, 2.0, 3.0, 4.0]}
    ended = [30, 80, np.nan, np.nan]
    then = contract_lifetimes(["a", "b", "c", "d"], [0, 10, 20, 60], ended, 50, facts)
    np.testing.assert_array_equal(then.customer_id, ["a", "b", "c"])
    np.testing.assert_array_equal(then.durations.duration, [30, 40, 30])
    np.testing.assert_array_equal(then.durations.event, [True, False, False])
    np.testing.assert_array_equal(then.durations.covariates["price"], [1, 2, 3])
    now = contract_lifetimes(["a", "b", "c", "d"], [0, 10, 20, 60], ended, 100)
    np.testing.assert_array_equal(now.durations.event, [True, True, False, False])
    np.testing.assert_array_equal(now.started(after_day=50).customer_id, ["d"])


def test_a_contract_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(DataError, match="ended_day is 3 in row 1"):
        contract_lifetimes(["a", "b"], [0, 5], [np.nan, 3], 10)


def test_leaving_is_the_day_on_which_the_declared_silence_is_over() -> None:
    made = silent_lifetimes(WHO, DAY, as_of_day=100, window_days=30)
    # Ada was silent from day 10 and gone on day 40, though she came back on day 70; Cleo fell silent on day 40.
    np.testing.assert_array_equal(made.customer_id, ["ada", "ben", "cleo"])
    np.testing.assert_array_equal(made.started_day, [0, 5, 40])
    np.testing.assert_array_equal(made.durations.duration, [40, 30, 30])
    assert made.durations.event.all()


def test_a_silence_that_is_not_over_yet_is_no_leaving() -> None:
    made = silent_lifetimes(WHO, DAY, as_of_day=100, window_days=61)
    np.testing.assert_array_equal(made.durations.event, [False, True, False])
    np.testing.assert_array_equal(made.durations.duration, [100, 61, 60])


def test_silence_ends_with_its_last_day_and_a_purchase_on_that_day_still_breaks_it() -> None:
    on_the_day = silent_lifetimes(["ada", "ada"], [0, 30], as_of_day=30, window_days=30)
    assert not on_the_day.durations.event[0]
    assert silent_lifetimes(["ada"], [0], as_of_day=30, window_days=30).durations.event[0]
    assert not silent_lifetimes(["ada"], [0], as_of_day=29, window_days=30).durations.event[0]


def test_later_purchases_change_nothing_that_was_known_before() -> None:
    whole = silent_lifetimes(WHO, DAY, as_of_day=60, window_days=30)
    seen = [day <= 60 for day in DAY]
    cut = silent_lifetimes(np.array(WHO)[seen], np.array(DAY)[seen], as_of_day=60, window_days=30)
    np.testing.assert_array_equal(whole.durations.duration, cut.durations.duration)
    np.testing.assert_array_equal(whole.durations.event, cut.durations.event)


def test_gaps_run_from_purchase_to_purchase_and_the_last_is_open() -> None:
    made = next_purchase_gaps(WHO, DAY, as_of_day=100)
    np.testing.assert_array_equal(made.durations.duration, [10, 60, 30, 95, 50, 10])
    np.testing.assert_array_equal(made.durations.event, [True, True, False, False, True, False])


def test_no_purchases_give_no_lifetimes() -> None:
    assert len(silent_lifetimes([], [], 10, 5).durations) == 0
    assert len(next_purchase_gaps([], [], 10).durations) == 0
    with pytest.raises(UsageError, match="silence of 0 days"):
        silent_lifetimes(WHO, DAY, 100, 0)
