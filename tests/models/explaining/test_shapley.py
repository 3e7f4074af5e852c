from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.errors import UsageError
from patron.models.explaining.shapley import MOST_PLAYERS, shapley

PLAYERS = 4
games = st.lists(st.floats(-1e3, 1e3), min_size=1 << PLAYERS, max_size=1 << PLAYERS)


def of(worths: list[float]) -> tuple[float, np.ndarray]:
    base, shares = shapley(lambda present: np.array([worths[present]]), PLAYERS)
    return float(base[0]), shares[:, 0]


@given(games)
def test_shares_add_up_and_are_the_mean_over_all_orders(worths: list[float]) -> None:
    base, shares = of(worths)
    assert base + shares.sum() == pytest.approx(worths[-1], abs=1e-9)
    orders = list(permutations(range(PLAYERS)))
    for player in range(PLAYERS):
        gains = []
        for order in orders:
            before = sum(1 << other for other in order[: order.index(player)])
            gains.append(worths[before | 1 << player] - worths[before])
        assert shares[player] == pytest.approx(np.mean(gains), abs=1e-9)


@given(games)
def test_who_changes_nothing_gets_nothing(worths: list[float]) -> None:
    idle = [worths[present & ~2] for present in range(1 << PLAYERS)]
    assert of(idle)[1][1] == 0


@given(games)
def test_equals_are_treated_alike(worths: list[float]) -> None:
    def swapped(present: int) -> int:
        first, second = present & 1, present >> 1 & 1
        return present & ~3 | first << 1 | second

    alike = [worths[min(present, swapped(present))] for present in range(1 << PLAYERS)]
    shares = of(alike)[1]
    assert shares[0] == pytest.approx(shares[1], abs=1e-9)


def test_a_sum_gives_each_its_own_and_a_product_shares_the_surplus() -> None:
    own = np.array([3.0, -1.0])
    assert shapley(lambda p: np.array([own @ [p & 1, p >> 1]]), 2)[1][:, 0].tolist() == [3.0, -1.0]
    assert shapley(lambda p: np.array([(1.0 + (p & 1)) * (1.0 + (p >> 1))]), 2)[1][:, 0].tolist() == [1.5, 1.5]


def test_too_many_players_are_refused() -> None:
    with pytest.raises(UsageError, match="fewer groups"):
        shapley(lambda _: np.zeros(1), MOST_PLAYERS + 1)
