"""BG/BB: at each of a number of occasions a customer buys or not, and may leave for good before any of them.

Fader, Hardie and Shang (2010), "Customer-base analysis in a discrete-time noncontractual setting", Marketing Science
29(6). Equation numbers are the paper's. Made for occasions that are truly discrete: yearly appeals, monthly events,
conferences. The chance to buy is beta (alpha, beta) over customers and the chance to leave beta (gamma, delta).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, digamma, polygamma

from patron.errors import DataError
from patron.models.arrays import Flags, Floats, dot, floats, same_length
from patron.models.buying.fitted import FittedProcess, estimated
from patron.models.buying.maximum_likelihood import Curved, in_logarithms, maximise_curved
from patron.models.buying.shifted_beta_geometric import (
    discount,
    endless_renewals,
    lives,
    refuse,
    refuse_uneven,
    renewals,
    same_unit,
    whole,
    whole_number,
)
from patron.models.buying.summary import groups
from patron.periods import days_per

THIN_ROWS: Final = 2_000
_STARTS: Final = ((1.0, 1.0, 0.7, 3.0), (0.5, 2.0, 1.0, 10.0), (1.0, 10.0, 1.0, 20.0), (5.0, 5.0, 0.3, 1.0))
_BOUNDS: Final = ((1e-3, 1e4), (1e-3, 1e4), (1e-3, 1e4), (1e-3, 1e4))


@dataclass(frozen=True, eq=False)
class Occasions:
    """Customers as BG/BB sees them, one row each, counted in occasions after the one on which they came.

    ``frequency`` x: occasions with a purchase; ``recency`` t_x: the number of the last of them, 0 where there is none;
    ``opportunities`` n: occasions so far; ``weight``: how many customers a row stands for; ``unit``: what lies between
    two occasions. Raises DataError for anything else, naming the row.
    """

    frequency: Floats
    recency: Floats
    opportunities: Floats
    weight: Floats | None = None
    unit: str = "year"

    def __init__(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        opportunities: ArrayLike,
        weight: ArrayLike | None = None,
        unit: str = "year",
    ) -> None:
        days_per(unit)
        object.__setattr__(self, "unit", unit)
        for name, values in (("frequency", frequency), ("recency", recency), ("opportunities", opportunities)):
            object.__setattr__(self, name, floats(name, values))
        object.__setattr__(self, "weight", None if weight is None else floats("weight", weight))
        same_length(
            frequency=self.frequency, recency=self.recency, opportunities=self.opportunities, weight=self.weight
        )
        self._check()

    def __len__(self) -> int:
        return len(self.frequency)

    def _check(self) -> None:
        x, t_x, n = self.frequency, self.recency, self.opportunities
        for name, column in (("frequency", x), ("recency", t_x), ("opportunities", n)):
            refuse_uneven(name, column)
        refuse(x > n, "frequency", x, "It cannot exceed opportunities: one purchase per occasion at most.")
        refuse(t_x > n, "recency", t_x, "It cannot exceed opportunities: it is the number of an occasion so far.")
        refuse(t_x < x, "recency", t_x, "It cannot be below frequency: so many purchases need so many occasions.")
        refuse((x == 0) & (t_x != 0), "recency", t_x, "It is 0 for a customer without a repeat purchase.")
        if self.weight is not None:
            refuse(self.weight < 0, "weight", self.weight, "It counts customers.")

    @property
    def weights(self) -> Floats:
        """How many customers each row stands for: 1 where no weight was given."""
        return np.ones(len(self)) if self.weight is None else self.weight

    def collapse(self) -> Occasions:
        """Unique (x, t_x, n) with the number of customers as weight: all that the model learns from."""
        order, starts = groups(self.frequency, self.recency, self.opportunities)
        kept = order[starts]
        weight = np.add.reduceat(self.weights[order], starts) if len(self) else self.weights
        return Occasions(self.frequency[kept], self.recency[kept], self.opportunities[kept], weight, self.unit)


@dataclass(frozen=True, eq=False)
class SimulatedOccasions:
    """Customers made by the model's story: what is seen of them, who has not left, purchases in the horizon."""

    summary: Occasions
    alive: Flags
    purchases: Floats


