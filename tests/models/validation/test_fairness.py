from __future__ import annotations

import numpy as np
import pytest

from patron.models.arrays import Flags, Floats
from patron.models.validation.fairness import Fairness, measure_fairness
from patron.models.validation.fold import Fold
from patron.models.validation.pooled import Labels, Pooled
from patron.models.validation.resampling import resample

COUNT = 4000
WOMEN = np.arange(COUNT) % 2 == 0
GENDER = Labels.of(np.where(WOMEN, "f", "m").tolist())


def top(values: Floats) -> Flags:
    return np.asarray(values >= np.quantile(values, 0.9))


def judged(
    lift: Floats | float = 1.0, chance_lift: Floats | float = 1.0, scatter: float = 4.0, count: int = COUNT
) -> Fairness:
    """A model that is right but for these factors, and groups of which women spend twice as much."""
    rng = np.random.default_rng(5)
    mean = rng.gamma(2, 50, count) * np.where(WOMEN[:count], 2.0, 1.0)
    actual = mean * rng.gamma(scatter, 1 / scatter, count)
    chance = rng.uniform(0.3, 0.7, count)
    bought = rng.random(count) < chance
    said = np.clip(chance * chance_lift, 0, 1)
    predicted = mean * lift
    fold = Fold(1, np.arange(count), actual, {"m": predicted}, {"m": 1 - said}, bought)
    pooled = Pooled.of([fold], "m", resample([fold], seed=1))
    labels = Labels(GENDER.group[:count], GENDER.names)
    return measure_fairness(pooled, {"gender": labels}, (top(predicted), top(actual)), 0.2)


def test_groups_that_bring_different_value_but_are_met_alike_are_within_the_limit() -> None:
    found = judged()
    assert found.standing == "within"
    for row in found.groups:
        assert abs(row.value.value) < 0.1
        assert row.value.low < row.value.value < row.value.high


def test_a_planted_bias_is_beyond_the_limit_with_its_size() -> None:
    found = judged(lift=np.where(WOMEN, 1.4, 1.0))
    women = next(row for row in found.groups if row.name == "f")
    assert found.standing == women.standing == "beyond"
    assert women.value.value == pytest.approx(0.4, abs=0.06)
    assert women.value.low > 0.2
    assert women.high_tier_predicted.value > women.high_tier_actual.value


def test_chances_too_high_for_one_group_are_beyond_the_limit_although_value_is_right() -> None:
    women = next(row for row in judged(chance_lift=np.where(WOMEN, 1.35, 1.0)).groups if row.name == "f")
    assert women.buyers is not None
    assert women.buyers.value == pytest.approx(0.35, abs=0.08)
    assert abs(women.value.value) < 0.1
    assert women.standing == "beyond"


def test_the_same_error_for_everybody_is_fair() -> None:
    assert judged(lift=3.0).standing == "within"


def test_too_few_customers_are_said_to_be_too_few() -> None:
    assert judged(scatter=0.3, count=300).standing == "unsure"


def test_a_group_that_spends_more_fills_the_high_tier_of_a_perfect_model_which_is_told_and_not_held_against_it() -> (
    None
):
    women = next(row for row in judged(scatter=0.5).groups if row.name == "f")
    assert women.high_tier_predicted.value > women.high_tier_actual.value + 3 * women.high_tier_actual.error
    assert women.standing != "beyond"


def test_a_single_group_is_not_judged() -> None:
    fold = Fold(1, np.arange(60), np.ones(60), {"m": np.ones(60)})
    pooled = Pooled.of([fold], "m", resample([fold], seed=1))
    high = np.arange(60) < 6
    found = measure_fairness(pooled, {"country": Labels.of(["Malta"] * 60)}, (high, high), 0.2)
    assert found.groups == ()


def test_without_chances_buyers_are_not_judged() -> None:
    rng = np.random.default_rng(1)
    fold = Fold(1, np.arange(200), rng.gamma(2, 1, 200), {"m": rng.gamma(2, 1, 200)})
    pooled = Pooled.of([fold], "m", resample([fold], seed=1))
    high = np.arange(200) < 20
    found = measure_fairness(pooled, {"half": Labels.of(["a", "b"] * 100)}, (high, high), 0.2)
    assert [row.buyers for row in found.groups] == [None, None]
