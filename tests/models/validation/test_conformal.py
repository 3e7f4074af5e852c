from __future__ import annotations

import json

import numpy as np
import pytest

from patron.errors import DataError, UsageError
from patron.models.validation.conformal import Intervals, fit_intervals, total_interval


def world(count: int, seed: int, zeros: float = 0.0, refunds: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Predictions, and skewed outcomes around them, some of them zero or negative."""
    rng = np.random.default_rng(seed)
    predicted = rng.lognormal(2, 1.5, count)
    actual = predicted * rng.lognormal(-0.32, 0.8, count) / max(1 - zeros, 1e-9)
    actual[rng.random(count) < zeros] = 0.0
    actual[rng.random(count) < refunds] = -5.0
    return predicted, actual


@pytest.mark.parametrize(
    ("level", "zeros"),
    [(0.5, 0.0), (0.5, 0.4), (0.8, 0.0), (0.8, 0.05), (0.8, 0.4), (0.8, 0.75), (0.95, 0.0), (0.95, 0.75)],
)
def test_new_customers_fall_inside_as_often_as_claimed(level: float, zeros: float) -> None:
    intervals = fit_intervals(*world(20_000, 1, zeros), level=level)
    coverage = intervals.coverage(*world(20_000, 2, zeros))
    assert coverage.overall == pytest.approx(level, abs=0.02)
    assert all(abs(band.share - level) < 0.06 for band in (*coverage.by_band, *coverage.by_decile))


def test_more_zeros_than_the_level_give_zero_to_zero_and_cover_more_than_claimed() -> None:
    intervals = fit_intervals(*world(5000, 1, zeros=0.9), level=0.8)
    assert (intervals.low == 0).all()
    assert (intervals.high == 0).all()
    assert intervals.coverage(*world(5000, 2, zeros=0.9)).overall == pytest.approx(0.9, abs=0.02)


def test_zero_heavy_outcomes_start_at_zero_and_spend_the_whole_margin_above() -> None:
    predicted, actual = world(20_000, 1, zeros=0.4)
    low, high = fit_intervals(predicted, actual, bands=1).bounds(predicted)
    assert (low == 0).all()
    assert (actual > high).mean() == pytest.approx(0.2, abs=0.01)


def test_bounds_are_never_negative_where_outcomes_are_not() -> None:
    predicted, actual = world(2000, 3, zeros=0.2)
    low, high = fit_intervals(predicted, actual).bounds(np.append(predicted, 0.0))
    assert (low >= 0).all()
    assert (high >= low).all()


def test_refunds_may_push_the_lower_bound_below_zero() -> None:
    predicted, actual = world(3000, 4, refunds=0.3)
    intervals = fit_intervals(predicted, actual)
    assert (intervals.low < 0).any()
    assert intervals.coverage(*world(10_000, 5, refunds=0.3)).overall == pytest.approx(0.8, abs=0.02)


def test_few_customers_widen_the_interval_to_what_can_be_claimed() -> None:
    shares = []
    for seed in range(300):
        intervals = fit_intervals(*world(25, seed), level=0.8)
        shares.append(intervals.coverage(*world(200, seed + 1000)).overall)
    assert 0.8 <= np.mean(shares) < 0.84


def test_small_bands_join_their_neighbours() -> None:
    predicted, actual = world(350, 6)
    intervals = fit_intervals(predicted, actual, bands=10, smallest_band=100)
    assert intervals.customers.min() >= 100
    assert intervals.customers.sum() == 350
    assert len(fit_intervals(predicted[:50], actual[:50]).customers) == 1


def test_equal_predictions_share_a_band() -> None:
    predicted = np.repeat([0.0, 5.0], [900, 100])
    actual = np.random.default_rng(0).gamma(1, predicted + 1)
    intervals = fit_intervals(predicted, actual, smallest_band=50)
    assert list(intervals.customers) == [900, 100]


def test_the_currency_scales_the_bounds_and_nothing_else() -> None:
    predicted, actual = world(2000, 7, zeros=0.3)
    euros, cents = fit_intervals(predicted, actual), fit_intervals(predicted * 100, actual * 100)
    for one, other in zip(euros.bounds(predicted), cents.bounds(predicted * 100), strict=True):
        np.testing.assert_allclose(other, one * 100, rtol=1e-9)


def test_intervals_survive_being_written_as_plain_data() -> None:
    predicted, actual = world(1000, 8)
    intervals = fit_intervals(predicted, actual)
    read = Intervals.from_dict(json.loads(json.dumps(intervals.to_dict())))
    for one, other in zip(intervals.bounds(predicted), read.bounds(predicted), strict=True):
        np.testing.assert_array_equal(one, other)
    assert read.noise(predicted) == intervals.noise(predicted)
    with pytest.raises(DataError, match="no intervals"):
        Intervals.from_dict({"kind": "something"})


def test_too_few_customers_claim_nothing() -> None:
    with pytest.raises(DataError, match="At least 20"):
        fit_intervals(np.ones(19), np.ones(19))
    with pytest.raises(UsageError, match=r"1\.5"):
        fit_intervals(np.ones(30), np.ones(30), level=1.5)


def test_noise_is_the_spread_of_independent_customers() -> None:
    predicted, actual = world(20_000, 9)
    noise = fit_intervals(predicted, actual).noise(predicted)
    # The outcome is the prediction times a lognormal of mean 1 and variance e^0.64 - 1.
    assert noise == pytest.approx(np.sqrt(np.expm1(0.64) * np.sum(predicted**2)), rel=0.1)


@pytest.mark.parametrize("count", [2, 4, 10])
def test_totals_fall_inside_as_often_as_claimed(count: int) -> None:
    rng = np.random.default_rng(10)
    inside = []
    for _ in range(3000):
        actual = 1000 * (1 + rng.normal(0, 0.15, count + 1))
        interval = total_interval(1000.0, [(1000.0, one) for one in actual[:-1]])
        inside.append(interval.low <= actual[-1] <= interval.high)
    assert np.mean(inside) == pytest.approx(0.8, abs=0.03)


def test_a_total_is_never_surer_than_its_customers_noise() -> None:
    calm = total_interval(1000.0, [(900.0, 900.0), (950.0, 950.0)], noise=50.0)
    assert calm.high - 1000 == pytest.approx(50 * 1.2816, rel=1e-3)
    assert total_interval(1000.0, [], noise=50.0).folds == 0
    assert total_interval(100.0, [(100.0, 500.0)]).low == 0