@dataclass(frozen=True)
class FittedBGBB(FittedProcess):
    """A BG/BB with parameters alpha, beta, gamma, delta; ``unit`` is what lies between two occasions.

    Customers must be in the model's own unit: another one raises UsageError. Horizons are whole numbers of occasions.
    """

    NAME: ClassVar[str] = "bg_bb"
    TITLE: ClassVar[str] = "BG/BB"
    PARAMS: ClassVar[tuple[str, ...]] = ("alpha", "beta", "gamma", "delta")

    unit: str = "year"

    def probability_alive(self, summary: Occasions, ahead: int = 1) -> Floats:
        """Chance that each customer has not left by the occasion ``ahead`` of the last one (eq. A10).

        The paper speaks of the next occasion, 1; with 0 of the last one, on which a buyer was there for certain.
        """
        steps = whole_number(ahead)
        _, _, gamma, delta = self.symbols
        n, which = np.unique(summary.opportunities, return_inverse=True)
        lasting = np.ones(len(n))
        for step in range(steps):
            lasting = lasting * (delta + n + step) / (gamma + delta + n + step)
        return self._alive_at_last(summary) * lasting[which]

    def expected_purchases(self, summary: Occasions, periods: float) -> Floats:
        """Purchases expected of each customer at the next ``periods`` occasions, given the history (eq. 13)."""
        return self.discounted_purchases(summary, periods, 0.0)

    def discounted_purchases(self, summary: Occasions, periods: float, yearly_discount_rate: float) -> Floats:
        """Purchases expected at the next ``periods`` occasions, each counted at its discount factor."""
        factor, steps = discount(yearly_discount_rate, self.unit), whole_number(periods)
        _, _, gamma, delta = self.symbols
        n, which = np.unique(summary.opportunities, return_inverse=True)
        return self._chance_now(summary) * renewals(gamma, delta + n, steps, factor)[which]

    def residual_purchases(self, summary: Occasions, yearly_discount_rate: float) -> Floats:
        """All purchases still expected of each customer, discounted: DERT (eq. 14), the next occasion a period away.

        Infinite without discounting when gamma ≤ 1.
        """
        factor = discount(yearly_discount_rate, self.unit)
        _, _, gamma, delta = self.symbols
        n, which = np.unique(summary.opportunities, return_inverse=True)
        chance = self._chance_now(summary)
        return np.where(chance > 0, chance * endless_renewals(gamma, delta + n, factor)[which], 0.0)

    def expected_purchases_new_customer(self, periods: float) -> float:
        """Purchases expected of a new customer at the first ``periods`` occasions."""
        alpha, beta, gamma, delta = self.symbols
        return float(alpha / (alpha + beta) * renewals(gamma, np.array([delta]), whole_number(periods))[0])

    def probability_of_purchases(self, count: int, periods: float) -> float:
        """Chance that a new customer buys at exactly ``count`` of the first ``periods`` occasions (eq. 7)."""
        n, x = whole_number(periods), whole_number(count)
        if x > n:
            return 0.0
        alpha, beta, gamma, delta = self.symbols
        m = np.arange(x, n + 1.0)
        ways = -np.log(m + 1) - betaln(x + 1, m - x + 1)
        story = _log_story(np.full(len(m), float(x)), m, m == n, alpha, beta, gamma, delta)
        return float(np.exp(ways + story).sum())

    def probability_no_purchase(self, summary: Occasions, periods: float) -> Floats:
        """Chance that each customer buys at none of the next ``periods`` occasions."""
        alpha, beta, gamma, delta = self.symbols
        x, n = summary.frequency, summary.opportunities
        unbought, there, some = np.ones(len(x)), np.ones(len(x)), np.zeros(len(x))
        for step in range(whole_number(periods)):
            there = there * (delta + n + step) / (gamma + delta + n + step)
            passed = beta + n - x + step
            some = some + there * unbought * (alpha + x) / (alpha + x + passed)
            unbought = unbought * passed / (alpha + x + passed)
        return np.maximum(1 - self._alive_at_last(summary) * some, 0.0)

    def log_likelihoods(self, summary: Occasions) -> Floats:
        """Log-likelihood of each row, not weighted (eq. 5)."""
        return self._stories(summary)[0]

    def simulate(self, opportunities: ArrayLike, rng: np.random.Generator, horizon: float = 0) -> SimulatedOccasions:
        """New customers seen at so many occasions each, and what they do at the ``horizon`` occasions after those."""
        n, later = whole("opportunities", opportunities), whole_number(horizon)
        alpha, beta, gamma, delta = self.symbols
        buys, lasts = rng.beta(alpha, beta, len(n)), lives(gamma, delta, len(n), rng)
        x, t_x = np.zeros(len(n)), np.zeros(len(n))
        for occasion in range(1, int(n.max(initial=0)) + 1):
            bought = (rng.random(len(n)) < buys) & (occasion <= np.minimum(lasts, n))
            x, t_x = x + bought, np.where(bought, occasion, t_x)
        left_over = np.clip(lasts - n, 0, later).astype(np.int64)
        future = rng.binomial(left_over, buys).astype(np.float64)
        return SimulatedOccasions(Occasions(x, t_x, n, unit=self.unit), lasts >= n, future)

    def _chance_now(self, summary: Occasions) -> Floats:
        """Chance that a customer was there at the last occasion, times the chance that who is there buys."""
        alpha, beta, _, _ = self.symbols
        return self._alive_at_last(summary) * (alpha + summary.frequency) / (alpha + beta + summary.opportunities)

    def _alive_at_last(self, summary: Occasions) -> Floats:
        total, there = self._stories(summary)
        return np.minimum(np.exp(there - total), 1.0)

    def _stories(self, summary: Occasions) -> tuple[Floats, Floats]:
        """Each row's log-likelihood, and the part of it in which the customer has not left; on distinct rows."""
        same_unit(self.unit, summary.unit)
        order, starts = groups(summary.frequency, summary.recency, summary.opportunities)
        first = order[starts]
        x, t_x, n = summary.frequency[first], summary.recency[first], summary.opportunities[first]
        row, seen = _unfolded(t_x, n)
        terms = _log_story(x[row], seen, seen == n[row], *self.symbols)
        total, there, counts = np.empty(len(summary)), np.empty(len(summary)), np.diff(starts, append=len(order))
        begins = np.flatnonzero(seen == t_x[row])
        total[order] = np.repeat(np.logaddexp.reduceat(terms, begins) if len(row) else terms, counts)
        there[order] = np.repeat(terms[seen == n[row]], counts)
        return total, there


