from __future__ import annotations

import json
from pathlib import Path

import mpmath
import numpy as np
import pytest
from scipy.stats import beta, gamma

from models.cdnow import FROM_LOG, WEEKS_FILE, published
from models.cdnow import customers as cdnow
from patron.models.buying.mbg_nbd import MBGNBD, FittedMBGNBD
from patron.models.buying.summary import Summary

CDNOW = FittedMBGNBD({"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}, unit="week")


@pytest.mark.parametrize(("source", "key"), [("file", WEEKS_FILE), ("sample", FROM_LOG)])
def test_cdnow_gives_the_published_parameters_and_likelihood(
    shared_data: Path, conformance: Path, source: str, key: str
) -> None:
    customers = cdnow(shared_data, source)
    fitted = MBGNBD().fit(customers)
    params, likelihood = published(conformance)[key]["mbgnbd"]
    assert fitted.converged
    assert list(fitted.symbols) == pytest.approx(params, rel=1e-3)
    assert fitted.log_likelihood == pytest.approx(likelihood, abs=0.01)
    assert fitted.log_likelihoods(customers).sum() == pytest.approx(likelihood, abs=0.01)


@pytest.mark.parametrize(("x", "t_x", "T"), [(0, 0, 20), (1, 3, 30), (4, 25, 30), (9, 32, 39)])
def test_closed_forms_equal_integrals_over_the_posterior(x: int, t_x: float, T: float) -> None:
    r, alpha, a, b = CDNOW.symbols
    t, share = 26.0, (np.arange(1000) + 0.5) / 1000
    # x chances to leave were passed up to t_x; the last one, at t_x, may have been taken.
    rate = gamma.ppf(share, r + x, scale=1 / (alpha + t_x))[:, None]
    p = beta.ppf(share, a, b + x)[None, :]
    there = np.exp(-rate * (T - t_x)) * (1 - p)
    whole = np.mean(there + p)
    one = Summary([x], [t_x], [T], unit="week")
    assert CDNOW.probability_alive(one)[0] == pytest.approx(np.mean(there) / whole, rel=2e-3)
    bought = np.mean(there * -np.expm1(-rate * p * t) / p) / whole
    assert CDNOW.expected_purchases(one, t)[0] == pytest.approx(bought, rel=2e-3)
    silent = 1 - np.mean(there * -np.expm1(-rate * t)) / whole
    assert CDNOW.probability_no_purchase(one, t)[0] == pytest.approx(silent, rel=2e-3)


def test_a_new_customer_buys_what_the_papers_formula_says() -> None:
    r, alpha, a, b = (mpmath.mpf(value) for value in CDNOW.symbols)
    for t in (1, 39, 520):
        kept = (alpha / (alpha + t)) ** r * mpmath.hyp2f1(r, b + 1, a + b, t / (alpha + t))
        assert CDNOW.expected_purchases_new_customer(t) == pytest.approx(float(b / (a - 1) * (1 - kept)), rel=1e-12)


def test_purchase_counts_of_a_new_customer_add_up_to_one_and_to_the_expectation() -> None:
    chances = np.array([CDNOW.probability_of_purchases(count, 52) for count in range(400)])
    assert chances.sum() == pytest.approx(1, abs=1e-10)
    assert (chances * np.arange(400)).sum() == pytest.approx(CDNOW.expected_purchases_new_customer(52), rel=1e-8)


def test_one_time_buyers_are_less_likely_alive_the_longer_ago_they_bought() -> None:
    alive = CDNOW.probability_alive(Summary(np.zeros(4), np.zeros(4), [0, 10, 40, 400], unit="week"))
    assert alive[0] == pytest.approx(1.614 / (1.614 + 0.891))
    assert (np.diff(alive) < 0).all()


def test_simulation_recovers_the_parameters_within_their_standard_errors() -> None:
    rng = np.random.default_rng(4)
    fitted = MBGNBD().fit(CDNOW.simulate(rng.uniform(10, 80, 30_000), rng).summary)
    assert fitted.converged
    assert fitted.standard_errors is not None
    for name, value in CDNOW.params.items():
        assert abs(fitted.params[name] - value) < 3.5 * fitted.standard_errors[name]


def test_a_model_survives_being_written_as_plain_data() -> None:
    assert FittedMBGNBD.from_dict(json.loads(json.dumps(CDNOW.to_dict()))).params == CDNOW.params
