from __future__ import annotations

import json
from pathlib import Path

import duckdb
import numpy as np
import pytest

from patron.errors import DataError, UnknownName, UsageError
from patron.models.arrays import Floats
from patron.models.buying import bg_nbd_covariates
from patron.models.buying.bg_nbd import BGNBD
from patron.models.buying.bg_nbd_covariates import BGCustomers, BGNBDCovariates, FittedBGNBDCovariates
from patron.models.buying.comparison import likelihood_ratio
from patron.models.buying.covariates import Design
from patron.models.buying.pareto_nbd import ParetoNBD
from patron.models.buying.pareto_nbd_covariates import FittedParetoNBDCovariates, ParetoCustomers, ParetoNBDCovariates
from patron.models.buying.summary import Summary

BOTH = ("gender", "channel")
TRUTH = FittedParetoNBDCovariates(
    {"r": 0.8, "alpha": 12.0, "s": 0.7, "beta": 20.0},
    unit="week",
    coefficients={"purchase": {"club": 0.6, "age": -0.3}, "attrition": {"club": -0.8}},
)
BG_TRUTH = FittedBGNBDCovariates(
    {"r": 0.8, "alpha": 8.0, "a": 0.9, "b": 3.0},
    unit="week",
    coefficients={"purchase": {"club": 0.5}, "leaving": {"club": -0.4}, "staying": {"club": 0.5}},
)


def apparel(shared_data: Path) -> tuple[Summary, dict[str, Floats]]:
    """CLVTools' apparel retailer, observed for 104 weeks."""
    folder = shared_data / "apparel_clvtools"
    rows = duckdb.sql(
        f"""SELECT x, t_x, t, gender, channel FROM (
            SELECT id, count(DISTINCT date) - 1 AS x, max(date) - min(date) AS t_x,
                DATE '2005-01-02' + 728 - min(date) AS t
            FROM '{folder}/apparel_trans.parquet' WHERE date <= DATE '2005-01-02' + 728 GROUP BY id
        ) JOIN '{folder}/apparel_static_cov.parquet' USING (id) ORDER BY id"""
    ).fetchnumpy()
    return Summary(rows["x"], rows["t_x"] / 7, rows["t"] / 7, unit="week"), {name: rows[name] for name in BOTH}


def people(count: int, seed: int) -> tuple[np.random.Generator, dict[str, Floats], Floats]:
    rng = np.random.default_rng(seed)
    covariates = {"club": rng.integers(0, 2, count).astype(float), "age": rng.normal(40, 1, count) - 40}
    return rng, covariates, rng.uniform(10, 90, count)


def made(count: int, seed: int) -> tuple[Summary, dict[str, Floats]]:
    rng, covariates, T = people(count, seed)
    return TRUTH.given(covariates).simulate(T, rng).summary, covariates


def test_apparel_gives_the_figures_of_clvtools_walkthrough(shared_data: Path) -> None:
    """As quoted from its section on static covariates, to four decimals, where its own search stopped."""
    summary, covariates = apparel(shared_data)
    plain, fitted = ParetoNBD().fit(summary), ParetoNBDCovariates(BOTH, BOTH).fit(summary, covariates)
    assert plain.log_likelihood == pytest.approx(-5848.0978, abs=1e-4)
    assert plain.params == pytest.approx({"r": 1.4490, "alpha": 48.6361, "s": 0.5613, "beta": 46.8844}, rel=1e-3)
    assert fitted.converged
    assert fitted.log_likelihood == pytest.approx(-5821.0627, abs=1e-4)
    assert fitted.params == pytest.approx({"r": 1.8378, "alpha": 92.9123, "s": 0.5920, "beta": 49.6227}, rel=3e-3)
    assert fitted.coefficients["attrition"] == pytest.approx({"gender": -0.6430, "channel": 0.7907}, abs=2e-3)
    assert fitted.coefficients["purchase"] == pytest.approx({"gender": 0.2859, "channel": 0.6241}, abs=2e-3)
    assert fitted.coefficient_errors["attrition"]["channel"] == pytest.approx(0.3059, abs=1e-3)
    assert fitted.coefficient_errors["purchase"] == pytest.approx({"gender": 0.1041, "channel": 0.1050}, abs=2e-4)


def test_apparels_covariates_earn_their_place_in_both_models(shared_data: Path) -> None:
    summary, covariates = apparel(shared_data)
    pareto = likelihood_ratio(ParetoNBD().fit(summary), ParetoNBDCovariates(BOTH, BOTH).fit(summary, covariates))
    bg = likelihood_ratio(BGNBD().fit(summary), BGNBDCovariates(BOTH, BOTH).fit(summary, covariates))
    assert pareto.p_value < 1e-9
    assert bg.p_value < 1e-4