class BGBB:
    """The BG/BB model, before it has seen customers."""

    def fit(self, summary: Occasions) -> FittedBGBB:
        """Maximum-likelihood parameters for these customers.

        Raises DataError when no customer had an occasion to buy. Everything else gives a fit; ``converged`` and
        ``advice`` say what it is worth.
        """
        rows = summary.collapse()
        customers = float(rows.weights.sum())
        if not dot(rows.weights, rows.opportunities) > 0:
            raise DataError(
                "BG/BB has nothing to learn from: no customer had an occasion to buy.",
                allowed="At least one customer needs opportunities > 0.",
            )
        found = maximise_curved(
            [_likelihood(rows, every=max(1, len(rows) // THIN_ROWS)), _likelihood(rows, every=1)],
            starts=[np.log(start) for start in _STARTS],
            bounds=[(float(np.log(low)), float(np.log(high))) for low, high in _BOUNDS],
            names=FittedBGBB.PARAMS,
            customers=customers,
        )
        values = np.exp(found.log_params)
        return FittedBGBB(
            **estimated(FittedBGBB.PARAMS, values, found),
            unit=summary.unit,
            log_likelihood=customers * found.mean_log_likelihood,
            customers=customers,
        )


def _likelihood(rows: Occasions, every: int) -> Curved:
    """The mean log-likelihood over log-parameters, with its gradient and second derivatives.

    ``every`` k-th row only, for a quick look. Each row is a mixture of stories; with their shares, its second
    derivatives are the mean of the stories' own plus the covariance of their gradients.
    """
    x, t_x, n, weight = (column[::every] for column in (rows.frequency, rows.recency, rows.opportunities, rows.weights))
    row, seen = _unfolded(t_x, n)
    there, begins, total = seen == n[row], np.flatnonzero(seen == t_x[row]), float(weight.sum())

    def at(log_params: Floats) -> tuple[float, Floats, Floats]:
        params = np.exp(log_params)
        terms = _log_story(x[row], seen, there, *params)
        each = np.logaddexp.reduceat(terms, begins)
        share = np.exp(terms - each[row])
        slopes, bends = _slopes(x[row], seen, there, *params)
        of_row = np.add.reduceat(share * slopes, begins, axis=1)
        gradient = (weight * of_row).sum(axis=1)
        share = share * weight[row]
        hessian = np.array([[dot(share, one * other) for other in slopes] for one in slopes])
        hessian -= np.array([[dot(weight, one * other) for other in of_row] for one in of_row])
        for (i, j), bend in bends.items():
            hessian[i, j] += dot(share, bend)
        return dot(weight, each) / total, *in_logarithms(params, gradient / total, hessian / total)

    return at


def _slopes(
    x: Floats, seen: Floats, there: Flags, alpha: float, beta: float, gamma: float, delta: float
) -> tuple[Floats, dict[tuple[int, int], Floats]]:
    """First derivatives of each story's log-chance (4 rows), and those second derivatives that are not 0."""
    left = 1.0 - there
    ends = ((alpha, x), (beta, seen - x), (gamma, left), (delta, seen))
    pairs = ((alpha + beta, seen), (gamma + delta, left + seen))
    both = [digamma(start) - digamma(start + more) for start, more in pairs]
    both_bend = [polygamma(1, start) - polygamma(1, start + more) for start, more in pairs]
    slopes = [digamma(start + more) - digamma(start) + both[k // 2] for k, (start, more) in enumerate(ends)]
    bends = {(i, j): both_bend[i // 2] for i, j in ((0, 1), (1, 0), (2, 3), (3, 2))}
    for k, (start, more) in enumerate(ends):
        bends[k, k] = polygamma(1, start + more) - polygamma(1, start) + both_bend[k // 2]
    return np.array(slopes), bends


def _unfolded(t_x: Floats, n: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Every row once for each occasion that may have been its customer's last, t_x to n: which row, which occasion."""
    counts = (n - t_x + 1).astype(np.int64)
    row = np.repeat(np.arange(len(n)), counts)
    return row, t_x[row] + np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)


def _log_story(x: Floats, seen: Floats, there: Flags, alpha: float, beta: float, gamma: float, delta: float) -> Floats:
    """Log-chance of one order of x purchases at ``seen`` occasions, then leaving, or being ``there`` still (eq. 5)."""
    bought = betaln(alpha + x, beta + seen - x) - betaln(alpha, beta)
    lasted = betaln(gamma + 1.0 - there, delta + seen) - betaln(gamma, delta)
    return np.asarray(bought + lasted, dtype=np.float64)
