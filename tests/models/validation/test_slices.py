from __future__ import annotations

import numpy as np
import pytest

from patron.models.arrays import Floats
from patron.models.validation.fold import Fold
from patron.models.validation.pooled import Labels, Pooled, readable
from patron.models.validation.resampling import resample
from patron.models.validation.slices import measure_slices, worst_slices


def pooled(actual: Floats, predicted: Floats, copies: int = 1) -> Pooled:
    folds = [Fold(day, np.arange(len(actual)), actual, {"m": predicted}) for day in range(copies)]
    return Pooled.of(folds, "m", resample(folds, seed=1))


def noisy(count: int, seed: int = 0) -> tuple[Floats, Floats]:
    """A model that is right on average, customers that scatter."""
    rng = np.random.default_rng(seed)
    mean = rng.gamma(1, 50, count)
    return np.asarray(mean * rng.gamma(1, 1, count)), mean


def test_a_planted_fault_is_the_worst_slice_with_its_size_and_error() -> None:
    actual, predicted = noisy(3000)
    country = np.where(np.arange(3000) % 3 == 0, "Malta", np.where(np.arange(3000) % 3 == 1, "Peru", "Chad"))
    predicted = predicted * np.where(country == "Peru", 1.5, 1.0)
    rows = measure_slices(pooled(actual, predicted), {"country": Labels.of(country.tolist())})
    worst = worst_slices(rows)
    assert [row.name for row in worst] == ["Peru"]
    share = predicted[country == "Peru"].sum() / actual[country == "Peru"].sum() - 1
    assert worst[0].bias.value == pytest.approx(share)
    assert abs(worst[0].bias.value - 0.5) < 3 * worst[0].bias.error
    assert 0 < worst[0].surely_off < worst[0].bias.value


def test_noise_is_not_called_off_among_a_hundred_slices() -> None:
    called = 0
    for seed in range(10):
        actual, predicted = noisy(2500, seed)
        groups = {
            f"grouping {k}": Labels.of((np.random.default_rng([seed, k]).integers(0, 10, 2500)).astype(str).tolist())
            for k in range(10)
        }
        called += bool(worst_slices(measure_slices(pooled(actual, predicted), groups)))
    assert called <= 2


def test_a_bias_of_a_few_percent_is_not_worth_a_line_however_sure() -> None:
    mean = np.full(5000, 10.0)
    rows = measure_slices(pooled(mean, mean * 1.05), {"all": Labels.of(["x"] * 5000)})
    assert rows[0].bias.value == pytest.approx(0.05)
    assert rows[0].surely_off > 0
    assert not rows[0].off


def test_small_groups_are_merged_and_marked() -> None:
    actual, predicted = noisy(200)
    names = ["large"] * 120 + ["medium"] * 60 + [f"tiny {k}" for k in range(20)]
    rows = measure_slices(pooled(actual, predicted * 9), {"branch": Labels.of(names)})
    assert [(row.name, row.customers, row.small) for row in rows] == [
        ("large", 120, False),
        ("medium", 60, False),
        ("20 smaller groups", 20, True),
    ]
    assert not rows[-1].off


def test_slices_of_a_grouping_add_up_to_the_whole() -> None:
    actual, predicted = noisy(900)
    rows = measure_slices(pooled(actual, predicted), {"digit": Labels.of([str(k % 30) for k in range(900)])})
    assert sum(row.customers for row in rows) == 900
    assert sum(row.actual_total for row in rows) == pytest.approx(actual.sum())
    assert sum(row.predicted_total for row in rows) == pytest.approx(predicted.sum())


def test_a_customer_of_several_folds_counts_once() -> None:
    actual, predicted = noisy(100)
    labels = Labels.of(["x"] * 300)
    assert measure_slices(pooled(actual, predicted, copies=3), {"all": labels})[0].customers == 100


def test_a_slice_that_brought_nothing_has_no_bias_and_is_not_called_off() -> None:
    rows = measure_slices(pooled(np.zeros(80), np.ones(80)), {"all": Labels.of(["x"] * 80)})
    assert np.isnan(rows[0].bias.value)
    assert not rows[0].off
    assert rows[0].surely_off == 0


def test_groups_stand_by_size_or_in_the_order_asked_for() -> None:
    assert Labels.of(["b", "a", "b", "c"]).names == ("b", "a", "c")
    assert Labels.of(["b", "a", "b"], ("a", "b", "c")).group.tolist() == [1, 0, 1]


def test_at_most_twelve_groups_are_shown_beside_the_rest() -> None:
    actual, predicted = noisy(2000)
    labels = readable(pooled(actual, predicted), Labels.of([str(k % 20) for k in range(2000)]))
    assert len(labels.names) <= 21
    sizes = np.concatenate([np.full(60 + k, k) for k in range(20)])
    actual, predicted = noisy(len(sizes))
    labels = readable(pooled(actual, predicted), Labels.of(sizes.astype(str).tolist()))
    assert len(labels.names) == 13
    assert labels.names[-1] == "8 smaller groups"
