"""The value at risk is the expected shortfall against the usual value, as simulation finds it."""

from __future__ import annotations

import numpy as np
import pytest

from patron.segments.behaviour.at_risk import (
    at_risk,
    fitted_spread,
    hardly_left,
    measured_days,
    realised_loss,
    usual_value,
)

USUAL, EXPECTED, LOST, ALIVE, SPREAD = 100.0, 63.0, 0.3, 0.9, 0.5


def simulated(rng: np.random.Generator, draws: int) -> np.ndarray:
    mean = EXPECTED / (1 - LOST)
    value = mean * rng.lognormal(-(SPREAD**2) / 2, SPREAD, draws)
    return np.where(rng.random(draws) < LOST, 0.0, value)


def told() -> tuple[float, float, float, float]:
    risk = at_risk(*(np.array([one]) for one in (USUAL, EXPECTED, LOST, ALIVE)), SPREAD)
    return tuple(float(one[0]) for one in (risk.expected, risk.variance, risk.tail, risk.savable))  # type: ignore[return-value]


def test_expectation_and_variance_are_those_of_a_simulation() -> None:
    loss = np.maximum(USUAL - simulated(np.random.default_rng(3), 2_000_000), 0.0)
    expected, variance, _, _ = told()
    assert expected == pytest.approx(loss.mean(), rel=0.005)
    assert variance == pytest.approx(loss.var(), rel=0.01)


def test_the_tail_is_what_one_case_in_twenty_exceeds() -> None:
    certain = at_risk(np.array([100.0]), np.array([90.0]), np.array([0.01]), np.array([1.0]), 0.4)
    rng = np.random.default_rng(5)
    value = np.where(rng.random(1_000_000) < 0.01, 0.0, 90 / 0.99 * rng.lognormal(-0.08, 0.4, 1_000_000))
    assert certain.tail[0] == pytest.approx(np.quantile(np.maximum(100 - value, 0), 0.95), rel=0.01)
    assert told()[2] == USUAL


def test_only_who_is_still_there_can_be_saved() -> None:
    expected, _, _, savable = told()
    assert savable == pytest.approx(ALIVE * expected)


def test_the_spread_is_the_one_at_which_the_expected_loss_came() -> None:
    rng = np.random.default_rng(7)
    usual, lost = rng.lognormal(4, 0.5, 500), rng.uniform(0.05, 0.6, 500)
    expected = usual * (1 - lost) * rng.uniform(0.7, 1.2, 500)
    came = float(at_risk(usual, expected, lost, np.ones(500), 0.8).expected.sum())
    assert fitted_spread(usual, expected, lost, came) == pytest.approx(0.8, abs=1e-6)


def test_the_total_adds_up_and_its_tail_lies_above() -> None:
    risk = at_risk(np.full(9, 100.0), np.full(9, 63.0), np.full(9, 0.3), np.full(9, 1.0), 0.5)
    expected, tail = risk.total()
    assert expected == pytest.approx(float(risk.expected.sum()))
    assert tail > expected


def test_nobody_without_a_usual_value_has_anything_to_lose() -> None:
    risk = at_risk(np.array([0.0, -5.0]), np.array([10.0, 0.0]), np.array([0.5, 1.0]), np.ones(2), 0.5)
    assert risk.expected.tolist() == risk.tail.tolist() == [0.0, 0.0]


def test_losses_and_usual_values_are_in_their_units() -> None:
    assert realised_loss(np.array([10.0, 10.0, -3.0]), np.array([4.0, 12.0, 5.0])).tolist() == [6.0, 0.0, 0.0]
    assert usual_value(np.array([120.0]), 120).tolist() == [90.0]
    assert usual_value(np.array([120.0, -5.0]), 120, 60).tolist() == [60.0, 0.0]


def test_losses_are_measured_over_90_days_or_a_shorter_horizon() -> None:
    assert [measured_days(days) for days in (7, 89, 90, 365)] == [7, 89, 90, 90]


def test_hardly_anybody_has_left_where_what_can_be_saved_is_what_is_at_risk() -> None:
    assert hardly_left(680_130.92, 680_130.81)
    assert not hardly_left(100.0, 99.0)
    assert not hardly_left(0.0, 0.0)
