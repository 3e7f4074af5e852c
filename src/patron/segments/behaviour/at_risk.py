"""Value at risk: what a customer who kept up the usual pace would bring in 90 days, and how much of that may be lost.

*Usual value* is what the last horizon brought, told for 90 days. On past days losses are measured over 90 days as well; of a
shorter horizon over the horizon, since no more is surely known of what came after them. The loss of one customer is what falls short of it. Either
nothing is bought, and all is lost; or something is, whose value is lognormal about what is expected of a buyer, with the spread
that past days showed (the expected shortfall is then that of a put option: Black and Scholes 1973, eq. 13). The tail figure is
what is exceeded in one case of twenty. *Savable* is the expected loss times the chance that the customer is still there to be
saved: a reminder does not reach who has left. Where the purchase process sees nobody leave, it is the whole loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]

DAYS: Final = 90
TAIL: Final = 0.05
TAIL_Z: Final = 1.645
LEAST_SPREAD, MOST_SPREAD = 0.05, 2.0
HALVINGS: Final = 30
_NEARLY_ALL: Final = 0.995


@dataclass(frozen=True, eq=False)
class AtRisk:
    """Of each customer, in money over 90 days: the usual value, the expected loss, its tail figure, and the savable part."""

    usual: Floats
    expected: Floats
    tail: Floats
    savable: Floats
    variance: Floats

    def total(self) -> tuple[float, float]:
        """The expected loss of all together, and its tail figure where customers are lost independently of each other."""
        expected = float(self.expected.sum())
        return expected, expected + TAIL_Z * float(np.sqrt(self.variance.sum()))


def at_risk(usual: Floats, expected_value: Floats, no_purchase: Floats, alive: Floats, spread: float) -> AtRisk:
    """Value at risk from the usual value and what is expected of 90 days, and the chances of those 90 days.

    ``usual`` and ``expected_value`` are money of 90 days, ``no_purchase`` the chance of none in them, ``alive`` that of
    being a customer today, ``spread`` the standard deviation of the logarithm of a buyer's value.
    """
    kept_up = np.maximum(usual, 0.0)
    lost = np.clip(no_purchase, 0.0, 1.0)
    buying = 1.0 - lost
    mean = np.maximum(expected_value, 0.0) / np.maximum(buying, 1e-6)
    short, square = _shortfall(kept_up, mean, spread)
    expected = lost * kept_up + buying * short
    variance = np.maximum(lost * kept_up**2 + buying * square - expected**2, 0.0)
    savable = np.clip(alive, 0.0, 1.0) * expected
    return AtRisk(kept_up, expected, _tail(kept_up, mean, lost, spread), savable, variance)


def fitted_spread(usual: Floats, expected_value: Floats, no_purchase: Floats, lost: float) -> float:
    """The spread at which the loss expected of a past day is the one that came (``lost``, of all customers together).

    The expected loss grows with the spread; where no spread between .05 and 2 gives what came, the nearer end is taken.
    """
    least, most = LEAST_SPREAD, MOST_SPREAD
    alive = np.ones(len(usual))
    for _ in range(HALVINGS):
        middle = (least + most) / 2
        too_little = float(at_risk(usual, expected_value, no_purchase, alive, middle).expected.sum()) < lost
        least, most = (middle, most) if too_little else (least, middle)
    return (least + most) / 2


def usual_value(trailing_value: Floats, horizon_days: int, days: int = DAYS) -> Floats:
    """What the last horizon brought, told for so many days; at least nothing."""
    return np.asarray(np.maximum(trailing_value, 0.0) * days / horizon_days, dtype=np.float64)


def measured_days(horizon_days: int) -> int:
    """Over how many days losses are measured on the past: 90, or the horizon where less is known of what came."""
    return min(DAYS, horizon_days)


def _shortfall(usual: Floats, mean: Floats, spread: float) -> tuple[Floats, Floats]:
    """The mean and the mean square of max(usual − V, 0), V lognormal with this mean."""
    some = (usual > 0) & (mean > 0)
    u, m = usual[some], mean[some]
    d = (np.log(u / m) + spread**2 / 2) / spread
    first, second = usual.copy(), usual**2
    first[some] = u * ndtr(d) - m * ndtr(d - spread)
    second[some] = u**2 * ndtr(d) - 2 * u * m * ndtr(d - spread) + m**2 * np.exp(spread**2) * ndtr(d - 2 * spread)
    return np.maximum(first, 0.0), np.maximum(second, 0.0)


def _tail(usual: Floats, mean: Floats, lost: Floats, spread: float) -> Floats:
    """The loss exceeded in one case of twenty: everything, where nothing is bought that often."""
    below = np.clip((TAIL - lost) / np.maximum(1 - lost, 1e-9), 1e-9, 1.0)
    least = np.exp(np.log(np.maximum(mean, 1e-12)) - spread**2 / 2 + spread * ndtri(below))
    return np.where(lost >= TAIL, usual, np.maximum(usual - least, 0.0))


def hardly_left(value_at_risk: float, savable_value: float) -> bool:
    """Whether what can be saved is what is at risk, to the percent: hardly anybody is taken to have left."""
    return 0 < value_at_risk * _NEARLY_ALL <= savable_value


def realised_loss(usual: Floats, came: Floats) -> Floats:
    """By how much each customer brought less than is usual in as many days; nothing where it was more."""
    return np.asarray(np.maximum(np.maximum(usual, 0.0) - came, 0.0), dtype=np.float64)
