"""How likely purchase times are when a customer may leave after each purchase: value, gradient and second derivatives.

BG/NBD (Fader, Hardie and Lee 2005, eq. 6) and MBG/NBD (Batislam, Denizel and Filiztekin 2007, eq. 3) differ only in
whether the first purchase counts as a chance to leave. With k chances (x, or x + 1) a customer's likelihood is

    Γ(r+x)/Γ(r) · alpha^r · [B(a, b+k)/B(a, b) · (alpha+T)^-(r+x) + B(a+1, b+k-1)/B(a, b) · (alpha+t_x)^-(r+x)]

without the second term where k = 0. The odds of still being there are e = (b+k-1)/a · ((alpha+t_x)/(alpha+T))^(r+x).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import digamma, zeta

from patron.models.arrays import BLOCK, Floats, blocks, tally
from patron.models.buying.maximum_likelihood import Curved, in_logarithms
from patron.models.buying.rising import log_rising
from patron.models.buying.summary import Summary

# Sums are kept in one row: the value, the gradient, then the upper triangle of the second derivatives.
_SUMS: Final = 15
_UPPER: Final = np.triu_indices(4)


def leaving_likelihood(summary: Summary, first_can_leave: bool) -> Curved:
    """The mean log-likelihood of r, alpha, a, b with its derivatives, over log-parameters.

    Terms that depend on x alone are summed over the distinct x; the rest goes through the rows block by block, so that
    next to no memory is needed beside the summary.
    """
    counts, of_count = tally(summary.frequency, summary.weight)
    total = float(of_count.sum())
    alone = np.ones(min(BLOCK, len(summary)))

    def at(log_params: Floats) -> tuple[float, Floats, Floats]:
        params = np.exp(log_params)
        sums = _by_count(counts, of_count, first_can_leave, *params)
        for rows in blocks(len(summary)):
            x, t_x, T = summary.frequency[rows], summary.recency[rows], summary.T[rows]
            w = alone[: len(x)] if summary.weight is None else summary.weight[rows]
            could = np.flatnonzero(x > 0)
            if first_can_leave or len(could) == len(x):
                sums += _of_leavers(x, t_x, T, w, first_can_leave, *params)
                continue
            sums += _of_leavers(x[could], t_x[could], T[could], w[could], first_can_leave, *params)
            never = np.flatnonzero(x == 0)
            sums += _of_loyal(T[never], w[never], *params[:2])
        hessian = np.zeros((4, 4))
        hessian[_UPPER] = sums[5:] / total
        hessian += np.triu(hessian, 1).T
        return float(sums[0]) / total, *in_logarithms(params, sums[1:5] / total, hessian)

    return at


def _by_count(x: Floats, weight: Floats, first_can_leave: bool, r: float, alpha: float, a: float, b: float) -> Floats:
    """What depends on x alone: the gamma and beta functions, for customers who left at t_x where they could leave."""
    k = x + first_can_leave
    could, left = (k > 0).astype(np.float64), b + np.maximum(k - 1, 0)
    value = log_rising(r, x) + r * np.log(alpha) + could * np.log(a) + log_rising(b, left - b) - log_rising(a + b, k)
    both, both_2 = digamma(a + b) - digamma(a + b + k), zeta(2, a + b) - zeta(2, a + b + k)
    one = np.ones_like(x)
    terms = (
        value,
        digamma(r + x) - digamma(r) + np.log(alpha),
        one * r / alpha,
        both + could / a,
        both - digamma(b) + digamma(left),
        zeta(2, r + x) - zeta(2, r),
        one / alpha,
        0 * one,
        0 * one,
        -one * r / alpha**2,
        0 * one,
        0 * one,
        both_2 - could / a**2,
        both_2,
        both_2 - zeta(2, b) + zeta(2, left),
    )
    return np.array([_sum(weight, term) for term in terms])


def _of_leavers(
    x: Floats, t_x: Floats, T: Floats, w: Floats, first_can_leave: bool, r: float, alpha: float, a: float, b: float
) -> Floats:
    """-(r+x)·log(alpha+t_x) + log(1 + e) and its derivatives; log e falls by o, whose derivatives are named below."""
    y, left = r + x, b - (1 - first_can_leave) + x
    at_T, at_t = alpha + T, alpha + t_x
    log_t, over_T, over_t = np.log(at_t), 1 / at_T, 1 / at_t
    o_r = np.log(at_T) - log_t
    e = left / a * np.exp(-y * o_r)
    o_ralpha = over_T - over_t
    o_alpha, o_b = y * o_ralpha, -1 / left
    here = w * (e / (1 + e))
    spread = here / (1 + e)
    w_over_t, here_o_b = w * over_t, here * o_b
    spread_r, spread_alpha, spread_b = spread * o_r, spread * o_alpha, spread * o_b
    y_w_over_t, stay, pull = _sum(y, w_over_t), float(here.sum()), float(spread.sum())
    return np.array(
        [
            _sum(w, np.log1p(e) - y * log_t),
            -_sum(w, log_t) - _sum(here, o_r),
            -y_w_over_t - _sum(here, o_alpha),
            -stay / a,
            -float(here_o_b.sum()),
            _sum(spread_r, o_r),
            _sum(spread_r, o_alpha) - float(w_over_t.sum()) - _sum(here, o_ralpha),
            float(spread_r.sum()) / a,
            _sum(spread_r, o_b),
            _sum(spread_alpha, o_alpha) + _sum(y * over_t, w_over_t) + _sum(here * o_alpha, over_T + over_t),
            float(spread_alpha.sum()) / a,
            _sum(spread_alpha, o_b),
            (pull + stay) / a**2,
            float(spread_b.sum()) / a,
            _sum(spread_b, o_b) - _sum(here_o_b, o_b),
        ]
    )


def _of_loyal(T: Floats, w: Floats, r: float, alpha: float) -> Floats:
    """-r·log(alpha+T), of customers who had no chance to leave."""
    at_T = alpha + T
    over_T = w / at_T
    log_T, once = _sum(w, np.log(at_T)), float(over_T.sum())
    sums = np.zeros(_SUMS)
    sums[[0, 1, 2, 6, 9]] = -r * log_T, -log_T, -r * once, -once, r * _sum(over_T, 1 / at_T)
    return sums


def _sum(one: Floats, other: Floats) -> float:
    """The sum of products; unlike a BLAS product it does not depend on the number of processors."""
    return float(np.einsum("i,i", one, other))
