"""BG/NBD: customers buy at random at their own rate, and after any purchase may leave for good.

Fader, Hardie and Lee (2005), "'Counting your customers' the easy way", Marketing Science 24(2). Equation numbers are
the paper's. A customer who bought once is alive for certain under this model: leaving follows a repeat purchase.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from scipy.special import digamma, expit, gammaln, hyp2f1

from patron.errors import DataError, UsageError
from patron.models.arrays import Floats, dot, weight_by
from patron.models.buying.fitted import FittedProcess, as_rows, length
from patron.models.buying.maximum_likelihood import Objective, maximise
from patron.models.buying.summary import Summary, groups

THIN_ROWS: Final = 5_000
# Times are scaled so that the mean T is 1; these are r, alpha, a, b there. The papers' CDNOW lies near the first.
_STARTS: Final = (
    (0.3, 0.2, 0.8, 2.5),
    (1.0, 1.0, 0.5, 5.0),
    (5.0, 0.5, 0.1, 2.0),
    (0.1, 0.02, 2.0, 2.0),
    (2.0, 4.0, 5.0, 50.0),
)
_BOUNDS: Final = ((1e-4, 1e4), (1e-6, 1e5), (1e-3, 1e4), (1e-3, 1e4))


@dataclass(frozen=True)
class FittedBGNBD(FittedProcess):
    """A BG/NBD with parameters r, alpha, a, b; alpha is in ``unit``s of time.

    Summaries must be in the model's own unit: another one raises UsageError.
    """

    NAME: ClassVar[str] = "bg_nbd"
    TITLE: ClassVar[str] = "BG/NBD"
    PARAMS: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")

    def probability_alive(self, summary: Summary) -> Floats:
        """Chance that each customer has not left by the cutoff; 1 for who bought once. (Eq. 4 of the 2008 note.)"""
        self._same_unit(summary)
        r, alpha, a, b = self.symbols
        odds = _log_odds_of_left(summary.frequency, summary.recency, summary.T, r, alpha, a, b)
        return np.where(summary.frequency > 0, expit(-odds), 1.0)

    def expected_purchases(self, summary: Summary, periods: float) -> Floats:
        """Purchases expected of each customer in the next ``periods`` units, given the history (eq. 10)."""
        return self.probability_alive(summary) * self._purchases_if_alive(summary, length(periods))

    def expected_purchases_new_customer(self, periods: float) -> float:
        """Repeat purchases expected of a new customer in the first ``periods`` units (eq. 9)."""
        return float(_purchases_if_alive(np.zeros(1), np.zeros(1), length(periods), *self.symbols)[0])

    def probability_no_purchase(self, summary: Summary, periods: float) -> Floats:
        """Chance that each customer buys nothing in the next ``periods`` units.

        Someone who is alive at the cutoff buys next after an exponential time, whose rate has the gamma posterior
        (r + x, alpha + T): 1 - P(alive) · (1 - ((alpha + T) / (alpha + T + t))^(r + x)).
        """
        r, alpha, _, _ = self.symbols
        silent = np.exp(-(r + summary.frequency) * np.log1p(length(periods) / (alpha + summary.T)))
        return 1 - self.probability_alive(summary) * (1 - silent)

    def next_purchase_quantile(self, summary: Summary, q: float, within: float | None = None) -> Floats:
        """Time until which the next purchase comes with chance q, for a customer who is alive.

        With ``within``, of those next purchases that come within so many units. Without it the time may be infinite
        for customers of whom little is known: the rate's posterior allows almost never buying.
        """
        self._same_unit(summary)
        if not 0 < q < 1:
            raise UsageError(f"A quantile of {q} was asked for.", allowed="It lies between 0 and 1.")
        r, alpha, _, _ = self.symbols
        shape, scale = r + summary.frequency, alpha + summary.T
        reach = 1.0 if within is None else -np.expm1(-shape * np.log1p(length(within) / scale))
        with np.errstate(over="ignore"):
            return np.asarray(scale * np.expm1(-np.log1p(-q * reach) / shape), dtype=np.float64)

    def _purchases_if_alive(self, summary: Summary, periods: float) -> Floats:
        return _purchases_if_alive(summary.frequency, summary.T, periods, *self.symbols)


class BGNBD:
    """The BG/NBD model, before it has seen customers."""

    def fit(self, summary: Summary) -> FittedBGNBD:
        """Maximum-likelihood parameters for these customers.

        Raises DataError when there are no customers or none was observed for any time. Everything else gives a fit;
        ``converged`` and ``advice`` say what it is worth.
        """
        rows = summary.collapse()
        customers = float(rows.weights.sum())
        scale = dot(rows.weights, rows.T) / customers if customers > 0 else 0.0
        if scale <= 0:
            raise DataError(
                "BG/NBD has nothing to learn from: no customer was observed after the first purchase.",
                allowed="At least one customer needs T > 0.",
            )
        found = maximise(
            _objective(rows, scale, every=1),
            _objective(rows, scale, every=max(1, len(rows) // THIN_ROWS)),
            starts=[np.log(start) for start in _STARTS],
            bounds=[(float(np.log(low)), float(np.log(high))) for low, high in _BOUNDS],
            names=FittedBGNBD.PARAMS,
            customers=customers,
        )
        values = np.exp(found.log_params) * (1.0, scale, 1.0, 1.0)
        return FittedBGNBD(
            params=dict(zip(FittedBGNBD.PARAMS, map(float, values), strict=True)),
            unit=summary.unit,
            # A density of x purchase times has the dimension time^-x.
            log_likelihood=customers * found.mean_log_likelihood - dot(rows.weights, rows.frequency) * np.log(scale),
            standard_errors=dict(zip(FittedBGNBD.PARAMS, map(float, values * found.log_standard_errors), strict=True)),
            log_covariance=as_rows(found.log_covariance),
            converged=found.converged,
            advice=found.advice,
            customers=customers,
        )


def _log_odds_of_left(x: Floats, t_x: Floats, T: Floats, r: float, alpha: float, a: float, b: float) -> Floats:
    """Log odds that a customer with x > 0 repeat purchases has left; for x = 0 the number has no meaning."""
    ratio = np.log1p((T - t_x) / (alpha + t_x))
    odds: Floats = np.log(a) - np.log(b + np.maximum(x, 1) - 1) + (r + x) * ratio
    return odds


def _objective(rows: Summary, scale: float, every: int) -> Objective:
    """The mean log-likelihood (eq. 6) on collapsed customers, times divided by ``scale``, over log-parameters.

    Terms that depend on x alone are summed over the distinct x; customers with x = 0 cannot have left. ``every`` k-th
    row only, for a quick look.
    """
    x, t_x, T, weight = (
        column[::every] for column in (rows.frequency, rows.recency / scale, rows.T / scale, rows.weights)
    )
    total = float(weight.sum())
    counts, which = np.unique(x, return_inverse=True)
    of_count = weight_by(which, weight)
    repeat = x > 0
    x_r, t_r, T_r, w_r = x[repeat], t_x[repeat], T[repeat], weight[repeat]

    def at(log_params: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = np.exp(log_params)
        log_T, over_T = np.log(alpha + T), 1 / (alpha + T)
        odds = _log_odds_of_left(x_r, t_r, T_r, r, alpha, a, b)
        left = expit(odds) * w_r
        value = dot(of_count, _of_count(counts, r, alpha, a, b)) - dot(weight, (r + x) * log_T)
        value += dot(w_r, np.logaddexp(0, odds))
        d_r = dot(of_count, digamma(r + counts) - digamma(r) + np.log(alpha)) - dot(weight, log_T)
        d_r += dot(left, np.log1p((T_r - t_r) / (alpha + t_r)))
        d_alpha = total * r / alpha - dot(weight, (r + x) * over_T)
        d_alpha += dot(left, (r + x_r) * (1 / (alpha + T_r) - 1 / (alpha + t_r)))
        both = digamma(a + b) - digamma(a + b + counts)
        d_a = dot(of_count, both) + float(left.sum()) / a
        d_b = dot(of_count, both + digamma(b + counts) - digamma(b)) - dot(left, 1 / (b + x_r - 1))
        return value / total, np.array([r * d_r, alpha * d_alpha, a * d_a, b * d_b]) / total

    return at


def _of_count(x: Floats, r: float, alpha: float, a: float, b: float) -> Floats:
    """What the log-likelihood takes from x alone: Γ(r+x)/Γ(r) · alpha^r · B(a, b+x)/B(a, b), in logarithms."""
    beta = gammaln(b + x) - gammaln(a + b + x) - gammaln(b) + gammaln(a + b)
    total: Floats = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + beta
    return total


def _purchases_if_alive(x: Floats, T: Floats, periods: float, r: float, alpha: float, a: float, b: float) -> Floats:
    """Purchases expected in ``periods`` of customers who are alive at T (eq. 10's numerator), on distinct (x, T)."""
    if periods == 0 or not len(x):
        return np.zeros(len(x))
    order, starts = groups(x, T)
    first = order[starts]
    expected = np.empty(len(x))
    of_pair = _closed_form(x[first], T[first], periods, r, alpha, a, b)
    expected[order] = np.repeat(of_pair, np.diff(starts, append=len(x)))
    return expected


def _closed_form(x: Floats, T: Floats, t: float, r: float, alpha: float, a: float, b: float) -> Floats:
    """(a+b+x-1)/(a-1) · [1 - ((alpha+T)/(alpha+T+t))^(r+x) · 2F1(r+x, b+x; a+b+x-1; z)], z = t/(alpha+T+t).

    Euler's transformation turns the power and 2F1, which overflow for heavy buyers, into
    (1-z)^(a-1) · 2F1(a+b-1-r, a-1; a+b+x-1; z), which tends to 1 as x grows. Where the difference loses its digits
    (a near 1, a tiny horizon) or the function fails, the integral behind the formula is summed instead.
    """
    span = np.log1p(t / (alpha + T))
    denominator = a + b + x - 1
    with np.errstate(all="ignore"):
        kept = np.exp((1 - a) * span) * hyp2f1(a + b - 1 - r, a - 1, denominator, -np.expm1(-span))
        expected = denominator / (a - 1) * (1 - kept)
    certain = np.isfinite(expected) & (np.abs(1 - kept) > 1e-6) & (expected > 0) & (denominator > 1e-6)
    if not certain.all():
        expected[~certain] = _by_quadrature(x[~certain], T[~certain], t, r, alpha, a, b)
    return np.asarray(expected, dtype=np.float64)


def _by_quadrature(x: Floats, T: Floats, t: float, r: float, alpha: float, a: float, b: float) -> Floats:
    """The same expectation as an integral over the leaving chance p, beta(a, b+x) for who is alive.

    E[(1 - (1 + p·t/(alpha+T))^-(r+x)) / p], by the trapezoid rule in v where logit p = mode + sinh v: every term is
    positive and the tails vanish doubly exponentially, so nothing cancels and nothing overflows.
    """
    result = np.empty(len(x))
    v = np.linspace(-1, 1, 801)
    for first in range(0, len(x), 2000):
        rows = slice(first, first + 2000)
        shape, rate, later = (r + x[rows])[:, None], t / (alpha + T[rows])[:, None], (b + x[rows])[:, None]
        narrow = np.minimum(np.sqrt(1 / a + 1 / later), 1.0)
        reach = np.arcsinh(45 / (np.minimum(a, later) * narrow) + 10)
        logit = np.log(a / later) + narrow * np.sinh(reach * v)
        log_p = -np.logaddexp(0, -logit)
        log_weight = a * log_p - later * np.logaddexp(0, logit) + np.log(np.cosh(reach * v))
        weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
        p = np.exp(log_p)
        tiny = p < 1e-290
        per_p = np.where(tiny, shape * rate, -np.expm1(-shape * np.log1p(p * rate)) / np.where(tiny, 1.0, p))
        result[rows] = (weight * per_p).sum(axis=1) / weight.sum(axis=1)
    return result
