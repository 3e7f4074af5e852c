"""What BG/NBD and MBG/NBD share: buying at an own gamma-distributed rate, leaving with an own beta-distributed chance.

They differ in whether a customer may leave right after the first purchase. Everything else follows from the number of
chances to leave so far: x under BG/NBD, x + 1 under MBG/NBD.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, gammaln

from patron.errors import DataError, UsageError
from patron.models.arrays import Floats, blocks, dot, floats, spread
from patron.models.buying.discounting import continuous_rate
from patron.models.buying.fitted import FittedProcess, as_summary, estimated, length
from patron.models.buying.leaving_likelihood import leaving_likelihood
from patron.models.buying.maximum_likelihood import FEW_ROWS, SOME_ROWS, maximise_curved
from patron.models.buying.purchases_if_alive import PurchasesIfAlive
from patron.models.buying.rising import log_rising
from patron.models.buying.simulated import Simulated, leaving_after_purchases
from patron.models.buying.summary import Summary

# Times are scaled so that the mean T is 1; these are r, alpha, a, b there. The papers' CDNOW lies near the first.
STARTS: Final = (
    (0.3, 0.2, 0.8, 2.5),
    (1.0, 1.0, 0.5, 5.0),
    (5.0, 0.5, 0.1, 2.0),
    (0.1, 0.02, 2.0, 2.0),
    (2.0, 4.0, 5.0, 50.0),
)
BOUNDS: Final = ((1e-4, 1e4), (1e-6, 1e5), (1e-3, 1e4), (1e-3, 1e4))
_ALIVE: Final[WeakKeyDictionary[Summary, tuple[object, Floats]]] = WeakKeyDictionary()
"""The last answer for each summary, with the model that gave it; a summary never changes, and takes its answer with it."""


@dataclass(frozen=True)
class FittedBetaGeometric(FittedProcess):
    """Parameters r, alpha (rate of buying; alpha in ``unit``s of time), a, b (chance to leave after a purchase).

    Summaries must be in the model's own unit: another one raises UsageError.
    """

    PARAMS: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    FIRST_CAN_LEAVE: ClassVar[bool] = False

    def probability_alive(self, summary: Summary) -> Floats:
        """Chance that each customer has not left by the cutoff; 1 for those who had no chance to leave yet."""
        return self._alive(summary).copy()

    def _alive(self, summary: Summary) -> Floats:
        """The same, computed once for each summary: every forecast asks for it again."""
        self._same_unit(summary)
        known = _ALIVE.get(summary)
        if known is not None and known[0] is self:
            return known[1]
        alive = np.empty(len(summary))
        for rows in blocks(len(summary)):
            alive[rows] = self._status(summary.frequency[rows], summary.recency[rows], summary.T[rows], side=1.0)
        _ALIVE[summary] = (self, alive)
        return alive

    def expected_purchases(self, summary: Summary, periods: float) -> Floats:
        """Purchases expected of each customer in the next ``periods`` units, given the history."""
        return self._alive(summary) * self.if_alive(periods).of(summary.frequency, summary.T)

    def discounted_purchases(self, summary: Summary, periods: float, yearly_discount_rate: float) -> Floats:
        """The same, with each purchase counted at its discount: a year from now at 1 / (1 + rate)."""
        purchases = self.if_alive(periods, yearly_discount_rate)
        return self._alive(summary) * purchases.of(summary.frequency, summary.T)

    def if_alive(self, periods: float, yearly_discount_rate: float = 0.0) -> PurchasesIfAlive:
        """Purchases in the next ``periods`` units of customers who have not left."""
        r, alpha, a, b = self.symbols
        rate = continuous_rate(yearly_discount_rate, self.unit)
        return PurchasesIfAlive(r, alpha, a, b + self.FIRST_CAN_LEAVE, length(periods), rate)

    def expected_purchases_new_customer(self, periods: float) -> float:
        """Repeat purchases expected of a new customer in the first ``periods`` units."""
        _, _, a, b = self.symbols
        stays = b / (a + b) if self.FIRST_CAN_LEAVE else 1.0
        return stays * float(self.if_alive(periods).of(np.zeros(1), np.zeros(1))[0])

    def probability_of_purchases(self, count: int, periods: float) -> float:
        """Chance that a new customer makes exactly ``count`` repeat purchases in the first ``periods`` units.

        Either all chances to leave passed and the rate's negative binomial gives the count, or the customer left right
        after the last purchase and would otherwise have made as many or more.
        """
        if count < 0 or count != int(count):
            raise UsageError(f"A count of {count} was asked for.", allowed="It is a whole number, 0 or more.")
        r, alpha, a, b = self.symbols
        t, chances = length(periods), count + self.FIRST_CAN_LEAVE
        silent, bought = -np.log1p(t / alpha), t / (alpha + t)
        # t = 0 leaves no time to buy: 0·log 0 is 0 where the count is 0.
        log_bought = count * np.log(bought) if bought > 0 else (0.0 if count == 0 else -np.inf)
        exactly = log_rising(r, count) - gammaln(count + 1) + r * silent + log_bought
        chance = float(np.exp(log_rising(b, chances) - log_rising(a + b, chances) + exactly))
        if chances:
            at_least = float(betainc(count, r, bought)) if count else 1.0
            left = np.log(a) + log_rising(b, chances - 1) - log_rising(a + b, chances)
            chance += float(np.exp(left)) * at_least
        return chance

    def probability_no_purchase(self, summary: Summary, periods: float) -> Floats:
        """Chance that each customer buys nothing in the next ``periods`` units.

        Someone who is alive at the cutoff buys next after an exponential time, whose rate has the gamma posterior
        (r + x, alpha + T): 1 - P(alive) + P(alive) · ((alpha + T) / (alpha + T + t))^(r + x).
        """
        self._same_unit(summary)
        r, alpha, _, _ = self.symbols
        silent = np.exp(-(r + summary.frequency) * np.log1p(length(periods) / (alpha + summary.T)))
        alive, left = (self._status(summary.frequency, summary.recency, summary.T, side) for side in (1.0, -1.0))
        return np.asarray(left + alive * silent, dtype=np.float64)

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

    def log_likelihoods(self, summary: Summary) -> Floats:
        """The log-likelihood of each row's purchase times, once, whatever its weight."""
        self._same_unit(summary)
        r, alpha, a, b = self.symbols
        result = np.empty(len(summary))
        for rows in blocks(len(summary)):
            x, t_x, T = summary.frequency[rows], summary.recency[rows], summary.T[rows]
            chances = x + self.FIRST_CAN_LEAVE
            value = log_rising(r, x) - x * np.log(alpha) - (r + x) * np.log1p(T / alpha)
            value += log_rising(b, chances) - log_rising(a + b, chances)
            result[rows] = value + np.where(chances > 0, np.logaddexp(0, self._log_odds_of_left(x, t_x, T)), 0.0)
        return result

    def simulate(self, T: ArrayLike, rng: np.random.Generator, horizon: float = 0.0) -> Simulated:
        """Customers as the model tells their story: observed for T, then for ``horizon`` units more."""
        r, alpha, a, b = self.symbols
        observed = floats("T", T)
        rates, leaves = rng.gamma(r, 1 / alpha, len(observed)), rng.beta(a, b, len(observed))
        return leaving_after_purchases(
            rates, leaves, observed, length(horizon), rng, self.unit, first_can_leave=self.FIRST_CAN_LEAVE
        )

    def _status(self, x: Floats, t_x: Floats, T: Floats, side: float) -> Floats:
        """Chance to be alive (side 1) or to have left (side -1), each to its last digit however small it is."""
        with np.errstate(over="ignore"):
            chance = 1 / (1 + np.exp(side * self._log_odds_of_left(x, t_x, T)))
        if not self.FIRST_CAN_LEAVE:
            chance[x == 0] = float(side > 0)
        return np.asarray(chance, dtype=np.float64)

    def _log_odds_of_left(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Log odds of having left at t_x (eq. 4 of the 2008 note); without meaning where there was no chance to."""
        r, alpha, a, b = self.symbols
        still = b + np.maximum(x + self.FIRST_CAN_LEAVE, 1) - 1
        odds = np.log(a / still) + (r + x) * np.log1p((T - t_x) / (alpha + t_x))
        return np.asarray(odds, dtype=np.float64)


Process = TypeVar("Process", bound=FittedBetaGeometric)


def fit_beta_geometric(kind: type[Process], summary: Summary) -> Process:
    """Maximum-likelihood parameters of one kind for these customers; DataError when none was observed for any time."""
    rows = as_summary(summary).to_learn_from()
    customers = float(rows.weights.sum())
    scale = dot(rows.weights, rows.T) / customers if customers > 0 else 0.0
    if scale <= 0:
        raise DataError(
            f"{kind.TITLE} has nothing to learn from: no customer was observed after the first purchase.",
            allowed="At least one customer needs T > 0.",
        )
    in_unit = np.array([1.0, scale, 1.0, 1.0])
    samples = [_sample(rows, count) for count in (FEW_ROWS, SOME_ROWS) if 2 * count < len(rows)]
    found = maximise_curved(
        [leaving_likelihood(sample, kind.FIRST_CAN_LEAVE) for sample in (*samples, rows)],
        starts=[np.log(start * in_unit) for start in STARTS],
        bounds=[(float(low), float(high)) for low, high in np.log(np.transpose(BOUNDS) * in_unit).T],
        names=kind.PARAMS,
        customers=customers,
    )
    values = np.exp(found.log_params)
    return kind(
        **estimated(kind.PARAMS, values, found),
        unit=summary.unit,
        log_likelihood=customers * found.mean_log_likelihood,
        customers=customers,
    )


def _sample(rows: Summary, count: int) -> Summary:
    chosen, times = spread(len(rows), count, rows.weight)
    return Summary(rows.frequency[chosen], rows.recency[chosen], rows.T[chosen], weight=times, unit=rows.unit)
