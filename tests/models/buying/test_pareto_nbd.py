from __future__ import annotations

import json
from pathlib import Path

import duckdb
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patron.errors import DataError, UsageError
from patron.models.arrays import Floats
from patron.models.buying.bg_nbd import BGNBD
from patron.models.buying.maximum_likelihood import maximise_curved
from patron.models.buying.pareto_blocks import ordered
from patron.models.buying.pareto_likelihood import Likelihood
from patron.models.buying.pareto_nbd import LOG_BOUNDS, FittedParetoNBD, ParetoNBD
from patron.models.buying.summary import Summary

PAPER = FittedParetoNBD({"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}, unit="week")
# VALUES.md takes 52 weeks for a year, where 365.25 days are meant: this rate is the same in days.
YEARLY = 1.15 ** (365.25 / 364) - 1


def summary_file(shared_data: Path) -> Summary:
    rows = duckdb.sql(f"SELECT x, t_x, t FROM '{shared_data}/cdnow/summary.parquet'").fetchnumpy()
    return Summary(rows["x"], rows["t_x"], rows["t"], unit="week")


def from_log(shared_data: Path, log: str) -> Summary:
    rows = duckdb.sql(
        f"""SELECT count(DISTINCT date) - 1 AS x, max(date) - min(date) AS t_x, DATE '1997-09-30' - min(date) AS t
        FROM '{shared_data}/cdnow/{log}.parquet' WHERE date <= '1997-09-30' GROUP BY customer_id"""
    ).fetchnumpy()
    return Summary(rows["x"], rows["t_x"] / 7, rows["t"] / 7, unit="week")


def customers(count: int, seed: int, model: FittedParetoNBD = PAPER) -> Summary:
    rng = np.random.default_rng(seed)
    return model.simulate(rng.uniform(1, 78, count), rng).summary


def one(x: float, t_x: float, T: float) -> Summary:
    return Summary([x], [t_x], [T], unit="week")


def params(fitted: FittedParetoNBD) -> list[float]:
    return [fitted.params[name] for name in FittedParetoNBD.PARAMS]


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("file", "summary_file(2-decimal weeks)"),
        ("sample", "recomputed from log (days/7)"),
        ("master", "cdnow full cohort 23,570"),
    ],
)
def test_cdnow_gives_the_published_parameters_and_likelihood(
    shared_data: Path, conformance: Path, source: str, key: str
) -> None:
    people = summary_file(shared_data) if source == "file" else from_log(shared_data, source)
    fitted = ParetoNBD().fit(people)
    published, likelihood = json.loads((conformance / "cdnow.json").read_text())[key]["pnbd"]
    assert fitted.converged
    assert params(fitted) == pytest.approx(published, rel=1e-4)
    assert fitted.log_likelihood == pytest.approx(likelihood, abs=1e-4)
    assert fitted.log_likelihoods(people).sum() == pytest.approx(likelihood, abs=1e-4)


def test_cdnow_gives_the_standard_errors_that_clvtools_publishes(shared_data: Path) -> None:
    fitted = ParetoNBD().fit(from_log(shared_data, "sample"))
    published = {"r": 0.0476264, "alpha": 0.8427222, "s": 0.1872594, "beta": 6.2105448}
    assert fitted.standard_errors == pytest.approx(published, rel=5e-3)


def test_each_published_customer_gets_the_published_forecasts(conformance: Path) -> None:
    values = json.loads((conformance / "cdnow.json").read_text())
    table = values["PN paper, CE52, P(alive), DERT(delta=ln(1.15)/52) for (x,tx,T)"]
    for customer, (expected, alive, residual) in table.items():
        who = one(*(float(part) for part in customer.strip("()").split(",")))
        assert PAPER.expected_purchases(who, 52)[0] == pytest.approx(expected, rel=1e-9)
        assert PAPER.probability_alive(who)[0] == pytest.approx(alive, rel=1e-9)
        assert PAPER.discounted_residual_purchases(who, YEARLY)[0] == pytest.approx(residual, rel=1e-9)
    assert PAPER.expected_purchases_new_customer(52) == pytest.approx(values["PN paper: E[X(52)]"], rel=1e-9)


