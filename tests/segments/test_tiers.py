"""Value tiers: cut by share, ties together, nothing for nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.errors import DataError
from patron.segments.tiers import TierThresholds, tier_thresholds, value_tiers
from patron.settings import SegmentSettings

BY_VALUE = SegmentSettings()
BY_PERCENTILE = SegmentSettings(tiers_by="percentile", high_share=0.2, medium_share=0.3)
values_of_customers = st.lists(st.integers(-5, 20).map(float), max_size=60).map(lambda v: np.array(v, dtype=float))


def tiers(values: list[float], settings: SegmentSettings = BY_VALUE) -> list[str]:
    return value_tiers(np.array(values, dtype=float), settings).tolist()


def test_the_customers_who_hold_half_the_value_are_high_and_the_next_forty_percent_medium() -> None:
    assert tiers([60, 30, 10]) == ["high", "medium", "low"]
    assert tiers([10, 20, 30, 40]) == ["low", "medium", "medium", "high"]


def test_by_percentile_a_fifth_of_the_customers_is_high_and_three_tenths_medium() -> None:
    got = tiers([float(k) for k in range(10, 0, -1)], BY_PERCENTILE)
    assert got == ["high"] * 2 + ["medium"] * 3 + ["low"] * 5


@pytest.mark.parametrize("settings", [BY_VALUE, BY_PERCENTILE])
def test_who_is_worth_nothing_or_less_is_low(settings: SegmentSettings) -> None:
    assert tiers([-3, 0, 7], settings) == ["low", "low", "high"]


@pytest.mark.parametrize("settings", [BY_VALUE, BY_PERCENTILE])
def test_a_portfolio_without_value_is_all_low_and_has_no_thresholds(settings: SegmentSettings) -> None:
    assert tiers([0, 0, 0], settings) == ["low"] * 3
    assert tier_thresholds(np.zeros(3), settings) == TierThresholds(None, None)


def test_customers_worth_the_same_are_all_medium() -> None:
    assert tiers([5, 5, 5]) == ["medium"] * 3
    assert tiers([5]) == ["medium"]


def test_a_large_group_of_equals_is_not_pulled_up_by_the_few_above_it() -> None:
    assert tiers([48] + [1] * 52) == ["high"] + ["medium"] * 52


def test_no_customers_have_no_tiers() -> None:
    assert tiers([]) == []


def test_huge_values_do_not_overflow() -> None:
    assert tiers([1.5e308, 1.4e308, 1.0]) == ["high", "medium", "low"]


def test_the_thresholds_are_the_least_values_of_their_tiers() -> None:
    assert tier_thresholds(np.array([60.0, 30.0, 10.0]), BY_VALUE) == TierThresholds(60.0, 30.0)


def test_a_value_that_is_no_number_is_refused_with_its_count() -> None:
    with pytest.raises(DataError, match="2 of 3 expected values are not finite"):
        tiers([1.0, float("nan"), float("inf")])


@pytest.mark.parametrize("settings", [BY_VALUE, BY_PERCENTILE])
@given(values=values_of_customers)
def test_equal_values_share_a_tier_and_more_value_never_means_a_lower_one(
    settings: SegmentSettings, values: np.ndarray
) -> None:
    place = {"low": 0, "medium": 1, "high": 2}
    ranked = [place[tier] for tier in value_tiers(values, settings)[np.argsort(values)]]
    assert ranked == sorted(ranked)
    by_value: dict[float, set[str]] = {}
    for value, tier in zip(values.tolist(), value_tiers(values, settings).tolist(), strict=True):
        by_value.setdefault(value, set()).add(tier)
    assert all(len(found) == 1 for found in by_value.values())


@given(values=values_of_customers, seed=st.integers(0, 100))
def test_the_order_of_customers_changes_no_tier(values: np.ndarray, seed: int) -> None:
    shuffled = np.random.default_rng(seed).permutation(values.size)
    assert (value_tiers(values[shuffled], BY_VALUE) == value_tiers(values, BY_VALUE)[shuffled]).all()
