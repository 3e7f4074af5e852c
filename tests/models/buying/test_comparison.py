from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from models.simulated_customers import summary as simulated
from patron.errors import UsageError
from patron.models.buying.bg_nbd import BGNBD, FittedBGNBD
from patron.models.buying.bg_nbd_covariates import BGNBDCovariates
from patron.models.buying.comparison import information_criteria, likelihood_ratio, parameter_count
from patron.models.buying.fitted import FittedProcess
from patron.models.buying.mbg_nbd import MBGNBD
from patron.models.buying.shifted_beta_geometric import (
    Contracts,
    FittedShiftedBetaGeometric,
    ShiftedBetaGeometric,
)
from patron.models.buying.summary import Summary

SUBSCRIBERS = FittedShiftedBetaGeometric({"alpha": 0.8, "beta": 3.0})
ONE = {"r": 0.5, "alpha": 8.0, "a": 0.8, "b": 2.5}


@dataclass(frozen=True)
class TwoCohorts(FittedProcess):
    """Two shifted beta-geometrics side by side: one of both together is its special case."""

    TITLE: ClassVar[str] = "One model per cohort"
    PARAMS: ClassVar[tuple[str, ...]] = ("alpha_1", "beta_1", "alpha_2", "beta_2")


def apart(first: Contracts, second: Contracts) -> TwoCohorts:
    models = [ShiftedBetaGeometric().fit(cohort) for cohort in (first, second)]
    return TwoCohorts(
        dict(zip(TwoCohorts.PARAMS, (*models[0].symbols, *models[1].symbols), strict=True)),
        log_likelihood=models[0].log_likelihood + models[1].log_likelihood,
        customers=models[0].customers + models[1].customers,
        unit="month",
    )


def together(first: Contracts, second: Contracts) -> FittedShiftedBetaGeometric:
    occasions, left = ([*getattr(first, name), *getattr(second, name)] for name in ("occasions", "left"))
    return ShiftedBetaGeometric().fit(Contracts(occasions, left))


def cohort(seed: int, model: FittedShiftedBetaGeometric = SUBSCRIBERS, count: int = 400) -> Contracts:
    return model.simulate(np.full(count, 8), np.random.default_rng(seed))


def with_likelihood(log_likelihood: float, **changes: object) -> FittedBGNBD:
    return replace(FittedBGNBD(ONE, log_likelihood=log_likelihood, customers=100.0), **changes)  # type: ignore[arg-type]


def test_parameters_that_add_nothing_are_favoured_as_rarely_as_the_level_says() -> None:
    p_values = []
    for seed in range(80):
        first, second = cohort(2 * seed), cohort(2 * seed + 1)
        p_values.append(likelihood_ratio(together(first, second), apart(first, second)).p_value)
    # 80 tests at 5 %: 4 expected, over 12 would be a miracle.
    assert sum(p < 0.05 for p in p_values) <= 12
    assert 0.4 < float(np.mean(p_values)) < 0.6


def test_cohorts_that_differ_earn_their_own_parameters() -> None:
    first, second = cohort(1), cohort(2, FittedShiftedBetaGeometric({"alpha": 2.0, "beta": 3.0}))
    found = likelihood_ratio(together(first, second), apart(first, second))
    assert found.degrees_of_freedom == 2
    assert found.p_value < 1e-4
    assert found.verdict.startswith("One model per cohort fits better than chance explains (χ²(2) = ")
    assert "prefer it over Shifted beta-geometric" in found.verdict


@pytest.mark.parametrize("matters", [True, False])
def test_a_covariate_that_matters_earns_its_coefficient_and_another_does_not(matters: bool) -> None:
    slow, fast = simulated(1500, 1, **{**ONE, "alpha": 16.0}), simulated(1500, 2, **ONE)
    both = (np.append(getattr(slow, name), getattr(fast, name)) for name in ("frequency", "recency", "T"))
    customers = Summary(*both, unit="week")
    channel = np.repeat([0, 1], 1500) if matters else np.tile([0, 1], 1500)
    larger = BGNBDCovariates(purchase=("channel",)).fit(customers, {"channel": channel})
    found = likelihood_ratio(BGNBD().fit(customers), larger)
    assert found.degrees_of_freedom == 1
    assert (found.p_value < 0.01) == matters
    assert ("prefer it over BG/NBD" in found.verdict) == matters


def test_a_gain_of_chance_keeps_the_smaller_model() -> None:
    class Smaller(FittedProcess):
        TITLE, PARAMS = "NBD", ("r", "alpha")

    small = Smaller({"r": 1.0, "alpha": 1.0}, log_likelihood=-101.0, customers=100.0)
    found = likelihood_ratio(small, with_likelihood(-100.0))
    assert found.statistic == pytest.approx(2.0)
    # The chance of χ² with two degrees of freedom above 2 is e^-1.
    assert found.p_value == pytest.approx(np.exp(-1), rel=1e-12)
    assert found.verdict.endswith("stay with NBD.")


def test_models_that_cannot_be_nested_are_refused() -> None:
    with pytest.raises(UsageError, match=r"no more parameters.*information_criteria"):
        likelihood_ratio(with_likelihood(-101), with_likelihood(-100))
    first, second = cohort(1), cohort(2)
    worse = replace(apart(first, second), log_likelihood=together(first, second).log_likelihood - 5)
    with pytest.raises(UsageError, match="fits worse"):
        likelihood_ratio(together(first, second), worse)


def test_criteria_rank_models_and_say_what_the_data_favour() -> None:
    customers = simulated(4000, 5, **ONE)
    bg, mbg = BGNBD().fit(customers), MBGNBD().fit(customers)
    found = information_criteria([mbg, bg])
    assert [row.title for row in found.rows] == ["BG/NBD", "MBG/NBD"]
    assert found.rows[0].behind == 0
    assert found.rows[1].behind == pytest.approx(mbg.aic - bg.aic)
    assert sum(row.weight for row in found.rows) == pytest.approx(1)
    assert [row.parameters for row in found.rows] == [4, 4]
    assert found.rows[0].aic == pytest.approx(8 - 2 * bg.log_likelihood)
    assert found.rows[0].bic == pytest.approx(4 * np.log(4000) - 2 * bg.log_likelihood)
    assert found.verdict.startswith("BG/NBD has the lowest AIC")


def test_the_verdict_tells_ties_from_hopeless_models() -> None:
    tie = information_criteria([with_likelihood(-100), with_likelihood(-100.5)])
    assert "cannot be told from it" in tie.verdict
    assert tie.rows[1].weight == pytest.approx(1 / (1 + np.exp(0.5)))
    assert "no support" in information_criteria([with_likelihood(-100), with_likelihood(-120)]).verdict


def test_other_customers_other_units_and_given_parameters_are_refused() -> None:
    with pytest.raises(UsageError, match="fitted on 100 customers, BG/NBD on 101"):
        information_criteria([with_likelihood(-100), with_likelihood(-99, customers=101.0)])
    with pytest.raises(UsageError, match="is in day, BG/NBD in week"):
        information_criteria([with_likelihood(-100), with_likelihood(-99, unit="week")])
    with pytest.raises(UsageError, match="has no log-likelihood"):
        information_criteria([with_likelihood(-100), FittedBGNBD(ONE)])
    with pytest.raises(UsageError, match="needs two at least"):
        information_criteria([with_likelihood(-100)])


def test_parameters_are_counted_as_the_models_own_aic_counts_them() -> None:
    assert parameter_count(with_likelihood(-123.456)) == 4
