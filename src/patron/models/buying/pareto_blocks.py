"""Pareto/NBD customers in blocks, each with its two chances at hand: to buy before leaving, to leave before buying.

For a given number of purchases both are smooth functions of ζ = log((β + t)/(α + t)) alone, so a polynomial through a
few nodes stands for the integral wherever many customers share a number of purchases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from patron.models.arrays import Floats, Integers
from patron.models.buying.pareto_race import JET, log_leave_first, log_purchase_first

_MULTIPLICATIONS: Final = 260_000
"""Of one matrix product: below OpenBLAS' threshold for threads, so that the result is the same on any number of them."""
_BLOCK: Final = 4096
_FEW: Final = 60
"""So few customers are faster done one by one than as a block of their own."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Customers in the order of their number of purchases; ``order`` gives each one's row in the summary.

    Rows ``edges[k]`` to ``edges[k + 1]`` have ``counts[k]`` purchases. ``weight`` is None where every row is a customer.
    """

    x: Floats
    t_x: Floats
    T: Floats
    weight: Floats | None
    order: Integers
    counts: Floats
    edges: Integers

    def __len__(self) -> int:
        return len(self.x)

    def thinned(self, most: int) -> Rows:
        """About ``most`` rows, evenly spread over the numbers of purchases; all of them when there are no more."""
        if len(self) <= most:
            return self
        kept = np.linspace(0, len(self) - 1, most).astype(np.int64)
        weight = None if self.weight is None else self.weight[kept]
        return _with_edges(self.x[kept], self.t_x[kept], self.T[kept], weight, self.order[kept])


def ordered(x: Floats, t_x: Floats, T: Floats, weight: Floats | None = None) -> Rows:
    """Customers sorted by their number of purchases."""
    small = len(x) > 0 and x.max() < 2**16
    # NumPy sorts 16-bit numbers by radix, ten times as fast as floats.
    order = np.argsort(x.astype(np.uint16) if small else x, kind="stable")
    return _with_edges(x[order], t_x[order], T[order], None if weight is None else weight[order], order)


def _with_edges(x: Floats, t_x: Floats, T: Floats, weight: Floats | None, order: Integers) -> Rows:
    starts = np.flatnonzero(np.diff(x, prepend=-1.0))
    return Rows(x, t_x, T, weight, order, x[starts], np.append(starts, len(x)))


@dataclass(frozen=True, eq=False)
class Parameters:
    """r and s, with α and β as one number for all customers or one for each of the ordered rows."""

    r: float
    alpha: Floats
    s: float
    beta: Floats

    def of(self, rows: slice | Integers) -> tuple[Floats, Floats]:
        """α and β of these rows."""
        return (self.alpha[rows], self.beta[rows]) if self.alpha.ndim else (self.alpha, self.beta)

    def span(self) -> tuple[float, float]:
        """The smallest and the largest ζ there can be: with time it moves steadily from log(β/α) towards 0."""
        at_first = np.log(self.beta / self.alpha)
        return min(float(at_first.min(initial=0.0)), 0.0), max(float(at_first.max(initial=0.0)), 0.0)


@dataclass(frozen=True, eq=False)
class Block:
    """Some customers, with the jets (or only the values) of both chances: to buy first at T, to leave first at t_x.

    ``x`` has one value where all share it, and so has ``t_x``: at 0, when nobody has bought again.
    """

    rows: slice | Integers
    x: Floats
    t_x: Floats
    T: Floats
    alpha: Floats
    beta: Floats
    purchase_first: Floats
    leave_first: Floats
    read: Callable[[Floats], Floats]
    """The jets (or values) of the chance to buy first at any other ζ, one per customer."""


