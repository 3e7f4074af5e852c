"""Alerts learn who falls off, and their precision is measured on other customers."""

from __future__ import annotations

import numpy as np
import pytest

from patron.segments.behaviour.alerts import (
    CALM,
    LEVELS,
    Signs,
    alert_levels,
    fell_off,
    learn_alerts,
    levels_begin,
    measure_alerts,
)


def world(seed: int, count: int = 2_000, strength: float = 3.0) -> tuple[Signs, np.ndarray, np.ndarray]:
    """Customers who fall off the likelier, the longer their pause: signs, value before, value after."""
    rng = np.random.default_rng(seed)
    danger = rng.random(count)
    signs = Signs(np.clip(danger + rng.normal(0, 0.1, count), 0, 1), 3 * danger, 100 * (1 - danger))
    before = rng.lognormal(3, 1, count)
    falls = rng.random(count) < 1 / (1 + np.exp(-strength * (danger - 0.7) * 4))
    return signs, before, np.where(falls, 0.2 * before, before)


def test_on_another_day_the_most_urgent_level_is_the_most_precise() -> None:
    alerts = learn_alerts([world(1), world(2)])
    assert alerts is not None
    told = measure_alerts(alerts, *world(3))
    assert [row.level for row in told] == [*(name for name, _ in LEVELS), CALM]
    assert told[0].precision > told[1].precision > told[0].base_rate > told[2].precision
    assert told[0].customers >= LEVELS[0][1] * 2_000 - 2


def test_where_signs_tell_nothing_precision_is_about_the_base_rate() -> None:
    alerts = learn_alerts([world(1, strength=0.0)])
    assert alerts is not None
    (first, *_) = measure_alerts(alerts, *world(4, 20_000, 0.0))
    assert first.precision == pytest.approx(first.base_rate, abs=0.05)


def test_who_brought_nothing_is_calm_and_nobody_is_alerted_beyond_infinity() -> None:
    chances = np.array([0.9, 0.9, 0.1])
    assert alert_levels(chances, np.array([True, False, True]), (0.8, 0.5)).tolist() == ["act now", CALM, CALM]
    assert alert_levels(chances, np.ones(3, dtype=bool), levels_begin(np.empty(0))).tolist() == [CALM] * 3


def test_who_is_nearly_sure_to_be_lost_is_never_calm() -> None:
    begins = levels_begin(np.repeat([0.99, 0.1], [300, 700]))
    assert alert_levels(np.full(3, 0.99), np.ones(3, dtype=bool), begins).tolist() == ["act now"] * 3
    assert levels_begin(np.linspace(0, 0.5, 1_001)) == pytest.approx((0.475, 0.4))


def test_too_few_or_all_alike_teach_nothing() -> None:
    signs, before, _ = world(1, 40)
    assert learn_alerts([(signs, before, before * 0)]) is None
    signs, before, _ = world(1, 400)
    assert learn_alerts([(signs, before, before)]) is None
    assert learn_alerts([]) is None


def test_falling_off_is_bringing_less_than_half() -> None:
    assert fell_off(np.array([10.0, 10.0]), np.array([4.9, 5.0])).tolist() == [True, False]
