from __future__ import annotations

import numpy as np
import pytest

from patron.errors import DataError, UnknownName
from patron.models.validation.backtest import Fold, Leaderboard, evaluate
from patron.models.validation.gate import choose, enough

BASELINES = ("trailing_value", "rfm_rate")
COMPLEXITY = {"trailing_value": 0, "rfm_rate": 0, "bg_nbd": 1, "boosting": 2}


def board(folds: int = 3, count: int = 2000, **noise: float) -> Leaderboard:
    """Folds in which each model predicts the truth times its own noise; a ``_bias`` entry scales its total."""
    made = []
    for fold in range(folds):
        rng = np.random.default_rng(fold)
        mean = rng.gamma(0.5, 100, count)
        actual = mean * rng.gamma(4, 0.25, count)
        predictions = {
            name: mean * rng.lognormal(-(size**2) / 2, size, count) * noise.get(name + "_bias", 1.0)
            for name, size in noise.items()
            if not name.endswith("_bias")
        }
        made.append(Fold(1000 + fold, np.arange(count), actual, predictions))
    return evaluate(made)


@pytest.mark.parametrize("metric", ["rmse", "mae", "wape", "gini", "spearman"])
def test_a_model_that_beats_every_baseline_is_served(metric: str) -> None:
    verdict = choose(board(trailing_value=0.8, rfm_rate=0.9, bg_nbd=0.1), metric, 0.25, BASELINES)
    assert (verdict.champion, verdict.passed) == ("bg_nbd", True)
    assert "'bg_nbd' beats every baseline out of time over 3 folds" in verdict.reasons[0]


def test_beating_one_of_two_baselines_is_not_enough() -> None:
    verdict = choose(board(trailing_value=0.1, rfm_rate=0.9, bg_nbd=0.5), "rmse", 0.25, BASELINES)
    assert (verdict.champion, verdict.passed) == ("trailing_value", False)
    assert "the baseline 'trailing_value' is served" in verdict.reasons[0]
    assert "'bg_nbd' does not beat 'trailing_value'" in verdict.reasons[1]


def test_a_wrong_total_keeps_the_best_orderer_out() -> None:
    verdict = choose(
        board(trailing_value=0.8, rfm_rate=0.9, bg_nbd=0.3, boosting=0.1, boosting_bias=1.4), "gini", 0.25, BASELINES
    )
    assert verdict.champion == "bg_nbd"
    assert any("'boosting' predicted 14" in reason for reason in verdict.reasons)


def test_a_baseline_with_its_total_about_right_goes_before_one_without() -> None:
    verdict = choose(
        board(trailing_value=0.3, rfm_rate=0.1, rfm_rate_bias=2.0, bg_nbd=0.9), "spearman", 0.25, BASELINES
    )
    assert verdict.champion == "trailing_value"
    only = choose(board(rfm_rate=0.1, rfm_rate_bias=2.0, bg_nbd=0.9), "spearman", 0.25, BASELINES)
    assert only.champion == "rfm_rate"
    assert "off as well" in only.reasons[0]


def test_a_tie_goes_to_the_simpler_model() -> None:
    rivals = board(trailing_value=0.8, rfm_rate=0.9, boosting=0.300, bg_nbd=0.302)
    gap, error = rivals.difference("boosting", "bg_nbd", "rmse")
    assert abs(gap) < error
    verdict = choose(rivals, "rmse", 0.25, BASELINES, COMPLEXITY)
    assert verdict.champion == "bg_nbd"
    assert verdict.passed


def test_a_clear_win_goes_to_the_more_complex_model() -> None:
    verdict = choose(
        board(trailing_value=0.8, rfm_rate=0.9, bg_nbd=0.5, boosting=0.1), "rmse", 0.25, BASELINES, COMPLEXITY
    )
    assert verdict.champion == "boosting"


def test_the_paired_error_matches_the_bootstrap() -> None:
    rivals = board(folds=1, trailing_value=0.6, bg_nbd=0.3)
    fold = rivals.folds[0]
    rng = np.random.default_rng(0)
    errors = {name: (fold.predictions[name] - fold.actual) ** 2 for name in fold.predictions}
    gaps = []
    for _ in range(400):
        rows = rng.integers(0, len(fold.actual), len(fold.actual))
        gaps.append(np.sqrt(errors["bg_nbd"][rows].mean()) - np.sqrt(errors["trailing_value"][rows].mean()))
    _, error = rivals.difference("bg_nbd", "trailing_value", "rmse")
    assert error == pytest.approx(np.std(gaps), rel=0.5)


def test_the_leaderboard_holds_every_model_on_every_fold() -> None:
    rivals = board(trailing_value=0.6, bg_nbd=0.3)
    assert [(row.model, row.cutoff_day) for row in rivals.rows] == [
        (name, day) for day in (1000, 1001, 1002) for name in ("trailing_value", "bg_nbd")
    ]
    assert rivals.score("bg_nbd", "rmse") == pytest.approx(
        np.mean([row.metrics.rmse for row in rivals.rows if row.model == "bg_nbd"])
    )


def test_a_model_that_missed_a_fold_does_not_compete() -> None:
    whole = board(trailing_value=0.8, rfm_rate=0.9, bg_nbd=0.1).folds
    torn = Fold(
        2000, whole[0].customer_id, whole[0].actual, {k: v for k, v in whole[0].predictions.items() if k != "bg_nbd"}
    )
    verdict = choose(evaluate([*whole, torn]), "rmse", 0.25, BASELINES)
    assert verdict.champion in BASELINES
    assert "bg_nbd" not in {row.model for row in verdict.table}


def test_a_future_without_a_sale_passes_no_model() -> None:
    nothing = Fold(1, np.arange(30), np.zeros(30), {"trailing_value": np.ones(30), "bg_nbd": np.full(30, 0.5)})
    assert not choose(evaluate([nothing]), "gini", 0.25, BASELINES).passed


def test_unknown_metrics_missing_baselines_and_no_folds_are_refused() -> None:
    with pytest.raises(UnknownName, match="precision"):
        choose(board(trailing_value=0.5, bg_nbd=0.1), "precision", 0.25, BASELINES)
    with pytest.raises(UnknownName, match="baseline"):
        choose(board(bg_nbd=0.1), "rmse", 0.25, BASELINES)
    with pytest.raises(DataError, match="without a fold"):
        evaluate([])
    with pytest.raises(UnknownName, match="nobody"):
        board(bg_nbd=0.1, trailing_value=0.2).score("nobody", "rmse")


def test_enough_history_and_customers_need_no_verdict() -> None:
    assert enough(customers=4372, repeat_buyers=2800, history_days=373, horizon_days=120) is None


def test_too_little_history_says_what_is_missing_and_what_would_do() -> None:
    verdict = enough(customers=4372, repeat_buyers=2800, history_days=100, horizon_days=90)
    assert verdict is not None
    assert (verdict.champion, verdict.passed) == ("bg_nbd", False)
    assert "covers 100 days" in verdict.reasons[0]
    assert "33 days or less, or 170 more days" in verdict.reasons[0]


def test_too_few_customers_fall_back_to_the_plainest_answer() -> None:
    verdict = enough(customers=12, repeat_buyers=2, history_days=1000, horizon_days=90)
    assert verdict is not None
    assert (verdict.champion, verdict.passed) == ("trailing_value", False)
    assert "There are 12 customers; 100 would be enough." in verdict.reasons
