from __future__ import annotations

import numpy as np
import pytest

from patron.errors import DataError
from patron.models.explaining.components import Sum, composed
from patron.models.explaining.explanation import Explanation, explained, weighted_sum


def sum_of(base: float, parts: list[list[float]]) -> Sum:
    array = np.array(parts)
    return Sum(base, base + array.sum(axis=1), tuple("abcdef"[: array.shape[1]]), array)


def test_a_score_that_is_its_sum_gives_each_input_what_it_adds() -> None:
    made = composed([sum_of(2.0, [[1.0, -3.0], [0.5, 0.25]])], [None], lambda sums, _: sums[0])
    np.testing.assert_allclose(made.contributions, [[1.0, -3.0], [0.5, 0.25]])
    assert made.base.tolist() == [2.0, 2.0]


def test_parts_that_cancel_out_get_the_slope_at_the_base() -> None:
    made = composed([sum_of(1.0, [[2.0, -2.0], [2.0, -2.0 + 1e-9]])], [None], lambda sums, _: np.exp(sums[0]))
    np.testing.assert_allclose(made.contributions, np.e * np.array([[2.0, -2.0], [2.0, -2.0]]), rtol=1e-6)
    closed = made.closed(np.exp([1.0, 1.0 + 1e-9]))
    np.testing.assert_allclose(closed.base + closed.contributions.sum(axis=1), closed.score, rtol=0, atol=1e-12)


def test_two_sums_of_one_product_add_up() -> None:
    made = composed(
        [sum_of(1.0, [[1.0, 2.0]]), sum_of(2.0, [[0.0, -4.0]])],
        [None],
        lambda sums, _: sums[0] * np.maximum(sums[1], 0),
    )
    # From 1 × 2 to 4 × max(-2, 0). The first sum adds (6 + 0) / 2, of which b has twice as much as a; the second the rest.
    assert made.base[0] == 2.0
    np.testing.assert_allclose(made.contributions, [[1.0, 2.0 - 5.0]])


def test_more_than_rounding_is_not_closed_over() -> None:
    made = explained(np.array([1.0]), [("a", np.array([2.0]))])
    assert made.closed(np.array([3.00001])).contributions[0, 0] == pytest.approx(2.00001)
    with pytest.raises(DataError, match="row 0 miss its score of 4 by 1"):
        made.closed(np.array([4.0]))


def test_a_weighted_sum_of_scores_is_the_weighted_sum_of_explanations() -> None:
    one = explained(np.array([1.0]), [("a", np.array([2.0]))])
    other = explained(np.array([5.0]), [("a", np.array([1.0])), ("b", np.array([-4.0]))])
    made = weighted_sum([(0.5, one), (np.array([2.0]), other)])
    assert made.names == ("a", "b")
    assert made.contributions.tolist() == [[3.0, -8.0]]
    assert made.score[0] == pytest.approx(0.5 * 3 + 2 * 2)


def test_importance_is_the_mean_size_largest_first() -> None:
    made = Explanation(np.zeros(2), ("a", "b"), np.array([[1.0, -3.0], [-1.0, 3.0]]), np.array([-2.0, 2.0]))
    assert made.importance() == {"b": 3.0, "a": 1.0}
    assert list(made.importance()) == ["b", "a"]
