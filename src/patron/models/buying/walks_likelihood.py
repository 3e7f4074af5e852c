"""The likelihood of a Pareto/NBD whose rates follow time-varying covariates, with first and second derivatives.

Bachmann, Meierer and Näf (2021), "The role of time-varying contextual factors in latent attrition models for customer base
analysis", Marketing Science 40(4). With a(t) = exp(γ'x(t)) and d(t) = exp(δ'z(t)), and A and D what they add up to since the
first purchase, a customer who buys x times again, last at t_x, and is observed until T has the likelihood

    Γ(r+x)/Γ(r) α^r β^s Π a(t_j) · [ (α+A(T))^-(r+x) (β+D(T))^-s + s ∫ d(t) (β+D(t))^-(s+1) (α+A(t))^-(r+x) dt ],

the integral from t_x to T: still there, or gone at some time t. Within a run of periods with the same covariates A and D
are straight lines, and the integral is summed by Gauss and Legendre's rule on the scale on which the integrand falls. All
terms are positive: nothing cancels, whichever of α and β is larger. Derivatives are those of the terms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import digamma, gammaln, zeta

from patron.models.arrays import Floats, Integers, blocks
from patron.models.buying.covariate_walks import Walks

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_WIDEST: Final = 0.5
_AT_ONCE: Final = 30_000
# A search passes through coefficients that are absurd; e^300 keeps even their products finite.
_LARGEST_EXPONENT: Final = 300.0


@dataclass(frozen=True, eq=False)
class RatesAt:
    """The parameters: of the gamma distributions of base rates, and the coefficients of both sets of covariates."""

    r: float
    alpha: float
    s: float
    beta: float
    purchase: Floats
    attrition: Floats

    @classmethod
    def at(cls, point: Floats, purchases: int) -> RatesAt:
        """From log r, log α, log s, log β, and the coefficients, ``purchases`` of which act on buying."""
        r, alpha, s, beta = map(float, np.exp(point[:4]))
        return cls(r, alpha, s, beta, point[4 : 4 + purchases], point[4 + purchases :])


def multiplier(table: Floats, coefficients: Floats) -> Floats:
    """By how much covariates multiply a rate: exp(γ'x), in the shape of the table without its last axis."""
    moved = np.einsum("...k,k->...", table, coefficients)
    return np.asarray(np.exp(np.clip(moved, -_LARGEST_EXPONENT, _LARGEST_EXPONENT)), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Path:
    """A sum that grows along a walk: α + A(t) or β + D(t) where each run after the last purchase starts, and at the end.

    Customers × runs and customers; the slopes (customers or 1 × runs) hold within each run.
    """

    slope: Floats
    start: Floats
    end: Floats

    @classmethod
    def along(cls, walks: Walks, slope: Floats, zero: float | Floats) -> Path:
        """The path that starts at ``zero`` (one for all, or one per customer) when the walks do."""
        reached = zero + (walks.before * slope).sum(axis=1)
        ends = reached[:, None] + np.cumsum(walks.after * slope, axis=1)
        return cls(slope, np.concatenate([reached[:, None], ends[:, :-1]], axis=1), ends[:, -1])

    def in_runs(self, runs: Integers) -> tuple[Floats, Floats]:
        """Where some runs start, and their slopes; runs are numbered row by row."""
        return self.start.ravel()[runs], np.broadcast_to(self.slope, self.start.shape).ravel()[runs]


@dataclass(frozen=True, eq=False)
class Nodes:
    """Points in time at which an integral over some runs is summed.

    ``run``: the number of each point's run (row by row); ``since``: the time since its start; ``log_weight``: the
    logarithm of the time for which the point stands.
    """

    run: Integers
    since: Floats
    log_weight: Floats

    @classmethod
    def on(cls, run: Integers, length: Floats, pace: Floats) -> Nodes:
        """Points on runs of these lengths, for integrands that fall by a factor e in 1 / ``pace`` at first, then slower.

        The points are even in log(1 + pace·t): there power laws and exponentials alike are smooth.
        """
        scale = 1 / np.maximum(pace, 1e-300)
        reach = np.log1p(length / scale)
        panels = np.maximum(np.ceil(reach / _WIDEST), 1).astype(np.int64)
        which = np.repeat(np.arange(len(run)), panels)
        panel = np.arange(len(which)) - np.repeat(np.cumsum(panels) - panels, panels)
        width = (reach / panels)[which][:, None]
        stretched = width * (panel[:, None] + (_NODES + 1) / 2)
        log_weight = np.log(_WEIGHTS / 2 * width * scale[which][:, None]) + stretched
        since = scale[which][:, None] * np.expm1(stretched)
        return cls(np.repeat(run[which], len(_NODES)), since.ravel(), log_weight.ravel())


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What may have happened to each customer: still there (the first terms, one per customer), or gone at a node.

    One column per term: whose it is, its node's time and run, whether it is one of those gone, P = α + A and Q = β + D,
    and its log-likelihood but for what all of a customer's terms share.
    """

    nodes: Nodes
    customer: Integers
    gone: Floats
    purchases: Floats
    P: Floats
    Q: Floats
    log_likelihood: Floats

    @classmethod
    def of(cls, walks: Walks, at: RatesAt, buying: Path, leaving: Path) -> Outcomes:
        """All terms of these customers."""
        customers, runs = walks.after.shape
        lived = np.flatnonzero(walks.after.ravel() > 0)
        (p, a), (q, d) = buying.in_runs(lived), leaving.in_runs(lived)
        x = walks.frequency[lived // runs]
        # At least as fast as P itself, however small its power.
        nodes = Nodes.on(lived, walks.after.ravel()[lived], np.maximum(at.r + x, 1.0) * a / p + (at.s + 1) * d / q)
        (p, a), (q, d) = buying.in_runs(nodes.run), leaving.in_runs(nodes.run)
        who = np.concatenate([np.arange(customers), nodes.run // runs])
        gone = np.concatenate([np.zeros(customers), np.ones(len(nodes.run))])
        P = np.concatenate([buying.end, p + a * nodes.since])
        Q = np.concatenate([leaving.end, q + d * nodes.since])
        x = at.r + walks.frequency[who]
        terms = -x * np.log(P) - (at.s + gone) * np.log(Q)
        terms[customers:] += nodes.log_weight + np.log(d) + np.log(at.s)
        return cls(nodes, who, gone, x, P, Q, terms)

    def total(self, customers: int) -> Floats:
        """The logarithm of each customer's sum of terms."""
        largest = self.log_likelihood[:customers].copy()
        np.maximum.at(largest, self.customer, self.log_likelihood)
        relative = np.exp(self.log_likelihood - largest[self.customer])
        return np.asarray(largest + np.log(np.bincount(self.customer, relative, customers)), dtype=np.float64)


def outcomes(walks: Walks, at: RatesAt) -> Outcomes:
    """All that may have happened to these customers, at these parameters."""
    return Outcomes.of(walks, at, *paths(walks, at))


def paths(walks: Walks, at: RatesAt) -> tuple[Path, Path]:
    """α + A(t) and β + D(t) along these walks."""
    buying = Path.along(walks, multiplier(walks.purchase, at.purchase), at.alpha)
    return buying, Path.along(walks, multiplier(walks.attrition, at.attrition), at.beta)


def parts(walks: Walks) -> list[slice]:
    """Customers to work on together, few enough that their terms fit in a processor's memory."""
    return list(blocks(len(walks), max(1, _AT_ONCE // walks.after.shape[1])))


def log_likelihoods(walks: Walks, at: RatesAt) -> Floats:
    """Each customer's log-likelihood."""
    found = [outcomes(walks.rows(rows), at).total(rows.stop - rows.start) for rows in parts(walks)]
    bought = (walks.at_purchases * at.purchase).sum(axis=1)
    return np.concatenate([np.zeros(0), *found]) + _of_count(walks.frequency, at) + bought


def _of_count(x: Floats, at: RatesAt) -> Floats:
    """The logarithm of Γ(r+x)/Γ(r) · α^r · β^s."""
    of_count = gammaln(at.r + x) - gammaln(at.r)
    return np.asarray(of_count + at.r * np.log(at.alpha) + at.s * np.log(at.beta), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class WalksLikelihood:
    """The mean log-likelihood per customer as a function of log r, log α, log s, log β, and all coefficients."""

    walks: Walks

    def __call__(self, point: Floats) -> tuple[float, Floats, Floats]:
        """The mean log-likelihood with its gradient and second derivatives."""
        at, size, customers = RatesAt.at(point, self.walks.purchase.shape[2]), len(point), len(self.walks)
        value, gradient, hessian = 0.0, np.zeros(size), np.zeros((size, size))
        for rows in parts(self.walks):
            some = _derivatives(self.walks.rows(rows), at)
            value, gradient, hessian = value + some[0], gradient + some[1], hessian + some[2]
        for place, base in ((0, at.r), (2, at.s)):
            gradient[place] *= base
            hessian[place] *= base
            hessian[:, place] *= base
            hessian[place, place] += gradient[place]
        return value / customers, gradient / customers, hessian / customers


def _derivatives(walks: Walks, at: RatesAt) -> tuple[float, Floats, Floats]:
    """The log-likelihood of some customers, and its derivatives by r, log α, s, log β and the coefficients."""
    buying, leaving = paths(walks, at)
    terms = Outcomes.of(walks, at, buying, leaving)
    total = terms.total(len(walks))
    share = np.exp(terms.log_likelihood - total[terms.customer])
    sides = (
        _Side.of(walks, terms, buying, walks.purchase, terms.P, at.alpha, terms.purchases),
        _Side.of(walks, terms, leaving, walks.attrition, terms.Q, at.beta, at.s + terms.gone),
    )
    slopes = _slopes(walks, terms, sides, at)
    gradient, hessian = _mixture(slopes, share, terms.customer, len(walks))
    for side, shape, rest in zip(sides, (0, 2), _rest(len(at.purchase), len(at.attrition)), strict=True):
        side.add_curvature(hessian, share, shape, rest)
    hessian[2, 2] -= float((share * terms.gone).sum()) / at.s**2
    _add_of_count(gradient, hessian, walks, at)
    value = float((total + _of_count(walks.frequency, at)).sum() + (walks.at_purchases * at.purchase).sum())
    return value, gradient, np.triu(hessian) + np.triu(hessian, 1).T


def _rest(purchases: int, attritions: int) -> tuple[list[int], list[int]]:
    """The places of log α and its coefficients, and of log β and its own, among all coordinates."""
    return [1, *range(4, 4 + purchases)], [3, *range(4 + purchases, 4 + purchases + attritions)]


def _slopes(walks: Walks, terms: Outcomes, sides: tuple[_Side, _Side], at: RatesAt) -> Floats:
    """Derivatives of each term's log-likelihood (columns) by all coordinates (rows)."""
    buying, leaving = sides
    first, second = _rest(len(at.purchase), len(at.attrition))
    slopes = np.empty((len(first) + len(second) + 2, len(terms.P)))
    slopes[0], slopes[2] = -np.log(terms.P), terms.gone / at.s - np.log(terms.Q)
    slopes[first], slopes[second] = -buying.power * buying.shares, -leaving.power * leaving.shares
    wide = np.broadcast_to(walks.attrition, (len(walks), *walks.attrition.shape[1:]))
    slopes[second[1:], len(walks) :] += wide.reshape(walks.after.size, len(at.attrition))[terms.nodes.run].T
    return slopes


def _mixture(slopes: Floats, share: Floats, customer: Integers, customers: int) -> tuple[Floats, Floats]:
    """The gradient of the customers' sums of terms, and that part of the second derivatives that comes from the mixing."""
    weighted = slopes * share
    means = np.array([np.bincount(customer, row, customers) for row in weighted])
    # Not matrix products: their order of summation depends on the number of threads.
    spread = np.einsum("in,jn->ij", weighted, slopes) - np.einsum("in,jn->ij", means, means)
    return means.sum(axis=1), spread


def _add_of_count(gradient: Floats, hessian: Floats, walks: Walks, at: RatesAt) -> None:
    """Adds what Γ(r+x)/Γ(r) · α^r · β^s · exp(γ'Σx(t_j)) gives."""
    x = walks.frequency
    gradient[0] += float((digamma(at.r + x) - digamma(at.r)).sum()) + len(x) * np.log(at.alpha)
    gradient[1] += len(x) * at.r
    gradient[2] += len(x) * np.log(at.beta)
    gradient[3] += len(x) * at.s
    gradient[4 : 4 + len(at.purchase)] += walks.at_purchases.sum(axis=0)
    hessian[0, 0] += float((zeta(2.0, at.r + x) - zeta(2.0, at.r)).sum())
    hessian[0, 1] += len(x)
    hessian[2, 3] += len(x)


@dataclass(frozen=True, eq=False)
class _Side:
    """Buying or leaving: terms with the factor P^-power, where P = zero + ∫ slope follows covariates.

    ``shares``: of each term's P, by how much each coordinate moves it: ∂P/P by the logarithm of zero, then by each
    coefficient (rows).
    """

    walks: Walks
    terms: Outcomes
    slope: Floats
    table: Floats
    zero: float
    value: Floats
    power: Floats
    shares: Floats

    @classmethod
    def of(
        cls, walks: Walks, terms: Outcomes, path: Path, table: Floats, value: Floats, zero: float, power: Floats
    ) -> _Side:
        """One side of these terms, whose P or Q is ``value``."""
        rows = [np.full(len(value), zero)]
        for place in range(table.shape[2]):
            moved = Path.along(walks, path.slope * table[:, :, place], 0.0)
            start, slope = moved.in_runs(terms.nodes.run)
            rows.append(np.concatenate([moved.end, start + slope * terms.nodes.since]))
        return cls(walks, terms, path.slope, table, zero, value, power, np.array(rows) / value)

    def add_curvature(self, hessian: Floats, share: Floats, shape: int, rest: list[int]) -> None:
        """Adds the terms' own second derivatives, each term counted at its share; only the upper triangle counts."""
        once = (self.shares * share).sum(axis=1)
        hessian[shape, rest] -= once
        hessian[rest, shape] -= once
        weight = share * self.power
        hessian[np.ix_(rest, rest)] += np.einsum("in,jn->ij", self.shares * weight, self.shares)
        hessian[rest[0], rest[0]] -= float((self.shares[0] * weight).sum())
        hessian[np.ix_(rest[1:], rest[1:])] -= self._by_coefficients(weight / self.value)

    def _by_coefficients(self, weight: Floats) -> Floats:
        """The second derivatives of all P by the coefficients, summed with these weights.

        P's are ∫ slope·x·x'; instead of following each to its node, every run learns how much of it the nodes that
        come after it have seen.
        """
        seen = self._seen(weight) * self.slope
        if len(self.table) == 1:
            seen = seen.sum(axis=0, keepdims=True)
        flat = self.table.reshape(seen.size, self.table.shape[2])
        return np.einsum("nk,nl->kl", flat * seen.reshape(seen.size, 1), flat)

    def _seen(self, weight: Floats) -> Floats:
        """For each run, the time spent in it by the time of each of the customer's terms, summed with the weights."""
        customers, runs = self.walks.after.shape
        nodes, still, gone = self.terms.nodes, weight[:customers], weight[customers:]
        within = np.bincount(nodes.run, gone * nodes.since, customers * runs).reshape(customers, runs)
        here = np.bincount(nodes.run, gone, customers * runs).reshape(customers, runs)
        here = np.concatenate([here, still[:, None]], axis=1)
        later = np.cumsum(here[:, ::-1], axis=1)[:, ::-1]
        return np.asarray(self.walks.before * later[:, :1] + within + self.walks.after * later[:, 1:])
