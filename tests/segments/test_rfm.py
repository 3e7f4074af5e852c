"""RFM: scores by rank, and one name for each of the 125 cells."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.segments.rfm import RFM_CATALOGUE, RFM_NAMES, rfm_rules, rfm_scores, rfm_segment, rfm_segments

CELLS = list(product(range(1, 6), repeat=3))


def scores(days: list[float], orders: list[float], values: list[float]) -> tuple[list[int], list[int], list[int]]:
    r, f, m = rfm_scores(np.array(days, dtype=float), np.array(orders, dtype=float), np.array(values, dtype=float))
    return r.tolist(), f.tolist(), m.tolist()


def test_all_125_cells_map_to_exactly_one_name() -> None:
    rules = rfm_rules()
    assert sorted(rules) == CELLS
    assert {len(names) for names in rules.values()} == {1}


def test_each_of_the_eleven_names_is_reached_and_none_other() -> None:
    assert len(RFM_NAMES) == len(set(RFM_NAMES)) == 11
    assert {rfm_segment(*cell) for cell in CELLS} == set(RFM_NAMES)


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ((5, 5, 5), "Champions"),
        ((4, 4, 4), "Champions"),
        ((3, 5, 5), "Loyal"),
        ((5, 2, 3), "Potential Loyalist"),
        ((5, 1, 1), "New"),
        ((5, 1, 5), "New"),
        ((4, 1, 2), "Promising"),
        ((3, 3, 3), "Need Attention"),
        ((3, 1, 1), "About to Sleep"),
        ((1, 5, 5), "Cannot Lose"),
        ((2, 3, 3), "At Risk"),
        ((2, 2, 2), "Hibernating"),
        ((1, 1, 1), "Lost"),
    ],
)
def test_the_names_have_their_usual_sense(cell: tuple[int, int, int], name: str) -> None:
    assert rfm_segment(*cell) == name


def test_many_customers_are_named_as_each_alone() -> None:
    r, f, m = (np.array(column) for column in zip(*CELLS, strict=True))
    assert rfm_segments(r, f, m).tolist() == [rfm_segment(*cell) for cell in CELLS]


def test_a_score_outside_1_to_5_is_refused() -> None:
    with pytest.raises(ValueError, match="from 1 to 5; got 0 to 5"):
        rfm_segments(np.array([0]), np.array([5]), np.array([3]))


def test_every_name_is_described_and_has_an_action() -> None:
    assert all(entry.description.endswith(".") and entry.action.endswith(".") for entry in RFM_CATALOGUE)
    assert len({entry.action for entry in RFM_CATALOGUE}) == 11


def test_five_different_customers_take_the_five_scores() -> None:
    r, f, m = scores([10, 20, 30, 40, 50], [1, 2, 3, 4, 5], [50, 40, 30, 20, 10])
    assert (r, f, m) == ([5, 4, 3, 2, 1], [1, 2, 3, 4, 5], [5, 4, 3, 2, 1])


def test_who_bought_once_has_frequency_1_however_many_they_are() -> None:
    _, f, _ = scores([1] * 10, [1] * 8 + [2, 9], [1] * 10)
    assert f == [1] * 8 + [5, 5]


def test_who_bought_twice_has_more_than_frequency_1_however_many_buy_oftener() -> None:
    _, f, _ = scores([1] * 10, [2] + [9] * 9, [1] * 10)
    assert f[0] == 2


def test_customers_who_are_all_alike_score_in_the_middle() -> None:
    assert scores([7, 7], [4, 4], [10, 10]) == ([3, 3], [3, 3], [3, 3])
    assert scores([7], [4], [10]) == ([3], [3], [3])


def test_who_never_bought_counts_as_the_longest_ago() -> None:
    r, f, _ = scores([5, 400, float("nan"), 50, 60], [1, 1, 0, 1, 1], [1, 1, 1, 1, 1])
    assert r.index(min(r)) == 2
    assert f == [1] * 5


def test_no_customers_have_no_scores() -> None:
    assert scores([], [], []) == ([], [], [])


@given(values=st.lists(st.integers(-3, 12).map(float), min_size=1, max_size=80))
def test_scores_stay_within_1_to_5_rise_with_value_and_are_equal_for_equals(values: list[float]) -> None:
    _, _, m = scores([0.0] * len(values), [2.0] * len(values), values)
    assert set(m) <= {1, 2, 3, 4, 5}
    pairs = sorted(zip(values, m, strict=True))
    assert [score for _, score in pairs] == sorted(m)
    assert len(set(pairs)) == len(set(values))
