from __future__ import annotations

import json
from pathlib import Path

import duckdb
import mpmath
import numpy as np
import pytest

from patron.errors import DataError, UnknownName, UsageError
from patron.models.arrays import Floats
from patron.models.buying import walks_likelihood
from patron.models.buying.covariate_walks import Walks, table_of
from patron.models.buying.pareto_nbd import FittedParetoNBD, ParetoNBD
from patron.models.buying.pareto_nbd_covariates import ParetoNBDCovariates
from patron.models.buying.pareto_nbd_time_varying import FittedParetoNBDTimeVarying, ParetoNBDTimeVarying
from patron.models.buying.purchase_history import PurchaseHistory
from patron.models.buying.walks_likelihood import WalksLikelihood

NAMES = ("high_season", "gender", "channel")


def model(params: list[float], purchase: dict[str, float], attrition: dict[str, float]) -> FittedParetoNBDTimeVarying:
    symbols = dict(zip(FittedParetoNBDTimeVarying.PARAMS, params, strict=True))
    return FittedParetoNBDTimeVarying(symbols, unit="week", coefficients={"purchase": purchase, "attrition": attrition})


# What CLVTools 0.12.1 (R, of the paper's authors) fits to its apparel data, on 104 weeks and on all of them.
CLVTOOLS = model(
    [1.9777409894092832, 115.17791455063571, 2.0127328567023923, 158.18179477183841],
    dict(zip(NAMES, (0.71827126117276596, 0.26490193764331033, 0.61373951022984541), strict=True)),
    dict(zip(NAMES, (-2.4826722306761129, -0.51247217778185417, 0.50573162034806274), strict=True)),
)
CLVTOOLS_ON_ALL = model(
    [1.7659201436828005, 104.77738568011759, 0.73887323289244766, 51.537312838177613],
    dict(zip(NAMES, (0.68222263857868892, 0.28084297812966702, 0.57523549923469885), strict=True)),
    dict(zip(NAMES, (-0.76089396183838409, -0.6733422079373208, 0.53503038233764344), strict=True)),
)
SHOP = model([0.8, 6.0, 0.7, 12.0], {"season": 0.8, "female": 0.3}, {"sale": -0.9})


class Apparel:
    """The apparel retailer's customers until some week, and their covariates by week."""

    def __init__(self, folder: Path, until: float = 104) -> None:
        log = duckdb.sql(
            f"""SELECT DISTINCT id, date_diff('day', DATE '2005-01-02', date) / 7.0 AS week
            FROM '{folder}/apparel_clvtools/apparel_trans.parquet'"""
        ).fetchnumpy()
        seen = log["week"] <= until
        self.history = PurchaseHistory(log["id"][seen].astype(str), log["week"][seen].astype(float), until)
        self.later = log["week"][~seen].astype(float)
        table = duckdb.sql(
            f"SELECT * FROM '{folder}/apparel_clvtools/apparel_dyn_cov.parquet' ORDER BY id, cov_date"
        ).fetchnumpy()
        self.covariates = {name: table[name].astype(float).reshape(len(self.history), -1) for name in NAMES}

    def row(self, customer: str) -> int:
        return list(self.history.ids).index(customer)


@pytest.fixture(scope="module")
def apparel(shared_data: Path) -> Apparel:
    return Apparel(shared_data)


@pytest.fixture(scope="module")
def fitted(apparel: Apparel) -> FittedParetoNBDTimeVarying:
    return ParetoNBDTimeVarying(NAMES, NAMES).fit(apparel.history, apparel.covariates)


def shop(customers: int, seed: int, horizon: float = 0.0) -> tuple[dict[str, Floats], object]:
    rng = np.random.default_rng(seed)
    weeks = np.arange(110)
    covariates = {
        "season": (weeks % 52 >= 44).astype(float),
        "female": np.repeat(rng.integers(0, 2, (customers, 1)), 110, axis=1).astype(float),
        "sale": rng.integers(0, 2, 110).astype(float),
    }
    return covariates, SHOP.simulate(rng.uniform(0, 30, customers), 78.0, covariates, rng, horizon)


