from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patron.errors import UnknownName
from patron.models.validation import resampling
from patron.models.validation.backtest import Fold, evaluate
from patron.models.validation.bootstrap import Bootstrap, bootstrap
from patron.models.validation.metrics import measure
from patron.models.validation.resampling import resample
from patron.models.validation.weighted_metrics import ALL_FIGURES, weighted_figures

METRICS = [name for name in ALL_FIGURES if not name.endswith("_total")]


def fold(day: int, count: int, seed: int = 1, **noise: float) -> Fold:
    """Customers 0, 1, 2, … whose value each model knows up to its own noise."""
    rng = np.random.default_rng([seed, day])
    mean = rng.gamma(0.5, 100, count)
    actual = np.where(rng.random(count) < 0.5, mean * rng.gamma(4, 0.25, count), 0.0)
    guesses = {name: mean * rng.lognormal(-(size**2) / 2, size, count) / 2 for name, size in noise.items()}
    return Fold(day, np.arange(count), actual, guesses)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 6))
def test_a_weight_is_a_customer_written_out_that_often(seed: int, count: int, values: int) -> None:
    rng = np.random.default_rng(seed)
    actual, predicted = (rng.integers(0, values, count).astype(float) for _ in range(2))
    weight = rng.integers(0, 4, count)
    weight[0] += 1
    figures = weighted_figures(actual, predicted, lambda rows: [weight[rows][None, :].astype(float)])
    repeated = measure(np.repeat(actual, weight), np.repeat(predicted, weight))
    for name in ALL_FIGURES:
        assert figures[name][0] == pytest.approx(getattr(repeated, name), abs=1e-9, nan_ok=True), name


def test_figures_without_weights_are_those_of_the_leaderboard() -> None:
    folds = [fold(1, 400, good=0.3, poor=1.0), fold(2, 300, good=0.3, poor=1.0)]
    board, found = evaluate(folds), bootstrap(folds, ("good", "poor"), seed=1)
    for model in ("good", "poor"):
        assert found.over_folds(model, "bias").value == pytest.approx(board.bias(model) - 1)
        for metric in METRICS:
            assert found.over_folds(model, metric).value == pytest.approx(board.score(model, metric)), metric
    row = board.rows[1]
    assert found.in_fold("poor", 0, "gini").value == pytest.approx(row.metrics.gini)
    assert found.in_fold("poor", 0, "bias").value == pytest.approx(row.metrics.bias - 1)


def test_the_error_of_a_mean_is_its_textbook_error() -> None:
    only = fold(1, 4000, good=0.5)
    off = np.abs(only.predictions["good"] - only.actual)
    found = bootstrap([only], ("good",), seed=3, metrics=("mae",)).over_folds("good", "mae")
    assert found.error == pytest.approx(off.std() / np.sqrt(4000), rel=0.2)


@pytest.fixture(scope="module")
def shops() -> list[Bootstrap]:
    return [bootstrap([fold(1, 600, seed, good=0.5)], ("good",), seed) for seed in range(40)]


@pytest.mark.parametrize("metric", ["rmse", "gini", "spearman", "captured_top_20", "bias"])
def test_errors_say_how_far_a_figure_moves_from_one_shop_to_the_next(shops: list[Bootstrap], metric: str) -> None:
    found = [shop.over_folds("good", metric) for shop in shops]
    spread = float(np.std([figure.value for figure in found], ddof=1))
    assert np.mean([figure.error for figure in found]) == pytest.approx(spread, rel=0.35)


def test_the_jackknife_of_many_customers_agrees_with_the_bootstrap(monkeypatch: pytest.MonkeyPatch) -> None:
    folds = [fold(1, 4500, good=0.5), fold(2, 4000, good=0.5)]
    drawn = bootstrap(folds, ("good",), seed=1)
    monkeypatch.setattr(resampling, "MOST_TO_BOOTSTRAP", 100)
    left_out = bootstrap(folds, ("good",), seed=1)
    assert len(left_out.resamples.weights) == resampling.GROUPS + 1
    for metric in ("wape", "rmse", "gini", "spearman"):
        one, other = drawn.over_folds("good", metric), left_out.over_folds("good", metric)
        assert one.value == pytest.approx(other.value)
        assert one.error == pytest.approx(other.error, rel=0.45), metric


def test_a_customer_of_several_folds_is_drawn_as_one() -> None:
    once = fold(1, 500, good=0.5)
    shared = bootstrap([once, once], ("good",), seed=1, metrics=("mae",)).over_folds("good", "mae")
    others = Fold(2, once.customer_id + 10_000, once.actual, once.predictions)
    apart = bootstrap([once, others], ("good",), seed=1, metrics=("mae",)).over_folds("good", "mae")
    alone = bootstrap([once], ("good",), seed=1, metrics=("mae",)).over_folds("good", "mae")
    assert shared == alone
    assert apart.error == pytest.approx(alone.error / np.sqrt(2), rel=0.2)


def test_the_error_of_a_difference_is_that_of_the_pair() -> None:
    only = fold(1, 800, good=0.5)
    nearly = Fold(1, only.customer_id, only.actual, only.predictions | {"twin": only.predictions["good"] * 1.001})
    found = bootstrap([nearly], ("good", "twin"), seed=1)
    assert found.difference("good", "good", "rmse").error == 0
    assert found.difference("good", "twin", "rmse").error < found.over_folds("good", "rmse").error / 50


def test_the_same_seed_gives_the_same_errors_and_another_seed_others() -> None:
    folds = [fold(1, 200, good=0.5)]
    one, again, other = (bootstrap(folds, ("good",), seed).over_folds("good", "wape") for seed in (1, 1, 2))
    assert one == again
    assert one.error != other.error
    assert one.error == pytest.approx(other.error, rel=0.4)


def test_a_figure_that_hardly_any_resample_has_gets_no_error() -> None:
    lonely = Fold(1, np.arange(30), np.zeros(30), {"good": np.ones(30)})
    found = bootstrap([lonely], ("good",), seed=1)
    for metric in ("gini", "wape", "bias", "mape"):
        assert np.isnan(found.over_folds("good", metric).value)
        assert np.isnan(found.over_folds("good", metric).error)


def test_resamples_hold_as_many_customers_as_there_are() -> None:
    weights = resample([fold(1, 300, good=0.5), fold(2, 200, good=0.5)], seed=1).weights
    assert weights.shape == (resampling.DRAWS + 1, 300)
    assert set(weights.sum(axis=1).tolist()) == {300}
    assert set(weights[0].tolist()) == {1}


def test_unknown_models_and_metrics_are_refused() -> None:
    found = bootstrap([fold(1, 50, good=0.5)], ("good",), seed=1, metrics=("wape",))
    with pytest.raises(UnknownName, match="best"):
        found.over_folds("best", "wape")
    with pytest.raises(UnknownName, match="accuracy"):
        found.over_folds("good", "accuracy")
