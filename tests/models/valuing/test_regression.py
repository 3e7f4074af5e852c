from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from patron.models.valuing.regression import least_squares, logistic_regression, tweedie_regression
from patron.models.valuing.search import tweedie_deviance

ROWS = 20_000
RNG = np.random.default_rng(5)
INPUTS = RNG.normal(size=(ROWS, 3))
WEIGHTS = np.array([0.6, -0.4, 0.0])
NOTHING = np.zeros(ROWS)


def tweedie(mean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Compound Poisson-gamma of power 1.5 and dispersion 1: Poisson of mean 2√m, each a gamma of shape 1 and scale √m/2."""
    count = rng.poisson(2 * np.sqrt(mean))
    return np.where(count > 0, rng.gamma(np.maximum(count, 1), np.sqrt(mean) / 2), 0.0)


def test_a_tweedie_regression_finds_the_weights_that_made_its_data() -> None:
    outcome = tweedie(np.exp(0.3 + INPUTS @ WEIGHTS), np.random.default_rng(6))
    found = tweedie_regression(INPUTS, outcome, NOTHING, 0.0)
    assert found.intercept == pytest.approx(0.3, abs=0.03)
    np.testing.assert_allclose(found.weights, WEIGHTS, atol=0.03)


def test_what_the_offset_knows_needs_no_weight() -> None:
    known = INPUTS @ WEIGHTS
    outcome = tweedie(np.exp(0.3 + known), np.random.default_rng(6))
    np.testing.assert_allclose(tweedie_regression(INPUTS, outcome, known, 0.0).weights, 0.0, atol=0.03)


def test_a_strong_penalty_leaves_the_offset_as_it_is_and_keeps_the_level() -> None:
    outcome = tweedie(np.exp(0.3 + INPUTS @ WEIGHTS), np.random.default_rng(6))
    held = tweedie_regression(INPUTS, outcome, NOTHING, 1e6)
    np.testing.assert_allclose(held.weights, 0.0, atol=1e-4)
    assert np.exp(held.intercept) == pytest.approx(outcome.mean(), rel=1e-3)


def test_a_logistic_regression_finds_the_weights_that_made_its_data() -> None:
    happened = (np.random.default_rng(7).random(ROWS) < expit(-1 + INPUTS @ WEIGHTS)).astype(float)
    found = logistic_regression(INPUTS, happened, NOTHING, 0.0)
    assert found.intercept == pytest.approx(-1, abs=0.06)
    np.testing.assert_allclose(found.weights, WEIGHTS, atol=0.06)


def test_least_squares_agree_with_the_normal_equations() -> None:
    outcome = 2 + INPUTS @ WEIGHTS + RNG.normal(size=ROWS)
    found = least_squares(INPUTS, outcome, 0.0)
    exact = np.linalg.lstsq(np.column_stack([np.ones(ROWS), INPUTS]), outcome, rcond=None)[0]
    np.testing.assert_allclose([found.intercept, *found.weights], exact, atol=1e-4)


def test_a_sum_is_the_same_for_a_row_alone_and_among_others() -> None:
    found = least_squares(INPUTS, INPUTS @ WEIGHTS, 0.0)
    np.testing.assert_array_equal(found.sums(INPUTS)[:3], found.sums(INPUTS[:3]))


def test_the_tweedie_deviance_is_nothing_where_all_is_right_and_least_at_the_mean() -> None:
    outcome = tweedie(np.full(ROWS, 2.0), np.random.default_rng(8))
    assert tweedie_deviance(outcome[outcome > 1], outcome[outcome > 1]) == pytest.approx(0, abs=1e-12)
    at = {scale: tweedie_deviance(outcome, np.full(ROWS, outcome.mean() * scale)) for scale in (0.8, 1.0, 1.25)}
    assert at[1.0] < min(at[0.8], at[1.25])