def test_residual_purchases_are_the_integral_of_the_discounted_rate_of_buying(conformance: Path) -> None:
    closed, integral = json.loads((conformance / "cdnow.json").read_text())[
        "DERT check (2,30.43,38.86): closed vs numeric"
    ]
    who = one(2, 30.43, 38.86)
    assert PAPER.discounted_residual_purchases(who, YEARLY)[0] == pytest.approx(closed, rel=1e-9)
    assert PAPER.discounted_purchases(who, 20_000, YEARLY)[0] == pytest.approx(integral, rel=1e-6)


def test_a_discounted_horizon_is_the_sum_of_its_discounted_weeks() -> None:
    people, rate = customers(300, 3), np.log(1.1) * 7 / 365.25
    weeks = np.array([PAPER.expected_purchases(people, week) for week in np.arange(0, 53, 0.25)])
    middles = np.exp(-rate * (np.arange(0.125, 52, 0.25)))[:, None]
    summed = (np.diff(weeks, axis=0)[:208] * middles).sum(axis=0)
    np.testing.assert_allclose(PAPER.discounted_purchases(people, 52, 0.1), summed, rtol=1e-6)


def test_discounted_purchases_are_the_same_for_one_customer_and_for_many() -> None:
    people = customers(500, 8)
    together = PAPER.discounted_purchases(people, 52, 0.1)
    alone = [
        PAPER.discounted_purchases(one(x, t_x, T), 52, 0.1)[0]
        for x, t_x, T in zip(people.frequency[:20], people.recency[:20], people.T[:20], strict=True)
    ]
    np.testing.assert_allclose(together[:20], alone, rtol=1e-11)


def test_clvtools_stress_case_is_finite() -> None:
    model = FittedParetoNBD({"r": 0.5143, "alpha": 2.8845, "s": 0.2856, "beta": 14.1087}, unit="week")
    x, t_x = (221, 254, 161, 204), (103.42857, 97.14286, 94.71429, 98.57143)
    alive = model.probability_alive(Summary(x, t_x, (103.57143, 97.28571, 98.0, 99.42857), unit="week"))
    assert ((alive > 0) & (alive < 1)).all()
    assert (alive[:2] > 0.99).all()


def test_heavy_buyers_get_finite_forecasts_that_rise_with_their_purchases() -> None:
    counts = np.array([50.0, 200, 500, 1_500, 20_000])
    silent = Summary(counts, np.full(5, 37.0), np.full(5, 38.0), unit="week")
    active = Summary(counts, np.full(5, 38.0), np.full(5, 38.0), unit="week")
    assert np.isfinite(PAPER.expected_purchases(silent, 52)).all()
    assert (np.diff(PAPER.probability_alive(silent)) < 0).all()
    assert (np.diff(PAPER.expected_purchases(active, 52)) > 0).all()
    fitted = ParetoNBD().fit(
        Summary([0, 1, 0, 2, 1500, 3], [0, 5, 0, 9, 37.5, 20], [38, 30, 20, 35, 38, 37], unit="day")
    )
    assert np.isfinite(params(fitted)).all()


def test_who_bought_once_is_alive_with_less_than_certainty_unlike_in_bg_nbd() -> None:
    once = Summary([0, 0, 0], [0, 0, 0], [1, 50, 500], unit="week")
    alive = PAPER.probability_alive(once)
    assert (alive < 1).all()
    assert (np.diff(alive) < 0).all()
    assert (BGNBD().fit(customers(500, 1)).probability_alive(once) == 1).all()


def integral(a: float, b: float, p: float, q: float) -> mpmath.mpf:
    """∫ (p + w)^-a (q + w)^-b dw by Gauss' function in 60 digits."""
    a, b, p, q = map(mpmath.mpf, (a, b, p, q))
    if p < q:
        a, b, p, q = b, a, q, p
    return p ** (1 - a - b) * mpmath.hyp2f1(a + b - 1, b, a + b, 1 - q / p) / (a + b - 1)


