"""BG/NBD with covariates that don't change: they move how often a customer buys, and how soon one leaves.

Fader and Hardie (2007), "Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models": a customer with
covariates z buys at a rate that is gamma (r, alpha·exp(-γ₁'z)) and leaves after a repeat purchase with a chance that is
beta (a·exp(γ₂'z), b·exp(γ₃'z)). A positive γ₁ means more purchases, a positive γ₂ sooner lost, a positive γ₃ longer kept;
equal γ₂ and γ₃ leave the mean chance as it is and make customers more alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, expit, gammaln, hyp2f1, zeta

from patron.errors import UsageError
from patron.models.arrays import Floats, blocks, floats
from patron.models.buying.beta_geometric import BOUNDS
from patron.models.buying.bg_nbd import BGNBD, FittedBGNBD
from patron.models.buying.chain_rule import PAIRS, TERMS, Sums
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
from patron.models.buying.discounting import continuous_rate
from patron.models.buying.fitted import length
from patron.models.buying.maximum_likelihood import maximise_curved
from patron.models.buying.simulated import Simulated, leaving_after_purchases
from patron.models.buying.summary import Summary

_PARTS: Final = (Part("purchase", 1, -1), Part("leaving", 2, 1), Part("staying", 3, 1))
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


@dataclass(frozen=True)
class FittedBGNBDCovariates(FittedCovariates):
    """A BG/NBD whose alpha, a and b follow the ``purchase``, ``leaving`` and ``staying`` coefficients."""

    NAME: ClassVar[str] = "bg_nbd_covariates"
    TITLE: ClassVar[str] = "BG/NBD with covariates"
    PARAMS: ClassVar[tuple[str, ...]] = FittedBGNBD.PARAMS
    PARTS: ClassVar[tuple[Part, ...]] = _PARTS

    def given(self, covariates: Covariates) -> BGCustomers:
        """Forecasts for customers with these covariates: one value per customer, in the order of their summary."""
        own = self.own_params(covariates)
        return BGCustomers(self.params["r"], own["alpha"], own["a"], own["b"], self.unit)

    def model_for(self, covariates: Mapping[str, float]) -> FittedBGNBD:
        """The plain BG/NBD of all customers who have these values of the covariates."""
        own = self.own_params({name: [value] for name, value in covariates.items()})
        return FittedBGNBD({name: float(value[0]) for name, value in own.items()}, unit=self.unit)


@dataclass(frozen=True, eq=False)
class BGCustomers:
    """BG/NBD forecasts for known customers, each with an alpha, a and b of their own."""

    r: float
    alpha: Floats
    a: Floats
    b: Floats
    unit: str

    def probability_alive(self, summary: Summary) -> Floats:
        """Chance that each customer has not left by the cutoff; 1 for who bought once."""
        self._same(summary)
        odds, _ = _odds_of_left(summary.frequency, summary.recency, summary.T, self.r, self.alpha, self.a, self.b)
        return np.asarray(np.where(summary.frequency > 0, expit(-odds), 1.0), dtype=np.float64)

    def expected_purchases(self, summary: Summary, periods: float) -> Floats:
        """Purchases expected of each customer in the next ``periods`` units, given the history."""
        return self.probability_alive(summary) * self._if_alive(summary.frequency, summary.T, length(periods))

    def discounted_purchases(self, summary: Summary, periods: float, yearly_discount_rate: float) -> Floats:
        """The same, with each purchase counted at its discount: a year from now at 1 / (1 + rate).

        By parts, with E(s) the purchases by s: e^(-dt)·E(t) + d·∫ e^(-ds)·E(s) ds, summed by Gauss and Legendre's rule.
        """
        rate, x, T = continuous_rate(yearly_discount_rate, self.unit), summary.frequency, summary.T
        total = np.exp(-rate * length(periods)) * self._if_alive(x, T, periods)
        if rate > 0 and periods > 0:
            for node, weight in zip(periods * (_NODES + 1) / 2, periods * _WEIGHTS / 2, strict=True):
                total += rate * weight * np.exp(-rate * node) * self._if_alive(x, T, float(node))
        return self.probability_alive(summary) * total

    def expected_purchases_new_customers(self, periods: float) -> Floats:
        """Repeat purchases expected of new customers with these covariates in their first ``periods`` units."""
        nothing = np.zeros(len(self.alpha))
        return self._if_alive(nothing, nothing, length(periods))

    def probability_no_purchase(self, summary: Summary, periods: float) -> Floats:
        """Chance that each customer buys nothing in the next ``periods`` units."""
        buys = -np.expm1(-(self.r + summary.frequency) * np.log1p(length(periods) / (self.alpha + summary.T)))
        return np.asarray(1 - self.probability_alive(summary) * buys, dtype=np.float64)

    def next_purchase_quantile(self, summary: Summary, q: float, within: float | None = None) -> Floats:
        """Time until which the next purchase comes with chance q (of those within ``within``), for who is alive."""
        self._same(summary)
        if not 0 < q < 1:
            raise UsageError(f"A quantile of {q} was asked for.", allowed="It lies between 0 and 1.")
        shape, scale = self.r + summary.frequency, self.alpha + summary.T
        reach = 1.0 if within is None else -np.expm1(-shape * np.log1p(length(within) / scale))
        with np.errstate(over="ignore"):
            return np.asarray(scale * np.expm1(-np.log1p(-q * reach) / shape), dtype=np.float64)

    def log_likelihoods(self, summary: Summary) -> Floats:
        """The log-likelihood of each row's purchase times, once, whatever its weight."""
        self._same(summary)
        return _terms(summary.frequency, summary.recency, summary.T, self.r, self.alpha, self.a, self.b)[0]

    def simulate(self, T: ArrayLike, rng: np.random.Generator, horizon: float = 0.0) -> Simulated:
        """Such customers as the model tells their story: observed for T, then for ``horizon`` units more."""
        observed = floats("T", T)
        rates = rng.gamma(self.r, 1.0, len(observed)) / self.alpha
        leaves = rng.beta(self.a, self.b)
        return leaving_after_purchases(rates, leaves, observed, length(horizon), rng, self.unit, first_can_leave=False)

    def _same(self, summary: Summary) -> None:
        same_customers(summary, len(self.alpha), self.unit)

    def _if_alive(self, x: Floats, T: Floats, t: float) -> Floats:
        """Purchases expected in t of customers who are alive (eq. 10 of the BG/NBD paper, after Euler's transformation).

        Where the formula loses its digits (a near 1, a tiny t) the plain model of that customer is asked.
        """
        span = np.log1p(t / (self.alpha + T))
        total = self.a + self.b + x - 1
        with np.errstate(all="ignore"):
            kept = np.exp((1 - self.a) * span)
            kept *= hyp2f1(self.a + self.b - 1 - self.r, self.a - 1, total, -np.expm1(-span))
            expected = total / (self.a - 1) * (1 - kept)
        sure = np.isfinite(expected) & (np.abs(1 - kept) > 1e-6) & (expected > 0) & (total > 1e-6)
        for row in np.flatnonzero(~sure):
            own = {"r": self.r, "alpha": self.alpha[row], "a": self.a[row], "b": self.b[row]}
            plain = FittedBGNBD({name: float(value) for name, value in own.items()}, unit=self.unit)
            expected[row] = plain.if_alive(t).of(x[row : row + 1], T[row : row + 1])[0]
        return np.asarray(expected, dtype=np.float64)


