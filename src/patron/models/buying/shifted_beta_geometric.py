"""Shifted beta-geometric: how long contracts last, when each customer has an own chance of not renewing.

Fader and Hardie (2007), "How to project customer retention", Journal of Interactive Marketing 21(1), and Fader and
Hardie (2010), "Customer-base valuation in a contractual setting", Marketing Science 29(1). Equation numbers are the
2007 paper's unless said otherwise. At every renewal occasion a customer leaves with an own chance, which is beta
(alpha, beta) over customers: those likely to leave go first, and so retention rises with age without anyone changing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, digamma, polygamma

from patron.errors import DataError, UsageError
from patron.models.arrays import Flags, Floats, dot, floats, same_length
from patron.models.buying.discounting import continuous_rate
from patron.models.buying.fitted import FittedProcess, estimated
from patron.models.buying.maximum_likelihood import Curved, in_logarithms, maximise_curved
from patron.models.buying.summary import groups
from patron.models.buying.uncertainty import Interval, prediction_interval
from patron.periods import days_per

_STARTS: Final = ((0.7, 2.0), (2.0, 20.0), (10.0, 10.0))
_BOUNDS: Final = ((1e-4, 1e5), (1e-4, 1e5))
_LONGEST: Final = 100_000


@dataclass(frozen=True, eq=False)
class Contracts:
    """Customers under contract, one row each or one row for many alike.

    ``occasions``: how many times each customer has been asked to renew, a whole number; ``left``: whether the last of
    those occasions was declined (so at least one); ``weight``: how many customers a row stands for; ``unit``: what
    lies between two occasions. Raises DataError for anything else, naming the row.
    """

    occasions: Floats
    left: Flags
    weight: Floats | None = None
    unit: str = "month"

    def __init__(
        self, occasions: ArrayLike, left: ArrayLike, weight: ArrayLike | None = None, unit: str = "month"
    ) -> None:
        days_per(unit)
        object.__setattr__(self, "unit", unit)
        object.__setattr__(self, "occasions", floats("occasions", occasions))
        flags = floats("left", left)
        object.__setattr__(self, "left", flags == 1)
        object.__setattr__(self, "weight", None if weight is None else floats("weight", weight))
        same_length(occasions=self.occasions, left=flags, weight=self.weight)
        refuse((flags != 0) & (flags != 1), "left", flags, "It is true (1) or false (0).")
        refuse_uneven("occasions", self.occasions)
        refuse(self.left & (self.occasions == 0), "occasions", self.occasions, "Who left declined one: at least 1.")
        if self.weight is not None:
            refuse(self.weight < 0, "weight", self.weight, "It counts customers.")

    @classmethod
    def from_renewal_curves(cls, *curves: Sequence[float], unit: str = "month") -> Contracts:
        """The contracts behind renewal curves, one per cohort.

        A curve holds the customers at the start, then those still there after each renewal occasion; percentages of a
        start of 100 give right parameters but no right standard errors. Raises DataError when a curve rises.
        """
        occasions: list[Floats] = []
        left: list[Floats] = []
        weight: list[Floats] = []
        for place, curve in enumerate(curves):
            still_there = _curve(curve, f"curve {place}")
            last = len(still_there) - 1
            occasions += [np.arange(1.0, last + 1), np.array([float(last)])]
            left += [np.ones(last), np.zeros(1)]
            weight += [-np.diff(still_there), still_there[-1:]]
        if not curves:
            raise DataError("No renewal curve was given.", to_do="Give the customers still there after each occasion.")
        return cls(np.concatenate(occasions), np.concatenate(left), np.concatenate(weight), unit).collapse()

    def __len__(self) -> int:
        return len(self.occasions)

    @property
    def weights(self) -> Floats:
        """How many customers each row stands for: 1 where no weight was given."""
        return np.ones(len(self)) if self.weight is None else self.weight

    def collapse(self) -> Contracts:
        """Unique (occasions, left) with the number of customers as weight."""
        order, starts = groups(self.occasions, self.left.astype(np.float64))
        kept = order[starts]
        weight = np.add.reduceat(self.weights[order], starts) if len(self) else self.weights
        return Contracts(self.occasions[kept], self.left[kept], weight, self.unit)


@dataclass(frozen=True)
class FittedShiftedBetaGeometric(FittedProcess):
    """A shifted beta-geometric with parameters alpha, beta; ``unit`` is what lies between two renewal occasions.

    Contracts must be in the model's own unit: another one raises UsageError.
    """

    NAME: ClassVar[str] = "shifted_beta_geometric"
    TITLE: ClassVar[str] = "Shifted beta-geometric"
    PARAMS: ClassVar[tuple[str, ...]] = ("alpha", "beta")

    unit: str = "month"

    def survival(self, occasions: ArrayLike) -> Floats:
        """Share of a new cohort that is still there after so many renewal occasions (eq. 6); 1 at 0."""
        alpha, beta = self.symbols
        t = whole("occasions", occasions)
        return np.asarray(np.exp(betaln(alpha, beta + t) - betaln(alpha, beta)), dtype=np.float64)

    def probability_of_leaving_at(self, occasions: ArrayLike) -> Floats:
        """Chance that a new customer leaves at exactly this renewal occasion (eq. 5), counting from 1."""
        alpha, beta = self.symbols
        t = whole("occasions", occasions, least=1)
        return np.asarray(np.exp(betaln(alpha + 1, beta + t - 1) - betaln(alpha, beta)), dtype=np.float64)

    def retention_rate(self, occasions: ArrayLike) -> Floats:
        """Share of those still there who renew at this occasion, (beta+t-1)/(alpha+beta+t-1) (eq. 8), from 1."""
        alpha, beta = self.symbols
        before = beta + whole("occasions", occasions, least=1) - 1
        return before / (alpha + before)

    def renewal_curve(self, occasions: int, level: float = 0.95) -> Interval:
        """Share still there after 0, 1, … ``occasions``, with its delta-method band.

        The band says how well the curve is known, not how far a small cohort may stray from it. Raises UsageError
        when the data left a parameter open.
        """
        steps = np.arange(float(whole("occasions", [occasions])[0]) + 1)
        return prediction_interval(self, lambda model: model.survival(steps), level=level, scale="share")

    @property
    def expected_lifetime(self) -> float:
        """Periods that a new customer is expected to stay, the first included; infinite when alpha ≤ 1."""
        return 1 + float(endless_renewals(self.params["alpha"], np.array([self.params["beta"]]), 1.0)[0])

    def discounted_lifetime(self, yearly_discount_rate: float) -> float:
        """Payments expected of a new customer, the first today, each discounted: DEL (2010)."""
        alpha, beta = self.symbols
        return 1 + float(endless_renewals(alpha, np.array([beta]), discount(yearly_discount_rate, self.unit))[0])

    def probability_alive(self, contracts: Contracts) -> Floats:
        """1 for customers who are there and 0 for those who left: under contract this is seen, not guessed."""
        self._in_unit(contracts)
        return np.where(contracts.left, 0.0, 1.0)

    def expected_renewals(self, contracts: Contracts, periods: float) -> Floats:
        """Renewals expected of each customer at the next ``periods`` occasions; 0 for who left."""
        return self.discounted_renewals(contracts, periods, 0.0)

    def discounted_renewals(self, contracts: Contracts, periods: float, yearly_discount_rate: float) -> Floats:
        """Renewals expected at the next ``periods`` occasions; the next occasion is today and counts in full."""
        self._in_unit(contracts)
        alpha, beta = self.symbols
        asked, which = np.unique(contracts.occasions, return_inverse=True)
        factor = discount(yearly_discount_rate, self.unit)
        each = renewals(alpha, beta + asked, whole_number(periods), factor) / factor
        return np.where(contracts.left, 0.0, each[which])

    def residual_lifetime(self, contracts: Contracts, yearly_discount_rate: float) -> Floats:
        """All renewals still expected of each customer, discounted: DERL (2010, eq. 6); 0 for who left.

        The customer is about to be asked, so the next renewal counts in full. The paper's n is ``occasions`` + 1.
        Infinite without discounting when alpha ≤ 1.
        """
        self._in_unit(contracts)
        alpha, beta = self.symbols
        asked, which = np.unique(contracts.occasions, return_inverse=True)
        factor = discount(yearly_discount_rate, self.unit)
        each = endless_renewals(alpha, beta + asked, factor) / factor
        return np.where(contracts.left, 0.0, each[which])

    def log_likelihoods(self, contracts: Contracts) -> Floats:
        """Log-likelihood of each row, not weighted (eq. 5 for who left, eq. 6 for who stayed)."""
        self._in_unit(contracts)
        alpha, beta = self.symbols
        gone = contracts.left.astype(np.float64)
        return np.asarray(betaln(alpha + gone, beta + contracts.occasions - gone) - betaln(alpha, beta))

    def simulate(self, occasions: ArrayLike, rng: np.random.Generator) -> Contracts:
        """New customers who could each be asked up to so many times, as the model's story has it."""
        most = whole("occasions", occasions)
        alpha, beta = self.symbols
        stayed = lives(alpha, beta, len(most), rng)
        return Contracts(np.minimum(stayed + 1, most), stayed < most, unit=self.unit)

    def _in_unit(self, contracts: Contracts) -> None:
        same_unit(self.unit, contracts.unit)