def exactly(model: FittedParetoNBD, x: float, t_x: float, T: float, t: float) -> tuple[float, float, float, float]:
    """P(alive), expected purchases, chance of none, log-likelihood as the note writes them, in 60 digits."""
    r, alpha, s, beta = (mpmath.mpf(value) for value in model.symbols)
    x, t_x, T, t = map(mpmath.mpf, (x, t_x, T, t))
    a = r + x
    here = (alpha + T) ** -a * (beta + T) ** -s
    whole = here + s * (integral(a, s + 1, alpha + t_x, beta + t_x) - integral(a, s + 1, alpha + T, beta + T))
    stays = (beta + T) / (s - 1) * (1 - ((beta + T) / (beta + T + t)) ** (s - 1))
    buys = integral(a + 1, s, alpha + T, beta + T) - integral(a + 1, s, alpha + T + t, beta + T + t)
    alive = here / whole
    likelihood = mpmath.log(mpmath.gamma(a) / mpmath.gamma(r) * alpha**r * beta**s * whole)
    return float(alive), float(alive * a / (alpha + T) * stays), float(1 - alive * a * buys / here), float(likelihood)


def extreme(rng: np.random.Generator, count: int) -> tuple[FittedParetoNBD, Summary, float]:
    low, high = np.log([1e-3, 1e-2, 1e-3, 1e-2]), np.log([1e2, 1e3, 1e2, 1e3])
    values = map(float, np.exp(rng.uniform(low, high)))
    model = FittedParetoNBD(dict(zip(FittedParetoNBD.PARAMS, values, strict=True)), unit="week")
    x = rng.choice([0, 1, 2, 5, 30, 300, 10_000], count).astype(float)
    T = np.exp(rng.uniform(-3, 8, count))
    t_x = np.where(x > 0, T * rng.random(count) ** rng.choice([0.01, 1, 10], count), 0.0)
    return model, Summary(x, t_x, T, unit="week"), float(np.exp(rng.uniform(-3, 8)))


def assert_sane(model: FittedParetoNBD, people: Summary, horizon: float) -> None:
    alive, expected = model.probability_alive(people), model.expected_purchases(people, horizon)
    silent, late = (
        model.probability_no_purchase(people, horizon),
        model.next_purchase_quantile(people, 0.9, within=horizon),
    )
    discounted, residual = (
        model.discounted_purchases(people, horizon, 0.1),
        model.discounted_residual_purchases(people, 0.1),
    )
    assert np.isfinite(model.log_likelihoods(people)).all()
    assert all(np.isfinite(figures).all() for figures in (alive, expected, silent, late, discounted, residual))
    assert ((alive >= 0) & (alive <= 1) & (silent >= 0) & (silent <= 1) & (late >= 0) & (late <= horizon)).all()
    assert ((discounted >= 0) & (discounted <= expected * (1 + 1e-9)) & (discounted <= residual * (1 + 1e-9))).all()


def test_extreme_points_give_neither_nan_nor_an_impossible_forecast() -> None:
    rng = np.random.default_rng(6)
    for _ in range(30):
        assert_sane(*extreme(rng, 60))


@pytest.mark.slow
def test_a_hundred_thousand_extreme_points_give_neither_nan_nor_an_impossible_forecast() -> None:
    rng = np.random.default_rng(5)
    for _ in range(500):
        assert_sane(*extreme(rng, 200))


def test_extreme_points_agree_with_sixty_digits_to_nine() -> None:
    rng = np.random.default_rng(7)
    with mpmath.workdps(60):
        for _ in range(14):
            model, people, horizon = extreme(rng, 2)
            got = (
                model.probability_alive(people),
                model.expected_purchases(people, horizon),
                model.probability_no_purchase(people, horizon),
                model.log_likelihoods(people),
            )
            for row in range(2):
                exact = exactly(model, people.frequency[row], people.recency[row], people.T[row], horizon)
                assert [figure[row] for figure in got[:3]] == pytest.approx(exact[:3], rel=1e-9, abs=1e-290)
                assert got[3][row] == pytest.approx(exact[3], rel=1e-9, abs=1e-9)


def climbs(people: Summary, rng: np.random.Generator, count: int) -> list[float]:
    """The log-likelihoods that are reached from random starts, each on its own."""
    scale = float(people.T.mean())
    likelihood = Likelihood.of(ordered(people.frequency, people.recency / scale, people.T / scale))
    low, high = np.log([0.02, 0.005, 0.02, 0.001]), np.log([20.0, 50.0, 20.0, 50.0])
    reached = [
        maximise_curved([likelihood], [rng.uniform(low, high)], LOG_BOUNDS, FittedParetoNBD.PARAMS, len(people))
        for _ in range(count)
    ]
    assert all(found.converged for found in reached)
    density = float(people.frequency.sum()) * np.log(scale)
    return [found.mean_log_likelihood * len(people) - density for found in reached]


