from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from patron import models
from patron.errors import DataError, UsageError
from patron.models.buying.bg_nbd import FittedBGNBD
from patron.models.buying.gamma_gamma import FittedGammaGamma
from patron.models.buying.lifetime_value import discounted_purchases, lifetime_value
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
        assert discounted_purchases(PURCHASES, CUSTOMERS, 52, 0.15)[row] == pytest.approx(integral, rel=1e-6)


def test_a_higher_discount_rate_never_raises_the_value() -> None:
    values = [lifetime_value(PURCHASES, SPEND, CUSTOMERS, 52, rate) for rate in (0.0, 0.1, 0.5)]
    assert (values[0] > values[1]).all()
    assert (values[1] > values[2]).all()


def test_a_summary_without_spend_or_a_negative_rate_is_refused() -> None:
    with pytest.raises(DataError, match="no monetary_value"):
        lifetime_value(PURCHASES, SPEND, Summary([0], [0], [1], unit="week"), 52)
    with pytest.raises(UsageError, match="-0.1"):
        lifetime_value(PURCHASES, SPEND, CUSTOMERS, 52, -0.1)


def test_a_notebook_values_customers_in_three_steps() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 5, 300).astype(float)
    T = rng.uniform(50, 300, 300)
    customers = models.Summary(x, np.where(x > 0, T * rng.random(300), 0), T, np.where(x > 0, rng.gamma(4, 10, 300), 0))
    purchases = models.BGNBD().fit(customers)
    spend = models.GammaGamma().fit(customers.frequency, customers.monetary_value)
    assert (lifetime_value(purchases, spend, customers, 365, 0.1) > 0).all()
    with pytest.raises(AttributeError, match="no attribute 'BGNDB'"):
        _ = models.BGNDB
