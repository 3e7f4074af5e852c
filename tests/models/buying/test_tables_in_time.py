from __future__ import annotations

import numpy as np

from patron.models.arrays import Floats
from patron.models.buying.tables_in_time import tabled


def smooth(x: Floats, y: Floats) -> Floats:
    return np.asarray((1 + x) * -np.expm1(-y) / (2 + np.exp(-y)), dtype=np.float64)


def stepped(x: Floats, y: Floats) -> Floats:
    return np.where(y < 0.7, y, 2 * y) + x


def rows(count: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(1)
    return rng.integers(0, 9, count).astype(float), rng.uniform(1e-9, 6, count)


def test_a_smooth_function_comes_out_to_twelve_digits_from_few_evaluations() -> None:
    asked = []

    def counted(x: Floats, y: Floats) -> Floats:
        asked.append(len(x))
        return smooth(x, y)

    x, y = rows(40_000)
    np.testing.assert_allclose(tabled(x, y, counted), smooth(x, y), rtol=1e-12)
    assert sum(asked) < 2000


def test_a_function_that_is_not_smooth_is_evaluated_straight_where_it_is_not() -> None:
    x, y = rows(5000)
    np.testing.assert_allclose(tabled(x, y, stepped), stepped(x, y), rtol=1e-10)


def test_counts_without_end_need_no_table_of_that_length() -> None:
    x, y = np.array([0.0, 3.0, 1e15]), np.array([0.1, 2.0, 30.0])
    np.testing.assert_allclose(tabled(x, y, smooth), smooth(x, y), rtol=1e-12)


def test_nobody_gets_nothing() -> None:
    assert len(tabled(np.zeros(0), np.zeros(0), smooth)) == 0
