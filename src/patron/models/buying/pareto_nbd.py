"""Pareto/NBD: customers buy at random at their own rate, and leave for good after a time of their own.

Schmittlein, Morrison and Colombo (1987), "Counting your customers: who are they and what will they do next?", Management
Science 33(1); Fader and Hardie (2005), "A note on deriving the Pareto/NBD model and related expressions". Customers may
leave at any time, so who bought once, long ago, is probably gone: BG/NBD calls them alive for certain.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike

from patron.errors import DataError, UsageError
from patron.models.arrays import Floats, dot, floats
from patron.models.buying import pareto_forecasts as forecasts
from patron.models.buying.discounting import continuous_rate
from patron.models.buying.fitted import FittedProcess, as_summary, estimated, length
from patron.models.buying.maximum_likelihood import maximise_curved
from patron.models.buying.pareto_blocks import Parameters, ordered
from patron.models.buying.pareto_likelihood import Likelihood
from patron.models.buying.simulated import Simulated
from patron.models.buying.summary import Summary

# Times are scaled so that the mean T is 1; these are r, alpha, s, beta there. The papers' CDNOW lies near the first. In the
# last two many customers leave at once and others stay: a second peak of the likelihood, higher than the first one or not.
STARTS: Final = (
    (0.5, 0.3, 0.6, 0.4),
    (1.0, 1.0, 0.5, 0.5),
    (5.0, 0.5, 0.1, 0.3),
    (0.1, 0.02, 2.0, 2.0),
    (2.0, 4.0, 5.0, 5.0),
    (1.0, 0.1, 0.3, 5.0),
    (2.0, 1.0, 0.3, 0.002),
    (0.3, 0.1, 0.1, 0.002),
)
AT_ONCE: Final = 0.05
BOUNDS: Final = ((1e-4, 1e3), (1e-6, 1e5), (1e-4, 1e3), (1e-6, 1e6))
LOG_BOUNDS: Final = tuple((float(np.log(low)), float(np.log(high))) for low, high in BOUNDS)
FEW_ROWS: Final = 250
SOME_ROWS: Final = 20_000
_SAME_PEAK: Final = 0.3
_ROUGHLY: Final = 1e-5
"""Said to be the number of customers, this ends a climb that serves only as a start as soon as little is left to gain."""


class ParetoForecasts:
    """Forecasts for customers of whom r and s, and α and β of each, are known."""

    @abstractmethod
    def parameters(self, summary: Summary) -> Parameters:
        """The parameters that hold for the rows of a summary; UsageError when it is in another unit of time."""

    @property
    @abstractmethod
    def time_unit(self) -> str:
        """The unit of time of α and β."""

    def probability_alive(self, summary: Summary) -> Floats:
        """Chance that each customer has not left by the cutoff."""
        return forecasts.each(summary, self.parameters(summary), forecasts.alive)

    def expected_purchases(self, summary: Summary, periods: float) -> Floats:
        """Purchases expected of each customer in the next ``periods`` units, given the history."""
        return self._purchases(summary, length(periods), 0.0)

    def discounted_purchases(self, summary: Summary, periods: float, yearly_discount_rate: float) -> Floats:
        """The same, with each purchase counted at its discount: a year from now at 1 / (1 + rate)."""
        return self._purchases(summary, length(periods), continuous_rate(yearly_discount_rate, self.time_unit))

    def discounted_residual_purchases(self, summary: Summary, yearly_discount_rate: float) -> Floats:
        """Purchases expected in all of the future, each counted at its discount (DERT). The rate must exceed 0."""
        rate = continuous_rate(yearly_discount_rate, self.time_unit)
        if rate == 0:
            raise UsageError(
                "Purchases in all of the future cannot be summed without a discount.",
                to_do="Give a yearly_discount_rate above 0, or ask for expected_purchases in a finite time.",
            )
        return self._purchases(summary, np.inf, rate)

    def probability_no_purchase(self, summary: Summary, periods: float) -> Floats:
        """Chance that each customer buys nothing in the next ``periods`` units: has left, leaves first, or waits."""
        return forecasts.each(summary, self.parameters(summary), forecasts.no_purchase(length(periods)))

    def next_purchase_quantile(self, summary: Summary, q: float, within: float | None = None) -> Floats:
        """Time until which the next purchase comes with chance q, for a customer who is alive at the cutoff.

        With ``within``, of those next purchases that come within so many units. Without it the time is infinite for
        customers who leave before buying again with a chance of more than 1 - q.
        """
        if not 0 < q < 1:
            raise UsageError(f"A quantile of {q} was asked for.", allowed="It lies between 0 and 1.")
        limit = None if within is None else length(within)
        return forecasts.each(summary, self.parameters(summary), forecasts.next_purchase(q, limit))

    def log_likelihoods(self, summary: Summary) -> Floats:
        """The log-likelihood of each row's purchase times, once, whatever its weight."""
        return forecasts.each(summary, self.parameters(summary), forecasts.rows_log_likelihood)

    def _purchases(self, summary: Summary, periods: float, rate: float) -> Floats:
        at = self.parameters(summary)
        if_alive = forecasts.purchases_if_alive(summary.frequency, summary.T, at, periods, rate)
        return np.asarray(forecasts.each(summary, at, forecasts.alive) * if_alive, dtype=np.float64)


