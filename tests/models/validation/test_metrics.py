from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from patron.errors import DataError, UnknownName
from patron.models.validation.metrics import METRIC_FUNCTIONS, deciles, measure

ACTUAL = np.array([0.0, 0, 0, 0, 0, 0, 10, 20, 30, 40])
PREDICTED = np.array([1.0, 0, 0, 0, 5, 5, 5, 25, 20, 50])


def test_every_figure_of_a_small_example_is_right() -> None:
    made = measure(ACTUAL, PREDICTED)
    assert made.mae == pytest.approx(4.1)
    assert made.wape == pytest.approx(0.41)
    assert made.rmse == pytest.approx(np.sqrt((1 + 25 + 25 + 25 + 25 + 100 + 100) / 10))
    assert made.mape == pytest.approx((0.5 + 0.25 + 1 / 3 + 0.25) / 4)
    assert made.bias == pytest.approx(1.11)
    assert made.spearman == pytest.approx(spearmanr(ACTUAL, PREDICTED)[0])
    assert made.captured_top_10 == pytest.approx(0.4)
    assert made.captured_top_20 == pytest.approx(0.6)
    assert made.precision_at_10 == 1
    assert made["rmse"] == made.rmse


def test_the_truth_scores_perfectly() -> None:
    made = measure(ACTUAL, ACTUAL)
    assert (made.gini, made.spearman, made.rmse, made.bias, made.decile_mape) == pytest.approx((1, 1, 0, 1, 0))


def test_a_constant_prediction_orders_nothing_whatever_the_order_of_rows() -> None:
    for actual in (ACTUAL, ACTUAL[::-1]):
        made = measure(actual, np.full(10, 10.0))
        assert made.captured_top_10 == pytest.approx(0.1)
        assert made.precision_at_10 == pytest.approx(0.1)
        assert made.gini == pytest.approx(0.1 / (2 * np.mean(np.cumsum(np.sort(ACTUAL)[::-1] / 100)) - 1))
        assert np.isnan(made.spearman)


def test_shuffled_rows_change_no_metric() -> None:
    rng = np.random.default_rng(0)
    actual = rng.gamma(0.3, 100, 500)
    predicted = actual * rng.gamma(2, 0.5, 500)
    order = rng.permutation(500)
    one, other = measure(actual, predicted), measure(actual[order], predicted[order])
    for name in METRIC_FUNCTIONS:
        assert one[name] == pytest.approx(other[name])


def test_each_gate_metric_is_the_one_measured() -> None:
    made = measure(ACTUAL, PREDICTED)
    for name, function in METRIC_FUNCTIONS.items():
        assert function(ACTUAL, PREDICTED) == made[name]


def test_deciles_hold_all_customers_and_both_totals() -> None:
    rng = np.random.default_rng(1)
    actual, predicted = rng.gamma(0.5, 10, 103), rng.gamma(0.5, 10, 103)
    rows = deciles(actual, predicted)
    assert [row.decile for row in rows] == list(range(1, 11))
    assert sum(row.customers for row in rows) == 103
    assert sum(row.customers * row.actual_mean for row in rows) == pytest.approx(actual.sum())
    assert np.all(np.diff([row.predicted_mean for row in rows]) > 0)


def test_a_future_without_a_sale_has_errors_but_no_ratios() -> None:
    made = measure(np.zeros(5), np.ones(5))
    assert made.mae == 1
    assert np.isnan([made.wape, made.bias, made.gini, made.mape, made.decile_mape]).all()


def test_nobody_to_measure_and_unknown_metrics_are_refused() -> None:
    with pytest.raises(DataError, match="no customers"):
        measure(np.array([]), np.array([]))
    with pytest.raises(DataError, match="differ in length"):
        measure(np.ones(2), np.ones(3))
    with pytest.raises(DataError, match="predicted is nan"):
        measure(np.ones(2), np.array([1, np.nan]))
    with pytest.raises(UnknownName, match="rsme"):
        measure(ACTUAL, PREDICTED)["rsme"]
