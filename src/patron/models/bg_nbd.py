"""BG/NBD: customers buy at random at their own rate, and after any purchase may leave for good.

Fader, Hardie and Lee (2005), "'Counting your customers' the easy way", Marketing Science 24(2). Equation numbers are
the paper's. A customer who bought once is alive for certain under this model: leaving follows a repeat purchase.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import digamma, expit, gammaln, hyp2f1

from patron.errors import DataError, UsageError
from patron.models.arrays import Floats, dot, weight_by
from patron.models.maximum_likelihood import Objective, maximise
from patron.models.summary import Summary, groups

NAME: Final = "bg_nbd"
PARAMS: Final = ("r", "alpha", "a", "b")
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
class FittedBGNBD:
    """A BG/NBD with parameters r, alpha, a, b; alpha is in ``unit``s of time.

    ``standard_errors`` are NaN where the data do not pin a parameter down; ``advice`` says what to try when
    ``converged`` is false. Summaries must be in the model's own unit: another one raises UsageError.
    """

    params: Mapping[str, float]
    unit: str = "day"
    log_likelihood: float = float("nan")
    standard_errors: Mapping[str, float] | None = None
    converged: bool = True
    advice: str = ""
    customers: float = 0.0

    def __post_init__(self) -> None:
        if set(self.params) != set(PARAMS) or not all(0 < self.params[name] < np.inf for name in self.params):
            raise DataError(f"A BG/NBD has no parameters {dict(self.params)}.", allowed="r, alpha, a and b, all > 0.")

    @property
    def _symbols(self) -> tuple[float, float, float, float]:
        return self.params["r"], self.params["alpha"], self.params["a"], self.params["b"]

    def probability_alive(self, summary: Summary) -> Floats:
        """Chance that each customer has not left by the cutoff; 1 for who bought once. (Eq. 4 of the 2008 note.)"""
        self._same_unit(summary)
        r, alpha, a, b = self._symbols
        odds = _log_odds_of_left(summary.frequency, summary.recency, summary.T, r, alpha, a, b)
        return np.where(summary.frequency > 0, expit(-odds), 1.0)

    def expected_purchases(self, summary: Summary, periods: float) -> Floats:
        """Purchases expected of each customer in the next ``periods`` units, given the history (eq. 10)."""
        return self.probability_alive(summary) * self._purchases_if_alive(summary, _length(periods))

    def expected_purchases_new_customer(self, periods: float) -> float:
        """Repeat purchases expected of a new customer in the first ``periods`` units (eq. 9)."""
        return float(_purchases_if_alive(np.zeros(1), np.zeros(1), _length(periods), *self._symbols)[0])

    def probability_no_purchase(self, summary: Summary, periods: float) -> Floats:
        """Chance that each customer buys nothing in the next ``periods`` units.

        Someone who is alive at the cutoff buys next after an exponential time, whose rate has the gamma posterior
        (r + x, alpha + T): 1 - P(alive) · (1 - ((alpha + T) / (alpha + T + t))^(r + x)).
        """
        r, alpha, _, _ = self._symbols
        silent = np.exp(-(r + summary.frequency) * np.log1p(_length(periods) / (alpha + summary.T)))
        return 1 - self.probability_alive(summary) * (1 - silent)

    def next_purchase_quantile(self, summary: Summary, q: float, within: float | None = None) -> Floats:
        """Time until which the next purchase comes with chance q, for a customer who is alive.

        With ``within``, of those next purchases that come within so many units. Without it the time may be infinite
        for customers of whom little is known: the rate's posterior allows almost never buying.
        """
        self._same_unit(summary)
        if not 0 < q < 1:
            raise UsageError(f"A quantile of {q} was asked for.", allowed="It lies between 0 and 1.")
        r, alpha, _, _ = self._symbols
        shape, scale = r + summary.frequency, alpha + summary.T
        reach = 1.0 if within is None else -np.expm1(-shape * np.log1p(_length(within) / scale))
        with np.errstate(over="ignore"):
            return np.asarray(scale * np.expm1(-np.log1p(-q * reach) / shape), dtype=np.float64)

    def to_dict(self) -> dict[str, object]:
        """All of it as plain data, for JSON."""
        errors = {k: None if np.isnan(v) else v for k, v in (self.standard_errors or {}).items()}
        return {
            "model": NAME,
            "unit": self.unit,
            "params": dict(self.params),
            "standard_errors": errors,
            "log_likelihood": None if np.isnan(self.log_likelihood) else self.log_likelihood,
            "customers": self.customers,
            "converged": self.converged,
            "advice": self.advice,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, object]) -> FittedBGNBD:
        """The model that ``to_dict`` wrote; DataError when it is not one."""
        params, errors = content.get("params"), content.get("standard_errors") or {}
        if content.get("model") != NAME or not isinstance(params, Mapping) or not isinstance(errors, Mapping):
            raise DataError(f"This is no BG/NBD: model is {content.get('model')!r}.", allowed=f"Expected '{NAME}'.")
        likelihood = content.get("log_likelihood")
        return cls(
            params={name: float(value) for name, value in params.items()},
            unit=str(content["unit"]),
            log_likelihood=float("nan") if likelihood is None else float(str(likelihood)),
            standard_errors={k: float("nan") if v is None else float(v) for k, v in errors.items()},
            converged=bool(content["converged"]),
            advice=str(content["advice"]),
            customers=float(str(content["customers"])),
        )

    def _purchases_if_alive(self, summary: Summary, periods: float) -> Floats:
        return _purchases_if_alive(summary.frequency, summary.T, periods, *self._symbols)

    def _same_unit(self, summary: Summary) -> None:
        if summary.unit != self.unit:
            raise UsageError(
                f"The customers' times are in {summary.unit}s, the model's in {self.unit}s.",
                to_do=f"Give a Summary with unit='{self.unit}', or fit the model on {summary.unit}s.",
            )


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
            names=PARAMS,
            customers=customers,
        )
        values = np.exp(found.log_params) * (1.0, scale, 1.0, 1.0)
        return FittedBGNBD(
            params=dict(zip(PARAMS, map(float, values), strict=True)),
            unit=summary.unit,
            # A density of x purchase times has the dimension time^-x.
            log_likelihood=customers * found.mean_log_likelihood - dot(rows.weights, rows.frequency) * np.log(scale),
            standard_errors=dict(zip(PARAMS, map(float, values * found.log_standard_errors), strict=True)),
            converged=found.converged,
            advice=found.advice,
            customers=customers,
        )


def _length(periods: float) -> float:
    if not 0 <= periods < np.inf:
        raise UsageError(f"A horizon of {periods} was asked for.", allowed="It must be 0 or more, and finite.")
    return float(periods)


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