@dataclass(frozen=True)
class BGNBDCovariates:
    """The BG/NBD with covariates, before it has seen customers: which of them act on buying, which on leaving.

    Each covariate of ``attrition`` gets two coefficients: one for a (leaving) and one for b (staying).
    """

    purchase: tuple[str, ...] = ()
    attrition: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        refuse_twice(self.purchase, "purchase")
        refuse_twice(self.attrition, "attrition")

    def fit(self, summary: Summary, covariates: Covariates) -> FittedBGNBDCovariates:
        """Maximum-likelihood parameters and coefficients for these customers.

        ``covariates`` has a column of numbers per name, one value per row of the summary, categories as 0 and 1. Raises
        UnknownName for a column that is missing, and DataError for one that is not finite, is the same for everybody or
        follows from others. The search starts from the model without covariates, so that it cannot fit worse.
        """
        kind, customers = FittedBGNBDCovariates, float(summary.weights.sum())
        plain = BGNBD().fit(summary)
        design = Design.of(_PARTS, (self.purchase, self.attrition, self.attrition), summary, covariates)
        found = maximise_curved(
            [Likelihood(summary, design)],
            starts=[np.append(np.log(plain.symbols), np.zeros(len(design.labels)))],
            bounds=_bounds(summary, len(design.labels)),
            names=(*kind.PARAMS, *design.labels),
            customers=customers,
        )
        return kind(
            **contents(found, design, kind, np.zeros(4)),
            unit=summary.unit,
            log_likelihood=customers * found.mean_log_likelihood,
            customers=customers,
        )