def test_pareto_nbd_recovers_the_coefficients_that_made_the_customers() -> None:
    summary, covariates = made(12_000, 1)
    fitted = ParetoNBDCovariates(("club", "age"), ("club",)).fit(summary, covariates)
    assert fitted.converged
    for part, names in TRUTH.coefficients.items():
        for name, value in names.items():
            assert abs(fitted.coefficients[part][name] - value) < 3.5 * fitted.coefficient_errors[part][name]
            assert fitted.coefficient_errors[part][name] < 0.2
    assert fitted.standard_errors is not None
    for name, value in TRUTH.params.items():
        assert abs(fitted.params[name] - value) < 3.5 * fitted.standard_errors[name]


def test_bg_nbd_recovers_the_coefficients_that_made_the_customers() -> None:
    rng, covariates, T = people(12_000, 2)
    summary = BG_TRUTH.given(covariates).simulate(T, rng).summary
    fitted = BGNBDCovariates(("club",), ("club",)).fit(summary, covariates)
    assert fitted.converged
    for part, names in BG_TRUTH.coefficients.items():
        assert abs(fitted.coefficients[part]["club"] - names["club"]) < 3.5 * fitted.coefficient_errors[part]["club"]
        assert fitted.coefficient_errors[part]["club"] < 0.3


@pytest.mark.parametrize("truth", [TRUTH, BG_TRUTH])
def test_forecasts_match_what_simulated_customers_go_on_to_do(
    truth: FittedParetoNBDCovariates | FittedBGNBDCovariates,
) -> None:
    rng, covariates, T = people(150_000, 3)
    known = truth.given(covariates)
    seen = known.simulate(T, rng, horizon=40)
    club = covariates["club"] == 1
    for group in (club, ~club):
        expected = known.expected_purchases(seen.summary, 40)[group].mean()
        assert seen.purchases[group].mean() == pytest.approx(expected, rel=0.03)
        assert seen.alive[group].mean() == pytest.approx(known.probability_alive(seen.summary)[group].mean(), abs=0.006)
        silent = known.probability_no_purchase(seen.summary, 40)[group].mean()
        assert (seen.purchases[group] == 0).mean() == pytest.approx(silent, abs=0.006)


@pytest.mark.parametrize("truth", [TRUTH, BG_TRUTH])
def test_customers_who_share_their_covariates_follow_the_plain_model_of_these(
    truth: FittedParetoNBDCovariates | FittedBGNBDCovariates,
) -> None:
    rng, covariates, T = people(400, 4)
    known: ParetoCustomers | BGCustomers = truth.given(covariates | {"age": np.full(400, 0.5)})
    summary = known.simulate(T, rng).summary
    plain, club = truth.model_for({"club": 1.0, "age": 0.5}), covariates["club"] == 1
    ours = Summary(summary.frequency[club], summary.recency[club], summary.T[club], unit="week")
    pairs = [
        (plain.probability_alive(ours), known.probability_alive(summary)),
        (plain.expected_purchases(ours, 52), known.expected_purchases(summary, 52)),
        (plain.discounted_purchases(ours, 52, 0.1), known.discounted_purchases(summary, 52, 0.1)),
        (plain.probability_no_purchase(ours, 52), known.probability_no_purchase(summary, 52)),
        (plain.next_purchase_quantile(ours, 0.5, 52), known.next_purchase_quantile(summary, 0.5, 52)),
        (plain.log_likelihoods(ours), known.log_likelihoods(summary)),
    ]
    for of_plain, of_all in pairs:
        np.testing.assert_allclose(of_plain, of_all[club], rtol=1e-9)
    new = known.expected_purchases_new_customers(52)[club]
    np.testing.assert_allclose(new, plain.expected_purchases_new_customer(52), rtol=1e-9)


def test_bg_nbd_forecasts_hold_where_the_formula_has_a_hole_at_a_equal_one() -> None:
    covariates = {"club": np.array([0.0, 1.0])}
    model = FittedBGNBDCovariates(
        {"r": 0.8, "alpha": 8.0, "a": 1.0, "b": 3.0},
        unit="week",
        coefficients={"purchase": {}, "leaving": {"club": 0.2}, "staying": {}},
    )
    summary = Summary([3, 3], [20, 20], [25, 25], unit="week")
    expected = model.given(covariates).expected_purchases(summary, 52)[0]
    assert expected == pytest.approx(model.model_for({"club": 0.0}).expected_purchases(summary, 52)[0], rel=1e-9)


def test_bg_nbd_derivatives_are_those_of_the_likelihood() -> None:
    rng, covariates, T = people(300, 5)
    summary = BG_TRUTH.given(covariates).simulate(T, rng).summary
    names = (("club", "age"), ("club",), ("club",))
    likelihood = bg_nbd_covariates.Likelihood(
        summary, Design.of(FittedBGNBDCovariates.PARTS, names, summary, covariates)
    )
    point = np.append(np.log([0.5, 6.0, 0.8, 2.5]), [0.1, -0.2, 0.3, 0.2])
    _, gradient, hessian = likelihood(point)
    steps = np.eye(8) * 1e-5
    np.testing.assert_allclose(
        gradient, [(likelihood(point + h)[0] - likelihood(point - h)[0]) / 2e-5 for h in steps], atol=1e-8
    )
    np.testing.assert_allclose(
        hessian, [(likelihood(point + h)[1] - likelihood(point - h)[1]) / 2e-5 for h in steps], atol=1e-8
    )


