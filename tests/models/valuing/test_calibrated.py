from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from models.simulated_customers import history, shop
from patron.models.arrays import Floats
from patron.models.valuing.calibrated import Calibration, Spread, calibrate
from patron.models.valuing.teaching import Teaching, teaching

SALES = shop(2500, alpha=20.0)
TAUGHT = teaching(history(SALES, 420, 30, windows=4), "A model")


def too_sure(factor: float) -> Calibration:
    """The calibration of a model whose log-odds, and log-distances of value, are so many times as wide as true."""

    def answer(older: Teaching, aside: Teaching) -> tuple[Floats, Floats]:
        chance = np.clip(aside.table.chance, 1e-4, 1 - 1e-4)
        odds = np.log(chance / (1 - chance))
        noise = np.random.default_rng(2).normal(0.0, factor - 1, len(odds))
        return expit(odds.mean() + factor * (odds - odds.mean())), aside.table.value * np.exp(noise)

    return calibrate(TAUGHT, answer)


def test_a_model_that_is_too_sure_is_drawn_together_and_a_right_one_is_left_alone() -> None:
    right, wrong = too_sure(1.0), too_sure(2.0)
    assert wrong.odds.bend < -0.3
    assert wrong.distance.bend < -0.5
    assert -0.15 < right.odds.bend <= 0


def test_calibration_keeps_the_order_and_the_middle() -> None:
    made = Calibration(Spread(0.0, -0.5), Spread(0.0, -0.5))
    told = np.array([0.1, 0.5, 0.9])
    assert made.chance(told)[1] == pytest.approx(0.5)
    assert (np.diff(made.chance(told)) > 0).all()
    assert made.chance(told)[0] > 0.1
    assert made.value(np.array([40.0]), np.array([10.0]))[0] == pytest.approx(20.0)
    assert made.value(np.array([10.0]), np.array([10.0]))[0] == pytest.approx(10.0)


def test_without_a_window_to_stand_aside_nothing_is_changed() -> None:
    newest = TAUGHT.rows(TAUGHT.as_of_day == TAUGHT.as_of_day.max())

    def never(older: Teaching, aside: Teaching) -> tuple[Floats, Floats]:
        raise AssertionError

    assert calibrate(newest, never) == Calibration()
    told = np.linspace(0.01, 0.99, 9)
    np.testing.assert_allclose(Calibration().chance(told), told, rtol=1e-12)