def _bounds(summary: Summary, coefficients: int) -> list[tuple[float, float]]:
    """Where the search looks: alpha goes by the mean T."""
    scale = float((summary.weights * summary.T).sum() / summary.weights.sum())
    params = [(low * unit, high * unit) for (low, high), unit in zip(BOUNDS, (1, scale, 1, 1), strict=True)]
    return [(float(np.log(low)), float(np.log(high))) for low, high in params] + [(-LARGEST, LARGEST)] * coefficients


@dataclass(frozen=True, eq=False)
class Likelihood:
    """The mean log-likelihood per customer over log r, log alpha, log a, log b and the coefficients."""

    summary: Summary
    design: Design

    def __call__(self, point: Floats) -> tuple[float, Floats, Floats]:
        slopes, rows = self.design.slopes, self.summary
        sums, r = Sums(slopes), float(np.exp(point[0]))
        for chosen in blocks(len(rows)):
            own = {number: columns[chosen] @ point[sums.where[number]] for number, columns in slopes.items()}
            alpha, a, b = (np.exp(point[place] + own[place]) for place in (1, 2, 3))
            x, t_x, T = rows.frequency[chosen], rows.recency[chosen], rows.T[chosen]
            terms = _terms(x, t_x, T, r, alpha, a, b)
            sums.add(terms if rows.weight is None else terms * rows.weight[chosen], chosen)
        return sums.mean(float(rows.weights.sum()), {0: r})


def _odds_of_left(
    x: Floats, t_x: Floats, T: Floats, r: float, alpha: Floats, a: Floats, b: Floats
) -> tuple[Floats, Floats]:
    """Log odds of having left, and b + x - 1 under them; without meaning for who bought once."""
    still = b + np.maximum(x, 1) - 1
    return np.asarray(np.log(a / still) + (r + x) * np.log1p((T - t_x) / (alpha + t_x)), dtype=np.float64), still


def _terms(x: Floats, t_x: Floats, T: Floats, r: float, alpha: Floats, a: Floats, b: Floats) -> Floats:
    """15 rows: the log-likelihood (eq. 6), its derivatives by r, log alpha, log a, log b, the second ones as in PAIRS."""
    odds, still = _odds_of_left(x, t_x, T, r, alpha, a, b)
    repeat = (x > 0).astype(np.float64)
    left = expit(odds) * repeat
    at_T, at_x = alpha / (alpha + T), alpha / (alpha + t_x)
    every = (r + x) * at_T
    both, both_2 = digamma(a + b) - digamma(a + b + x), zeta(2.0, a + b) - zeta(2.0, a + b + x)
    of_b, of_b_2 = digamma(b + x) - digamma(b), zeta(2.0, b + x) - zeta(2.0, b)
    # The odds by r, log alpha, log a, log b; then what changes with them, but for the odds' own second derivatives.
    slope = (np.log1p((T - t_x) / (alpha + t_x)), (r + x) * (at_T - at_x), np.ones_like(x), -b / still)
    out = np.zeros((TERMS, len(x)))
    out[0] = (
        gammaln(r + x) - gammaln(r) - x * np.log(alpha) - (r + x) * np.log1p(T / alpha) + repeat * np.logaddexp(0, odds)
    )
    out[0] += gammaln(a + b) - gammaln(a + b + x) + gammaln(b + x) - gammaln(b)
    out[1] = digamma(r + x) - digamma(r) - np.log1p(T / alpha)
    out[2], out[3], out[4] = r - every, a * both, b * (both + of_b)
    out[5], out[6] = zeta(2.0, r + x) - zeta(2.0, r), 1 - at_T + left * (at_T - at_x)
    out[9] = -every * (1 - at_T) + left * (r + x) * (at_T * (1 - at_T) - at_x * (1 - at_x))
    out[12], out[13] = a * both + a * a * both_2, a * b * both_2
    out[14] = b * (both + of_b) + b * b * (both_2 + of_b_2) - left * b / still * (1 - b / still)
    for number in range(4):
        out[1 + number] += left * slope[number]
    for row, (one, other) in enumerate(PAIRS, start=5):
        out[row] += left * (1 - left) * slope[one] * slope[other]
    return out