def test_the_likelihood_of_each_customer_is_that_of_clvtools(apparel: Apparel) -> None:
    found = CLVTOOLS.log_likelihoods(apparel.history, apparel.covariates)
    assert found.sum() == pytest.approx(-5752.9367202226877, abs=1e-8)
    offset = model(
        [1.0, 50.0, 1.0, 60.0],
        dict(zip(NAMES, (0.1, 0.25, -0.15), strict=True)),
        dict(zip(NAMES, (0.2, -0.3, 0.4), strict=True)),
    ).log_likelihoods(apparel.history, apparel.covariates)
    assert offset.sum() == pytest.approx(-5879.4372179134398, abs=1e-8)
    published = {"1": -25.6305669774282, "10": -11.3191099126284, "100": -0.811494493486906, "105": -6.00320737261135}
    assert {name: offset[apparel.row(name)] for name in published} == pytest.approx(published, rel=1e-12)


def test_the_likelihood_of_all_of_history_is_that_of_clvtools(shared_data: Path) -> None:
    everything = Apparel(shared_data, until=2178 / 7)
    found = CLVTOOLS_ON_ALL.log_likelihoods(everything.history, everything.covariates)
    assert found.sum() == pytest.approx(-11762.873079515321, abs=1e-8)


def test_each_customer_gets_the_forecasts_that_clvtools_gives(apparel: Apparel) -> None:
    """Alive, purchases until 2010-12-20, and those discounted at the rate ln 1.1 per week."""
    published = {
        "1": (0.96582113645111, 4.71523823326992, 0.316739417439668),
        "10": (0.981308693365614, 3.08837298480247, 0.184566602672605),
        "100": (0.314128068142081, 0.491545535528813, 0.0293756259356873),
        "107": (0.187657336633207, 0.376630979099077, 0.0284388959688262),
        "138": (0.967983432745247, 10.5975807533687, 0.710753996659255),
        "164": (0.996357223701752, 8.38662081782309, 0.56247028481842),
    }
    yearly = np.exp(0.095310179804324935 * 365.25 / 7) - 1
    history, covariates = apparel.history, apparel.covariates
    found = (
        CLVTOOLS.probability_alive(history, covariates),
        CLVTOOLS.expected_purchases(history, covariates, 1450 / 7),
        CLVTOOLS.discounted_purchases(history, covariates, 1450 / 7, yearly),
    )
    for name, figures in published.items():
        assert [figure[apparel.row(name)] for figure in found] == pytest.approx(figures, rel=1e-9)


def test_a_new_customer_gets_the_purchases_that_clvtools_expects() -> None:
    """CLVTools adds the first purchase to those that follow it; it came on the Tuesday of the first week here."""
    covariates = {"high_season": np.ones(15), "gender": np.zeros(15), "channel": np.ones(15)}
    expected = CLVTOOLS_ON_ALL.expected_purchases_new_customer(covariates, 10, first=2 / 7)
    assert expected == pytest.approx(0.5615239704016717, rel=1e-10)
    assert CLVTOOLS_ON_ALL.expected_purchases_new_customer(covariates, 0.5, 2 / 7) == pytest.approx(
        0.029548982580679, rel=1e-10
    )


def test_the_fit_of_apparel_is_at_least_as_likely_as_that_of_clvtools(
    apparel: Apparel, fitted: FittedParetoNBDTimeVarying
) -> None:
    """CLVTools stops at -5752.937; a longer search of the same likelihood is known to reach -5752.623."""
    assert fitted.converged
    assert fitted.log_likelihood == pytest.approx(-5752.623, abs=1e-3)
    assert fitted.log_likelihoods(apparel.history, apparel.covariates).sum() == pytest.approx(
        fitted.log_likelihood, abs=1e-7
    )
    assert fitted.coefficients["purchase"] == pytest.approx(CLVTOOLS.coefficients["purchase"], abs=0.01)
    assert fitted.coefficient_errors["purchase"]["high_season"] == pytest.approx(0.0596, abs=1e-3)
    assert fitted.aic == pytest.approx(2 * 10 - 2 * fitted.log_likelihood)