class ShiftedBetaGeometric:
    """The shifted beta-geometric model, before it has seen contracts."""

    def fit(self, contracts: Contracts) -> FittedShiftedBetaGeometric:
        """Maximum-likelihood parameters for these contracts.

        Raises DataError when no customer was ever asked to renew. Everything else gives a fit; ``converged`` and
        ``advice`` say what it is worth.
        """
        rows = contracts.collapse()
        asked = rows.occasions > 0
        if not dot(rows.weights, asked.astype(np.float64)) > 0:
            raise DataError(
                "The shifted beta-geometric has nothing to learn from: no customer was asked to renew.",
                allowed="At least one customer needs occasions > 0.",
            )
        customers = float(rows.weights.sum())
        found = maximise_curved(
            [_likelihood(rows)],
            starts=[np.log(start) for start in _STARTS],
            bounds=[(float(np.log(low)), float(np.log(high))) for low, high in _BOUNDS],
            names=FittedShiftedBetaGeometric.PARAMS,
            customers=customers,
        )
        values = np.exp(found.log_params)
        names = FittedShiftedBetaGeometric.PARAMS
        return FittedShiftedBetaGeometric(
            **estimated(names, values, found),
            unit=contracts.unit,
            log_likelihood=customers * found.mean_log_likelihood,
            customers=customers,
        )


