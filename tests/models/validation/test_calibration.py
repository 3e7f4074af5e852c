from __future__ import annotations

import numpy as np
import pytest

from patron.errors import DataError
from patron.models.arrays import Flags, Floats
from patron.models.validation.calibration import ProbabilityCalibration, measure_calibration
from patron.models.validation.fold import Fold
from patron.models.validation.pooled import Pooled
from patron.models.validation.resampling import resample


def calibrated(chance: Floats, bought: Flags) -> ProbabilityCalibration:
    fold = Fold(1, np.arange(len(chance)), bought.astype(float), {"m": chance}, {"m": 1 - chance}, bought)
    return measure_calibration(Pooled.of([fold], "m", resample([fold], seed=1)))


def drawn(count: int, lift: float = 0.0) -> tuple[Floats, Flags]:
    rng = np.random.default_rng(2)
    chance = rng.beta(0.6, 0.8, count)
    return np.clip(chance + lift, 0, 1), np.asarray(rng.random(count) < chance)


def test_chances_that_hold_are_off_by_no_more_than_chance() -> None:
    found = calibrated(*drawn(5000))
    assert found.ece.value < 0.03
    assert found.brier.value < found.brier_of_base_rate
    for row in found.table:
        assert abs(row.predicted - row.actual.value) < 4 * max(row.actual.error, 0.005)


def test_chances_a_tenth_too_high_are_off_by_nearly_a_tenth() -> None:
    chance, bought = drawn(5000, lift=0.1)
    found = calibrated(chance, bought)
    assert found.ece.value == pytest.approx(float(chance.mean() - bought.mean()), abs=0.02)
    assert found.ece.error < 0.01


def test_the_table_is_in_tenths_from_the_lowest_chance_and_holds_everybody() -> None:
    found = calibrated(*drawn(1000))
    assert sum(row.rows for row in found.table) == 1000
    assert all(abs(row.rows - 100) <= 1 for row in found.table)
    assert [row.predicted for row in found.table] == sorted(row.predicted for row in found.table)


def test_figures_of_a_small_example_are_right() -> None:
    chance = np.repeat([0.2, 0.8], 50)
    bought = np.concatenate([np.arange(50) < 5, np.arange(50) < 40])
    found = calibrated(chance, bought)
    assert [(row.rows, row.predicted, row.actual.value) for row in found.table] == [
        (50, pytest.approx(0.2), 0.1),
        (50, pytest.approx(0.8), 0.8),
    ]
    assert found.ece.value == pytest.approx(0.05)
    assert found.brier.value == pytest.approx((5 * 0.64 + 45 * 0.04 + 40 * 0.04 + 10 * 0.64) / 100)
    assert found.brier_of_base_rate == pytest.approx(0.45 * 0.55)
    assert found.table[1].actual.error == pytest.approx(np.sqrt(0.8 * 0.2 / 50), rel=0.25)


def test_the_same_chance_for_all_is_one_line() -> None:
    found = calibrated(np.full(100, 0.4), np.arange(100) < 40)
    assert len(found.table) == 1
    assert found.ece.value == pytest.approx(0)
    assert found.brier.value == pytest.approx(found.brier_of_base_rate)


def test_folds_without_chances_are_refused() -> None:
    fold = Fold(1, np.arange(3), np.ones(3), {"m": np.ones(3)})
    with pytest.raises(DataError, match="no chances"):
        measure_calibration(Pooled.of([fold], "m", resample([fold], seed=1)))
