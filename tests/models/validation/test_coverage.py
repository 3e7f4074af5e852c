from __future__ import annotations

import numpy as np
import pytest

from patron.models.validation.coverage import Held, held, tenths

ACTUAL = np.array([0.0, 0.0, 5.0, 12.0])
LOW, HIGH = np.array([0.0, 0.0, 0.0, 2.0]), np.array([0.0, 6.0, 0.0, 10.0])
CREDIT = np.array([0.5, 1.0, 0.5, 1.0])


def made() -> Held:
    return held(ACTUAL, LOW, HIGH, CREDIT)


def test_a_customer_on_a_one_point_interval_counts_for_its_credit() -> None:
    assert made().inside.tolist() == [True, True, False, False]
    assert made().counts.tolist() == [0.5, 1.0, 0.0, 0.0]


def test_each_label_has_its_own_shares() -> None:
    (bern, zug) = made().by_label(np.array(["Zug", "Zug", "Bern", "Bern"]))
    assert (bern.label, bern.customers, bern.share, bern.zeros) == ("Bern", 2, 0.0, 0.0)
    assert (zug.label, zug.share, zug.smoothed, zug.zeros) == ("Zug", 1.0, 0.75, 1.0)


def test_bands_without_customers_are_left_out() -> None:
    assert [row.band for row in made().by_number(np.array([0, 0, 7, 7]))] == [0, 7]


def test_a_value_on_its_bound_is_inside_whatever_the_last_bit() -> None:
    bound = 0.1 * 3
    assert held(np.array([0.3]), np.array([bound]), np.array([1.0]), np.ones(1)).inside[0]


def test_tenths_are_as_large_as_each_other_and_rise_with_the_prediction() -> None:
    predicted = np.random.default_rng(0).permutation(100).astype(np.float64)
    number = tenths(predicted)
    assert np.bincount(number).tolist() == [10] * 10
    assert (number == predicted // 10).all()


def test_coverage_counts_everybody_once() -> None:
    coverage = made().coverage(np.array([0, 0, 1, 1]), np.arange(4.0))
    assert coverage.customers == 4
    assert coverage.overall == 0.5
    assert coverage.smoothed == pytest.approx(1.5 / 4)
    assert sum(row.customers for row in coverage.by_decile) == 4
