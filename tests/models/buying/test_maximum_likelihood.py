from __future__ import annotations

import numpy as np
import pytest

from patron.models.arrays import Floats
from patron.models.buying.maximum_likelihood import maximise_curved

Answer = tuple[float, Floats, Floats]
WIDE = [(-10.0, 10.0)] * 2


def bent_valley(at: Floats) -> Answer:
    """A curved ridge with its peak of 0 at (1, 1)."""
    x, y = at
    value = -((1 - x) ** 2) - 10 * (y - x**2) ** 2
    gradient = np.array([2 * (1 - x) + 40 * x * (y - x**2), -20 * (y - x**2)])
    return value, gradient, np.array([[-2 + 40 * y - 120 * x**2, 40 * x], [40 * x, -20.0]])


def tilted_ridge(at: Floats) -> Answer:
    """A narrow ridge along x = y that rises without end."""
    x, y = at
    value = 1 / (1 + np.exp(-x)) - 50 * (x - y) ** 2
    slope = np.exp(-x) / (1 + np.exp(-x)) ** 2
    bend = slope * (2 / (1 + np.exp(x)) - 1)
    gradient = np.array([slope - 100 * (x - y), 100 * (x - y)])
    return value, gradient, np.array([[bend - 100, 100], [100, -100.0]])


def test_newtons_method_finds_the_peak_from_far_away() -> None:
    found = maximise_curved([bent_valley], [np.array([-8.0, 9.0]), np.array([5.0, -7.0])], WIDE, "xy", 1000)
    assert found.converged
    assert found.log_params == pytest.approx([1, 1], abs=1e-7)
    np.testing.assert_allclose(found.log_covariance, np.linalg.inv([[82, -40], [-40, 20]]) / 1000, rtol=1e-5)


def test_the_best_of_the_starts_goes_on() -> None:
    def two_peaks(at: Floats) -> Answer:
        near, far = np.exp(-(at**2)), 3 * np.exp(-((at - 5) ** 2))
        value = near + far
        slope = -2 * at * near - 2 * (at - 5) * far
        bend = (4 * at**2 - 2) * near + (4 * (at - 5) ** 2 - 2) * far
        return float(value[0]), slope, np.diag(bend)

    found = maximise_curved([two_peaks], [np.array([0.4]), np.array([4.6])], [(-9.0, 9.0)], "x", 10)
    assert found.log_params == pytest.approx([5.0], abs=1e-6)


def test_a_climb_along_a_ridge_ends_at_the_bound_and_says_what_is_not_pinned_down() -> None:
    found = maximise_curved([tilted_ridge], [np.array([-3.0, 2.0])], [(-5.0, 5.0), (-5.0, 9.0)], "xy", 1000)
    assert found.converged
    assert found.log_params[0] == pytest.approx(5)
    assert found.log_params[1] == pytest.approx(5, abs=1e-6)
    assert "do not pin down x" in found.advice
    assert np.isnan(found.log_standard_errors[0])


def test_where_newtons_method_does_not_settle_quasi_newton_takes_over() -> None:
    def misleading(at: Floats) -> Answer:
        value, gradient, hessian = bent_valley(at)
        return value, gradient, hessian[::-1, ::-1]

    found = maximise_curved([misleading], [np.array([-4.0, 9.0])], WIDE, "xy", 1000)
    assert found.log_params == pytest.approx([1, 1], abs=1e-5)


def test_a_search_that_stopped_on_a_slope_says_so() -> None:
    def cliff(at: Floats) -> Answer:
        return float(-np.abs(at).sum()), -np.sign(at - 1e-12), -np.eye(2)

    found = maximise_curved([cliff], [np.array([3.0, -2.0])], WIDE, "xy", 1000)
    assert not found.converged
    assert "stopped before the likelihood was level" in found.advice
