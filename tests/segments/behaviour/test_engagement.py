"""The engagement score runs from 0 to 100, and its parts add up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.segments.behaviour.engagement import POINTS, Engagement

COUNT = 200


def columns(seed: int = 0, *extra: str) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    frequency = rng.integers(0, 9, COUNT).astype(float)
    half = rng.uniform(0, 100, COUNT) * (rng.random(COUNT) < 0.8)
    made = {
        "orders": frequency + (rng.random(COUNT) < 0.9),
        "frequency": frequency,
        "T": rng.integers(100, 400, COUNT).astype(float),
        "days_since_last_purchase": rng.integers(0, 200, COUNT).astype(float),
        "mean_gap": np.where(frequency > 0, 20.0, np.nan),
        "last_gap": np.where(frequency > 0, 20.0, np.nan),
        "recency": 20 * frequency,
        "trailing_orders": np.floor(frequency / 2),
        "trailing_value": half * 1.5,
        "value_180d": half,
        "value_90d": half * rng.uniform(0, 1, COUNT),
    }
    return made | {name: np.where(rng.random(COUNT) < 0.3, np.nan, rng.integers(0, 90, COUNT)) for name in extra}


@given(st.integers(0, 10_000))
def test_parts_add_up_to_a_score_from_0_to_100(seed: int) -> None:
    table = columns(seed, "products", "days_since_last_engagement")
    engagement = Engagement.of(table)
    parts = engagement.parts(table)
    assert engagement.score(table) == pytest.approx(sum(parts.values()), abs=1e-9)
    assert min(part.min() for part in parts.values()) >= 0
    assert engagement.score(table).max() <= 100.01


def test_a_part_without_a_source_is_left_out_and_the_others_share_its_points() -> None:
    points = Engagement.of(columns()).points
    assert set(points) == set(POINTS) - {"variety", "response"}
    assert sum(points.values()) == pytest.approx(100)
    assert set(Engagement.of(columns(0, "products", "days_since_last_engagement")).points) == set(POINTS)


def test_who_bought_later_earns_more_than_the_same_customer_longer_ago() -> None:
    table = columns()
    longer = table | {"days_since_last_purchase": table["days_since_last_purchase"] + 10}
    engagement = Engagement.of(table)
    assert (engagement.score(longer) <= engagement.score(table)).all()


def test_no_purchase_earns_nothing_for_recency() -> None:
    table = columns() | {"orders": np.zeros(COUNT)}
    assert Engagement.of(table).parts(table)["recency"].max() == 0
