from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from models.simulated_customers import history, shop, subscribers, window
from patron.errors import DataError
from patron.models.customers import Customers, History
from patron.models.validation.metrics import measure
from patron.models.valuing import forest as forest_file
from patron.models.valuing.baselines import TrailingValue
from patron.models.valuing.feature_matrix import lessons_of
from patron.models.valuing.forest import FittedForest, RandomForest, learn_bins

SALES = shop(1200)
NOW, HORIZON = 380, 120
HISTORY = history(SALES, NOW, HORIZON)
FUTURE = window(SALES, NOW, HORIZON)
MONEY = ("monetary_value", "historic_value", "gross_value", "refund_value", "trailing_value")


@pytest.fixture(scope="module", autouse=True)
def fewer_trees() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forest_file, "TREES", 40)
        yield


@pytest.fixture(scope="module")
def fitted() -> FittedForest:
    return RandomForest().fit(HISTORY, 7)


def test_it_beats_the_overall_mean_and_ranks_better_than_the_last_period(fitted: FittedForest) -> None:
    predicted = fitted.predict(FUTURE.customers).expected_value
    made = measure(FUTURE.future_value, predicted)
    learnt_mean = np.mean(np.concatenate([one.future_value for one in HISTORY.windows]))
    plain = measure(FUTURE.future_value, np.full(len(predicted), learnt_mean))
    last = measure(FUTURE.future_value, TrailingValue().fit(HISTORY, 0).predict(HISTORY.now).expected_value)
    assert made.rmse < 0.9 * plain.rmse
    assert made.mae < plain.mae
    assert made.gini > last.gini
    assert 0.75 < made.bias < 1.25


def test_the_trees_in_plain_arrays_walk_as_those_of_scikit_learn() -> None:
    lessons = lessons_of(HISTORY, "A forest")
    codes = learn_bins(lessons.table).codes(lessons.table)
    outcomes = np.column_stack([lessons.bought.astype(float), lessons.value, lessons.orders])
    for grown in forest_file._grown(codes, lessons, 7)[:10]:
        tree = forest_file._tree(grown, codes, outcomes)
        np.testing.assert_array_equal(tree.leaves(codes), grown.apply(codes.astype(np.float32)))


def test_answers_equal_those_of_scikit_learn_where_leaves_hold_the_same_rows() -> None:
    from sklearn.ensemble import RandomForestRegressor

    lessons = lessons_of(HISTORY, "A forest")
    codes = learn_bins(lessons.table).codes(lessons.table)
    outcomes = np.column_stack([lessons.bought.astype(float), lessons.value, lessons.orders])
    # Grown on all rows and on the outcomes themselves, scikit-learn's leaves hold the means that ours do.
    theirs = RandomForestRegressor(
        n_estimators=8, bootstrap=False, max_features=0.3, min_samples_leaf=10, random_state=1, n_jobs=1
    )
    theirs.fit(codes, outcomes)
    trees = tuple(forest_file._tree(grown, codes, outcomes) for grown in theirs.estimators_)
    ours = FittedForest(learn_bins(lessons.table), trees, RandomForest().fit(HISTORY, 1).activity)
    np.testing.assert_allclose(ours.answers(codes), theirs.predict(codes), rtol=1e-9)


def test_the_totals_it_learnt_from_are_kept_to_the_last_cent(fitted: FittedForest) -> None:
    for field in ("value", "orders"):
        learnt = sum(float(getattr(one, f"future_{field}").sum()) for one in HISTORY.windows)
        made = sum(float(getattr(fitted.predict(one.customers), f"expected_{field}").sum()) for one in HISTORY.windows)
        assert made == pytest.approx(learnt, rel=1e-9)


def test_the_same_history_and_seed_give_the_same_bytes_and_another_seed_does_not(fitted: FittedForest) -> None:
    assert RandomForest().fit(HISTORY, 7).artifacts() == fitted.artifacts()
    assert RandomForest().fit(HISTORY, 2**40 + 1).artifacts() != fitted.artifacts()


def test_a_saved_forest_answers_alike(fitted: FittedForest) -> None:
    files = fitted.artifacts()
    for body in files.values():
        json.loads(body)
    again = FittedForest.from_artifacts(files)
    np.testing.assert_array_equal(again.predict(HISTORY.now).expected_value, fitted.predict(HISTORY.now).expected_value)
    with pytest.raises(DataError, match="no random_forest model"):
        FittedForest.from_artifacts({})


def test_cents_instead_of_euros_multiply_values_by_a_hundred_and_nothing_else(fitted: FittedForest) -> None:
    def cents(customers: Customers) -> Customers:
        return replace(customers, columns={**customers.columns, **{n: customers.column(n) * 100 for n in MONEY}})

    windows = tuple(
        replace(one, customers=cents(one.customers), future_value=one.future_value * 100) for one in HISTORY.windows
    )
    made = RandomForest().fit(History(cents(HISTORY.now), windows, HORIZON), 7).predict(cents(HISTORY.now))
    plain = fitted.predict(HISTORY.now)
    np.testing.assert_allclose(made.expected_value, 100 * plain.expected_value, rtol=1e-9)
    np.testing.assert_array_equal(made.probability_no_purchase, plain.probability_no_purchase)


def test_a_customer_is_valued_alike_alone_and_among_others(fitted: FittedForest) -> None:
    few = np.array([3, 500, 900])
    alone = fitted.predict(HISTORY.now.rows(few)).expected_value
    np.testing.assert_array_equal(alone, fitted.predict(HISTORY.now).expected_value[few])


def test_missing_is_a_place_of_its_own_and_further_values_join_the_last() -> None:
    bins = learn_bins({"gap": np.array([1.0, 2.0, np.nan, 3.0])})
    np.testing.assert_array_equal(
        bins.codes({"gap": np.array([np.nan, np.inf, 0.0, 1.0, 2.5, 99.0])}).ravel(), [0, 0, 1, 1, 3, 4]
    )
    assert learn_bins({"gap": np.full(4, np.nan)}).codes({"gap": np.array([np.nan, 1.0])}).max() <= 1


def test_codes_of_the_finest_column_fit_their_byte() -> None:
    values = np.random.default_rng(0).normal(size=50_000)
    assert learn_bins({"x": values}).codes({"x": values}).max() == len(learn_bins({"x": values}).edges["x"]) + 1 < 255


def test_a_table_without_a_learnt_column_is_refused(fitted: FittedForest) -> None:
    now = HISTORY.now
    short = replace(now, columns={name: column for name, column in now.columns.items() if name != "orders"})
    with pytest.raises(DataError, match="no column 'orders', which the model learnt on"):
        fitted.predict(short)


def test_a_world_where_everybody_buys_again_is_borne() -> None:
    loyal = subscribers(300, churn=0.0)
    past = history(loyal, 600, 90)
    made = RandomForest().fit(past, 0).predict(past.now)
    assert measure(window(loyal, 600, 90).future_value, made.expected_value).bias == pytest.approx(1, abs=0.05)


def test_without_enough_buyers_or_differences_it_says_so() -> None:
    with pytest.raises(DataError, match="Random forest has 0 earlier windows"):
        RandomForest().fit(History(HISTORY.now, (), HORIZON), 0)
    flat = tuple(
        replace(one, future_value=np.full(len(one.customers), 5.0), future_orders=np.ones(len(one.customers)))
        for one in HISTORY.windows
    )
    with pytest.raises(DataError, match="brought the same"):
        RandomForest().fit(History(HISTORY.now, flat, HORIZON), 0)