@dataclass(frozen=True)
class FittedParetoNBD(FittedProcess, ParetoForecasts):
    """A Pareto/NBD with parameters r, alpha (of buying) and s, beta (of leaving); alpha and beta are in ``unit``s of time.

    Summaries must be in the model's own unit: another one raises UsageError.
    """

    NAME: ClassVar[str] = "pareto_nbd"
    TITLE: ClassVar[str] = "Pareto/NBD"
    PARAMS: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")

    @property
    def time_unit(self) -> str:
        """The unit of time of alpha and beta."""
        return self.unit

    def parameters(self, summary: Summary) -> Parameters:
        """The same parameters for every row."""
        self._same_unit(summary)
        r, alpha, s, beta = self.symbols
        return Parameters(r, np.asarray(alpha), s, np.asarray(beta))

    def expected_purchases_new_customer(self, periods: float) -> float:
        """Repeat purchases expected of a new customer in the first ``periods`` units (eq. 27 of the note)."""
        nobody = Summary([0.0], [0.0], [0.0], unit=self.unit)
        at = self.parameters(nobody)
        return float(forecasts.purchases_if_alive(nobody.frequency, nobody.T, at, length(periods), 0.0)[0])

    def probability_of_purchases(self, count: int, periods: float) -> float:
        """Chance that a new customer makes exactly ``count`` repeat purchases in the first ``periods`` units."""
        return forecasts.chance_of_count(count, length(periods), *self.symbols)

    def simulate(self, T: ArrayLike, rng: np.random.Generator, horizon: float = 0.0) -> Simulated:
        """Customers as the model tells their story: observed for T, then for ``horizon`` units more."""
        r, alpha, s, beta = self.symbols
        return simulated(Parameters(r, np.asarray(alpha), s, np.asarray(beta)), T, rng, length(horizon), self.unit)


def simulated(at: Parameters, T: ArrayLike, rng: np.random.Generator, horizon: float, unit: str) -> Simulated:
    """Customers who buy at gamma-distributed rates (r, α) and leave at gamma-distributed rates (s, β)."""
    observed = floats("T", T)
    count = len(observed)
    rates = rng.gamma(at.r, 1.0, count) / at.alpha
    # A rate of leaving too small for a float never leaves.
    leaves = rng.exponential(1.0, count) / np.maximum(rng.gamma(at.s, 1.0, count) / at.beta, 1e-300)
    here = np.minimum(leaves, observed)
    x = rng.poisson(rates * here).astype(np.float64)
    # Given how many, purchases fall evenly on the time in which the customer is there: the last is a largest uniform.
    t_x = np.where(x > 0, here * rng.random(count) ** (1 / np.maximum(x, 1)), 0.0)
    later = rng.poisson(rates * np.clip(leaves - observed, 0.0, horizon)).astype(np.float64)
    return Simulated(Summary(x, t_x, observed, unit=unit), leaves > observed, later)


class ParetoNBD:
    """The Pareto/NBD model, before it has seen customers."""

    def fit(self, summary: Summary) -> FittedParetoNBD:
        """Maximum-likelihood parameters for these customers.

        Raises DataError when there are no customers or none was observed for any time. Everything else gives a fit;
        ``converged`` and ``advice`` say what it is worth.
        """
        rows = as_summary(summary).to_learn_from()
        scale = mean_time(rows, FittedParetoNBD.TITLE)
        everybody = ordered(rows.frequency, rows.recency / scale, rows.T / scale, rows.weight)
        every = Likelihood.of(everybody)
        samples = [Likelihood.of(everybody.thinned(SOME_ROWS)), every] if len(everybody) > 2 * SOME_ROWS else [every]
        starts = [np.log(start) for start in STARTS]
        if len(everybody) > 2 * FEW_ROWS:
            starts = peaks(Likelihood.of(everybody.thinned(FEW_ROWS)), starts)
        found = maximise_curved(samples, starts, LOG_BOUNDS, FittedParetoNBD.PARAMS, every.total)
        values = np.exp(found.log_params) * (1.0, scale, 1.0, scale)
        return FittedParetoNBD(
            **estimated(FittedParetoNBD.PARAMS, values, found),
            unit=summary.unit,
            log_likelihood=in_own_time(every.total * found.mean_log_likelihood, rows, scale),
            customers=every.total,
        )


def mean_time(rows: Summary, title: str) -> float:
    """The mean T, by which times are divided; DataError when no customer was observed for any time."""
    customers = float(rows.weights.sum())
    scale = dot(rows.weights, rows.T) / customers if customers > 0 else 0.0
    if scale <= 0:
        raise DataError(
            f"{title} has nothing to learn from: no customer was observed after the first purchase.",
            allowed="At least one customer needs T > 0.",
        )
    return scale


def in_own_time(log_likelihood: float, rows: Summary, scale: float) -> float:
    """A log-likelihood of times divided by ``scale`` as one of the times themselves: x times have the density time^-x."""
    return log_likelihood - dot(rows.weights, rows.frequency) * float(np.log(scale))


def peaks(sample: Likelihood, starts: list[Floats]) -> list[Floats]:
    """Where climbs on a small sample end: from the likeliest start, and from the likeliest of the other kind.

    The kinds are those where many leave at once and those where nobody does. Both often end on the same peak.
    """
    ranked = sorted(starts, key=sample.value, reverse=True)
    at_once = [start[3] < np.log(AT_ONCE) for start in ranked]
    others = [start for start, kind in zip(ranked, at_once, strict=True) if kind != at_once[0]] or ranked[1:]
    tops: list[Floats] = []
    for start in (ranked[0], *others[:1]):
        top = maximise_curved([sample], [start], LOG_BOUNDS, FittedParetoNBD.PARAMS, _ROUGHLY).log_params
        if all(np.abs(top - known).max() > _SAME_PEAK for known in tops):
            tops.append(top)
    return tops
