from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.errors import DataError, UsageError
from patron.models.validation.abstain import why_unknown
from patron.models.validation.total_intervals import (
    GroupTotal,
    group_totals,
    portfolio_total,
    total_interval,
    totals_by_label,
)

TWENTY = np.full(20, 50.0)


def width(total: GroupTotal) -> float:
    assert total.low is not None
    assert total.high is not None
    return total.high - total.low


@pytest.mark.parametrize("count", [1, 2, 4, 10])
def test_totals_fall_inside_as_often_as_claimed_over_many_origins(count: int) -> None:
    rng = np.random.default_rng(10)
    inside = []
    for _ in range(1500):
        actual = 1000 * (1 + rng.normal(0, 0.15, count + 1))
        interval = total_interval(1000.0, [(1000.0, one) for one in actual[:-1]])
        inside.append(interval.low <= actual[-1] <= interval.high)
    assert np.mean(inside) == pytest.approx(0.8, abs=0.03)


def test_totals_fall_inside_where_only_customers_err_and_no_season_moves_them() -> None:
    rng = np.random.default_rng(11)
    inside = []
    for _ in range(1500):
        totals = rng.gamma(0.5, 100, (4, 200)).sum(axis=1)
        noise = float(np.sqrt(200 * 0.5) * 100)
        interval = total_interval(10_000.0, [(10_000.0, one) for one in totals[1:]], noise)
        inside.append(interval.low <= totals[0] <= interval.high)
    # The larger of what seasons and what customers do counts, so a calm past never makes the claim too bold.
    assert 0.8 <= np.mean(inside) <= 0.92


def test_a_total_is_never_surer_than_its_customers_noise() -> None:
    calm = total_interval(1000.0, [(900.0, 900.0), (950.0, 950.0)], noise=50.0)
    assert calm.high - 1000 == pytest.approx(50 * 1.2816, rel=1e-3)
    assert total_interval(1000.0, [], noise=50.0).folds == 0
    assert total_interval(100.0, [(100.0, 500.0)]).low == 0


def test_a_level_beyond_certainty_is_refused() -> None:
    with pytest.raises(UsageError, match=r"1\.2"):
        total_interval(1.0, [(1.0, 1.0)], level=1.2)


def test_a_portfolio_without_an_earlier_period_is_unknown_with_its_reason() -> None:
    total = portfolio_total(TWENTY, [])
    assert (total.low, total.high, total.expected) == (None, None, 1000.0)
    assert total.unknown == "no earlier periods to compare with: at least 1 needed for an interval"


def test_too_few_customers_are_unknown_however_many_periods_there_were() -> None:
    total = portfolio_total(TWENTY[:19], [(900.0, 950.0)] * 5)
    assert total.low is None
    assert total.unknown.startswith("19 customers")
    assert why_unknown(20, 1) == ""
    assert why_unknown(1, 9).startswith("1 customer:")


def test_each_group_is_judged_by_its_own_past() -> None:
    labels = np.repeat(["Basel", "Zug"], 20)
    folds = {"Basel": [(1000.0, 1010.0), (1000.0, 995.0)], "Zug": [(1000.0, 1500.0), (1000.0, 600.0)]}
    basel, zug = group_totals(np.full(40, 50.0), labels, folds)
    assert (basel.label, zug.label) == ("Basel", "Zug")
    assert width(zug) > 10 * width(basel)


def test_a_new_branch_is_unknown_and_says_why() -> None:
    (total,) = group_totals(TWENTY, np.repeat("Chur", 20), {})
    assert (total.low, total.folds) == (None, 0)
    assert "at least 2 needed" in total.unknown


def test_groups_of_many_simulated_origins_fall_inside_as_often_as_claimed() -> None:
    rng = np.random.default_rng(12)
    inside = []
    for _ in range(400):
        season, own = rng.normal(0, 0.1, 4), rng.normal(0, 0.1, (4, 3))
        actual = 1000 * (1 + season[:, None] + own)
        folds = {str(k): [(1000.0, float(one)) for one in actual[1:, k]] for k in range(3)}
        for k, total in enumerate(group_totals(np.full(60, 50.0), np.repeat(["0", "1", "2"], 20), folds)):
            middle = total.expected
            inside.append(abs(actual[0, k] - middle) <= width(total) / 2)
    assert np.mean(inside) == pytest.approx(0.8, abs=0.03)


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=30))
def test_the_totals_of_labels_add_up_to_the_whole(words: list[str]) -> None:
    predicted = np.arange(1, len(words) + 1, dtype=np.float64)
    actual = np.arange(len(words), dtype=np.float64)
    totals = totals_by_label([predicted], [actual], [np.array(words)])
    assert sum(one[0][0] for one in totals.values()) == pytest.approx(predicted.sum())
    assert sum(one[0][1] for one in totals.values()) == pytest.approx(actual.sum())


def test_each_customer_needs_a_label() -> None:
    with pytest.raises(DataError, match="differ in length"):
        group_totals(TWENTY, np.array(["a"]), {})
