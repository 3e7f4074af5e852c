"""Pareto/NBD with covariates that don't change: they move how often a customer buys, and how soon one leaves.

Fader and Hardie (2007), "Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models": a customer with
covariates z buys at a rate that is gamma (r, alpha·exp(-γ₁'z)) and leaves at a rate that is gamma (s, beta·exp(-γ₂'z)). The
mean rates are multiplied by exp(γ₁'z) and exp(γ₂'z): a positive coefficient means more purchases, or sooner lost. (Abe
2009, "Counting your customers one by one", Marketing Science 28(3), lets both rates correlate as well; here they don't.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike

from patron.models.arrays import Floats
from patron.models.buying import pareto_forecasts as forecasts
from patron.models.buying.covariates import (
    LARGEST,
    Covariates,
    Design,
    FittedCovariates,
    Part,
    contents,
    refuse_twice,
    same_customers,
)
from patron.models.buying.fitted import length
from patron.models.buying.maximum_likelihood import maximise_curved
from patron.models.buying.pareto_blocks import Parameters, ordered
from patron.models.buying.pareto_likelihood import Likelihood
from patron.models.buying.pareto_nbd import (
    LOG_BOUNDS,
    SOME_ROWS,
    FittedParetoNBD,
    ParetoForecasts,
    ParetoNBD,
    in_own_time,
    mean_time,
    simulated,
)
from patron.models.buying.simulated import Simulated
from patron.models.buying.summary import Summary

_PARTS: Final = (Part("purchase", 1, -1), Part("attrition", 3, -1))


@dataclass(frozen=True)
class FittedParetoNBDCovariates(FittedCovariates):
    """A Pareto/NBD whose alpha follows the ``purchase`` coefficients and whose beta follows the ``attrition`` ones."""

    NAME: ClassVar[str] = "pareto_nbd_covariates"
    TITLE: ClassVar[str] = "Pareto/NBD with covariates"
    PARAMS: ClassVar[tuple[str, ...]] = FittedParetoNBD.PARAMS
    PARTS: ClassVar[tuple[Part, ...]] = _PARTS

    def given(self, covariates: Covariates) -> ParetoCustomers:
        """Forecasts for customers with these covariates: one value per customer, in the order of their summary."""
        own = self.own_params(covariates)
        return ParetoCustomers(self.params["r"], own["alpha"], self.params["s"], own["beta"], self.unit)

    def model_for(self, covariates: Mapping[str, float]) -> FittedParetoNBD:
        """The plain Pareto/NBD of all customers who have these values of the covariates."""
        own = self.own_params({name: [value] for name, value in covariates.items()})
        return FittedParetoNBD({name: float(value[0]) for name, value in own.items()}, unit=self.unit)


@dataclass(frozen=True, eq=False)
class ParetoCustomers(ParetoForecasts):
    """Pareto/NBD forecasts for known customers, each with an alpha and a beta of their own."""

    r: float
    alpha: Floats
    s: float
    beta: Floats
    unit: str

    def parameters(self, summary: Summary) -> Parameters:
        """The parameters of these customers; the summary must have their rows, in their order and unit."""
        same_customers(summary, len(self.alpha), self.unit)
        return Parameters(self.r, self.alpha, self.s, self.beta)

    @property
    def time_unit(self) -> str:
        """The unit of time of alpha and beta."""
        return self.unit

    def expected_purchases_new_customers(self, periods: float) -> Floats:
        """Repeat purchases expected of new customers with these covariates in their first ``periods`` units."""
        nothing = np.zeros(len(self.alpha))
        at = Parameters(self.r, self.alpha, self.s, self.beta)
        return forecasts.purchases_if_alive(nothing, nothing, at, length(periods), 0.0)

    def simulate(self, T: ArrayLike, rng: np.random.Generator, horizon: float = 0.0) -> Simulated:
        """Such customers as the model tells their story: observed for T, then for ``horizon`` units more."""
        return simulated(Parameters(self.r, self.alpha, self.s, self.beta), T, rng, length(horizon), self.unit)


@dataclass(frozen=True)
class ParetoNBDCovariates:
    """The Pareto/NBD with covariates, before it has seen customers: which of them act on buying, which on leaving."""

    purchase: tuple[str, ...] = ()
    attrition: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        refuse_twice(self.purchase, "purchase")
        refuse_twice(self.attrition, "attrition")

    def fit(self, summary: Summary, covariates: Covariates) -> FittedParetoNBDCovariates:
        """Maximum-likelihood parameters and coefficients for these customers.

        ``covariates`` has a column of numbers per name, one value per row of the summary, categories as 0 and 1. Raises
        UnknownName for a column that is missing, and DataError for one that is not finite, is the same for everybody or
        follows from others. The search starts from the model without covariates, so that it cannot fit worse.
        """
        kind = FittedParetoNBDCovariates
        scale = mean_time(summary, kind.TITLE)
        design = Design.of(_PARTS, (self.purchase, self.attrition), summary, covariates)
        plain = ParetoNBD().fit(summary)
        units = np.log([1.0, scale, 1.0, scale])
        rows = ordered(summary.frequency, summary.recency / scale, summary.T / scale, summary.weight)
        every = Likelihood.of(rows, design.slopes)
        found = maximise_curved(
            [Likelihood.of(rows.thinned(SOME_ROWS), design.slopes)] * (len(rows) > 2 * SOME_ROWS) + [every],
            starts=[np.append(np.log(plain.symbols) - units, np.zeros(len(design.labels)))],
            bounds=[*LOG_BOUNDS, *[(-LARGEST, LARGEST)] * len(design.labels)],
            names=(*kind.PARAMS, *design.labels),
            customers=every.total,
        )
        return kind(
            **contents(found, design, kind, units),
            unit=summary.unit,
            log_likelihood=in_own_time(every.total * found.mean_log_likelihood, summary, scale),
            customers=every.total,
        )