def test_a_coefficient_that_could_be_anything_is_named(fitted: FittedParetoNBDTimeVarying) -> None:
    """Nobody is seen to leave in the high season of these two years: the rate there is as good as 0."""
    assert np.isnan(fitted.coefficient_errors["attrition"]["high_season"])
    assert "do not pin down the attrition coefficient of high_season" in fitted.advice
    assert np.isfinite(fitted.coefficient_errors["attrition"]["gender"])


def test_weekly_purchases_of_the_next_year_are_tracked_better_than_without_a_season(apparel: Apparel) -> None:
    actual, _ = np.histogram(apparel.later, np.arange(104, 157))
    season = ParetoNBDTimeVarying(("high_season",)).fit(apparel.history, apparel.covariates)
    weekly = season.expected_purchases_by_period(apparel.history, apparel.covariates, 52).sum(axis=0)
    plain = ParetoNBD().fit(apparel.history.summary)
    flat = np.diff([plain.expected_purchases(apparel.history.summary, week).sum() for week in range(53)])
    assert np.abs(weekly - actual).mean() < 0.8 * np.abs(flat - actual).mean()
    assert np.square(weekly - actual).mean() < 0.6 * np.square(flat - actual).mean()
    assert abs(weekly.sum() - actual.sum()) < 0.5 * abs(flat.sum() - actual.sum())
    assert 2 * (season.log_likelihood - plain.log_likelihood) > 50


def test_without_covariates_it_is_the_plain_model(apparel: Apparel) -> None:
    history, summary = apparel.history, apparel.history.summary
    plain, same = ParetoNBD().fit(summary), ParetoNBDTimeVarying().fit(history, {})
    assert same.params == pytest.approx(plain.params, rel=1e-6)
    assert same.standard_errors == pytest.approx(plain.standard_errors, rel=1e-6)
    assert same.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-12)


def test_covariates_that_are_all_zero_change_no_forecast(apparel: Apparel) -> None:
    history, summary = apparel.history, apparel.history.summary
    symbols = [0.55, 10.6, 0.61, 11.7]
    plain = FittedParetoNBD(dict(zip(FittedParetoNBD.PARAMS, symbols, strict=True)), unit="week")
    same, zero = model(symbols, {"sale": 2.0}, {"sale": -3.0}), {"sale": np.zeros(160)}
    pairs = [
        (same.log_likelihoods(history, zero), plain.log_likelihoods(summary)),
        (same.probability_alive(history, zero), plain.probability_alive(summary)),
        (same.expected_purchases(history, zero, 40.5), plain.expected_purchases(summary, 40.5)),
        (same.discounted_purchases(history, zero, 52, 0.15), plain.discounted_purchases(summary, 52, 0.15)),
        (same.probability_no_purchase(history, zero, 26), plain.probability_no_purchase(summary, 26)),
    ]
    for found, expected in pairs:
        assert found == pytest.approx(expected, rel=1e-9)
    assert same.expected_purchases_new_customer(zero, 52) == pytest.approx(plain.expected_purchases_new_customer(52))


def test_covariates_that_never_change_give_the_model_of_static_covariates(apparel: Apparel) -> None:
    history, weekly = apparel.history, apparel.covariates
    static = {name: weekly[name][:, 0] for name in NAMES[1:]}
    fitted = ParetoNBDTimeVarying(NAMES[1:], NAMES[1:]).fit(history, weekly)
    other = ParetoNBDCovariates(NAMES[1:], NAMES[1:]).fit(history.summary, static)
    assert fitted.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-10)
    assert fitted.params == pytest.approx(other.params, rel=1e-6)
    for part in ("purchase", "attrition"):
        assert fitted.coefficients[part] == pytest.approx(other.coefficients[part], rel=1e-6)
        assert fitted.coefficient_errors[part] == pytest.approx(other.coefficient_errors[part], rel=1e-6)
    customers = other.given(static)
    assert fitted.probability_alive(history, weekly) == pytest.approx(customers.probability_alive(history.summary))
    assert fitted.expected_purchases(history, weekly, 52) == pytest.approx(
        customers.expected_purchases(history.summary, 52)
    )


