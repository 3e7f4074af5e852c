"""Functions of a purchase count and a time, for many customers at the price of few: tabled for each count that occurs.

A customer's forecast depends on the purchase count, of which few differ, and smoothly on time. For each count and each
stretch of time that occurs, the function is evaluated at Chebyshev's points and the customers' values follow from the
polynomial through them. The stretches lie on a fixed grid: a customer's value is the same whoever else is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.polynomial import chebyshev

from patron.models.arrays import Flags, Floats, Integers, blocks

OfCountAndTime = Callable[[Floats, Floats], Floats]
"""Values > 0 at pairs of a count x and a position y > 0 on a logarithmic scale of time; 0 at y = 0."""

STRETCH: Final = 0.5
NODES: Final = 14
_STEADY: Final = 1e-13
_POINTS: Final = np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)
# Values at the points to Chebyshev coefficients, and those to powers.
_TO_CHEBYSHEV: Final = np.cos(np.pi * np.outer(np.arange(NODES) + 0.5, np.arange(NODES)) / NODES) * (2 / NODES)
_TO_CHEBYSHEV[:, 0] /= 2
_TO_POWERS: Final = np.zeros((NODES, NODES))
for _degree in range(NODES):
    _TO_POWERS[_degree, : _degree + 1] = chebyshev.cheb2poly(np.eye(NODES)[_degree])
_LONGEST_TABLE: Final = 1 << 20


def tabled(x: Floats, y: Floats, exact: OfCountAndTime) -> Floats:
    """``exact`` at every row, to about 13 digits; rows where it isn't smooth enough for that get it straight."""
    if not len(x):
        return np.zeros(0)
    pairs = _Pairs.of(x, y)
    powers, steady = polynomials(pairs.counts, pairs.stretches, exact)
    result = np.empty(len(x))
    for rows in blocks(len(x)):
        pair = pairs.find(x[rows], y[rows])
        result[rows] = _evaluated(powers, pair, y[rows])
        rough = np.flatnonzero(~steady[pair])
        if rough.size:
            result[rows.start + rough] = exact(x[rows][rough], y[rows][rough])
    return result


def polynomials(x: Floats, stretch: Integers, exact: OfCountAndTime) -> tuple[Floats, Flags]:
    """Coefficients by falling power (first axis) for each pair of count and stretch, and whether they can be trusted.

    They give ``exact`` / (1 - e^-y), which has no zero at y = 0, in v from -1 to 1 across the stretch.
    """
    y = (stretch[:, None] + (1 + _POINTS) / 2) * STRETCH
    scaled = exact(np.repeat(x, NODES), y.ravel()).reshape(y.shape) / -np.expm1(-y)
    # Sums in a fixed order: a matrix product may differ in the last bit with the number of rows.
    waves = sum((scaled[:, [node]] * _TO_CHEBYSHEV[node] for node in range(NODES)), np.zeros(1))
    powers = sum((waves[:, [degree]] * _TO_POWERS[degree] for degree in range(NODES)), np.zeros(1))
    size = np.abs(waves)
    steady = size[:, -2:].max(axis=1) <= _STEADY * size.max(axis=1)
    return np.ascontiguousarray(powers.T[::-1]), steady


def stretch_of(y: float) -> int:
    """The number of the stretch in which a position lies."""
    return int(y / STRETCH)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """The pairs of count and stretch that occur, as sorted keys count · most + stretch."""

    keys: Integers
    most: int
    place: Integers | None
    """Where each key stands in the sorted ones, as a table; None where that would be too long."""

    @classmethod
    def of(cls, x: Floats, y: Floats) -> _Pairs:
        most = stretch_of(float(y.max())) + 1
        span = (float(x.max()) + 1) * most
        if span > _LONGEST_TABLE:
            return cls(np.unique(_key(x, y, most)), most, None)
        place = np.zeros(int(span), dtype=np.int64)
        for rows in blocks(len(x)):
            place[_key(x[rows], y[rows], most)] = 1
        keys = np.flatnonzero(place)
        place[keys] = np.arange(len(keys))
        return cls(keys, most, place)

    @property
    def counts(self) -> Floats:
        return (self.keys // self.most).astype(np.float64)

    @property
    def stretches(self) -> Integers:
        return self.keys % self.most

    def find(self, x: Floats, y: Floats) -> Integers:
        """The number of each row's pair."""
        key = _key(x, y, self.most)
        return np.searchsorted(self.keys, key) if self.place is None else self.place.take(key)


def _key(x: Floats, y: Floats, most: int) -> Integers:
    stretch = (y / STRETCH).astype(np.int64)
    stretch += x.astype(np.int64) * most
    return stretch


def _evaluated(powers: Floats, pair: Integers, y: Floats) -> Floats:
    """Horner's rule, each row with the coefficients of its pair."""
    within = y / STRETCH
    within -= np.floor(within)
    within *= 2
    within -= 1
    total = powers[0].take(pair)
    for coefficient in powers[1:]:
        total *= within
        total += coefficient.take(pair)
    total *= -np.expm1(-y)
    return total