def test_random_starts_all_reach_the_best_likelihood() -> None:
    people = customers(2_500, 4)
    best = ParetoNBD().fit(people).log_likelihood
    assert climbs(people, np.random.default_rng(1), 8) == pytest.approx([best] * 8, abs=1e-6)


def test_of_two_peaks_the_higher_one_is_found() -> None:
    # Most left at once, a few stayed: a search that starts among loyal customers ends on the lower peak.
    many_leave_at_once = FittedParetoNBD({"r": 1.6, "alpha": 29.0, "s": 0.27, "beta": 0.007}, unit="week")
    people = customers(60, 5, many_leave_at_once)
    best = ParetoNBD().fit(people).log_likelihood
    reached = climbs(people, np.random.default_rng(2), 6)
    assert min(reached) < best - 0.1
    assert max(reached) <= best + 1e-6


def test_rough_data_reach_a_level_likelihood_or_say_what_is_open() -> None:
    rng = np.random.default_rng(3)
    calm = customers(1_200, 5)
    rough = Summary(
        np.append(calm.frequency, rng.integers(50, 3000, 5)),
        np.append(calm.recency, rng.uniform(10, 40, 5)),
        np.append(calm.T, np.full(5, 41.0)),
        unit="week",
    )
    fitted = ParetoNBD().fit(rough)
    assert fitted.converged
    for name in FittedParetoNBD.PARAMS:
        for factor in (0.99, 1.01):
            nearby = FittedParetoNBD({**fitted.params, name: fitted.params[name] * factor}, unit="week")
            assert nearby.log_likelihoods(rough).sum() <= fitted.log_likelihood + 1e-6


def test_customers_who_never_leave_are_fitted_with_a_word_on_what_is_open() -> None:
    rng = np.random.default_rng(2)
    T = np.full(400, 50.0)
    x = rng.poisson(rng.gamma(2.0, 0.2, 400) * T)
    t_x = np.where(x > 0, T * rng.random(400) ** (1 / np.maximum(x, 1)), 0.0)
    fitted = ParetoNBD().fit(Summary(x, t_x, T, unit="week"))
    assert "do not pin down" in fitted.advice
    assert fitted.expected_purchases_new_customer(50) == pytest.approx(x.mean(), rel=0.02)


def test_first_and_second_derivatives_are_those_of_the_likelihood() -> None:
    people, rng = customers(400, 6), np.random.default_rng(0)
    slopes = {1: rng.normal(size=(400, 2)), 3: rng.normal(size=(400, 1))}
    likelihood = Likelihood.of(ordered(people.frequency, people.recency, people.T), slopes)
    point = np.append(np.log([0.4, 6.0, 1.5, 30.0]), [0.1, -0.2, 0.3])
    _, gradient, hessian = likelihood(point)
    steps = np.eye(7) * 1e-5
    np.testing.assert_allclose(
        gradient, [(likelihood.value(point + h) - likelihood.value(point - h)) / 2e-5 for h in steps], atol=1e-8
    )
    np.testing.assert_allclose(
        hessian, [(likelihood(point + h)[1] - likelihood(point - h)[1]) / 2e-5 for h in steps], atol=1e-8
    )


def test_a_customers_forecast_is_the_same_whoever_else_is_asked_for() -> None:
    people = customers(5_000, 9)
    few = np.array([4_000, 17, 2_345])
    some = Summary(people.frequency[few], people.recency[few], people.T[few], unit="week")
    assert (PAPER.expected_purchases(some, 52) == PAPER.expected_purchases(people, 52)[few]).all()
    assert (PAPER.probability_no_purchase(some, 52) == PAPER.probability_no_purchase(people, 52)[few]).all()


