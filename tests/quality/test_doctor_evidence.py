"""The statistics behind the findings agree with published formulas, other packages and known truths."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from patron.quality.doctor.busyness import busyness
from patron.quality.doctor.evidence import (
    gap_evenness,
    rank_correlation,
    share_explained,
    share_of,
    trend,
    two_kinds,
)
from patron.quality.doctor.portrait import Purchases
from quality.doctor_worlds import Orders, Shop, simulate

RNG = np.random.default_rng


def purchase_days(orders: Orders) -> Purchases:
    order = np.lexsort((orders.day, orders.customer))
    _, customer = np.unique(orders.customer[order], return_inverse=True)
    return Purchases(customer, orders.day[order], orders.amount[order]).by_day


def test_a_share_has_wilsons_interval() -> None:
    found, known = share_of(7, 20), stats.binomtest(7, 20).proportion_ci(0.95, method="wilson")
    assert (found.low, found.high) == pytest.approx((known.low, known.high), abs=1e-12)
    assert share_of(0, 0).high == 1.0


def test_rank_correlation_is_spearmans_also_with_ties() -> None:
    one = RNG(1).integers(0, 9, 300).astype(float)
    other = one + RNG(2).normal(0, 4, 300)
    found = rank_correlation(one, other)
    assert found.value == pytest.approx(stats.spearmanr(one, other).statistic, abs=1e-12)
    assert found.low < found.value < found.high
    assert rank_correlation(np.ones(50), other[:50]).low == -1.0


def test_a_trend_has_whites_and_clustered_errors_as_statsmodels_has() -> None:
    rng = RNG(3)
    clusters = np.repeat(np.arange(60), 5)
    time = rng.random(300)
    outcome = 2 * time + rng.normal(0, 1 + time) + rng.normal(0, 1, 60)[clusters]
    known = sm.OLS(outcome, sm.add_constant(time)).fit(cov_type="HC1")
    found = trend(outcome, time)
    assert (found.slope, found.error) == pytest.approx((known.params[1], known.bse[1]), rel=1e-9)
    within = sm.OLS(outcome, np.column_stack([time, np.eye(60)[clusters]])).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False}
    )
    found = trend(outcome, time, clusters, clusters)
    corrected = float(within.bse[0]) * np.sqrt(300 / 298)  # groups within clusters cost no freedom
    assert (found.slope, found.error) == pytest.approx((float(within.params[0]), corrected), rel=1e-9)


def test_a_design_that_explains_more_is_judged_by_the_f_test() -> None:
    rng = RNG(4)
    small = np.column_stack([np.ones(30), np.linspace(0, 1, 30)])
    large = np.column_stack([small, rng.normal(size=(30, 3))])
    outcome, weights = rng.normal(size=30) + large[:, 3], rng.uniform(0.5, 2, 30)
    chance, coefficients = share_explained(outcome, weights, small, large)
    fits = [sm.WLS(outcome, design, weights=weights).fit() for design in (large, small)]
    assert chance == pytest.approx(fits[0].compare_f_test(fits[1])[1], rel=1e-9)
    assert coefficients == pytest.approx(fits[0].params, rel=1e-9)


@pytest.mark.parametrize(("shape", "index"), [(1.0, 1.0), (2.0, 3 / 5), (4.0, 1 / 3)])
def test_gamma_gaps_of_shape_k_have_evenness_three_over_two_k_plus_one(shape: float, index: float) -> None:
    """Whatever the customers' rates and however early they leave."""
    found, pairs = gap_evenness(purchase_days(simulate(Shop(customers=4000, gap_shape=shape), 1)))
    assert pairs > 10_000
    assert found.value == pytest.approx(index, abs=0.04)


def test_random_gaps_lie_within_the_interval_of_evenness_as_often_as_claimed() -> None:
    found = [gap_evenness(purchase_days(simulate(Shop(customers=150), seed)))[0] for seed in range(120)]
    held = sum(estimate.low <= 1 <= estimate.high for estimate in found)
    assert 105 <= held <= 120  # 95 % of 120 are 114


def test_frequent_buyers_who_come_at_random_are_random_though_days_are_whole() -> None:
    found, _ = gap_evenness(purchase_days(simulate(Shop(customers=400, mean_gap=3.0, leave="none"), 2)))
    assert found.value == pytest.approx(1.0, abs=0.04)


def test_two_kinds_are_found_where_there_are_two_and_not_parted_where_there_is_one() -> None:
    rng = RNG(5)
    two = two_kinds(np.concatenate([rng.normal(3, 0.5, 800), rng.normal(7, 0.6, 200)]))
    assert two.centres == pytest.approx((3, 7), abs=0.1)
    assert two.share == pytest.approx(0.2, abs=0.02)
    assert two.separation > 6
    assert two.valley < 0.2
    assert two_kinds(rng.normal(3, 1, 1000)).valley > 0.7


def test_busyness_shows_the_calendar_and_not_the_ageing_of_customers() -> None:
    days = 720
    weights = np.where((np.arange(days) // 30) % 12 == 5, 2.5, 1.0)
    shop = Shop(customers=20_000, days=days, weights=weights, leave_beta=(2.0, 3.0), arrive=(0.0, 0.7))
    orders = simulate(shop, 6)
    ratio = busyness(purchase_days(orders), shop.first_day + 30 * np.arange(25)).ratio
    busy = np.arange(24) % 12 == 5
    others = np.median(ratio[~busy])
    assert ratio[busy] / others == pytest.approx(2.5, rel=0.1)
    assert ratio[~busy][1:] / others == pytest.approx(1.0, abs=0.2)
