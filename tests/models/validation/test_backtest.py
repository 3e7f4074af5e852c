from __future__ import annotations

import numpy as np
import pytest

from patron.errors import DataError, UnknownName
from patron.models.validation.backtest import Fold, better, evaluate


def fold(day: int, **scale: float) -> Fold:
    actual = np.array([0.0, 10.0, 20.0, 30.0])
    return Fold(day, np.arange(4), actual, {name: actual * size for name, size in scale.items()})


def test_a_score_is_the_mean_over_folds_and_bias_that_of_all_totals() -> None:
    board = evaluate([fold(1, one=1.0), fold(2, one=1.5)])
    assert board.score("one", "wape") == pytest.approx(0.25)
    assert board.bias("one") == pytest.approx(1.25)


def test_only_models_that_predicted_every_fold_are_compared() -> None:
    board = evaluate([fold(1, one=1.0, other=2.0), fold(2, one=1.0)])
    assert board.models == ("one",)
    with pytest.raises(UnknownName, match="third"):
        board.score("third", "wape")


def test_no_fold_and_no_common_model_are_refused() -> None:
    with pytest.raises(DataError, match="without a fold"):
        evaluate([])
    with pytest.raises(DataError, match="every fold"):
        evaluate([fold(1, one=1.0), fold(2, other=1.0)])


def test_a_gap_is_the_same_for_the_same_seed_and_its_error_is_of_the_pair() -> None:
    rng = np.random.default_rng(1)
    mean = rng.gamma(1, 10, 500)
    made = Fold(1, np.arange(500), mean * rng.gamma(4, 0.25, 500), {"one": mean, "other": mean * 1.2})
    gap, error = evaluate([made], seed=7).difference("other", "one", "rmse")
    assert (gap, error) == evaluate([made], seed=7).difference("other", "one", "rmse")
    assert 0 < error < gap


def test_chosen_rows_keep_their_chances_and_outcomes() -> None:
    whole = Fold(1, np.arange(4), np.arange(4.0), {"m": np.arange(4.0)}, {"m": np.ones(4)}, np.arange(4) > 1)
    part = whole.rows(np.array([False, True, True, False]))
    assert part.customer_id.tolist() == [1, 2]
    assert part.bought is not None
    assert (part.bought.tolist(), part.no_purchase["m"].tolist(), len(part)) == ([False, True], [1.0, 1.0], 2)


def test_higher_is_better_only_where_it_is() -> None:
    assert better("gini", 0.6, 0.5)
    assert better("rmse", 0.5, 0.6)
    assert better("rmse", 0.5, float("nan"))
    assert not better("rmse", float("nan"), 0.5)
