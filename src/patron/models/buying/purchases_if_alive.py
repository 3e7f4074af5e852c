"""Purchases to come from a customer who is still there, may leave after each of them, and whose rate is uncertain.

With x purchases in T behind, the rate has the gamma posterior (r+x, alpha+T), and the chance p to leave after a purchase
the beta posterior (a, later). For a given p the purchases within t number [1 - (1 + p·w)^-(r+x)] / p with
w = t / (alpha+T). The mean of that over p is the numerator of eq. 10 in Fader, Hardie and Lee (2005), there written
with Gauss's 2F1. Summed as an integral every term is positive: nothing cancels near a = 1 or for short horizons, and
nothing overflows for heavy buyers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from patron.models.arrays import Floats
from patron.models.buying.tables_in_time import tabled

_CELLS: Final = 1 << 18
_POINTS_PER_REACH: Final = 44
_POINTS_PER_DISTANCE: Final = 6.5
_TINY: Final = 1e-290
_NEGLIGIBLE: Final = 40.0
"""e to the minus this is nothing beside 1."""


@dataclass(frozen=True, eq=False)
class PurchasesIfAlive:
    """Expected purchases within a horizon, discounted at a continuous ``rate`` per unit of time where it isn't 0.

    ``later``: the second parameter of the beta posterior of p for a customer without repeat purchases.
    """

    r: float
    alpha: float
    a: float
    later: float
    horizon: float
    rate: float = 0.0

    def of(self, x: Floats, T: Floats) -> Floats:
        """For customers with x repeat purchases observed for T, who are alive."""
        if self.horizon == 0:
            return np.zeros(len(x))
        return tabled(x, self.position(T), self.exact)

    def position(self, T: Floats) -> Floats:
        """The horizon as seen by a customer: log(1 + w) = log(1 + t / (alpha + T))."""
        return np.asarray(np.log1p(self.horizon / (self.alpha + T)), dtype=np.float64)

    def exact(self, x: Floats, y: Floats) -> Floats:
        """The expectation at pairs of x and position, without tables of itself."""
        return self._undiscounted(x, y) if self.rate == 0 else self._discounted(x, y)

    def _discounted(self, x: Floats, y: Floats) -> Floats:
        """By parts: e^(-dt)·E(t) + d·∫₀ᵗ e^(-ds)·E(s) ds, by Gauss and Legendre's rule in log(1 + s / (alpha + T)).

        What lies beyond a discount of e^-40 is left out.
        """
        discount = self.rate * self.horizon
        nodes, weights = self._rule
        w = np.expm1(y)
        reach = np.log1p(w * min(1.0, _NEGLIGIBLE / discount))
        position = reach * nodes[:, None]
        share = np.expm1(position) / w
        density = np.exp(position - discount * share) * (reach / w)
        # One call for all nodes: they share their tables.
        bought = tabled(np.tile(x, len(nodes)), position.ravel(), self._undiscounted).reshape(position.shape)
        total = np.exp(-discount) * tabled(x, y, self._undiscounted)
        for weight, part in zip(weights, density * bought, strict=True):
            total = total + discount * weight * part
        return total

    @cached_property
    def _rule(self) -> tuple[Floats, Floats]:
        """Nodes and weights on (0, 1): more where the horizon spans more, or the discount bites harder."""
        longest = float(np.log1p(self.horizon / self.alpha))
        discount = min(self.rate * self.horizon, _NEGLIGIBLE)
        nodes, weights = np.polynomial.legendre.leggauss(int(12 + 3 * longest + 0.8 * discount))
        return (nodes + 1) / 2, weights / 2

    def _undiscounted(self, x: Floats, y: Floats) -> Floats:
        counts, which = np.unique(x, return_inverse=True)
        points = self._points
        p, weight = self._posterior(counts, points)
        result = np.empty(len(x))
        step = max(1, _CELLS // points)
        for first in range(0, len(x), step):
            rows = slice(first, first + step)
            chance, w = p[which[rows]], np.expm1(y[rows])[:, None]
            shape = (self.r + x[rows])[:, None]
            # At p → 0 the customer never leaves and buys (r+x)·w times.
            per_p = np.where(
                chance < _TINY,
                shape * w,
                -np.expm1(-shape * np.log1p(chance * w)) / np.maximum(chance, _TINY),
            )
            result[rows] = (weight[which[rows]] * per_p).sum(axis=1)
        return result

    @cached_property
    def _points(self) -> int:
        """How many points of p are enough: far from the mode they lie apart in proportion to the distance.

        Most purchases come from chances p around 1 / ((r+x)·w), where the sum must still see every bend.
        """
        narrow = min(np.sqrt(1 / self.a + 1 / self.later), 1.0)
        reach = np.arcsinh(_NEGLIGIBLE / (min(self.a, self.later) * narrow) + 10)
        distance = np.log1p(self.horizon / self.alpha * self.a * max(1.0, self.r / self.later))
        return int(max(_POINTS_PER_REACH, _POINTS_PER_DISTANCE * (1 + distance)) * reach) | 1

    def _posterior(self, x: Floats, points: int) -> tuple[Floats, Floats]:
        """Points p and weights of the beta posterior for each x: the trapezoid rule in v, where logit p = mode + sinh v.

        The tails vanish doubly exponentially, and the error with them.
        """
        later = (self.later + x)[:, None]
        narrow = np.minimum(np.sqrt(1 / self.a + 1 / later), 1.0)
        reach = np.arcsinh(_NEGLIGIBLE / (np.minimum(self.a, later) * narrow) + 10)
        v = reach * np.linspace(-1, 1, points)
        logit = np.log(self.a / later) + narrow * np.sinh(v)
        log_p = -np.logaddexp(0, -logit)
        log_weight = self.a * log_p - later * np.logaddexp(0, logit) + np.log(np.cosh(v))
        weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
        return np.exp(log_p), weight / weight.sum(axis=1, keepdims=True)
