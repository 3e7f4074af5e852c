from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.simulated_customers import history, shop, table, window
from patron.errors import DataError
from patron.models.customers import Customers, History, Window
from patron.models.valuing.boosting import Boosting
from patron.models.valuing.installed import value_models
from patron.models.valuing.process_value import bg_nbd_value
from patron.models.valuing.teaching import EXPECTED, WINDOWS_PER_CUSTOMER, learnable_features, level, teaching

SALES = shop(900)
NOW, HORIZON = 420, 60
HISTORY = history(SALES, NOW, HORIZON, windows=5)
LEARNED = ("boosting", "tweedie", "corrected", "smooth", "zero_inflated", "hybrid")


def beside(history: History, **columns: object) -> History:
    """The same history with further features, each a function of the customers' table."""

    def of(customers: Customers) -> Customers:
        return replace(customers, columns={**customers.columns, **{name: made(customers) for name, made in columns.items()}})  # type: ignore[operator]  # fmt: skip

    windows = tuple(replace(one, customers=of(one.customers)) for one in history.windows)
    return History(of(history.now), windows, history.horizon_days)


def ones(customers: Customers) -> np.ndarray:
    return np.ones(len(customers))


def test_each_customer_teaches_in_at_most_three_windows_and_everyone_who_can_does() -> None:
    taught = teaching(HISTORY, "A model")
    everyone = sum(len(one.customers) for one in HISTORY.windows)
    ids = np.unique(np.concatenate([one.customers.customer_id for one in HISTORY.windows]), return_counts=True)[1]
    assert len(taught.value) == np.minimum(ids, WINDOWS_PER_CUSTOMER).sum() < everyone


def test_no_window_is_left_out_and_no_two_runs_draw_differently() -> None:
    taught = teaching(HISTORY, "A model")
    assert set(taught.as_of_day) == {one.customers.as_of_day for one in HISTORY.windows}
    again = teaching(replace(HISTORY), "A model")
    np.testing.assert_array_equal(again.value, taught.value)


def test_what_is_expected_stands_beside_the_features_from_the_windows_own_process() -> None:
    alone = History(HISTORY.now, HISTORY.windows[:1], HORIZON)
    taught = teaching(alone, "A model")
    own = bg_nbd_value(HISTORY.windows[0].customers, HORIZON).predict(HISTORY.windows[0].customers)
    np.testing.assert_allclose(taught.table.columns["bg_nbd_value"], own.expected_value)
    assert set(EXPECTED) < set(taught.table.columns)


def test_a_feature_that_looks_back_further_than_anyone_was_watched_is_left_out() -> None:
    watched = max(float(one.customers.column("T").max()) for one in HISTORY.windows)
    assert 180 < watched < 365
    features = learnable_features(
        beside(HISTORY, value_180d=ones, value_365d=ones, orders_trend_90d=ones, orders_trend_365d=ones)
    )
    assert {"value_180d", "orders_trend_90d"} <= set(features)
    assert not {"value_365d", "orders_trend_365d"} & set(features)


def test_the_quarters_of_a_year_count_only_where_a_window_met_the_season() -> None:
    told = beside(HISTORY, quarter_1_share=ones, acquisition_season=ones)
    assert not {"quarter_1_share", "acquisition_season"} & set(learnable_features(told))
    year_ago = replace(told.windows[-1], customers=replace(told.windows[-1].customers, as_of_day=NOW - 365))
    met = History(told.now, (*told.windows[:-1], year_ago), HORIZON)
    assert {"quarter_1_share", "acquisition_season"} <= set(learnable_features(met))


def test_features_of_the_horizon_are_left_out_where_windows_look_less_far() -> None:
    short = Window(*_parts(window(SALES, NOW - 30, 30)), horizon_days=30)
    mixed = History(HISTORY.now, (*HISTORY.windows, short), HORIZON)
    assert "trailing_value" in learnable_features(HISTORY)
    assert "trailing_value" not in learnable_features(mixed)


def _parts(one: Window) -> tuple[Customers, np.ndarray, np.ndarray]:
    return one.customers, one.future_value, one.future_orders


@pytest.mark.parametrize("name", LEARNED)
def test_what_is_learnt_over_one_horizon_is_told_over_a_longer_one(name: str) -> None:
    far = 150
    short = tuple(replace(one, horizon_days=HORIZON) for one in history(SALES, 330, HORIZON, windows=3).windows)
    told = value_models()[name].fit(History(table(SALES, 330, HORIZON), short, far), 3)
    future = window(SALES, 330, far)
    predicted = told.predict(future.customers)
    assert predicted.expected_value.sum() == pytest.approx(future.future_value.sum(), rel=0.3)
    assert (predicted.probability_no_purchase < 1).all()
    soon = value_models()[name].fit(History(table(SALES, 330, HORIZON), short, HORIZON), 3).predict(future.customers)
    assert soon.expected_value.sum() < 0.75 * predicted.expected_value.sum()
    assert (soon.probability_no_purchase >= predicted.probability_no_purchase - 1e-9).all()


@pytest.mark.parametrize("name", LEARNED)
def test_a_table_without_a_learnt_feature_is_refused_and_the_order_of_columns_does_not_matter(name: str) -> None:
    fitted = value_models()[name].fit(HISTORY, 3)
    now = HISTORY.now
    turned = replace(now, columns=dict(reversed(now.columns.items())))
    further = replace(now, columns={**now.columns, "aardvark": now.column("T")})
    for other in (turned, further):
        np.testing.assert_array_equal(fitted.predict(other).expected_value, fitted.predict(now).expected_value)
    lacking = replace(now, columns={name: column for name, column in now.columns.items() if name != "trailing_orders"})
    with pytest.raises(DataError, match="no column 'trailing_orders'"):
        fitted.predict(lacking)


def test_a_window_of_its_own_horizon_is_held_to_it() -> None:
    late = Window(*_parts(window(SALES, NOW - 20, 20)), horizon_days=20)
    taken = History(HISTORY.now, (late,), HORIZON)
    assert taken.horizon_of(late) == 20
    assert taken.whole_windows == ()
    assert late.rows(np.arange(3)).horizon_days == 20
    with pytest.raises(DataError, match="outcome 21 days long"):
        History(HISTORY.now, (replace(late, horizon_days=21),), HORIZON)
    with pytest.raises(DataError, match="horizon of 0 days"):
        replace(late, horizon_days=0)


def test_a_chance_never_falls_with_what_is_expected() -> None:
    fitted = Boosting().fit(HISTORY, 3)
    table_now = fitted.reach.taught.describe(HISTORY.now)
    more = {**table_now.columns, "bg_nbd_purchase_days": table_now.columns["bg_nbd_purchase_days"] * 3}
    assert (
        fitted.parts.chance(replace(table_now, columns=more).matrix) >= fitted.parts.chance(table_now.matrix) - 1e-7
    ).all()


def test_the_level_is_actual_over_predicted_and_one_where_nothing_is_predicted() -> None:
    assert level(np.array([2.0, 4.0]), np.array([1.0, 2.0])) == 2
    assert level(np.array([2.0]), np.array([0.0])) == 1
    assert level(np.array([-2.0]), np.array([1.0])) == 0
