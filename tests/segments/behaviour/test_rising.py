"""The rising are below the high tier, expected to grow, and held beside lists drawn otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from patron.segments.behaviour.rising import RISING_SHARE, Rising, hold_list
from patron.segments.tiers import TierThresholds

THRESHOLDS = TierThresholds(100.0, 10.0)


def test_only_who_is_below_high_and_grows_is_rising() -> None:
    rng = np.random.default_rng(2)
    brought, expected = rng.uniform(0, 150, 2_000), rng.uniform(0, 150, 2_000)
    flags = Rising.of(brought, expected, THRESHOLDS).flags(brought, expected)
    assert flags.any()
    assert brought[flags].max() < 100
    assert (expected[flags] > brought[flags]).all()
    assert flags.sum() <= RISING_SHARE * (brought < 100).sum() + 1


def test_with_everybody_high_nobody_is_rising() -> None:
    brought = np.full(5, 200.0)
    assert not Rising.of(brought, brought * 2, THRESHOLDS).flags(brought, brought * 2).any()


def test_a_list_is_held_beside_rfm_chance_and_the_best_possible() -> None:
    outcome = np.arange(10.0)
    told = hold_list(outcome >= 8, np.ones(10, dtype=bool), -outcome, outcome)
    assert told is not None
    assert (told.customers, told.value, told.by_rfm, told.by_chance, told.best) == (2, 8.5, 0.5, 4.5, 8.5)
    assert told.beats_rfm
    assert hold_list(np.zeros(10, dtype=bool), np.ones(10, dtype=bool), outcome, outcome) is None


def test_a_list_is_drawn_from_its_pool_alone() -> None:
    outcome = np.array([100.0, 1.0, 2.0, 3.0])
    told = hold_list(np.array([True, True, False, False]), outcome < 50, outcome, outcome)
    assert told is not None
    assert told.by_rfm == told.best == pytest.approx(3.0)
