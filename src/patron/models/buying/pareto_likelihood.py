"""The Pareto/NBD likelihood of many customers at once, with first and second derivatives.

Fader and Hardie (2005), "A note on deriving the Pareto/NBD model and related expressions", eq. 18, without its difference
of two hypergeometric functions. A customer's likelihood is Γ(r+x)/Γ(r) · α^r · β^s · (F + G), where

    F = (α+T)^-(r+x) (β+T)^-s · P(buys before leaving | alive at T)
    G = (α+t_x)^-(r+x) (β+t_x)^-s · P(leaves before buying | alive at t_x):

either the next purchase comes after T, or the customer has left before it. Both are positive, so nothing cancels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln, zeta

from patron.models.arrays import Floats
from patron.models.buying.chain_rule import PAIRS, TERMS, Slopes, Sums
from patron.models.buying.pareto_blocks import Block, Parameters, Rows, blocks
from patron.models.buying.pareto_race import RR, RS, RZ, SS, SZ, VALUE, ZZ, R, S, Z


@dataclass(frozen=True, eq=False)
class Likelihood:
    """The mean log-likelihood per customer as a function of the search's point: log r, log α, log s, log β, coefficients.

    ``slopes`` say by how much each coefficient moves the log α (1) and log β (3) of each ordered row.
    """

    rows: Rows
    slopes: Slopes
    total: float

    @classmethod
    def of(cls, rows: Rows, slopes: Slopes | None = None) -> Likelihood:
        """The likelihood of these rows; the slopes are in the summary's order."""
        total = float(len(rows)) if rows.weight is None else float(rows.weight.sum())
        return cls(rows, {number: columns[rows.order] for number, columns in (slopes or {}).items()}, total)

    def parameters(self, point: Floats) -> Parameters:
        """r, s and each customer's α and β at a point of the search."""
        logs, where = [np.asarray(value) for value in point[:4]], Sums(self.slopes).where
        for number, columns in self.slopes.items():
            logs[number] = logs[number] + (columns * point[where[number]]).sum(axis=1)
        if self.slopes:
            logs[1], logs[3] = np.broadcast_arrays(logs[1], logs[3], np.empty(len(self.rows)))[:2]
        return Parameters(float(np.exp(logs[0])), np.exp(logs[1]), float(np.exp(logs[2])), np.exp(logs[3]))

    def value(self, point: Floats) -> float:
        """The mean log-likelihood alone, several times faster than with its derivatives."""
        at, total = self.parameters(point), 0.0
        for block in blocks(self.rows, at, derivatives=False):
            total += float(self._weighted(block, log_likelihoods(block, at)).sum())
        return total / self.total

    def __call__(self, point: Floats) -> tuple[float, Floats, Floats]:
        """The mean log-likelihood with its gradient and second derivatives by all coordinates of the point."""
        at, sums = self.parameters(point), Sums(self.slopes)
        for block in blocks(self.rows, at, derivatives=True):
            sums.add(self._weighted(block, _terms(block, at)), block.rows)
        return sums.mean(self.total, {0: at.r, 2: at.s})

    def _weighted(self, block: Block, terms: Floats) -> Floats:
        return terms if self.rows.weight is None else terms * self.rows.weight[block.rows]


def log_odds_of_left(block: Block, at: Parameters) -> tuple[Floats, Floats]:
    """log F and log G of each customer, both over (α+T)^-(r+x) (β+T)^-s: the chance of being alive is 1 / (F + G)."""
    gap = block.T - block.t_x
    waited = (at.r + block.x) * np.log1p(gap / (block.alpha + block.t_x)) + at.s * np.log1p(
        gap / (block.beta + block.t_x)
    )
    return block.purchase_first[VALUE], block.leave_first[VALUE] + waited


def log_likelihoods(block: Block, at: Parameters) -> Floats:
    """The log-likelihood of each customer of a block."""
    still, left = log_odds_of_left(block, at)
    rest = at.s * np.log(block.beta / (block.beta + block.T)) - (at.r + block.x) * np.log(block.alpha + block.T)
    of_count = gammaln(at.r + block.x) - gammaln(at.r) + at.r * np.log(block.alpha)
    return np.asarray(np.logaddexp(still, left) + rest + of_count, dtype=np.float64)


def _terms(block: Block, at: Parameters) -> Floats:
    """15 rows: the log-likelihood, its derivatives by r, log α, s, log β, and the second ones in the order of PAIRS."""
    still, left = _side(block.T, block.purchase_first, block, at), _side(block.t_x, block.leave_first, block, at)
    still -= left
    odds, slopes = still[0], still[1:5]
    small = np.exp(-np.abs(odds))
    share = np.where(odds > 0, 1.0, small) / (1 + small)
    # What the two terms' disagreement adds to the second derivatives is share · (1 - share) · d · d'.
    both = small / (1 + small) ** 2 * slopes
    terms: Floats = share * still
    terms[0] = np.maximum(odds, 0.0) + np.log1p(small)
    for row, (one, other) in enumerate(PAIRS, start=5):
        terms[row] += both[one] * slopes[other]
    terms += left
    _add_of_count(terms, block.x, block, at)
    return terms


def _add_of_count(terms: Floats, x: Floats, block: Block, at: Parameters) -> None:
    """Adds what Γ(r+x)/Γ(r) · α^r · β^s gives to the 15 rows."""
    log_alpha, log_beta, r = np.log(block.alpha), np.log(block.beta), at.r
    terms[0] += gammaln(r + x) - gammaln(r) + r * log_alpha + at.s * log_beta
    terms[1] += digamma(r + x) - digamma(r) + log_alpha
    terms[2] += r
    terms[3] += log_beta
    terms[4] += at.s
    terms[5] += zeta(2.0, r + x) - zeta(2.0, r)
    terms[6] += 1
    terms[13] += 1


def _side(t: Floats, chance: Floats, block: Block, at: Parameters) -> Floats:
    """log F (t = T) or log G (t = t_x) as 15 rows: value, derivatives by r, log α, s, log β, second ones in order."""
    p, q = block.alpha + t, block.beta + t
    by_alpha, by_beta = block.alpha / p, block.beta / q
    log_p, log_q, a = np.log(p), np.log(q), at.r + block.x
    out = np.empty((TERMS, len(t)))
    out[0] = chance[VALUE] - a * log_p - at.s * log_q
    out[1], out[2] = chance[R] - log_p, -by_alpha * (a + chance[Z])
    out[3], out[4] = chance[S] - log_q, by_beta * (chance[Z] - at.s)
    out[5], out[6], out[7], out[8] = chance[RR], -by_alpha * (1 + chance[RZ]), chance[RS], by_beta * chance[RZ]
    out[9] = by_alpha * by_alpha * chance[ZZ] + out[2] * (1 - by_alpha)
    out[10], out[11] = -by_alpha * chance[SZ], -by_alpha * by_beta * chance[ZZ]
    out[12], out[13] = chance[SS], by_beta * (chance[SZ] - 1)
    out[14] = by_beta * by_beta * chance[ZZ] + out[4] * (1 - by_beta)
    return out