def test_a_covariates_unit_scales_its_coefficient_and_nothing_else() -> None:
    summary, covariates = made(2_000, 6)
    model = ParetoNBDCovariates(("age",), ("age",))
    years, months = model.fit(summary, covariates), model.fit(summary, {"age": 12 * covariates["age"] + 480})
    assert months.log_likelihood == pytest.approx(years.log_likelihood, abs=1e-6)
    assert months.coefficients["purchase"]["age"] == pytest.approx(years.coefficients["purchase"]["age"] / 12, rel=1e-4)
    assert months.coefficient_errors["purchase"]["age"] == pytest.approx(
        years.coefficient_errors["purchase"]["age"] / 12, rel=1e-4
    )


@pytest.mark.parametrize("kind", [ParetoNBDCovariates, BGNBDCovariates])
def test_shuffled_customers_give_the_same_coefficients(kind: type[ParetoNBDCovariates | BGNBDCovariates]) -> None:
    summary, covariates = made(1_500, 7)
    order = np.random.default_rng(0).permutation(len(summary))
    shuffled = Summary(summary.frequency[order], summary.recency[order], summary.T[order], unit="week")
    one = kind(("club",), ("club",)).fit(summary, covariates)
    other = kind(("club",), ("club",)).fit(shuffled, {name: column[order] for name, column in covariates.items()})
    assert other.log_likelihood == pytest.approx(one.log_likelihood, abs=1e-6)
    assert other.coefficients["purchase"]["club"] == pytest.approx(one.coefficients["purchase"]["club"], rel=1e-5)


@pytest.mark.parametrize("kind", [ParetoNBDCovariates, BGNBDCovariates])
def test_a_fitted_model_survives_being_written_as_plain_data(
    kind: type[ParetoNBDCovariates | BGNBDCovariates],
) -> None:
    summary, covariates = made(400, 8)
    fitted = kind(("club",), ("club",)).fit(summary, covariates)
    text = json.dumps(fitted.to_dict())
    assert type(fitted).from_dict(json.loads(text)) == fitted
    assert len(text) < 10_000


def test_every_coefficient_counts_as_a_parameter() -> None:
    summary, covariates = made(400, 9)
    fitted = ParetoNBDCovariates(("club", "age"), ("club",)).fit(summary, covariates)
    assert fitted.aic == pytest.approx(2 * 7 - 2 * fitted.log_likelihood)
    assert fitted.bic == pytest.approx(7 * np.log(400) - 2 * fitted.log_likelihood)


def test_covariates_that_teach_nothing_are_refused_by_name() -> None:
    summary, covariates = made(300, 10)
    fit = ParetoNBDCovariates(("club", "other"), ()).fit
    with pytest.raises(UnknownName, match="No covariate named 'other'"):
        fit(summary, covariates)
    with pytest.raises(DataError, match="'other' is 3 for every customer"):
        fit(summary, covariates | {"other": np.full(300, 3.0)})
    with pytest.raises(DataError, match="'other' follows exactly from 'club'"):
        fit(summary, covariates | {"other": 1 - covariates["club"]})
    with pytest.raises(DataError, match="Covariate 'other' is nan in row 2"):
        fit(summary, covariates | {"other": np.append([0.0, 1.0, np.nan], np.arange(297.0))})
    with pytest.raises(DataError, match="'other' has 2 values for 300 customers"):
        fit(summary, covariates | {"other": np.array([1.0, 2.0])})


def test_nonsense_is_refused_with_what_is_allowed() -> None:
    rng, covariates, T = people(5, 11)
    summary = TRUTH.given(covariates).simulate(T, rng).summary
    with pytest.raises(UsageError, match=r"Give a tuple: \('club',\)"):
        ParetoNBDCovariates("club")
    with pytest.raises(UsageError, match="'club' is given twice for attrition"):
        BGNBDCovariates((), ("club", "club"))
    with pytest.raises(UsageError, match="The summary has 5 customers, the covariates have 2"):
        TRUTH.given({"club": [0, 1], "age": [0, 0]}).probability_alive(summary)
    with pytest.raises(UsageError, match="in days, the model's in weeks"):
        BG_TRUTH.given(covariates).probability_alive(Summary(summary.frequency, summary.recency, summary.T, unit="day"))
    with pytest.raises(UnknownName, match="No covariate named 'age'"):
        TRUTH.model_for({"club": 1.0})
