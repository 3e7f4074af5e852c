from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import beta, gamma

from models.cdnow import SOURCES, published
from models.cdnow import customers as cdnow
from models.simulated_customers import summary as simulated
from patron.errors import DataError, UsageError
from patron.models.buying.beta_geometric import BOUNDS
from patron.models.buying.bg_nbd import BGNBD, FittedBGNBD
from patron.models.buying.leaving_likelihood import leaving_likelihood
from patron.models.buying.maximum_likelihood import maximise_curved
from patron.models.buying.summary import Summary

PAPER = FittedBGNBD({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, unit="week")


@pytest.mark.parametrize(("source", "key"), SOURCES)
def test_cdnow_gives_the_published_parameters_and_likelihood(
    shared_data: Path, conformance: Path, source: str, key: str
) -> None:
    fitted = BGNBD().fit(cdnow(shared_data, source))
    params, likelihood = published(conformance)[key]["bgnbd"]
    assert fitted.converged
    assert [fitted.params[name] for name in FittedBGNBD.PARAMS] == pytest.approx(params, rel=1e-3)
    assert fitted.log_likelihood == pytest.approx(likelihood, abs=0.01)


def test_the_papers_parameters_give_the_published_forecasts(conformance: Path) -> None:
    values = published(conformance)
    new = values["BG at paper params: E[X(39)], E[X(52)]"]
    assert [PAPER.expected_purchases_new_customer(weeks) for weeks in (39, 52)] == pytest.approx(new, rel=1e-9)
    one = Summary([2], [30.43], [38.86], unit="week")
    paper = values["BG paper: E[Y(39)|x=2,tx=30.43,T=38.86] (paper 1.226)"]
    assert PAPER.expected_purchases(one, 39)[0] == pytest.approx(paper, rel=1e-9)
    assert PAPER.expected_purchases(one, 39)[0] == pytest.approx(1.226, abs=0.001)
    assert PAPER.probability_alive(one)[0] == pytest.approx(values["BG paper: P(alive|2,30.43,38.86)"], rel=1e-9)


def test_each_published_customer_gets_the_published_forecast(conformance: Path) -> None:
    table = published(conformance)["BG paper: CE52 and P(alive) for (x,tx,T)"]
    for customer, (expected, alive) in table.items():
        x, t_x, T = (float(part) for part in customer.strip("()").split(","))
        one = Summary([x], [t_x], [T], unit="week")
        assert PAPER.expected_purchases(one, 52)[0] == pytest.approx(expected, rel=1e-9)
        assert PAPER.probability_alive(one)[0] == pytest.approx(alive, rel=1e-9)


def test_the_unit_of_time_changes_nothing_but_alpha() -> None:
    weeks = simulated(3000, 7, r=0.5, alpha=8.0, a=0.8, b=2.5)
    fitted = BGNBD().fit(weeks)
    for unit, per_week in (("day", 7.0), ("hour", 168.0), ("month", 12 * 7 / 365.25), ("year", 7 / 365.25)):
        other = Summary(weeks.frequency, weeks.recency * per_week, weeks.T * per_week, unit=unit)
        scaled = BGNBD().fit(other)
        shift = float(weeks.frequency.sum()) * np.log(per_week)
        assert scaled.log_likelihood + shift == pytest.approx(fitted.log_likelihood, abs=1e-6)
        assert scaled.params["alpha"] == pytest.approx(fitted.params["alpha"] * per_week, rel=1e-5)
        np.testing.assert_allclose(
            scaled.expected_purchases(other, 39 * per_week), fitted.expected_purchases(weeks, 39), rtol=1e-5
        )


def test_days_and_weeks_of_the_same_log_give_the_same_likelihood_and_forecasts(shared_data: Path) -> None:
    weeks, days = cdnow(shared_data, "sample"), cdnow(shared_data, "sample", days=True)
    by_week, by_day = BGNBD().fit(weeks), BGNBD().fit(days)
    shift = float(weeks.frequency.sum()) * np.log(7)
    assert by_day.log_likelihood + shift == pytest.approx(by_week.log_likelihood, abs=1e-6)
    order, other = (np.lexsort((one.frequency, one.recency.round(9), one.T.round(9))) for one in (weeks, days))
    np.testing.assert_allclose(
        by_day.expected_purchases(days, 273)[other], by_week.expected_purchases(weeks, 39)[order], rtol=1e-6
    )


def test_many_random_starts_reach_the_same_optimum() -> None:
    customers = simulated(3000, 7, r=0.5, alpha=8.0, a=0.8, b=2.5)
    objective, rng = leaving_likelihood(customers, first_can_leave=False), np.random.default_rng(1)
    best = BGNBD().fit(customers)
    low, high = np.log(np.transpose(BOUNDS))
    for _ in range(25):
        start = rng.uniform(np.log([0.01, 0.1, 0.05, 0.05]), np.log([20, 500, 20, 100]))
        found = maximise_curved([objective], [start], list(zip(low, high + 5, strict=True)), FittedBGNBD.PARAMS, 3000)
        assert found.converged
        assert found.mean_log_likelihood * 3000 == pytest.approx(best.log_likelihood, abs=1e-6)


@pytest.mark.parametrize("first_can_leave", [False, True])
def test_gradient_and_second_derivatives_are_those_of_the_likelihood(first_can_leave: bool) -> None:
    customers = simulated(300, 2, r=0.5, alpha=8.0, a=0.8, b=2.5)
    objective, at, step = leaving_likelihood(customers, first_can_leave), np.log([0.7, 5.0, 1.3, 4.0]), 1e-5
    _, gradient, hessian = objective(at)
    for which, direction in enumerate(np.eye(4) * step):
        up, down = objective(at + direction), objective(at - direction)
        assert (up[0] - down[0]) / (2 * step) == pytest.approx(gradient[which], abs=1e-8)
        np.testing.assert_allclose((up[1] - down[1]) / (2 * step), hessian[which], atol=1e-7)


def test_the_likelihood_is_the_sum_over_customers() -> None:
    customers = simulated(2000, 3, r=0.5, alpha=8.0, a=0.8, b=2.5)
    fitted = BGNBD().fit(customers)
    assert fitted.log_likelihoods(customers).sum() == pytest.approx(fitted.log_likelihood, rel=1e-12)


def test_many_customers_whose_times_never_repeat_give_the_model_of_the_collapsed_ones() -> None:
    customers = simulated(60_000, 8, r=0.5, alpha=8.0, a=0.8, b=2.5)
    assert customers.to_learn_from() is customers
    straight, collapsed = BGNBD().fit(customers), BGNBD().fit(customers.collapse())
    assert straight.log_likelihood == pytest.approx(collapsed.log_likelihood, abs=1e-6)
    assert straight.symbols == pytest.approx(collapsed.symbols, rel=1e-6)


def test_shuffled_customers_give_the_same_model() -> None:
    customers = simulated(2000, 3, r=0.5, alpha=8.0, a=0.8, b=2.5)
    order = np.random.default_rng(0).permutation(len(customers))
    shuffled = Summary(customers.frequency[order], customers.recency[order], customers.T[order], unit="week")
    assert BGNBD().fit(shuffled) == BGNBD().fit(customers)


def test_every_customer_twice_doubles_the_likelihood_and_keeps_the_parameters() -> None:
    customers = simulated(1000, 4, r=0.5, alpha=8.0, a=0.8, b=2.5)
    twice = Summary(customers.frequency, customers.recency, customers.T, weight=np.full(1000, 2.0), unit="week")
    one, two = BGNBD().fit(customers), BGNBD().fit(twice)
    assert two.log_likelihood == pytest.approx(2 * one.log_likelihood, rel=1e-9)
    assert [two.params[name] for name in FittedBGNBD.PARAMS] == pytest.approx(
        [one.params[name] for name in FittedBGNBD.PARAMS], rel=1e-5
    )
    assert two.standard_errors is not None
    assert one.standard_errors is not None
    assert two.standard_errors["r"] == pytest.approx(one.standard_errors["r"] / np.sqrt(2), rel=1e-4)


def test_simulation_recovers_the_parameters_within_their_standard_errors() -> None:
    truth = {"r": 0.5, "alpha": 8.0, "a": 0.8, "b": 2.5}
    fitted = BGNBD().fit(simulated(20_000, 11, **truth))
    assert fitted.converged
    assert fitted.standard_errors is not None
    for name, value in truth.items():
        assert abs(fitted.params[name] - value) < 3.5 * fitted.standard_errors[name]


@pytest.mark.parametrize(("x", "t_x", "T"), [(0, 0, 20), (1, 3, 30), (4, 25, 30), (9, 32, 39)])
def test_closed_forms_equal_integrals_over_the_posterior(x: int, t_x: float, T: float) -> None:
    r, alpha, a, b = (PAPER.params[name] for name in FittedBGNBD.PARAMS)
    t, share = 26.0, (np.arange(1000) + 0.5) / 1000
    # What is known from x purchases until t_x; each cell of the grid is equally likely.
    rate = gamma.ppf(share, r + x, scale=1 / (alpha + t_x))[:, None]
    p = beta.ppf(share, a, b + max(x - 1, 0))[None, :]
    silent_so_far = np.exp(-rate * (T - t_x)) * np.ones_like(p)
    if x:
        silent_so_far = silent_so_far * (1 - p)
    whole = np.mean(silent_so_far + (p if x else 0.0))
    alive = np.mean(silent_so_far) / whole
    bought = np.mean(silent_so_far * -np.expm1(-rate * p * t) / p) / whole
    silent = 1 - np.mean(silent_so_far * -np.expm1(-rate * t)) / whole
    one = Summary([x], [t_x], [T], unit="week")
    assert PAPER.probability_alive(one)[0] == pytest.approx(alive, rel=2e-3)
    assert PAPER.expected_purchases(one, t)[0] == pytest.approx(bought, rel=2e-3)
    assert PAPER.probability_no_purchase(one, t)[0] == pytest.approx(silent, rel=2e-3)


def test_forecasts_stay_smooth_where_the_formula_has_a_hole_at_a_equal_one() -> None:
    customers = Summary([0, 3, 40], [0, 20, 30], [10, 25, 38], unit="week")
    rows = [
        FittedBGNBD({**PAPER.params, "a": a}, unit="week").expected_purchases(customers, 52)
        for a in (1 - 1e-7, 1, 1 + 1e-7)
    ]
    np.testing.assert_allclose(rows[0], rows[1], rtol=1e-6)
    np.testing.assert_allclose(rows[2], rows[1], rtol=1e-6)


def test_heavy_buyers_get_finite_forecasts_that_rise_with_their_purchases() -> None:
    counts = np.array([50, 200, 500, 1_500, 20_000])
    heavy = Summary(counts, np.full(5, 37.0), np.full(5, 38.0), unit="week")
    expected = PAPER.expected_purchases(heavy, 52)
    assert np.isfinite(expected).all()
    assert (np.diff(PAPER.expected_purchases(Summary(counts, [38] * 5, [38] * 5, unit="week"), 52)) > 0).all()
    assert ((PAPER.probability_alive(heavy) >= 0) & (PAPER.probability_alive(heavy) <= 1)).all()
    fitted = BGNBD().fit(Summary([0, 1, 0, 2, 1500, 3], [0, 5, 0, 9, 37.5, 20], [38, 30, 20, 35, 38, 37], unit="week"))
    assert np.isfinite(list(fitted.params.values())).all()


def test_a_customer_who_bought_once_is_alive_for_certain() -> None:
    assert PAPER.probability_alive(Summary([0], [0], [500], unit="week"))[0] == 1


def test_expected_purchases_are_at_least_the_chance_of_any() -> None:
    customers = simulated(500, 9, r=0.5, alpha=8.0, a=0.8, b=2.5)
    chance = 1 - PAPER.probability_no_purchase(customers, 30)
    assert (PAPER.expected_purchases(customers, 30) >= chance - 1e-12).all()


def test_next_purchase_quantiles_match_simulated_waiting_times() -> None:
    customer = Summary([4], [25], [30], unit="week")
    rng = np.random.default_rng(2)
    rates = rng.gamma(PAPER.params["r"] + 4, 1 / (PAPER.params["alpha"] + 30), 400_000)
    waits = rng.exponential(1.0, 400_000) / rates
    for q in (0.1, 0.5, 0.9):
        assert PAPER.next_purchase_quantile(customer, q)[0] == pytest.approx(np.quantile(waits, q), rel=0.02)
        within = np.quantile(waits[waits <= 26], q)
        assert PAPER.next_purchase_quantile(customer, q, within=26)[0] == pytest.approx(within, rel=0.02)


def test_the_next_purchase_within_a_horizon_lies_within_it() -> None:
    customers = Summary([0, 0, 300], [0, 0, 37], [0, 5000, 38], unit="week")
    late = PAPER.next_purchase_quantile(customers, 0.9, within=52)
    assert ((late > 0) & (late < 52)).all()


def test_another_unit_of_time_cannot_pass_silently() -> None:
    with pytest.raises(UsageError, match="in days, the model's in weeks"):
        PAPER.expected_purchases(Summary([1], [7], [70], unit="day"), 10)


def test_customers_who_never_return_say_that_leaving_is_not_pinned_down() -> None:
    fitted = BGNBD().fit(Summary(np.zeros(50), np.zeros(50), np.arange(1.0, 51.0), unit="day"))
    assert "do not pin down" in fitted.advice
    assert np.isfinite(fitted.expected_purchases(Summary([0], [0], [10], unit="day"), 30)).all()


def test_nothing_observed_is_refused() -> None:
    with pytest.raises(DataError, match="nothing to learn"):
        BGNBD().fit(Summary([0, 0], [0, 0], [0, 0], unit="day"))
    with pytest.raises(DataError, match="nothing to learn"):
        BGNBD().fit(Summary([], [], [], unit="day"))


def test_a_model_survives_being_written_as_plain_data() -> None:
    fitted = BGNBD().fit(simulated(500, 1, r=0.5, alpha=8.0, a=0.8, b=2.5))
    text = json.dumps(fitted.to_dict(), allow_nan=False)
    assert len(text) < 10_000
    assert FittedBGNBD.from_dict(json.loads(text)) == fitted
    with pytest.raises(DataError, match="no BG/NBD"):
        FittedBGNBD.from_dict({"model": "gamma_gamma", "params": {}})
    with pytest.raises(DataError, match="all > 0"):
        FittedBGNBD({"r": -1.0, "alpha": 1.0, "a": 1.0, "b": 1.0})


def test_purchase_counts_of_a_new_customer_add_up_to_one_and_to_the_expectation() -> None:
    chances = np.array([PAPER.probability_of_purchases(count, 52) for count in range(400)])
    assert chances.sum() == pytest.approx(1, abs=1e-10)
    assert (chances * np.arange(400)).sum() == pytest.approx(PAPER.expected_purchases_new_customer(52), rel=1e-8)
    assert PAPER.probability_of_purchases(0, 52) == pytest.approx((4.414 / (4.414 + 52)) ** 0.243, rel=1e-12)
    assert PAPER.probability_of_purchases(0, 0) == 1
    with pytest.raises(UsageError, match="whole number"):
        PAPER.probability_of_purchases(-1, 52)


def test_a_customers_forecast_does_not_depend_on_who_else_is_asked_for() -> None:
    customers = simulated(3000, 5, r=0.5, alpha=8.0, a=0.8, b=2.5)
    together = PAPER.expected_purchases(customers, 52), PAPER.discounted_purchases(customers, 52, 0.1)
    for row in range(0, 3000, 211):
        one = Summary(customers.frequency[[row]], customers.recency[[row]], customers.T[[row]], unit="week")
        assert PAPER.expected_purchases(one, 52)[0] == together[0][row]
        assert PAPER.discounted_purchases(one, 52, 0.1)[0] == together[1][row]
