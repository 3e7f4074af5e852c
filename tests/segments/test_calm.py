"""Labels stay while numbers a little off would give them, and flaps are counted as such."""

from __future__ import annotations

import numpy as np
import pytest

from patron.segments.calm import calmed, nudges, steadiness
from patron.segments.labels import Labeller
from patron.segments.lifecycle import Rhythm
from patron.segments.rfm import RfmCuts
from patron.segments.tiers import TierThresholds

CUTS = RfmCuts((-40.0, -30.0, -20.0, -10.0), (2.0, 3.0, 4.0, 5.0), (10.0, 20.0, 30.0, 40.0))


def words(*labels: str) -> np.ndarray:
    return np.array(labels, dtype="<U20")


def labeller(margin: float) -> Labeller:
    return Labeller(TierThresholds(100.0, 10.0), CUTS, Rhythm(30.0), margin)


def test_a_label_before_that_is_attainable_stays_and_another_moves() -> None:
    now = calmed(words("b", "b", "b"), words("a", "a", ""), [words("a", "c", "a")])
    assert now.tolist() == ["a", "b", "b"]


@pytest.mark.parametrize(("value", "tier"), [(96.0, "high"), (94.0, "medium"), (9.0, "low")])
def test_a_high_tier_is_left_only_beyond_the_margin(value: float, tier: str) -> None:
    assert labeller(0.05).tier(np.array([value]), words("high")).tolist() == [tier]


def test_the_same_border_is_crossed_upwards_only_beyond_the_margin() -> None:
    rising = [104.0, 106.0]
    assert [labeller(0.05).tier(np.array([one]), words("medium")).item() for one in rising] == ["medium", "high"]


def test_without_a_margin_every_label_is_the_raw_one() -> None:
    values = np.linspace(1, 200, 50)
    before = np.full(50, "high", dtype="<U20")
    assert labeller(0.0).tier(values, before).tolist() == labeller(0.0).raw_tier(values).tolist()
    assert list(nudges(2, 0.0)) == []


def test_a_pause_within_the_own_rhythm_is_no_move() -> None:
    """Somebody who buys every 30 days swings by that much; the name follows a lasting change, not the swing."""
    columns = {
        "days_since_last_purchase": np.array([12.0, 80.0]),
        "orders": np.array([6.0, 6.0]),
        "historic_value": np.array([50.0, 50.0]),
        "frequency": np.array([5.0, 5.0]),
        "mean_gap": np.array([30.0, 30.0]),
    }
    before = words("Champions", "Champions")
    assert labeller(0.05).rfm(columns, before).tolist() == ["Champions", "Cannot Lose"]


def test_moves_that_come_back_are_flaps_and_lasting_ones_are_not() -> None:
    weeks = [words("a", "a", "a", ""), words("b", "b", "a", "a"), words("a", "b", "a", "b"), words("a", "b", "a", "b")]
    told = steadiness(weeks)
    assert (told.steps, told.moves, told.flaps) == (11, 4, 1)
    assert told.flap_rate == pytest.approx(1 / 11)


def test_at_a_border_calm_labels_flap_far_less_than_raw_ones() -> None:
    rng = np.random.default_rng(1)
    raw, calm, before = [], [], np.full(500, "", dtype="<U20")
    for _ in range(12):
        values = 100 * rng.lognormal(0, 0.02, 500)
        raw.append(labeller(0.05).raw_tier(values))
        before = labeller(0.05).tier(values, before)
        calm.append(before)
    assert steadiness(calm).flaps < steadiness(raw).flaps / 20
