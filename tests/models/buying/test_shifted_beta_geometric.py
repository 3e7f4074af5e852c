from __future__ import annotations

import json

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patron.errors import DataError, UsageError
from patron.models.buying.shifted_beta_geometric import (
    Contracts,
    FittedShiftedBetaGeometric,
    ShiftedBetaGeometric,
)

# Fader and Hardie (2007), the share of two segments of subscribers still there after 0 to 12 years.
REGULAR = (1000, 631, 468, 382, 326, 289, 262, 241, 223, 207, 194, 183, 173)
HIGH_END = (1000, 869, 743, 653, 593, 551, 517, 491, 468, 445, 427, 409, 394)
PAPER = FittedShiftedBetaGeometric({"alpha": 0.668, "beta": 3.806}, unit="year")


def fitted_on(curve: tuple[int, ...]) -> FittedShiftedBetaGeometric:
    return ShiftedBetaGeometric().fit(Contracts.from_renewal_curves(curve[:8], unit="year"))


@pytest.mark.parametrize(("curve", "alpha", "beta"), [(REGULAR, 0.704, 1.182), (HIGH_END, 0.668, 3.806)])
def test_seven_years_of_the_papers_subscribers_give_the_published_parameters(
    curve: tuple[int, ...], alpha: float, beta: float
) -> None:
    fitted = fitted_on(curve)
    assert fitted.converged
    assert not fitted.advice
    assert (round(fitted.params["alpha"], 3), round(fitted.params["beta"], 3)) == (alpha, beta)


def test_the_likelihood_at_alpha_and_beta_one_is_the_published_starting_value() -> None:
    contracts = Contracts.from_renewal_curves(HIGH_END[:8], unit="year")
    start = FittedShiftedBetaGeometric({"alpha": 1.0, "beta": 1.0}, unit="year")
    each = (start.log_likelihoods(contracts) * contracts.weights).sum() / 1000
    assert each == pytest.approx(-2.115, abs=1e-3)


def test_the_projection_of_the_high_end_is_the_published_one_and_stays_near_what_happened() -> None:
    later = fitted_on(HIGH_END).survival(range(8, 13))
    np.testing.assert_allclose(later, [0.460, 0.436, 0.414, 0.395, 0.378], atol=5e-4)
    assert np.abs(later - np.array(HIGH_END[8:]) / 1000).max() < 0.02
    assert np.abs(fitted_on(REGULAR).survival(range(8, 13)) - np.array(REGULAR[8:]) / 1000).max() < 0.02


def test_fitted_likelihoods_sum_to_the_reported_one() -> None:
    fitted, contracts = fitted_on(REGULAR), Contracts.from_renewal_curves(REGULAR[:8], unit="year")
    assert (fitted.log_likelihoods(contracts) * contracts.weights).sum() == pytest.approx(fitted.log_likelihood)
    assert fitted.customers == 1000


def test_customers_one_by_one_give_the_same_model_as_their_curve() -> None:
    curve = Contracts.from_renewal_curves(HIGH_END[:8], unit="year")
    each = curve.weights.astype(int)
    rows = Contracts(np.repeat(curve.occasions, each), np.repeat(curve.left, each), unit="year")
    assert len(rows) == 1000
    assert ShiftedBetaGeometric().fit(rows) == ShiftedBetaGeometric().fit(curve)


def test_cohorts_of_different_age_are_fitted_together() -> None:
    both = Contracts.from_renewal_curves(HIGH_END[:8], HIGH_END[:4], unit="year")
    assert both.weights.sum() == 2000
    fitted = ShiftedBetaGeometric().fit(both)
    assert fitted.params["alpha"] == pytest.approx(0.668, rel=0.3)


@given(st.floats(0.05, 50), st.floats(0.05, 500), st.integers(1, 200))
@settings(max_examples=60, deadline=None)
def test_survival_is_the_product_of_retention_and_leaving_its_fall(alpha: float, beta: float, t: int) -> None:
    model = FittedShiftedBetaGeometric({"alpha": alpha, "beta": beta})
    steps = np.arange(1, t + 1)
    rates = model.retention_rate(steps)
    assert (np.diff(rates) > 0).all()
    np.testing.assert_allclose(model.survival(steps), np.cumprod(rates), rtol=1e-9)
    assert model.probability_of_leaving_at(steps).sum() == pytest.approx(1 - model.survival([t])[0], rel=1e-9)


def test_expected_lifetime_is_the_sum_of_survival() -> None:
    model = FittedShiftedBetaGeometric({"alpha": 4.0, "beta": 20.0}, unit="year")
    assert model.expected_lifetime == pytest.approx(model.survival(range(200_000)).sum(), rel=1e-6)
    assert PAPER.expected_lifetime == np.inf


def test_discounted_lifetimes_are_discounted_sums_of_survival() -> None:
    ages, factor = np.arange(3000), 1 / 1.1
    assert PAPER.discounted_lifetime(0.1) == pytest.approx((PAPER.survival(ages) * factor**ages).sum(), rel=1e-9)
    for asked in (0, 1, 4):
        customer = Contracts([asked], [False], unit="year")
        later = PAPER.survival(asked + 1 + ages) / PAPER.survival([asked])
        assert PAPER.residual_lifetime(customer, 0.1)[0] == pytest.approx((later * factor**ages).sum(), rel=1e-9)