def test_days_and_weeks_tell_the_same_story(apparel: Apparel) -> None:
    weekly, daily = apparel.covariates["high_season"][0], np.repeat(apparel.covariates["high_season"][0], 7)
    log = apparel.history
    customer = np.concatenate([np.arange(len(log)), log.customer])
    days = PurchaseHistory(customer, np.concatenate([log.first, log.time]) * 7, 728, unit="day")
    one = ParetoNBDTimeVarying(("high_season",)).fit(log, {"high_season": weekly})
    other = ParetoNBDTimeVarying(("high_season",)).fit(days, {"high_season": daily})
    assert other.coefficients["purchase"] == pytest.approx(one.coefficients["purchase"], rel=1e-6)
    assert other.params["alpha"] == pytest.approx(7 * one.params["alpha"], rel=1e-6)
    assert other.expected_purchases(days, {"high_season": daily}, 365) == pytest.approx(
        one.expected_purchases(log, {"high_season": weekly}, 365 / 7), rel=1e-6
    )


def exact(symbols: list[float], season: Floats, sale: Floats, times: Floats, until: float) -> tuple[float, float]:
    """The log-likelihood and the chance of being alive of one customer, with 20 digits; coefficients are 1."""
    r, alpha, s, beta = map(mpmath.mpf, symbols)
    first, last, end, x = times[0], times[-1], mpmath.mpf(until), len(times) - 1

    def passed(values: Floats, time: mpmath.mpf) -> mpmath.mpf:
        spans = [(max(first, k), min(time, k + 1)) for k in range(len(values))]
        return mpmath.fsum(
            mpmath.e ** float(v) * (high - low) for v, (low, high) in zip(values, spans, strict=True) if high > low
        )

    def gone(period: int, low: float, high: float) -> mpmath.mpf:
        a, d = mpmath.e ** float(season[period]), mpmath.e ** float(sale[period])
        p, q = alpha + passed(season, low), beta + passed(sale, low)
        pace = (r + x + 1) * a / p + (s + 1) * d / q
        reach = mpmath.log1p((high - low) * pace)

        def density(w: mpmath.mpf) -> mpmath.mpf:
            t = mpmath.expm1(w) / pace
            return mpmath.e**w / pace * s * d * (q + d * t) ** -(s + 1) * (p + a * t) ** -(r + x)

        return mpmath.quad(density, [reach * k / 12 for k in range(13)])

    with mpmath.workdps(20):
        here = (alpha + passed(season, end)) ** -(r + x) * (beta + passed(sale, end)) ** -s
        bounds = [(k, max(last, k), min(until, k + 1)) for k in range(len(season))]
        left = mpmath.fsum(gone(k, low, high) for k, low, high in bounds if high > low)
        bought = sum(float(season[int(time)]) for time in times[1:])
        of_count = mpmath.loggamma(r + x) - mpmath.loggamma(r) + r * mpmath.log(alpha) + s * mpmath.log(beta)
        return float(mpmath.log(here + left) + of_count + bought), float(here / (here + left))


@pytest.mark.parametrize(
    ("symbols", "repeats"),
    [
        ([0.5, 10, 0.6, 12], 4),
        ([1e-3, 1e-5, 5e-3, 1e-4], 0),
        ([200, 0.1, 90, 1e4], 4),
        ([0.02, 9e4, 3, 1e-5], 300),
    ],
)
def test_extreme_customers_agree_with_twenty_digits(symbols: list[float], repeats: int) -> None:
    rng = np.random.default_rng(repeats)
    season, sale = rng.normal(0, 2, 5), rng.normal(0, 2, 5)
    times = np.sort(np.append(0.3, rng.uniform(0.3, 2.5, repeats)))
    history = PurchaseHistory(np.zeros(len(times)), times, 4.4)
    one, covariates = model(symbols, {"season": 1.0}, {"sale": 1.0}), {"season": season, "sale": sale}
    likelihood, alive = exact(symbols, season, sale, times, 4.4)
    assert one.log_likelihoods(history, covariates)[0] == pytest.approx(likelihood, rel=1e-10, abs=1e-10)
    assert one.probability_alive(history, covariates)[0] == pytest.approx(alive, rel=1e-9, abs=1e-290)


