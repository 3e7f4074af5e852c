"""Gamma-Gamma: each customer spends around an own mean, and those means vary between customers.

Fader and Hardie (2013), "The Gamma-Gamma model of monetary value"; equation numbers are that note's. Spend is assumed
independent of how often a customer buys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln

from patron.errors import DataError
from patron.models.arrays import Floats, dot, floats, same_length, weight_by
from patron.models.buying.fitted import Fitted
from patron.models.buying.maximum_likelihood import Objective, maximise

THIN_ROWS: Final = 5_000
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
        Infinite only where ``population_mean`` is and nothing is known of the customer.
        """
        x, m = floats("frequency", frequency), floats("monetary_value", monetary_value)
        same_length(frequency=x, monetary_value=m)
        p, q, v = self.params["p"], self.params["q"], self.params["v"]
        known = np.where(m > 0, x, 0.0)
        below = p * known + q - 1
        return np.where(below > 0, p * (v + known * m) / np.where(below > 0, below, 1.0), np.inf)


class GammaGamma:
    """The Gamma-Gamma model, before it has seen customers."""

    def fit(self, frequency: ArrayLike, monetary_value: ArrayLike, weight: ArrayLike | None = None) -> FittedGammaGamma:
        """Maximum-likelihood parameters from repeat buyers' purchase counts and mean spend.

        Customers without a repeat purchase, or whose repeat purchases cost nothing, say nothing about the spread of
        spend and are left out. Raises DataError for negative spend (a refund is not a purchase) and when no repeat
        buyer is left.
        """
        x, m = floats("frequency", frequency), floats("monetary_value", monetary_value)
        w = np.ones(len(x)) if weight is None else floats("weight", weight)
        same_length(frequency=x, monetary_value=m, weight=w)
        if (m < 0).any():
            row = int(np.argmax(m < 0))
            raise DataError(f"monetary_value is {m[row]:g} in row {row}.", allowed="Refunds are not purchases.")
        kept = (x > 0) & (m > 0) & (w > 0)
        x, m, w = x[kept], m[kept], w[kept]
        if not len(x):
            raise DataError("Gamma-Gamma has nothing to learn from.", allowed="At least one repeat buyer is needed.")
        return _fitted(x, m, w)


def _fitted(x: Floats, m: Floats, w: Floats) -> FittedGammaGamma:
    customers = float(w.sum())
    # The geometric mean: one customer a thousand times above the others does not move it far.
    scale = float(np.exp(dot(w, np.log(m)) / customers))
    every = max(1, len(x) // THIN_ROWS)
    found = maximise(
        _objective(x, m / scale, w),
        _objective(x[::every], m[::every] / scale, w[::every]),
        starts=[np.log(start) for start in _STARTS],
        bounds=[(float(np.log(low)), float(np.log(high))) for low, high in _BOUNDS],
        names=FittedGammaGamma.PARAMS,
        customers=customers,
    )
    values = np.exp(found.log_params) * (1.0, 1.0, scale)
    return FittedGammaGamma(
        params=dict(zip(FittedGammaGamma.PARAMS, map(float, values), strict=True)),
        # A density of one mean spend has the dimension 1 / currency.
        log_likelihood=customers * (found.mean_log_likelihood - float(np.log(scale))),
        standard_errors=dict(zip(FittedGammaGamma.PARAMS, map(float, values * found.log_standard_errors), strict=True)),
        converged=found.converged,
        advice=found.advice,
        customers=customers,
    )


def _objective(x: Floats, m: Floats, weight: Floats) -> Objective:
    """The mean log-likelihood (eq. 1a) over log-parameters; terms in x alone are summed over the distinct x."""
    total = float(weight.sum())
    counts, which = np.unique(x, return_inverse=True)
    of_count = weight_by(which, weight)
    log_xm, weight_x = np.log(x * m), weight * x
    fixed = dot(weight, np.log(m))
    sum_x_log_xm = dot(weight_x, log_xm)

    def at(log_params: Floats) -> tuple[float, Floats]:
        p, q, v = np.exp(log_params)
        log_all, over_all = np.log(x * m + v), 1 / (x * m + v)
        per_count = gammaln(p * counts + q) - gammaln(p * counts)
        sum_log, sum_x_log = dot(weight, log_all), dot(weight_x, log_all)
        value = dot(of_count, per_count) + total * (q * np.log(v) - gammaln(q)) + p * sum_x_log_xm - fixed
        value -= p * sum_x_log + q * sum_log
        d_p = dot(of_count, counts * (digamma(p * counts + q) - digamma(p * counts))) + sum_x_log_xm - sum_x_log
        d_q = dot(of_count, digamma(p * counts + q)) - total * (digamma(q) - np.log(v)) - sum_log
        d_v = total * q / v - p * dot(weight_x, over_all) - q * dot(weight, over_all)
        return float(value) / total, np.array([p * d_p, q * d_q, v * d_v]) / total

    return at
