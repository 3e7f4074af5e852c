from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.errors import UsageError
from patron.features.cutoffs import plan_cutoffs, teaching_horizon


def test_two_years_and_a_half_year_horizon_give_three_folds_a_third_of_a_horizon_apart() -> None:
    plan = plan_cutoffs(0, 900, 180, 3)
    assert plan.now == 900
    assert plan.tests == (720, 660, 600)
    assert plan.training_of(900)[0] == 720


@given(first=st.integers(-1000, 20_000), horizon=st.integers(1, 400), folds=st.integers(1, 12))
def test_three_horizons_of_history_prove_one_fold_with_something_to_learn_from(
    first: int, horizon: int, folds: int
) -> None:
    plan = plan_cutoffs(first, first + 3 * horizon - 1, horizon, folds)
    assert len(plan.tests) >= 1
    assert plan.training_of(plan.tests[0])
    assert plan_cutoffs(first, first + 3 * horizon - 2, horizon, folds).tests == ()


@given(
    first=st.integers(-1000, 20_000),
    history=st.integers(0, 4000),
    horizon=st.integers(1, 400),
    folds=st.integers(1, 12),
)
def test_no_fold_learns_from_what_had_not_ended_or_from_too_little_history(
    first: int, history: int, horizon: int, folds: int
) -> None:
    plan = plan_cutoffs(first, first + history, horizon, folds)
    assert len(plan.tests) <= folds
    assert list(plan.tests) == sorted(set(plan.tests), reverse=True)
    assert all(test + horizon <= plan.now for test in plan.tests)
    for cutoff in (plan.now, *plan.tests):
        training = plan.training_of(cutoff)
        assert len(training) <= 4
        assert list(training) == sorted(set(training), reverse=True)
        assert all(day + horizon <= cutoff for day in training)
        assert all(day >= first + horizon // 2 for day in training)
        assert cutoff == plan.now or training
    assert set(plan.all_cutoffs) >= {plan.now, *plan.tests}


@given(horizon=st.integers(21, 400))
def test_tests_stand_about_a_third_of_a_horizon_and_at_least_a_week_apart(horizon: int) -> None:
    plan = plan_cutoffs(0, 10 * horizon, horizon, 12)
    steps = {earlier - later for earlier, later in zip(plan.tests, plan.tests[1:], strict=False)}
    assert steps <= {horizon // 3, horizon // 3 + 1}
    assert min(steps) >= 7


@pytest.mark.parametrize(("first", "last", "horizon"), [(10, 5, 30), (0, 100, 0)])
def test_an_impossible_span_or_horizon_is_refused(first: int, last: int, horizon: int) -> None:
    with pytest.raises(UsageError):
        plan_cutoffs(first, last, horizon, 3)


def test_one_of_the_cutoffs_to_learn_from_lies_a_year_before_the_one_to_predict_from() -> None:
    plan = plan_cutoffs(0, 1400, 100, 3)
    for cutoff in (plan.now, *plan.tests):
        assert any(abs(cutoff - 365 - day) <= 100 / 3 for day in plan.training_of(cutoff))
        assert plan.training_of(cutoff)[0] == max(day for day in plan.grid if day <= cutoff - 100)


def test_a_history_of_less_than_a_year_has_no_season_to_meet() -> None:
    plan = plan_cutoffs(0, 300, 60, 1)
    assert plan.training_of(300)
    assert all(300 - day < 365 - 20 for day in plan.training_of(300))


@pytest.mark.parametrize(
    ("history", "horizon", "taught"), [(272, 273, 136), (272, 136, 136), (242, 122, 122), (900, 180, 180), (1, 30, 1)]
)
def test_windows_look_as_far_back_as_ahead_where_history_is_short(history: int, horizon: int, taught: int) -> None:
    assert teaching_horizon(500, 500 + history, horizon) == taught