def test_the_derivatives_are_those_of_the_likelihood() -> None:
    covariates, made = shop(60, seed=2)
    history = made.history
    tables = [table_of(covariates, names, history, history.until) for names in (("season", "female"), ("sale",))]
    likelihood = WalksLikelihood(Walks.of(history, *tables))
    point = np.append(np.log([0.8, 6.0, 0.7, 12.0]), [0.5, 0.1, -0.4])
    _, gradient, hessian = likelihood(point)
    steps = np.eye(len(point)) * 1e-5
    slopes = [(likelihood(point + step)[0] - likelihood(point - step)[0]) / 2e-5 for step in steps]
    bends = [(likelihood(point + step)[1] - likelihood(point - step)[1]) / 2e-5 for step in steps]
    assert gradient == pytest.approx(slopes, abs=1e-8)
    assert hessian == pytest.approx(np.array(bends), abs=1e-8)


def test_simulated_customers_give_back_what_made_them() -> None:
    covariates, made = shop(1500, seed=3)
    fitted = ParetoNBDTimeVarying(("season", "female"), ("sale",)).fit(made.history, covariates)
    assert fitted.converged
    assert 2 * (fitted.log_likelihood - SHOP.log_likelihoods(made.history, covariates).sum()) < 20
    for part, names in SHOP.coefficients.items():
        for name, value in names.items():
            error = fitted.coefficient_errors[part][name]
            assert 0 < error < 0.5
            assert abs(fitted.coefficients[part][name] - value) < 3 * error


def test_forecasts_are_right_on_average_for_simulated_customers() -> None:
    covariates, made = shop(6000, seed=4, horizon=26)
    history = made.history
    alive = SHOP.probability_alive(history, covariates)
    assert alive.mean() == pytest.approx(made.alive.mean(), abs=0.02)
    expected = SHOP.expected_purchases(history, covariates, 26)
    assert expected.mean() == pytest.approx(made.purchases.mean(), rel=0.06)
    busy = expected > np.median(expected)
    assert expected[busy].mean() == pytest.approx(made.purchases[busy].mean(), rel=0.06)
    silent = SHOP.probability_no_purchase(history, covariates, 26)
    assert silent.mean() == pytest.approx((made.purchases == 0).mean(), abs=0.02)


def test_the_same_seed_makes_the_same_customers() -> None:
    one, other = shop(50, seed=5)[1], shop(50, seed=5)[1]
    assert np.array_equal(one.history.time, other.history.time)


def test_new_customers_buy_as_simulated_ones_do() -> None:
    rng = np.random.default_rng(6)
    covariates = {"season": np.array([0, 0, 1, 1, 0.0]), "female": np.ones(5), "sale": np.array([0, 1, 0, 1, 0.0])}
    made = SHOP.simulate(np.full(20_000, 0.5), 4.5, covariates, rng)
    expected = SHOP.expected_purchases_new_customer(covariates, 4, first=0.5)
    assert made.history.frequency.mean() == pytest.approx(expected, rel=0.05)


def test_forecasts_by_period_add_up() -> None:
    covariates, made = shop(40, seed=7)
    history = made.history
    weekly = SHOP.expected_purchases_by_period(history, covariates, 20)
    assert weekly.shape == (40, 20)
    assert weekly.sum(axis=1) == pytest.approx(SHOP.expected_purchases(history, covariates, 20), rel=1e-10)
    assert weekly[:, :3].sum(axis=1) == pytest.approx(SHOP.expected_purchases(history, covariates, 3), rel=1e-10)
    assert SHOP.expected_purchases_by_period(history, covariates, 1)[:, 0] == pytest.approx(weekly[:, 0])
    assert SHOP.discounted_purchases(history, covariates, 20, 0.0) == pytest.approx(weekly.sum(axis=1), rel=1e-10)


