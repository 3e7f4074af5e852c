"""Segments are described in words that hold, under names no two of which are alike."""

from __future__ import annotations

import json

import numpy as np
import pytest

from patron.features.catalogue import FEATURES
from patron.segments.clusters.naming import names_of
from patron.segments.clusters.profiles import profiles_of
from patron.segments.clusters.space import learn_space

RNG = np.random.default_rng(11)
ROWS = 1_500
LABELS = np.repeat([0, 1, 2], ROWS // 3)
OFTEN = (LABELS == 0).astype(float)
TABLE = {
    "orders": 2 + 20 * OFTEN + RNG.poisson(2, ROWS),
    "days_since_last_purchase": RNG.exponential(20, ROWS) + 300 * (LABELS == 1),
    "mean_order_value": RNG.lognormal(3, 0.2, ROWS),
    "discount_share": RNG.beta(2, 8, ROWS) + 0.6 * (LABELS == 2),
    "historic_value": RNG.lognormal(4, 0.2, ROWS) * (1 + 8 * OFTEN),
}
SPACE = learn_space(TABLE, tuple(TABLE))
PROFILES = profiles_of(SPACE, TABLE, LABELS, TABLE["historic_value"])


def test_sizes_and_values_add_up() -> None:
    assert [profile.size for profile in PROFILES] == [500, 500, 500]
    assert sum(profile.share for profile in PROFILES) == pytest.approx(1)
    assert sum(profile.value for profile in PROFILES) == pytest.approx(TABLE["historic_value"].sum())
    assert sum(profile.value_share or 0 for profile in PROFILES) == pytest.approx(1)


def test_each_segment_is_told_by_what_sets_it_apart() -> None:
    assert [profile.traits[0].feature for profile in PROFILES][1:] == ["days_since_last_purchase", "discount_share"]
    assert {"orders", "historic_value"} == {trait.feature for trait in PROFILES[0].traits[:2]}
    assert "buy often" in PROFILES[0].sentence
    assert "have not bought for a long time" in PROFILES[1].sentence
    assert "buy at deep discounts" in PROFILES[2].sentence


def test_names_say_it_shortly() -> None:
    assert PROFILES[0].name == "Frequent big spenders"
    assert PROFILES[1].name.startswith("Lapsed")
    assert PROFILES[2].name.endswith("bargain hunters")


def test_no_sentence_holds_a_raw_feature_name() -> None:
    for feature in (feature.name for feature in FEATURES if "_" in feature.name):
        assert all(feature not in profile.sentence + profile.name for profile in PROFILES)


def test_names_are_never_alike() -> None:
    alike = [[("orders", True), ("historic_value", True)]] * 4 + [[]] * 3
    names = names_of(alike)
    assert len(set(names)) == 7
    assert names[0] == "Frequent big spenders"
    assert names[4:] == ("Typical customers", "Typical customers 2", "Typical customers 3")


def test_one_segment_is_everybody() -> None:
    (profile,) = profiles_of(SPACE, TABLE, np.zeros(ROWS, dtype=np.int64), np.zeros(ROWS))
    assert profile.sentence == "All customers: no group among them stands out."
    assert profile.value_share is None
    assert json.dumps(profile.to_dict(), allow_nan=False)
