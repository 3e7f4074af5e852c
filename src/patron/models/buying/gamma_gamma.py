"""Gamma-Gamma: each customer spends around an own mean, and those means vary between customers.

Fader and Hardie (2013), "The Gamma-Gamma model of monetary value"; equation numbers are that note's. Spend is assumed
independent of how often a customer buys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln, zeta

from patron.errors import DataError
from patron.models.arrays import Floats, blocks, dot, floats, same_length, spread, tally
from patron.models.buying.fitted import Fitted, estimated
from patron.models.buying.maximum_likelihood import FEW_ROWS, SOME_ROWS, Curved, in_logarithms, maximise_curved
from patron.models.buying.rising import log_rising

# Spend is scaled so that its mean is 1; these are p, q, v there. The papers' CDNOW lies near the first.
_STARTS: Final = ((6.0, 4.0, 0.5), (1.0, 2.0, 1.0), (20.0, 2.0, 0.05), (2.0, 15.0, 7.0))
_BOUNDS: Final = ((1e-3, 1e5), (1e-2, 1e5), (1e-7, 1e7))


@dataclass(frozen=True)
class FittedGammaGamma(Fitted):
    """A Gamma-Gamma with parameters p, q, v; v is in the currency of the spend it was fitted on.

    ``customers`` is how many repeat buyers it was fitted on.
    """

    NAME: ClassVar[str] = "gamma_gamma"
    TITLE: ClassVar[str] = "Gamma-Gamma"
    PARAMS: ClassVar[tuple[str, ...]] = ("p", "q", "v")

    @property
    def population_mean(self) -> float:
        """Mean spend per purchase over all customers, p·v/(q-1); infinite when q ≤ 1 (the tail is too heavy)."""
        p, q, v = self.params["p"], self.params["q"], self.params["v"]
        return p * v / (q - 1) if q > 1 else float("inf")

    def expected_spend(self, frequency: ArrayLike, monetary_value: ArrayLike) -> Floats:
        """Expected mean spend per purchase, p·(v + x·m)/(p·x + q - 1) (eq. 5): the customer's own mean, shrunk.

        The population mean for customers without a repeat purchase, and for those whose repeat purchases cost nothing.
        Infinite where p·x + q ≤ 1: only where ``population_mean`` is, and of customers of whom little or nothing is known.
        """
        x, m = floats("frequency", frequency), floats("monetary_value", monetary_value)
        same_length(frequency=x, monetary_value=m)
        p, q, v = self.params["p"], self.params["q"], self.params["v"]
        known = np.where(m > 0, x, 0.0)
        below = p * known + q - 1
        with np.errstate(divide="ignore", over="ignore"):
            each = p * (v + known * m) / np.maximum(below, 0.0)
        return np.asarray(each, dtype=np.float64)

    def simulate(self, frequency: ArrayLike, rng: np.random.Generator) -> Floats:
        """Mean spend per repeat purchase of made-up customers with so many of them; 0 where there is none."""
        x = floats("frequency", frequency)
        p, q, v = self.symbols
        rate = rng.gamma(q, 1 / v, len(x))
        total = rng.gamma(p * np.maximum(x, 1))
        return np.where(x > 0, total / rate / np.maximum(x, 1), 0.0)


class GammaGamma:
    """The Gamma-Gamma model, before it has seen customers."""

    def fit(self, frequency: ArrayLike, monetary_value: ArrayLike, weight: ArrayLike | None = None) -> FittedGammaGamma:
        """Maximum-likelihood parameters from repeat buyers' purchase counts and mean spend.

        Customers without a repeat purchase, or whose repeat purchases cost nothing, say nothing about the spread of
        spend and are left out. Raises DataError for negative spend (a refund is not a purchase) and when no repeat
        buyer is left.
        """
        x, m = floats("frequency", frequency), floats("monetary_value", monetary_value)
        w = None if weight is None else floats("weight", weight)
        same_length(frequency=x, monetary_value=m, weight=w)
        if (m < 0).any():
            row = int(np.argmax(m < 0))
            raise DataError(f"monetary_value is {m[row]:g} in row {row}.", allowed="Refunds are not purchases.")
        kept = np.flatnonzero((x > 0) & (m > 0) if w is None else (x > 0) & (m > 0) & (w > 0))
        if not len(kept):
            raise DataError("Gamma-Gamma has nothing to learn from.", allowed="At least one repeat buyer is needed.")
        return _fitted(x[kept], m[kept], np.ones(len(kept)) if w is None else w[kept])


def _fitted(x: Floats, m: Floats, w: Floats) -> FittedGammaGamma:
    customers = float(w.sum())
    # The geometric mean: one customer a thousand times above the others does not move it far.
    scale = float(np.exp(dot(w, np.log(m)) / customers))
    m = m / scale
    samples = [_sample(x, m, w, count) for count in (FEW_ROWS, SOME_ROWS) if 2 * count < len(x)]
    found = maximise_curved(
        [likelihood(*rows) for rows in (*samples, (x, m, w))],
        starts=[np.log(start) for start in _STARTS],
        bounds=[(float(np.log(low)), float(np.log(high))) for low, high in _BOUNDS],
        names=FittedGammaGamma.PARAMS,
        customers=customers,
    )
    values = np.exp(found.log_params) * (1.0, 1.0, scale)
    return FittedGammaGamma(
        **estimated(FittedGammaGamma.PARAMS, values, found),
        # A density of one mean spend has the dimension 1 / currency.
        log_likelihood=customers * (found.mean_log_likelihood - float(np.log(scale))),
        customers=customers,
    )


def _sample(x: Floats, m: Floats, w: Floats, count: int) -> tuple[Floats, Floats, Floats]:
    chosen, times = spread(len(x), count, w)
    return x[chosen], m[chosen], times


def likelihood(x: Floats, m: Floats, weight: Floats) -> Curved:
    """The mean log-likelihood (eq. 1a) with its derivatives, over log-parameters.

    Terms in x alone are summed over the distinct x, the rest goes through the rows block by block.
    """
    counts, of_count = tally(x, weight)
    total, fixed = float(weight.sum()), dot(weight, np.log(m))
    sum_log = fixed + dot(weight, np.log(x))

    def at(log_params: Floats) -> tuple[float, Floats, Floats]:
        p, q, v = params = np.exp(log_params)
        # Sums of log(1 + v/xm), 1 / (xm + v) and that squared, each plain and times x.
        log, over, over_2, x_log, x_over, x_over_2 = sum(
            (_of_rows(x[rows], m[rows], weight[rows], v) for rows in blocks(len(x))), np.zeros(6)
        )
        pq, px = p * counts + q, p * counts
        value = dot(of_count, log_rising(px, q)) + total * (q * np.log(v) - gammaln(q))
        value -= p * x_log + q * (log + sum_log) + fixed
        gradient = np.array(
            [
                dot(of_count, counts * (digamma(pq) - digamma(px))) - x_log,
                dot(of_count, digamma(pq)) - total * (digamma(q) - np.log(v)) - log - sum_log,
                total * q / v - p * x_over - q * over,
            ]
        )
        bend = zeta(2, pq)
        d_pp = dot(of_count, counts**2 * (bend - zeta(2, px)))
        d_pq, d_pv = dot(of_count, counts * bend), -x_over
        d_qq, d_qv = dot(of_count, bend) - total * zeta(2, q), total / v - over
        d_vv = -total * q / v**2 + p * x_over_2 + q * over_2
        hessian = np.array([[d_pp, d_pq, d_pv], [d_pq, d_qq, d_qv], [d_pv, d_qv, d_vv]])
        return float(value) / total, *in_logarithms(params, gradient / total, hessian / total)

    return at


def _of_rows(x: Floats, m: Floats, weight: Floats, v: float) -> Floats:
    own = x * m
    both = own + v
    log, over = weight * np.log1p(v / own), weight / both
    over_2 = over / both
    plain = (float(log.sum()), float(over.sum()), float(over_2.sum()))
    return np.array([*plain, dot(x, log), dot(x, over), dot(x, over_2)])