def test_nothing_happens_in_no_time() -> None:
    covariates, made = shop(10, seed=8)
    assert (SHOP.expected_purchases(made.history, covariates, 0) == 0).all()
    assert SHOP.probability_no_purchase(made.history, covariates, 0) == pytest.approx(np.ones(10))


def test_a_customer_who_buys_at_the_very_end_is_alive() -> None:
    history = PurchaseHistory(["ada", "ada"], [0.0, 2.0], until=2.0)
    covariates = {"season": [0, 1, 1], "female": [0, 0, 0], "sale": [1, 0, 0]}
    assert SHOP.probability_alive(history, covariates)[0] == pytest.approx(1)


def test_customers_worked_on_in_parts_get_the_same_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    covariates, made = shop(50, seed=9)
    names = ParetoNBDTimeVarying(("season", "female"), ("sale",))
    whole, alive = names.fit(made.history, covariates), SHOP.probability_alive(made.history, covariates)
    monkeypatch.setattr(walks_likelihood, "_AT_ONCE", 700)
    assert np.array_equal(SHOP.probability_alive(made.history, covariates), alive)
    assert names.fit(made.history, covariates).params == pytest.approx(whole.params, rel=1e-6)


def test_a_fitted_model_survives_being_written_down(fitted: FittedParetoNBDTimeVarying) -> None:
    again = FittedParetoNBDTimeVarying.from_dict(json.loads(json.dumps(fitted.to_dict())))
    assert again.to_dict() == fitted.to_dict()
    assert again.coefficients == fitted.coefficients


def test_a_forecast_beyond_the_covariates_is_refused() -> None:
    covariates, made = shop(10, seed=10)
    with pytest.raises(DataError, match="'season' ends after 110 periods; 118 are needed"):
        SHOP.expected_purchases(made.history, covariates, 40)


@pytest.mark.parametrize(
    ("covariates", "names", "what"),
    [
        ({"sale": np.ones(80)}, ("sale",), "'sale' is 1 for every customer"),
        ({"sale": np.r_[np.zeros(78), np.ones(2)]}, ("sale",), "'sale' is 0 for every customer"),
        (
            {"warm": np.arange(80) % 2, "cold": 1 - np.arange(80) % 2},
            ("warm", "cold"),
            "'cold' follows exactly from 'warm'",
        ),
    ],
)
def test_covariates_that_teach_nothing_are_refused(covariates: dict, names: tuple[str, ...], what: str) -> None:
    history = shop(10, seed=11)[1].history
    with pytest.raises(DataError, match=what):
        ParetoNBDTimeVarying(names).fit(history, covariates)


def test_wrong_names_units_and_horizons_are_refused() -> None:
    covariates, made = shop(10, seed=12)
    with pytest.raises(UnknownName, match="No covariate named 'seasons'"):
        ParetoNBDTimeVarying(("seasons",)).fit(made.history, covariates)
    with pytest.raises(UsageError, match="text 'season'"):
        ParetoNBDTimeVarying("season")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="times are in days, the model's in weeks"):
        SHOP.probability_alive(PurchaseHistory(["ada"], [1.0], 5, unit="day"), covariates)
    with pytest.raises(UsageError, match="horizon of -1"):
        SHOP.expected_purchases(made.history, covariates, -1)
    with pytest.raises(UsageError, match="Whole periods"):
        SHOP.expected_purchases_by_period(made.history, covariates, 0)
    with pytest.raises(UsageError, match="at all times"):
        SHOP.own_params({"season": [1.0]})
    with pytest.raises(DataError, match="nothing to learn from"):
        ParetoNBDTimeVarying(("season",)).fit(PurchaseHistory(["ada"], [1.0], 1.0), covariates)