def blocks(rows: Rows, at: Parameters, derivatives: bool, all_by_table: bool = False) -> Iterator[Block]:
    """All customers, some at a time: by polynomial where many share a number of purchases, one by one elsewhere.

    ``all_by_table`` uses polynomials throughout; then a customer's chance is the same whoever else is asked for.
    """
    low, high = at.span()
    nodes = int(np.ceil(7 + 3.5 * (high - low)))
    sizes = np.diff(rows.edges)
    by_table = sizes > (0 if all_by_table else max(2 * nodes, _FEW))
    shared = np.flatnonzero(by_table)
    table = _Table(rows.counts[shared], at, low, high, nodes, derivatives)
    for place, (first, last) in enumerate(zip(rows.edges[shared], rows.edges[shared + 1], strict=True)):
        for start in range(first, last, table.block):
            yield _by_table(rows, at, slice(start, min(start + table.block, last)), table, place)
    others = np.flatnonzero(np.repeat(~by_table, sizes))
    for start in range(0, len(others), _BLOCK):
        yield _one_by_one(rows, at, others[start : start + _BLOCK], derivatives)


def _by_table(rows: Rows, at: Parameters, chosen: slice, table: _Table, place: int) -> Block:
    alpha, beta = at.of(chosen)
    x, t_x, T = rows.x[chosen.start : chosen.start + 1], rows.t_x[chosen], rows.T[chosen]
    if x[0] == 0 and alpha.ndim == 0:
        t_x = t_x[:1]
    read = partial(table.read, table.purchase_first[place])
    leave_first = table.read(table.leave_first[place], zeta(alpha, beta, t_x))
    return Block(chosen, x, t_x, T, alpha, beta, read(zeta(alpha, beta, T)), leave_first, read)


def _one_by_one(rows: Rows, at: Parameters, chosen: Integers, derivatives: bool) -> Block:
    alpha, beta = at.of(chosen)
    x, t_x, T = rows.x[chosen], rows.t_x[chosen], rows.T[chosen]

    def read(ratio: Floats) -> Floats:
        return log_purchase_first(x, at.r, at.s, ratio, derivatives)

    leave_first = log_leave_first(x, at.r, at.s, zeta(alpha, beta, t_x), derivatives)
    return Block(chosen, x, t_x, T, alpha, beta, read(zeta(alpha, beta, T)), leave_first, read)


def zeta(alpha: Floats, beta: Floats, t: Floats) -> Floats:
    """log((β + t) / (α + t))."""
    return np.asarray(np.log((beta + t) / (alpha + t)), dtype=np.float64)


class _Table:
    """Chebyshev coefficients of both chances, by number of purchases."""

    def __init__(self, counts: Floats, at: Parameters, low: float, high: float, nodes: int, derivatives: bool) -> None:
        self.middle, self.half = (low + high) / 2, max((high - low) / 2, 1e-9)
        self.block = min(_BLOCK, max(64, _MULTIPLICATIONS // (JET * nodes)))
        angle = np.pi * (np.arange(nodes) + 0.5) / nodes
        zeta = np.tile(self.middle + self.half * np.cos(angle), len(counts))
        x = np.repeat(counts, nodes)
        cosines = np.cos(np.outer(angle, np.arange(nodes))) * (2.0 / nodes)
        cosines[:, 0] /= 2
        self.purchase_first, self.leave_first = (
            chance(x, at.r, at.s, zeta, derivatives)
            .reshape(JET if derivatives else 1, len(counts), nodes)
            .transpose(1, 0, 2)
            @ cosines
            for chance in (log_purchase_first, log_leave_first)
        )

    def read(self, coefficients: Floats, zeta: Floats) -> Floats:
        """The chance, with its derivatives where the table has them, at each ζ."""
        at = (zeta - self.middle) * (1 / self.half)
        if len(coefficients) == 1:
            return _clenshaw(coefficients[0], at)[None, :]
        basis = np.empty((coefficients.shape[1], len(at)))
        basis[0], basis[1] = 1.0, at
        twice = 2 * at
        for k in range(2, len(basis)):
            np.multiply(twice, basis[k - 1], out=basis[k])
            basis[k] -= basis[k - 2]
        return np.asarray(coefficients @ basis, dtype=np.float64)


def _clenshaw(coefficients: Floats, at: Floats) -> Floats:
    """The Chebyshev series at each point of [-1, 1]."""
    twice, now, before = 2 * at, np.zeros_like(at), np.zeros_like(at)
    for coefficient in coefficients[:0:-1]:
        now, before = twice * now - before + coefficient, now
    result: Floats = at * now - before + coefficients[0]
    return result
