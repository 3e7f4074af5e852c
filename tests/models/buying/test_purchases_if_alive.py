"""The expectation at the heart of BG/NBD and MBG/NBD forecasts, against forty-digit arithmetic, and in the extremes."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from patron.models.buying.beta_geometric import FittedBetaGeometric
from patron.models.buying.bg_nbd import FittedBGNBD
from patron.models.buying.gamma_gamma import FittedGammaGamma
from patron.models.buying.mbg_nbd import FittedMBGNBD
from patron.models.buying.purchases_if_alive import PurchasesIfAlive
from patron.models.buying.summary import Summary


def eq_10(of: PurchasesIfAlive, x: float, T: float) -> float:
    """The numerator of eq. 10 with sixty digits: (a+b+x-1)/(a-1) · [1 - (1-z)^(r+x) · 2F1(r+x, b+x; a+b+x-1; z)]."""
    with mpmath.workdps(60):
        k, a, later, w = (mpmath.mpf(value) for value in (of.r + x, of.a, of.later + x, of.horizon))
        w /= mpmath.mpf(of.alpha) + mpmath.mpf(T)
        z, c = w / (1 + w), a + later - 1
        return float(c / (a - 1) * (1 - (1 - z) ** k * mpmath.hyp2f1(k, later, c, z)))


def discounted(of: PurchasesIfAlive, x: float, T: float) -> float:
    """Purchases per unit of time, (r+x)/(alpha+T) · 2F1(r+x+1, a; a+later; -s/(alpha+T)), summed at their discounts."""
    with mpmath.workdps(25):
        k, a, later, reach = of.r + x, of.a, of.later + x, of.alpha + T

        def density(y: mpmath.mpf) -> mpmath.mpf:
            s = reach * mpmath.expm1(y)
            return mpmath.exp(y - of.rate * s) * mpmath.hyp2f1(k + 1, a, a + later, -s / reach) * k

        edge = mpmath.log1p(of.horizon / reach)
        return float(mpmath.quad(density, mpmath.linspace(0, edge, 6)))


LOWEST, HIGHEST = np.log([[1e-3, 1e-3, 1e-3, 1e-3, 1e-5], [1e3, 4e4, 1e3, 1e3, 1e5]])
"""r, alpha, a, b and the horizon, from minutes to centuries."""


def random_case(rng: np.random.Generator, narrowed: float = 1.0, rate: float = 0.0) -> PurchasesIfAlive:
    r, alpha, a, later, horizon = np.exp(rng.uniform(LOWEST * narrowed, HIGHEST * narrowed))
    return PurchasesIfAlive(r, alpha, a, later, horizon, rate / horizon)


def test_forecasts_keep_nine_digits_of_the_formula_in_the_extremes() -> None:
    rng = np.random.default_rng(1)
    for _ in range(150):
        of = random_case(rng)
        x, T = float(rng.choice([0, 1, 4, 60, 1500])), float(rng.choice([0.0, 1e-4, 0.5, 38.0, 2e4]))
        assert of.of(np.array([x]), np.array([T]))[0] == pytest.approx(eq_10(of, x, T), rel=1e-11)


def test_discounted_purchases_keep_nine_digits_of_the_integral() -> None:
    rng = np.random.default_rng(2)
    for _ in range(12):
        of = random_case(rng, narrowed=0.7, rate=float(np.exp(rng.uniform(-5, 3))))
        x, T = float(rng.choice([0, 1, 4, 60])), float(rng.choice([0.0, 0.5, 38.0, 2000.0]))
        assert of.of(np.array([x]), np.array([T]))[0] == pytest.approx(discounted(of, x, T), rel=1e-9)


def test_a_tabled_value_is_the_exact_one() -> None:
    rng = np.random.default_rng(3)
    for rate in (0.0, 0.2):
        of = PurchasesIfAlive(0.243, 4.414, 0.793, 2.426, 52.0, rate / 52)
        x, T = rng.integers(0, 40, 3000).astype(float), rng.uniform(0, 80, 3000)
        np.testing.assert_allclose(of.of(x, T), of.exact(x, of.position(T)), rtol=1e-12)


def _check_extremes(models: int, customers: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    low, high = np.log([1e-4, 1e-6, 1e-3, 1e-3]), np.log([1e4, 1e5, 1e4, 1e4])
    for _ in range(models):
        params = dict(zip(["r", "alpha", "a", "b"], np.exp(rng.uniform(low, high)), strict=True))
        T = np.exp(rng.uniform(-6, 9, customers)) * (rng.random(customers) > 0.05)
        x = np.where(T > 0, rng.choice([0, 0, 1, 2, 5, 30, 200, 1500, 100_000], customers), 0.0)
        rows = Summary(x, np.where(x > 0, T * rng.choice([1, 0.999, 0.5, 0.01], customers), 0), T, unit="day")
        horizon, yearly = float(np.exp(rng.uniform(-6, 9))), float(rng.choice([0, 0.1, 1, 1e3, 1e6]))
        for process in (FittedBGNBD(params), FittedMBGNBD(params)):
            _check_process(process, rows, horizon, yearly)


def _check_process(process: FittedBetaGeometric, rows: Summary, horizon: float, yearly: float) -> None:
    expected, worth = process.expected_purchases(rows, horizon), process.discounted_purchases(rows, horizon, yearly)
    without_leaving = (process.symbols[0] + rows.frequency) * horizon / (process.symbols[1] + rows.T)
    assert ((expected >= 0) & (expected <= without_leaving * (1 + 1e-9))).all()
    assert ((worth >= 0) & (worth <= expected * (1 + 1e-9))).all()
    counts = [process.probability_of_purchases(count, horizon) for count in (0, 1, 10, 1000)]
    for chance in (process.probability_alive(rows), process.probability_no_purchase(rows, horizon), np.array(counts)):
        assert ((chance >= 0) & (chance <= 1 + 1e-9)).all()
    assert np.isfinite(process.log_likelihoods(rows)).all()
    late = process.next_purchase_quantile(rows, 0.9, within=horizon)
    assert ((late >= 0) & (late <= horizon * (1 + 1e-9))).all()
    assert 0 <= process.expected_purchases_new_customer(horizon) < np.inf


def test_extreme_points_give_sane_answers_to_every_question() -> None:
    _check_extremes(models=15, customers=100, seed=5)


@pytest.mark.slow
def test_a_hundred_thousand_extreme_points_give_sane_answers_to_every_question() -> None:
    _check_extremes(models=500, customers=200, seed=6)


def test_extreme_spend_is_never_negative_nor_nan() -> None:
    rng = np.random.default_rng(7)
    for _ in range(500):
        p, q, v = np.exp(rng.uniform(np.log([1e-3, 1e-2, 1e-7]), np.log([1e5, 1e5, 1e7])))
        x = rng.choice([0, 1, 5, 1500, 100_000], 200).astype(float)
        spend = FittedGammaGamma({"p": p, "q": q, "v": v}).expected_spend(x, np.exp(rng.uniform(-12, 14, 200)))
        assert (spend > 0).all()
