from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.errors import DataError
from patron.models.survival.concordance import harrell_c
from patron.models.survival.durations import Durations

PEOPLE = st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.integers(0, 4)), min_size=2, max_size=30)


def by_hand(durations: Durations, risk: np.ndarray) -> float:
    right = pairs = 0.0
    for one in np.flatnonzero(durations.event):
        for other in range(len(durations)):
            same_time = durations.duration[other] == durations.duration[one] and not durations.event[other]
            if durations.duration[other] > durations.duration[one] or same_time:
                pairs += 1
                right += (risk[one] > risk[other]) + (risk[one] == risk[other]) / 2
    return right / pairs if pairs else float("nan")


@given(PEOPLE)
def test_it_counts_every_comparable_pair_once(people: list[tuple[int, bool, int]]) -> None:
    time, left, risk = (np.array(column) for column in zip(*people, strict=True))
    durations = Durations(time, left)
    np.testing.assert_allclose(harrell_c(durations, risk), by_hand(durations, risk), rtol=1e-12)


def test_it_equals_lifelines_on_many_customers_with_ties() -> None:
    utils = pytest.importorskip("lifelines.utils")
    rng = np.random.default_rng(2)
    time, left, risk = rng.integers(0, 40, 1500), rng.random(1500) < 0.5, np.round(rng.normal(size=1500), 1)
    theirs = utils.concordance_index(time, -risk, left)
    assert harrell_c(Durations(time, left), risk) == pytest.approx(theirs, abs=1e-12)


def test_a_perfect_order_scores_1_its_reverse_0_and_no_order_a_half() -> None:
    durations = Durations([1, 2, 3, 4], [1, 1, 1, 0])
    assert harrell_c(durations, [4, 3, 2, 1]) == 1
    assert harrell_c(durations, [1, 2, 3, 4]) == 0
    assert harrell_c(durations, [1, 1, 1, 1]) == 0.5


def test_it_has_no_meaning_where_nobody_left_and_refuses_unequal_lengths() -> None:
    assert np.isnan(harrell_c(Durations([1, 2], [0, 0]), [1, 2]))
    with pytest.raises(DataError, match="differ in length"):
        harrell_c(Durations([1, 2], [1, 0]), [1])
