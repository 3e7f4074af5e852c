"""What Pareto/NBD customers will do: alive or not, how many purchases, when the next, given each one's history.

Fader and Hardie (2005), "A note on deriving the Pareto/NBD model and related expressions" (eq. numbers are the note's),
and Fader, Hardie and Lee (2005), "RFM and CLV", Journal of Marketing Research 42 (discounted residual purchases). All
functions take a summary and the parameters of its rows, so that plain models and those with covariates share them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy.special import exprel, gammaln

from patron.errors import UsageError
from patron.models.arrays import BLOCK, Floats, Integers
from patron.models.arrays import blocks as slices
from patron.models.buying.pareto_blocks import Block, Parameters, blocks, ordered, zeta
from patron.models.buying.pareto_likelihood import log_likelihoods, log_odds_of_left
from patron.models.buying.summary import Summary

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)
_FEW_NODES, _FEW_WEIGHTS = np.polynomial.legendre.leggauss(8)
_FAR: Final = 45.0
"""Discounted by exp(-45), the future is worth nothing."""
_STRETCH: Final = 0.5
_STRETCH_NODES: Final = 14


def each(summary: Summary, at: Parameters, of_block: Callable[[Block, Parameters], Floats]) -> Floats:
    """A figure for every row of the summary, worked out block by block."""
    rows = ordered(summary.frequency, summary.recency, summary.T)
    inside = Parameters(at.r, _ordered(at.alpha, rows.order), at.s, _ordered(at.beta, rows.order))
    result = np.empty(len(summary))
    for block in blocks(rows, inside, derivatives=False, all_by_table=True):
        result[rows.order[block.rows]] = of_block(block, inside)
    return result


def _ordered(values: Floats, order: Integers) -> Floats:
    return values[order] if values.ndim else values


def alive(block: Block, at: Parameters) -> Floats:
    """Chance that each customer has not left by T (eq. 30): 1 / (F + G) in the likelihood's terms."""
    still, left = log_odds_of_left(block, at)
    with np.errstate(over="ignore"):
        return np.minimum(1 / (np.exp(still) + np.exp(left)), 1.0)


def no_purchase(periods: float) -> Callable[[Block, Parameters], Floats]:
    """Chance that each customer buys nothing in the next ``periods`` units."""

    def of_block(block: Block, at: Parameters) -> Floats:
        return 1 - alive(block, at) * _buys_within(block, at, np.full(len(block.T), periods))

    return of_block


def _buys_within(block: Block, at: Parameters, t: Floats) -> Floats:
    """Chance that a customer who is alive buys within t, before leaving.

    Buying first at all, less still buying first from T + t on. Where little comes within t, that loses digits and the
    density, which hardly changes, is summed instead.
    """
    first = block.purchase_first[0]
    kept = block.read(zeta(block.alpha, block.beta, block.T + t))[0] - first + _log_silent(block, at, t)
    chance = -np.expm1(kept) * np.exp(first)
    little = np.flatnonzero(kept > -1e-3)
    if little.size:
        chance[little] = (
            sum(
                (
                    weight * _density(block, at, t * (node + 1) / 2)
                    for node, weight in zip(_FEW_NODES, _FEW_WEIGHTS, strict=True)
                ),
                np.zeros(1),
            )[little]
            * t[little]
            / 2
        )
    return np.asarray(chance, dtype=np.float64)


def _log_silent(block: Block, at: Parameters, t: Floats) -> Floats:
    """Log chance that a customer who is alive neither buys nor leaves within t."""
    p, q = block.alpha + block.T, block.beta + block.T
    return np.asarray(-(at.r + block.x) * np.log1p(t / p) - at.s * np.log1p(t / q), dtype=np.float64)


def _density(block: Block, at: Parameters, t: Floats) -> Floats:
    """Density of the time of the next purchase, of a customer who is alive."""
    return np.asarray(
        (at.r + block.x) / (block.alpha + block.T + t) * np.exp(_log_silent(block, at, t)), dtype=np.float64
    )


def next_purchase(q: float, within: float | None) -> Callable[[Block, Parameters], Floats]:
    """Time until which the next purchase comes with chance q (of those within ``within``), for who is alive."""

    def of_block(block: Block, at: Parameters) -> Floats:
        ever = np.exp(block.purchase_first[0])
        if within is None:
            return _time_of(block, at, np.full(len(block.T), q), ever)
        if within == 0:
            return np.zeros(len(block.T))
        reached = _buys_within(block, at, np.full(len(block.T), within))
        return np.minimum(_time_of(block, at, q * reached, ever), within)

    return of_block


def _time_of(block: Block, at: Parameters, chance: Floats, ever: Floats) -> Floats:
    """The time within which a customer who is alive buys with this chance; infinite where it is not reached.

    Newton's method on the log of time: from below, with the log chance concave in it, no step overshoots.
    """
    a, p = at.r + block.x, block.alpha + block.T
    with np.errstate(over="ignore", divide="ignore"):
        # Without leaving, the chance comes sooner.
        time = p * np.expm1(-np.log1p(-np.minimum(chance, 1 - 1e-16)) / a)
    possible = (chance < ever * (1 - 1e-12)) & (time < 1e300)
    time = np.where(possible, time, p)
    # Each row stops by itself: its time is the same whoever else is asked for.
    moving = possible.copy()
    for _ in range(100):
        reached = _buys_within(block, at, time)
        with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
            step = np.log(chance / reached) * reached / (time * _density(block, at, time))
            step = np.where(moving & np.isfinite(step), np.clip(step, -1.0, 20.0), 0.0)
            time = time * np.exp(step)
        possible &= time < 1e300
        moving &= possible & (np.abs(step) >= 1e-12)
        if not moving.any():
            break
    return np.where(possible, time, np.inf)