def test_residual_lifetime_is_the_2010_papers_formula() -> None:
    gamma, delta = (mpmath.mpf(value) for value in PAPER.symbols)
    for n in (1, 2, 5, 50):  # the paper's n: the contract's period now, with n - 1 renewals behind it
        formula = (delta + n - 1) / (gamma + delta + n - 1)
        formula *= mpmath.hyp2f1(1, delta + n, gamma + delta + n, 1 / mpmath.mpf("1.1"))
        ours = PAPER.residual_lifetime(Contracts([n - 1], [False], unit="year"), 0.1)[0]
        assert ours == pytest.approx(float(formula), rel=1e-10)


def test_monthly_contracts_are_discounted_by_the_month() -> None:
    months = FittedShiftedBetaGeometric({"alpha": 1.0, "beta": 20.0}, unit="month")
    ages = np.arange(5000)
    assert months.discounted_lifetime(0.1) == pytest.approx((months.survival(ages) * 1.1 ** (-ages / 12)).sum())


def test_expected_renewals_add_up_to_the_residual_lifetime_and_end_with_the_contract() -> None:
    customers = Contracts([0, 3, 3], [False, False, True], unit="year")
    expected = PAPER.expected_renewals(customers, 2)
    first, second = PAPER.retention_rate([4, 5])
    assert expected[1] == pytest.approx(first + first * second)
    assert expected[2] == 0
    np.testing.assert_array_equal(PAPER.probability_alive(customers), [1, 1, 0])
    long, endless = PAPER.discounted_renewals(customers, 2000, 0.1), PAPER.residual_lifetime(customers, 0.1)
    np.testing.assert_allclose(long, endless, rtol=1e-9)


def test_who_has_stayed_longer_is_worth_more() -> None:
    ages = Contracts(range(20), np.zeros(20), unit="year")
    assert (np.diff(PAPER.residual_lifetime(ages, 0.1)) > 0).all()


def test_simulation_recovers_the_parameters_within_their_standard_errors() -> None:
    truth = FittedShiftedBetaGeometric({"alpha": 0.8, "beta": 3.0}, unit="month")
    sample = truth.simulate(np.full(20_000, 9), np.random.default_rng(4))
    fitted = ShiftedBetaGeometric().fit(sample)
    assert fitted.standard_errors is not None
    for name, value in truth.params.items():
        assert abs(fitted.params[name] - value) < 3.5 * fitted.standard_errors[name]
    assert 1 - sample.left.mean() == pytest.approx(truth.survival([9])[0], abs=0.012)
    assert len(truth.simulate(np.zeros(3), np.random.default_rng(1))) == 3


def test_the_renewal_curve_comes_with_a_band_that_starts_certain_and_widens() -> None:
    curve = fitted_on(HIGH_END).renewal_curve(12)
    assert curve.estimate[0] == curve.low[0] == curve.high[0] == 1
    assert ((curve.low <= curve.estimate) & (curve.estimate <= curve.high)).all()
    assert (np.diff((curve.high - curve.low)[1:]) > 0).sum() >= 8
    wider = fitted_on(HIGH_END).renewal_curve(12, level=0.99)
    assert (wider.low[1:] < curve.low[1:]).all()


def test_contracts_that_all_end_or_none_give_a_fit_that_says_what_is_open() -> None:
    for left in (True, False):
        fitted = ShiftedBetaGeometric().fit(Contracts([3] * 50, [left] * 50))
        assert fitted.advice
        assert np.isfinite(fitted.survival(range(12))).all()


@pytest.mark.parametrize(
    ("occasions", "left", "message"),
    [
        ([1, -2], [0, 0], "occasions is -2 in row 1"),
        ([1.5], [0], "whole number"),
        ([0], [1], "Who left declined one"),
        ([1], [2], "left is 2 in row 0"),
        ([1, 2], [0], "differ in length"),
    ],
)
def test_impossible_contracts_are_refused_by_row(occasions: list[float], left: list[int], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Contracts(occasions, left)


def test_impossible_curves_are_refused() -> None:
    with pytest.raises(DataError, match="no rise"):
        Contracts.from_renewal_curves([100, 80, 85])
    with pytest.raises(DataError, match="Two numbers at least"):
        Contracts.from_renewal_curves([100])
    with pytest.raises(DataError, match="No renewal curve"):
        Contracts.from_renewal_curves()
    with pytest.raises(DataError, match="nothing to learn"):
        ShiftedBetaGeometric().fit(Contracts([0, 0], [0, 0]))


def test_another_unit_or_half_an_occasion_cannot_pass_silently() -> None:
    with pytest.raises(UsageError, match="lie a month apart, the model's a year"):
        PAPER.residual_lifetime(Contracts([1], [0], unit="month"), 0.1)
    with pytest.raises(UsageError, match="whole number"):
        PAPER.expected_renewals(Contracts([1], [0], unit="year"), 1.5)
    with pytest.raises(UsageError, match="must be 0 or more"):
        PAPER.discounted_lifetime(-0.1)
    with pytest.raises(DataError, match="must be 1 or more"):
        PAPER.retention_rate([0])


def test_a_model_survives_being_written_as_plain_data() -> None:
    fitted = fitted_on(REGULAR)
    assert FittedShiftedBetaGeometric.from_dict(json.loads(json.dumps(fitted.to_dict()))) == fitted