def _likelihood(rows: Contracts) -> Curved:
    """The mean log-likelihood over log-parameters, with its gradient and second derivatives."""
    gone, weight = rows.left.astype(np.float64), rows.weights
    stayed, total = rows.occasions - gone, float(weight.sum())

    def at(log_params: Floats) -> tuple[float, Floats, Floats]:
        alpha, beta = params = np.exp(log_params)
        value = dot(weight, betaln(alpha + gone, beta + stayed) - betaln(alpha, beta))
        both = digamma(alpha + beta) - digamma(alpha + beta + rows.occasions)
        d_alpha = dot(weight, digamma(alpha + gone) - digamma(alpha) + both)
        d_beta = dot(weight, digamma(beta + stayed) - digamma(beta) + both)
        bend = dot(weight, polygamma(1, alpha + beta) - polygamma(1, alpha + beta + rows.occasions))
        bends = [
            [bend + dot(weight, polygamma(1, alpha + gone) - polygamma(1, alpha)), bend],
            [bend, bend + dot(weight, polygamma(1, beta + stayed) - polygamma(1, beta))],
        ]
        return value / total, *in_logarithms(params, np.array([d_alpha, d_beta]) / total, np.array(bends) / total)

    return at


def renewals(a: float, b: Floats, periods: int, factor: float = 1.0) -> Floats:
    """Σ factor^i · S(i) for i = 1 … ``periods``, where S(i) = B(a, b+i)/B(a, b) is the chance to last so long.

    A running product: every term is positive, so nothing cancels at any size of the parameters.
    """
    total, kept = np.zeros(len(b)), np.ones(len(b))
    for step in range(periods):
        kept = kept * (factor * (b + step) / (a + b + step))
        total = total + kept
    return total


