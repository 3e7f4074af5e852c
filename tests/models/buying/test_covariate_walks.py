from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patron.errors import DataError, UnknownName
from patron.models.arrays import Floats
from patron.models.buying.covariate_walks import Ahead, PeriodCovariates, Walks, table_of
from patron.models.buying.purchase_history import PurchaseHistory

ADA_AND_BEN = PurchaseHistory(["ada", "ada", "ada", "ben"], [0.5, 1.25, 2.5, 3.0], until=5.5)
NOBODY_LEAVES = np.zeros((1, 6, 0))


def table(covariates: PeriodCovariates, *names: str) -> Floats:
    return table_of(covariates, names, ADA_AND_BEN, ADA_AND_BEN.until)


def test_periods_with_the_same_covariates_are_walked_through_at_once() -> None:
    walks = Walks.of(ADA_AND_BEN, table({"sale": [0, 0, 1, 1, 0, 0]}, "sale"), NOBODY_LEAVES)
    assert walks.purchase[0, :, 0].tolist() == [0, 1, 0]
    assert walks.before.tolist() == [[1.5, 0.5, 0], [0, 0, 0]]
    assert walks.after.tolist() == [[0, 1.5, 1.5], [0, 1, 1.5]]


def test_covariates_count_in_the_period_of_each_repeat_purchase() -> None:
    sale = [[10.0, 1, 2, 3, 4, 5], [60, 50, 40, 30, 20, 10]]
    walks = Walks.of(ADA_AND_BEN, table({"sale": sale}, "sale"), NOBODY_LEAVES)
    assert walks.at_purchases.tolist() == [[3], [0]]


def test_a_purchase_at_the_very_start_of_a_period_is_in_it() -> None:
    history = PurchaseHistory(["ada", "ada"], [0.0, 2.0], until=2.0)
    covariates = {"sale": [0, 0, 7]}
    walks = Walks.of(history, table_of(covariates, ["sale"], history, history.until), np.zeros((1, 3, 0)))
    assert walks.at_purchases.tolist() == [[7]]
    with pytest.raises(DataError, match="ends after 2 periods; 3 are needed"):
        table_of({"sale": [0, 0]}, ["sale"], history, history.until)


@given(seed=st.integers(0, 10_000), periods=st.integers(1, 12), ahead=st.floats(0, 5))
@settings(deadline=None, max_examples=50)
def test_walks_last_as_long_as_customers_were_watched_and_will_be(seed: int, periods: int, ahead: float) -> None:
    rng = np.random.default_rng(seed)
    until = rng.uniform(0, periods, 4)
    history = PurchaseHistory(np.repeat(np.arange(4), 3), (until[:, None] * rng.random((4, 3))).ravel(), until)
    values = rng.integers(0, 2, (4, periods + 6)).astype(float)
    both = table_of({"sale": values}, ["sale"], history, until + ahead)
    walks = Walks.of(history, both, both)
    assert walks.before.sum(axis=1) == pytest.approx(history.last - history.first)
    assert walks.after.sum(axis=1) == pytest.approx(until - history.last)
    for by_unit in (False, True):
        future = Ahead.of(until, ahead, walks.frequency, both, both, by_unit)
        assert future.walks.after.sum(axis=1) == pytest.approx(np.full(4, ahead))


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([1, 0, 1], "ends after 3 periods; 6 are needed"),
        ([[1, 0, 1, 1, 1, 1]], r"shape \(1, 6\) for 2 customers"),
        (np.zeros((2, 6, 1)), r"shape \(2, 6, 1\)"),
        (3.0, r"shape \(\)"),
        ([1, 0, np.nan, 1, 1, 1], "is nan in period 2 for customer ada"),
        ([[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, np.inf, 0]], "is inf in period 4 for customer ben"),
    ],
)
def test_covariates_that_leave_something_open_are_refused(values: list, what: str) -> None:
    with pytest.raises(DataError, match=what):
        table({"sale": values}, "sale")


def test_values_before_a_customer_came_may_be_missing() -> None:
    known = table({"sale": [[1, 0, 1, 1, 0, 1, 0], [np.nan, np.nan, np.nan, 1, 0, 1, np.nan]]}, "sale")
    assert np.isfinite(known).all()


def test_a_covariate_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownName, match="No covariate named 'sales'.*Did you mean 'sale'"):
        table({"sale": [0] * 6}, "sales")
