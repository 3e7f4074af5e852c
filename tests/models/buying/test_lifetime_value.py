from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from patron import models
from patron.errors import DataError, UsageError
from patron.models.arrays import Floats
from patron.models.buying.bg_nbd import FittedBGNBD
from patron.models.buying.gamma_gamma import FittedGammaGamma
from patron.models.buying.lifetime_value import lifetime_value, residual_lifetime_value
from patron.models.buying.summary import Summary

PURCHASES = FittedBGNBD({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, unit="week")
SPEND = FittedGammaGamma({"p": 6.25, "q": 3.74, "v": 15.44})
CUSTOMERS = Summary([0, 2, 26], [0, 30.43, 30.86], [38.86, 38.86, 31], monetary_value=[0, 22.35, 50], unit="week")


def test_undiscounted_value_is_purchases_times_spend() -> None:
    each = SPEND.expected_spend(CUSTOMERS.frequency, [0, 22.35, 50])
    value = lifetime_value(PURCHASES, SPEND, CUSTOMERS, 52)
    np.testing.assert_allclose(value, PURCHASES.expected_purchases(CUSTOMERS, 52) * each)


def test_discounting_equals_the_integral_over_purchase_times() -> None:
    rate = np.log(1.15) * 7 / 365.25
    for row, customer in enumerate([(0, 0.0, 38.86), (2, 30.43, 38.86), (26, 30.86, 31.0)]):
        one = Summary([customer[0]], [customer[1]], [customer[2]], unit="week")

        def slope(s: float, one: Summary = one) -> float:
            before, after = (PURCHASES.expected_purchases(one, s + step)[0] for step in (-1e-4, 1e-4))
            return (after - before) / 2e-4 * np.exp(-rate * s)

        integral = quad(slope, 2e-4, 52, epsrel=1e-8)[0] + PURCHASES.expected_purchases(one, 2e-4)[0]
        assert PURCHASES.discounted_purchases(CUSTOMERS, 52, 0.15)[row] == pytest.approx(integral, rel=1e-6)


def test_a_higher_discount_rate_never_raises_the_value() -> None:
    values = [lifetime_value(PURCHASES, SPEND, CUSTOMERS, 52, rate) for rate in (0.0, 0.1, 0.5)]
    assert (values[0] > values[1]).all()
    assert (values[1] > values[2]).all()


def test_a_long_horizon_under_a_steep_discount_is_worth_what_a_shorter_one_is() -> None:
    near, far = (PURCHASES.discounted_purchases(CUSTOMERS, weeks, 20.0) for weeks in (2000, 1e6))
    np.testing.assert_allclose(near, far, rtol=1e-9)


class Forever:
    """A process whose customers make two discounted purchases in all time to come."""

    def discounted_residual_purchases(self, summary: Summary, yearly_discount_rate: float) -> Floats:
        return np.full(len(summary), 2.0)


def test_residual_value_is_residual_purchases_times_spend() -> None:
    each = SPEND.expected_spend(CUSTOMERS.frequency, [0, 22.35, 50])
    np.testing.assert_allclose(residual_lifetime_value(Forever(), SPEND, CUSTOMERS, 0.1), 2 * each)


def test_a_process_without_a_residual_form_says_so() -> None:
    with pytest.raises(UsageError, match="BG/NBD has no closed form for purchases without a horizon") as refused:
        residual_lifetime_value(PURCHASES, SPEND, CUSTOMERS, 0.1)
    assert "Pareto/NBD" in str(refused.value)


@pytest.mark.parametrize("factor", [100.0, 150.0, 1e-3])
def test_the_currency_scales_the_value_and_nothing_else(factor: float) -> None:
    rng = np.random.default_rng(3)
    x = rng.integers(0, 6, 2000).astype(float)
    T = rng.uniform(20, 60, 2000)
    m = SPEND.simulate(x, rng)
    dear = Summary(x, np.where(x > 0, T / 2, 0), T, m * factor, unit="week")
    cheap = Summary(dear.frequency, dear.recency, dear.T, m, unit="week")
    values = [
        lifetime_value(PURCHASES, models.GammaGamma().fit(x, one.monetary_value), one, 52, 0.1) for one in (dear, cheap)
    ]
    np.testing.assert_allclose(values[0], values[1] * factor, rtol=1e-6)


def test_a_summary_without_spend_or_a_negative_rate_is_refused() -> None:
    with pytest.raises(DataError, match="no monetary_value"):
        lifetime_value(PURCHASES, SPEND, Summary([0], [0], [1], unit="week"), 52)
    with pytest.raises(UsageError, match="-0.1"):
        lifetime_value(PURCHASES, SPEND, CUSTOMERS, 52, -0.1)


def test_a_notebook_values_customers_in_three_steps() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 5, 300).astype(float)
    T = rng.uniform(50, 300, 300)
    customers = models.Summary(
        x, np.where(x > 0, T * rng.random(300), 0), T, np.where(x > 0, rng.gamma(4, 10, 300), 0), unit="day"
    )
    purchases = models.BGNBD().fit(customers)
    spend = models.GammaGamma().fit(customers.frequency, customers.monetary_value)
    assert (lifetime_value(purchases, spend, customers, 365, 0.1) > 0).all()
    with pytest.raises(AttributeError, match="no attribute 'BGNDB'"):
        _ = models.BGNDB