def endless_renewals(a: float, b: Floats, factor: float) -> Floats:
    """Σ factor^i · S(i) over all i ≥ 1; without discounting b/(a-1), infinite when a ≤ 1.

    The papers write it with 2F1(1, b+1; a+b+1; factor). It is the mean of f(1-θ)/(1-f(1-θ)) over a beta (a, b) chance
    θ of leaving, summed by the trapezoid rule in v where logit θ = mode + sinh v: all terms are positive and the tails
    vanish doubly exponentially, where 2F1 loses its digits.
    """
    if factor >= 1:
        return b / (a - 1) if a > 1 else np.full(len(b), np.inf)
    later, v = b[:, None], np.linspace(-1, 1, 801)
    narrow = np.minimum(np.sqrt(1 / a + 1 / later), 1.0)
    reach = np.arcsinh(45 / (np.minimum(a, later) * narrow) + 10)
    logit = np.log(a / later) + narrow * np.sinh(reach * v)
    log_leave, log_stay = -np.logaddexp(0, -logit), -np.logaddexp(0, logit)
    log_weight = a * log_leave + later * log_stay + np.log(np.cosh(reach * v))
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    lasting = factor * np.exp(log_stay) / ((1 - factor) + factor * np.exp(log_leave))
    return np.asarray((weight * lasting).sum(axis=1) / weight.sum(axis=1), dtype=np.float64)


def lives(a: float, b: float, count: int, rng: np.random.Generator) -> Floats:
    """Occasions that each of ``count`` customers lasts, with own beta (a, b) chances of leaving at each."""
    leaves = np.maximum(rng.beta(a, b, count), np.finfo(np.float64).tiny)
    with np.errstate(divide="ignore"):
        return np.floor(-rng.exponential(1.0, count) / np.log1p(-leaves))


def discount(yearly_discount_rate: float, unit: str) -> float:
    """What a payment one ``unit`` from now is worth today, compounded over the year."""
    return float(np.exp(-continuous_rate(yearly_discount_rate, unit)))


def same_unit(model: str, customers: str) -> None:
    """Nothing, or a UsageError when occasions lie differently far apart."""
    if model != customers:
        raise UsageError(
            f"The customers' occasions lie a {customers} apart, the model's a {model}.",
            to_do=f"Give occasions with unit='{model}', or fit the model on {customers}s.",
        )


def whole(name: str, values: ArrayLike, least: int = 0) -> Floats:
    """Whole numbers from ``least`` on, or a DataError naming the first that isn't."""
    array = floats(name, np.atleast_1d(np.asarray(values, dtype=np.float64)))
    refuse_uneven(name, array)
    refuse(array < least, name, array, f"It must be {least} or more.")
    return array


def whole_number(periods: float) -> int:
    """A horizon in occasions, once it is sure to be one: a whole number, 0 or more."""
    if not 0 <= periods <= _LONGEST or periods != int(periods):
        raise UsageError(
            f"A horizon of {periods} occasions was asked for.",
            allowed=f"It must be a whole number from 0 to {_LONGEST:,}.",
        )
    return int(periods)


def refuse_uneven(name: str, values: Floats) -> None:
    """Nothing, or a DataError naming the first row that is no count."""
    refuse((values < 0) | (values != np.floor(values)), name, values, "It counts occasions: a whole number, 0 or more.")


def refuse(wrong: Flags, name: str, values: Floats, rule: str) -> None:
    """Nothing, or a DataError naming the first wrong row, its value and the rule."""
    rows = np.flatnonzero(wrong)
    if rows.size:
        raise DataError(f"{name} is {values[rows[0]]:g} in row {rows[0]} ({rows.size} such rows).", allowed=rule)


def _curve(values: Sequence[float], name: str) -> Floats:
    still_there = floats(name, values)
    if len(still_there) < 2 or still_there[0] <= 0 or still_there[-1] < 0:
        raise DataError(
            f"Renewal {name} is {list(values)[:3]}….",
            allowed="Two numbers at least, the customers at the start first, none negative.",
        )
    refuse(
        np.diff(still_there, prepend=still_there[0]) > 0,
        name,
        still_there,
        "Customers who left do not return: no rise.",
    )
    return still_there
