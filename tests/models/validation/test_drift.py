from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as students_t

from patron.models.validation.drift import LEVELS, USUAL_DRIFT, fit_drift, log_ratios


def test_without_a_measured_period_the_level_is_around_one_and_moves_by_the_usual_drift() -> None:
    drift = fit_drift(np.array([]))
    assert drift.centre == 0
    assert drift.spread == pytest.approx(USUAL_DRIFT * np.sqrt(2))
    assert drift.freedom == 1


def test_many_periods_outweigh_what_was_assumed() -> None:
    ratios = np.random.default_rng(1).normal(0.2, 0.05, 400)
    drift = fit_drift(ratios)
    assert drift.centre == pytest.approx(0.2, abs=0.01)
    assert drift.spread == pytest.approx(0.05, abs=0.005)


def test_levels_are_equally_likely_under_students_t() -> None:
    drift = fit_drift(np.array([0.1, -0.2, 0.3]))
    chances = students_t.cdf((np.log(drift.levels()) - drift.centre) / drift.spread, drift.freedom)
    np.testing.assert_allclose(chances, (np.arange(LEVELS) + 0.5) / LEVELS)


def test_a_total_of_nothing_says_nothing_about_drift() -> None:
    assert log_ratios([(100.0, 0.0), (0.0, 50.0), (100.0, -5.0)]).tolist() == [0, 0, 0]
    assert log_ratios([(100.0, 200.0)])[0] == pytest.approx(np.log(2))


def test_the_next_period_falls_among_the_levels_as_often_as_it_should() -> None:
    rng = np.random.default_rng(2)
    below = []
    for _ in range(2000):
        ratios = rng.normal(0, USUAL_DRIFT, 5)
        levels = np.log(fit_drift(ratios[:4]).levels())
        below.append(levels[0] < ratios[4] < levels[-1])
    # Six of the seven steps between equally likely levels lie between the outermost two.
    assert np.mean(below) == pytest.approx(6 / 7, abs=0.04)
