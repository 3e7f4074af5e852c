from __future__ import annotations

import json
from pathlib import Path

import duckdb
import numpy as np
import pytest

from patron.errors import DataError
from patron.models.buying.gamma_gamma import FittedGammaGamma, GammaGamma, likelihood
from patron.models.buying.maximum_likelihood import maximise_curved

PAPER = FittedGammaGamma({"p": 6.25, "q": 3.74, "v": 15.44})


def buyers(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 8, count).astype(float)
    rate = rng.gamma(3.74, 1 / 15.44, count)
    return x, rng.gamma(6.25 * x) / rate / x


def spend_of(shared_data: Path, source: str) -> tuple[np.ndarray, np.ndarray]:
    if source == "summary":
        rows = duckdb.sql(f"SELECT x, zbar AS m FROM '{shared_data}/cdnow/summary.parquet'").fetchnumpy()
    else:
        rows = duckdb.sql(
            f"""WITH days AS (SELECT customer_id, date, round(sum(amount), 2) AS a FROM '{shared_data}/cdnow/{source}.parquet'
            WHERE date <= '1997-09-30' GROUP BY ALL),
            firsts AS (SELECT *, date > min(date) OVER (PARTITION BY customer_id) AS repeat FROM days)
            SELECT count(*) - 1 AS x, coalesce(avg(a) FILTER (repeat), 0) AS m FROM firsts GROUP BY customer_id"""
        ).fetchnumpy()
    return rows["x"], rows["m"]


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("summary", "summary_file(2-decimal weeks)"),
        ("sample", "recomputed from log (days/7)"),
        ("master", "cdnow full cohort 23,570"),
    ],
)
def test_cdnow_gives_the_published_parameters_and_likelihood(
    shared_data: Path, conformance: Path, source: str, key: str
) -> None:
    values = json.loads((conformance / "cdnow.json").read_text())[key]
    fitted = GammaGamma().fit(*spend_of(shared_data, source))
    params, likelihood = values["gg"]
    assert fitted.converged
    assert fitted.customers == values.get("n_gg", 946)
    assert [fitted.params[name] for name in FittedGammaGamma.PARAMS] == pytest.approx(params, rel=1e-3)
    assert fitted.log_likelihood == pytest.approx(likelihood, abs=0.01)


def test_the_papers_parameters_give_the_published_spend(conformance: Path) -> None:
    values = json.loads((conformance / "cdnow.json").read_text())
    key = "GG paper: E[M] pop, E[M|x=1,m=35], E[M|x=2,m=22.35], E[M|x=10,m=50]"
    spend = PAPER.expected_spend([1, 2, 10], [35, 22.35, 50])
    assert [PAPER.population_mean, *spend] == pytest.approx(values[key], rel=1e-9)


def test_the_currency_changes_nothing_but_v() -> None:
    x, m = buyers(2000, 1)
    euros = GammaGamma().fit(x, m)
    for factor in (100.0, 150.0, 1e-3, 1e6):
        other = GammaGamma().fit(x, m * factor)
        assert other.params["v"] == pytest.approx(euros.params["v"] * factor, rel=1e-4)
        np.testing.assert_allclose(other.expected_spend(x, m * factor), euros.expected_spend(x, m) * factor, rtol=1e-6)
        assert other.log_likelihood + len(x) * np.log(factor) == pytest.approx(euros.log_likelihood, abs=1e-6)


def test_many_random_starts_reach_the_same_optimum() -> None:
    x, m = buyers(3000, 8)
    best, rng = GammaGamma().fit(x, m), np.random.default_rng(1)
    for _ in range(25):
        start = rng.uniform(np.log([0.2, 0.5, 0.5]), np.log([50, 50, 500]))
        found = maximise_curved([likelihood(x, m, np.ones(3000))], [start], [(-9, 14)] * 3, "pqv", 3000)
        assert found.converged
        assert found.mean_log_likelihood * 3000 == pytest.approx(best.log_likelihood, abs=1e-6)


def test_gradient_and_second_derivatives_are_those_of_the_likelihood() -> None:
    objective, at, step = likelihood(*buyers(200, 9), np.linspace(0.5, 2, 200)), np.log([4.0, 3.0, 20.0]), 1e-5
    _, gradient, hessian = objective(at)
    for which, direction in enumerate(np.eye(3) * step):
        up, down = objective(at + direction), objective(at - direction)
        assert (up[0] - down[0]) / (2 * step) == pytest.approx(gradient[which], abs=1e-8)
        np.testing.assert_allclose((up[1] - down[1]) / (2 * step), hessian[which], atol=1e-7)


def test_many_buyers_are_sampled_on_the_way_and_all_counted_in_the_end() -> None:
    x, m = buyers(100_000, 10)
    fitted = GammaGamma().fit(x, m)
    p, q, v = np.log(list(fitted.params.values()))
    value, gradient, _ = likelihood(x, m, np.ones(100_000))(np.array([p, q, v]))
    assert np.abs(gradient).max() < 1e-8
    assert fitted.log_likelihood == pytest.approx(value * 100_000, rel=1e-12)


def test_simulation_recovers_the_parameters_within_their_standard_errors() -> None:
    fitted = GammaGamma().fit(*buyers(20_000, 3))
    assert fitted.standard_errors is not None
    for name in FittedGammaGamma.PARAMS:
        assert abs(fitted.params[name] - PAPER.params[name]) < 3.5 * fitted.standard_errors[name]


def test_weights_count_customers() -> None:
    x, m = buyers(500, 4)
    twice = GammaGamma().fit(np.tile(x, 2), np.tile(m, 2))
    weighted = GammaGamma().fit(x, m, np.full(500, 2.0))
    assert weighted.log_likelihood == pytest.approx(twice.log_likelihood, rel=1e-9)


def test_customers_without_a_paid_repeat_purchase_get_the_population_mean_and_teach_nothing() -> None:
    x, m = buyers(300, 5)
    fitted = GammaGamma().fit(np.append(x, [0, 2]), np.append(m, [0, 0]))
    assert fitted == GammaGamma().fit(x, m)
    assert fitted.expected_spend([0, 2], [0, 0]) == pytest.approx([fitted.population_mean] * 2)


def test_a_tail_too_heavy_for_a_mean_is_said_to_be_infinite_never_negative() -> None:
    heavy = FittedGammaGamma({"p": 2.0, "q": 0.8, "v": 10.0})
    assert heavy.population_mean == np.inf
    spend = heavy.expected_spend([0, 1, 5], [0, 20, 20])
    assert spend[0] == np.inf
    assert (spend[1:] > 0).all()


def test_equal_spend_by_everybody_gives_that_spend() -> None:
    fitted = GammaGamma().fit(np.full(100, 3.0), np.full(100, 9.99))
    assert fitted.expected_spend([1, 5], [9.99, 9.99]) == pytest.approx([9.99, 9.99], rel=1e-2)


def test_refunds_and_empty_tables_are_refused() -> None:
    with pytest.raises(DataError, match="Refunds are not purchases"):
        GammaGamma().fit([1, 2], [5, -1])
    with pytest.raises(DataError, match="At least one repeat buyer"):
        GammaGamma().fit([0, 0], [0, 0])


def test_a_model_survives_being_written_as_plain_data() -> None:
    fitted = GammaGamma().fit(*buyers(300, 6))
    assert FittedGammaGamma.from_dict(json.loads(json.dumps(fitted.to_dict(), allow_nan=False))) == fitted
    with pytest.raises(DataError, match="no Gamma-Gamma"):
        FittedGammaGamma.from_dict({"model": "bg_nbd"})