def test_the_unit_of_time_changes_nothing_but_alpha_and_beta() -> None:
    weeks = customers(3_000, 7)
    fitted = ParetoNBD().fit(weeks)
    for unit, per_week in (("day", 7.0), ("hour", 168.0), ("month", 12 * 7 / 365.25), ("year", 7 / 365.25)):
        other = Summary(weeks.frequency, weeks.recency * per_week, weeks.T * per_week, unit=unit)
        scaled = ParetoNBD().fit(other)
        shift = float(weeks.frequency.sum()) * np.log(per_week)
        assert scaled.log_likelihood + shift == pytest.approx(fitted.log_likelihood, abs=1e-6)
        np.testing.assert_allclose(
            scaled.expected_purchases(other, 39 * per_week), fitted.expected_purchases(weeks, 39), rtol=1e-5
        )
        np.testing.assert_allclose(
            scaled.discounted_residual_purchases(other, 0.1),
            fitted.discounted_residual_purchases(weeks, 0.1),
            rtol=1e-5,
        )


def test_every_customer_twice_doubles_the_likelihood_and_keeps_the_parameters() -> None:
    people = customers(1_000, 4)
    twice = Summary(people.frequency, people.recency, people.T, weight=np.full(1_000, 2.0), unit="week")
    single, double = ParetoNBD().fit(people), ParetoNBD().fit(twice)
    assert double.log_likelihood == pytest.approx(2 * single.log_likelihood, rel=1e-9)
    assert params(double) == pytest.approx(params(single), rel=1e-5)
    assert double.standard_errors is not None
    assert single.standard_errors is not None
    assert double.standard_errors["r"] == pytest.approx(single.standard_errors["r"] / np.sqrt(2), rel=1e-4)


def test_shuffled_customers_give_the_same_model() -> None:
    people = customers(2_000, 3)
    order = np.random.default_rng(0).permutation(len(people))
    shuffled = Summary(people.frequency[order], people.recency[order], people.T[order], unit="week")
    assert params(ParetoNBD().fit(shuffled)) == pytest.approx(params(ParetoNBD().fit(people)), rel=1e-9)


def test_simulation_recovers_the_parameters_within_their_standard_errors() -> None:
    fitted = ParetoNBD().fit(customers(60_000, 11))
    assert fitted.converged
    assert fitted.standard_errors is not None
    for name, value in PAPER.params.items():
        assert abs(fitted.params[name] - value) < 3.5 * fitted.standard_errors[name]


def test_forecasts_match_what_simulated_customers_go_on_to_do() -> None:
    rng = np.random.default_rng(12)
    made = PAPER.simulate(rng.uniform(1, 78, 300_000), rng, horizon=52)
    alive, expected = PAPER.probability_alive(made.summary), PAPER.expected_purchases(made.summary, 52)
    silent = PAPER.probability_no_purchase(made.summary, 52)
    for low, high in ((0.0, 0.3), (0.3, 0.6), (0.6, 0.9), (0.9, 1.0)):
        group = (alive >= low) & (alive < high)
        assert made.alive[group].mean() == pytest.approx(alive[group].mean(), abs=0.006)
        assert made.purchases[group].mean() == pytest.approx(expected[group].mean(), rel=0.03)
        assert (made.purchases[group] == 0).mean() == pytest.approx(silent[group].mean(), abs=0.006)


def test_next_purchase_quantiles_match_simulated_waiting_times() -> None:
    rng, size = np.random.default_rng(2), 400_000
    x, T = 4, 30.0
    waits = rng.exponential(1.0, size) / rng.gamma(PAPER.params["r"] + x, 1 / (PAPER.params["alpha"] + T), size)
    leaves = rng.exponential(1.0, size) / rng.gamma(PAPER.params["s"], 1 / (PAPER.params["beta"] + T), size)
    times = np.where(waits < leaves, waits, np.inf)
    who = one(x, 25, T)
    for q in (0.1, 0.5):
        assert PAPER.next_purchase_quantile(who, q)[0] == pytest.approx(np.sort(times)[int(q * size)], rel=0.02)
    for q in (0.1, 0.5, 0.9):
        within = np.quantile(times[times <= 26], q)
        assert PAPER.next_purchase_quantile(who, q, within=26)[0] == pytest.approx(within, rel=0.02)
    assert PAPER.next_purchase_quantile(who, 0.9999)[0] == np.inf
    assert PAPER.next_purchase_quantile(who, 0.5, within=0)[0] == 0


