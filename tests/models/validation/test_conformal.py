from __future__ import annotations

import json

import numpy as np
import pytest

from patron.errors import DataError, UsageError
from patron.models.validation.conformal import Intervals, fit_intervals


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


def periods(seed: int, count: int, drift: float, customers: int = 500) -> list[tuple[np.ndarray, np.ndarray]]:
    """Predictions and outcomes of some periods, each of which is better or worse for all its customers alike."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        predicted = rng.lognormal(2, 1, customers)
        actual = predicted * rng.lognormal(-0.08, 0.4, customers) * np.exp(rng.normal(0, drift))
        made.append((predicted, actual))
    return made


def coverage_of_the_next(seed: int, past: int, drift: float, *, told: bool) -> float:
    *earlier, newest = periods(seed, past + 1, drift)
    predicted, actual = (np.concatenate([one[side] for one in earlier]) for side in (0, 1))
    fold = np.repeat(np.arange(past), len(newest[0])) if told else None
    return fit_intervals(predicted, actual, fold=fold).coverage(*newest).overall


def test_periods_that_drift_are_covered_as_often_as_claimed_once_the_folds_are_told() -> None:
    told = [coverage_of_the_next(seed, 3, 0.2, told=True) for seed in range(100)]
    pooled = [coverage_of_the_next(seed, 3, 0.2, told=False) for seed in range(100)]
    assert np.mean(pooled) < 0.78
    assert np.mean(told) == pytest.approx(0.8, abs=0.03)


def test_calm_periods_are_hardly_widened() -> None:
    told = [coverage_of_the_next(seed, 6, 0.02, told=True) for seed in range(40)]
    assert 0.79 <= np.mean(told) <= 0.83


def test_what_the_folds_are_called_and_the_order_of_rows_change_nothing() -> None:
    predicted, actual = world(1200, 11, zeros=0.3)
    fold = np.arange(1200) % 3
    mixed = np.random.default_rng(0).permutation(1200)
    one = fit_intervals(predicted, actual, fold=fold)
    other = fit_intervals(predicted[mixed], actual[mixed], fold=(20_000 - 40 * fold)[mixed])
    np.testing.assert_array_equal(one.edges, other.edges)
    np.testing.assert_allclose(one.high, other.high, rtol=1e-12)
    np.testing.assert_array_equal(one.customers, other.customers)


def test_a_fold_number_is_needed_for_each_customer() -> None:
    with pytest.raises(DataError, match="differ in length"):
        fit_intervals(*world(100, 1), fold=np.zeros(99, dtype=np.int64))


def test_a_period_that_brought_nothing_at_all_is_taken_at_its_word() -> None:
    predicted, actual = world(400, 12)
    intervals = fit_intervals(predicted, np.where(np.arange(400) < 200, 0.0, actual), fold=np.repeat([0, 1], 200))
    assert np.isfinite(intervals.high).all()


@pytest.mark.parametrize("zeros", [0.3, 0.9])
def test_the_smoothed_coverage_is_the_claim_even_where_most_bring_nothing(zeros: float) -> None:
    coverage = fit_intervals(*world(20_000, 1, zeros)).coverage(*world(20_000, 2, zeros))
    assert coverage.smoothed == pytest.approx(0.8, abs=0.015)
    assert coverage.zeros == pytest.approx(zeros, abs=0.01)
    assert coverage.overall == pytest.approx(max(zeros, 0.8), abs=0.015)


def test_intervals_of_an_older_release_are_refused_by_what_they_lack() -> None:
    content = fit_intervals(*world(100, 1)).to_dict()
    with pytest.raises(DataError, match="lacks credit"):
        Intervals.from_dict({name: value for name, value in content.items() if name != "credit"})