def rows_log_likelihood(block: Block, at: Parameters) -> Floats:
    """The log-likelihood of each row, whatever its weight (eq. 18)."""
    return log_likelihoods(block, at)


def purchases_if_alive(x: Floats, T: Floats, at: Parameters, periods: float, rate: float) -> Floats:
    """Purchases expected in ``periods`` of customers who are alive at T (eq. 41), each discounted at the continuous rate.

    The mean rate of buying (r + x)/(α + T) times the time that the customer stays, ∫ e^(-δw) ((β+T)/(β+T+w))^s dw; with
    infinite ``periods`` this is the DERT of "RFM and CLV", there written with Tricomi's function.
    """
    stays = _stay if rate == 0 else _tabled_stay
    result = np.empty(len(x))
    for rows in slices(len(x)):
        alpha, beta = at.of(rows)
        result[rows] = (at.r + x[rows]) / (alpha + T[rows]) * stays(beta + T[rows], at.s, periods, rate)
    return result


def _stay(q: Floats, s: float, periods: float, rate: float) -> Floats:  # noqa: ARG001 - the rate is 0 here
    """Time expected until leaving or the end, undiscounted: (1 - (q/(q+t))^(s-1)) · q/(s-1), smooth at s = 1 too."""
    reach = np.log1p(periods / q)
    return np.asarray(q * reach * exprel((1 - s) * reach), dtype=np.float64)


def _tabled_stay(q: Floats, s: float, periods: float, rate: float) -> Floats:
    """The discounted time until leaving or the end, by polynomials on a fixed grid of log q."""
    y = np.log(q) / _STRETCH
    stretch = np.floor(y).astype(np.int64)
    first = int(stretch.min(initial=0))
    if int(stretch.max(initial=0)) - first > BLOCK or len(q) < 100:
        return _discounted_stay(q, s, periods, rate)
    present, which = np.unique(stretch, return_inverse=True)
    angle = np.pi * (np.arange(_STRETCH_NODES) + 0.5) / _STRETCH_NODES
    at_nodes = np.exp((present[:, None] + 0.5 + np.cos(angle) / 2) * _STRETCH)
    cosines = np.cos(np.outer(np.arange(_STRETCH_NODES), angle)) * (2 / _STRETCH_NODES)
    cosines[0] /= 2
    values = _discounted_stay(at_nodes.ravel(), s, periods, rate).reshape(at_nodes.shape)
    coefficients = np.einsum("kn,gn->kg", cosines, values)
    v = 2 * (y - stretch) - 1
    now, before = np.zeros_like(v), np.zeros_like(v)
    for row in coefficients[:0:-1]:
        now, before = 2 * v * now - before + row[which], now
    return np.asarray(v * now - before + coefficients[0][which], dtype=np.float64)


def _discounted_stay(q: Floats, s: float, periods: float, rate: float) -> Floats:
    """∫ e^(-δw) (q/(q+w))^s dw from 0 to ``periods``, by Gauss and Legendre's rule on the scale on which it falls."""
    end = min(periods, _FAR / rate)
    scale = 1 / (rate + s / q)
    reach = np.log1p(end / scale)
    panels = max(1, int(np.ceil(float(reach.max()) / 2)))
    total = np.zeros(len(q))
    for panel in range(panels):
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            v = reach * ((panel + (node + 1) / 2) / panels)
            w = scale * np.expm1(v)
            total += weight * np.exp(v - rate * w - s * np.log1p(w / q))
    return np.asarray(total * scale * reach / (2 * panels), dtype=np.float64)


def chance_of_count(count: int, periods: float, r: float, alpha: float, s: float, beta: float) -> float:
    """Chance that a new customer makes exactly ``count`` repeat purchases in ``periods`` (eq. 17).

    The customer stays throughout, or leaves at some time before; the integral over that time is summed in its logarithm
    across the window where the integrand, which has a single peak there, is more than nothing.
    """
    if count < 0 or count != int(count):
        raise UsageError(f"A count of {count} was asked for.", allowed="It is a whole number, 0 or more.")
    if periods == 0:
        return 1.0 if count == 0 else 0.0

    def log_density(y: Floats) -> Floats:
        later, bought = np.logaddexp(0, y - np.log(alpha)), y - np.logaddexp(y, np.log(alpha))
        leaves = np.log(s / beta) + y - (s + 1) * np.logaddexp(0, y - np.log(beta))
        return np.asarray(leaves - r * later + count * bought, dtype=np.float64)

    last = float(np.log(periods))
    edges = _window(log_density, last)
    width = np.diff(edges)[:, None] / 2
    terms = log_density((edges[:-1, None] + width * (_NODES + 1)).ravel()) + np.log((width * _WEIGHTS).ravel())
    bought = count * (last - np.logaddexp(last, np.log(alpha))) if count else 0.0
    stays = bought - r * np.log1p(periods / alpha) - s * np.log1p(periods / beta)
    choices = gammaln(r + count) - gammaln(r) - gammaln(count + 1)
    return float(np.exp(choices + np.logaddexp(stays, np.logaddexp.reduce(terms))))


def _window(log_density: Callable[[Floats], Floats], last: float) -> Floats:
    """48 panels up to ``last`` that hold all but exp(-45) of a log-concave density: it falls by 1 per unit at least on the left."""
    low = last - 2000.0
    for _ in range(6):
        grid = np.linspace(low, last, 257)
        values = log_density(grid)
        inside = np.flatnonzero(values > values.max() - _FAR)
        low = float(grid[max(inside[0] - 1, 0)])
        last = float(grid[min(inside[-1] + 1, 256)])
    return np.linspace(low, last, 49)