def test_counts_of_a_new_customer_have_the_chances_that_simulation_shows() -> None:
    rng = np.random.default_rng(4)
    counts = PAPER.simulate(np.full(400_000, 52.0), rng).summary.frequency
    for count in (0, 1, 2, 5, 20):
        assert PAPER.probability_of_purchases(count, 52) == pytest.approx((counts == count).mean(), abs=0.002)


@pytest.mark.parametrize("values", [(0.553, 10.578, 0.606, 11.669), (8.0, 2.0, 0.05, 0.3)])
def test_chances_of_all_counts_sum_to_one_and_to_the_expected_purchases(values: tuple[float, ...]) -> None:
    model = FittedParetoNBD(dict(zip(FittedParetoNBD.PARAMS, values, strict=True)), unit="week")
    chances = np.array([model.probability_of_purchases(count, 20) for count in range(1_200)])
    assert chances.sum() == pytest.approx(1, abs=1e-9)
    assert (chances * np.arange(1_200)).sum() == pytest.approx(model.expected_purchases_new_customer(20), rel=1e-6)
    assert model.probability_of_purchases(0, 0) == 1
    assert model.probability_of_purchases(3, 0) == 0


customer_lists = st.lists(
    st.tuples(st.integers(0, 400), st.floats(0, 1), st.floats(0.01, 3000)), min_size=1, max_size=8
)


@settings(max_examples=60, deadline=None)
@given(customer_lists, st.floats(0.01, 500))
def test_buying_at_all_is_no_likelier_than_the_purchases_expected(rows: list[tuple], horizon: float) -> None:
    x, share, T = map(np.array, zip(*rows, strict=True))
    people = Summary(x, np.where(x > 0, share * T, 0.0), T, unit="week")
    alive, silent = PAPER.probability_alive(people), PAPER.probability_no_purchase(people, horizon)
    assert ((alive >= 0) & (alive <= 1)).all()
    assert (PAPER.expected_purchases(people, horizon) >= 1 - silent - 1e-12).all()
    assert (1 - silent <= alive + 1e-12).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.floats(1, 500), st.floats(0.01, 0.98))
def test_a_later_last_purchase_makes_being_alive_likelier(x: int, T: float, share: float) -> None:
    earlier, later = one(x, share * T, T), one(x, (share + 0.02) * T, T)
    assert PAPER.probability_alive(later)[0] >= PAPER.probability_alive(earlier)[0]


def test_forecasts_stay_smooth_where_the_formula_has_a_hole_at_s_equal_one() -> None:
    people = Summary([0, 3, 40], [0, 20, 30], [10, 25, 38], unit="week")
    rows: list[Floats] = [
        FittedParetoNBD({**PAPER.params, "s": s}, unit="week").expected_purchases(people, 52)
        for s in (1 - 1e-9, 1.0, 1 + 1e-9)
    ]
    np.testing.assert_allclose(rows[0], rows[1], rtol=1e-8)
    np.testing.assert_allclose(rows[2], rows[1], rtol=1e-8)


def test_a_fitted_model_survives_being_written_as_plain_data() -> None:
    fitted = ParetoNBD().fit(customers(500, 2))
    text = json.dumps(fitted.to_dict())
    assert FittedParetoNBD.from_dict(json.loads(text)) == fitted
    assert len(text) < 10_000


def test_nonsense_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(UsageError, match="in days, the model's in weeks"):
        PAPER.expected_purchases(Summary([1], [7], [70], unit="day"), 10)
    with pytest.raises(UsageError, match="cannot be summed without a discount"):
        PAPER.discounted_residual_purchases(one(1, 2, 3), 0.0)
    with pytest.raises(UsageError, match="between 0 and 1"):
        PAPER.next_purchase_quantile(one(1, 2, 3), 1.0)
    with pytest.raises(UsageError, match="whole number"):
        PAPER.probability_of_purchases(-1, 5)
    with pytest.raises(UsageError, match="finite"):
        PAPER.expected_purchases(one(1, 2, 3), np.inf)
    with pytest.raises(DataError, match="nothing to learn from"):
        ParetoNBD().fit(Summary([0, 0], [0, 0], [0, 0], unit="day"))
    with pytest.raises(DataError, match="nothing to learn from"):
        ParetoNBD().fit(Summary([], [], [], unit="day"))
