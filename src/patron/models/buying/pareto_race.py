"""Which comes first for a customer, the next purchase or leaving: the one integral that the Pareto/NBD rests on.

A customer who is alive at time t after x purchases buys at a rate that is gamma (r + x, α + t) and leaves at a rate that
is gamma (s, β + t). Everything in Fader and Hardie (2005), "A note on deriving the Pareto/NBD model and related
expressions", follows from one integral,

    ∫ (p + w)^-a (q + w)^-b dw over w > 0  =  p^(1-a) q^-b · exp ψ(a, b, ζ),   p = α + t, q = β + t, ζ = log(q / p).

The note writes it with Gauss' hypergeometric function, whose two terms cancel and overflow for heavy buyers. Here it is
summed as it stands: every term is positive. ψ depends on p and q only by ζ and is smooth there, so that millions of
customers need it at a few nodes per number of purchases.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from patron.models.arrays import Floats

# Rows of a jet: a log chance and its derivatives by r, s and ζ.
VALUE, R, S, Z, RR, RS, SS, RZ, SZ, ZZ = range(10)
JET: Final = 10

_STEP: Final = 0.17
"""Between the points of the sum: the integrand is analytic in a strip about 1 wide, and errs by exp(-2π/step)."""
_LEFT: Final = -float(np.log(38.0))
"""Where the sum begins: exp(-38) of the largest term is nothing."""
_CELLS: Final = 16_000
_CLASS: Final = 16


def log_purchase_first(x: Floats, r: float, s: float, zeta: Floats, derivatives: bool = False) -> Floats:
    """Log chance that a customer who is alive buys again before leaving; as a jet (10 rows) with ``derivatives``."""
    a = r + x
    jet = _integral(a + 1, s, zeta, derivatives)
    jet[VALUE] += np.log(a)
    if derivatives:
        jet[R] += 1 / a
        jet[RR] -= 1 / (a * a)
    return jet


def log_leave_first(x: Floats, r: float, s: float, zeta: Floats, derivatives: bool = False) -> Floats:
    """Log chance that a customer who is alive leaves before buying again; as a jet (10 rows) with ``derivatives``."""
    jet = _integral(r + x, s + 1, zeta, derivatives)
    jet[VALUE] += np.log(s) - zeta
    if derivatives:
        jet[S] += 1 / s
        jet[SS] -= 1 / (s * s)
        jet[Z] -= 1
    return jet


def _integral(a: Floats, b: float, zeta: Floats, derivatives: bool) -> Floats:
    """ψ(a, b, ζ) as a table of 1 row, or of 10 with its derivatives by a, b and ζ in the order of a jet."""
    jet = np.empty((JET if derivatives else 1, len(zeta)))
    knee, start, end = _reach(a, b, zeta)
    points = np.ceil((end - _LEFT) / _STEP).astype(np.int64) + 1
    # In classes, so that a row is summed over the same points whichever rows come with it.
    points += -points % _CLASS
    for count in np.unique(points):
        grid, of_class = np.linspace(0.0, 1.0, int(count)), np.flatnonzero(points == count)
        most = max(1, _CELLS // int(count))
        for first in range(0, len(of_class), most):
            rows = of_class[first : first + most]
            jet[:, rows] = _sum(a[rows], b, zeta[rows], knee[rows], start[rows], end[rows], grid, derivatives)
    return jet


def _reach(a: Floats, b: float, zeta: Floats) -> tuple[Floats, Floats, Floats]:
    """Where the integrand bends, begins and ends, with y = log(w / p): (knee, start, end); knee and end from the start.

    From y = start = -log(a + b·p/q) on it falls, at the latest from the knee on at some rate per unit of y: at a + b - 1
    beyond both p and q, or sooner at a - 1 beyond p, or at b - 1 beyond q.
    """
    start = -np.logaddexp(np.log(a), np.log(b) - zeta)
    total = np.maximum(a + b - 1, 1e-12)
    knee = np.maximum(zeta, 0.0)
    end = knee - np.log(total)
    for slope, bend in ((a - 1, np.zeros_like(zeta)), (np.full_like(a, b - 1), zeta)):
        # A gentler slope would still have weight where the sum strides too far to see the next bend.
        other = np.where(slope > 3, bend - np.log(np.maximum(slope, 3)), np.inf)
        sooner = other < end
        knee, end = np.where(sooner, bend, knee), np.where(sooner, other, end)
    return knee - start, start, end - start - _LEFT


def _sum(
    a: Floats, b: float, zeta: Floats, knee: Floats, start: Floats, end: Floats, grid: Floats, derivatives: bool
) -> Floats:
    """ψ by the trapezoid rule in v, y = start + v - exp(-v) + exp(v - knee): both tails vanish doubly exponentially."""
    width = end - _LEFT
    v = _LEFT + width[:, None] * grid
    down, up = np.exp(-v), np.exp(v - knee[:, None])
    y = start[:, None] + v - down + up
    log_p, _ = _softplus(y)
    log_q, share = _softplus(y - zeta[:, None])
    exponent = y - a[:, None] * log_p - b * log_q
    peak = exponent.max(axis=1, keepdims=True)
    weight = np.exp(exponent - peak) * (1 + down + up)
    total = weight.sum(axis=1)
    value = peak[:, 0] + np.log(total * width / (len(grid) - 1))
    if not derivatives:
        return np.asarray(value[None, :], dtype=np.float64)
    return _jet(value, weight / total[:, None], log_p, log_q, share, b)


def _softplus(y: Floats) -> tuple[Floats, Floats]:
    """log(1 + e^y) and e^y / (1 + e^y), for any y; logaddexp says the same several times more slowly."""
    small = np.exp(-np.abs(y))
    share = np.where(y > 0, 1.0, small) / (1 + small)
    return np.maximum(y, 0.0) + np.log1p(small), share


def _jet(value: Floats, weight: Floats, log_p: Floats, log_q: Floats, share: Floats, b: float) -> Floats:
    """Derivatives of ψ as moments of log(1 + w/p), log(1 + w/q) and w/(q + w) under the integrand's own weight."""

    def mean(values: Floats) -> Floats:
        return np.asarray(np.einsum("ij,ij->i", weight, values), dtype=np.float64)

    p, q, z = mean(log_p), mean(log_q), mean(share)
    # Centred, so that no second moment is a difference of large ones.
    dp, dq, dz = log_p - p[:, None], log_q - q[:, None], share - z[:, None]
    vz = mean(dz * dz)
    return np.stack(
        [
            value,
            -p,
            -q,
            b * z,
            mean(dp * dp),
            mean(dp * dq),
            mean(dq * dq),
            -b * mean(dp * dz),
            z - b * mean(dq * dz),
            b * b * vz - b * mean(share * (1 - share)),
        ]
    )
