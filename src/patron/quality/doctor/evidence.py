"""The statistics behind the findings: intervals and tests, so that chance is not taken for a fact.

Sums run over elements in a fixed order and never through BLAS, so that they are the same with any number of threads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc, ndtr

from patron.quality.doctor.portrait import Floats, Integers, Purchases

Z95 = 1.959963984540054
MOST_PAIRS_PER_CUSTOMER = 20


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


def share_of(part: int, whole: int) -> Estimate:
    """A share with its Wilson interval (Wilson 1927, JASA 22:209); 0 to 1 where there is nothing to count."""
    if not whole:
        return Estimate(0.0, 0.0, 1.0)
    share, z2 = part / whole, Z95**2
    centre = (share + z2 / (2 * whole)) / (1 + z2 / whole)
    half = Z95 * math.sqrt(share * (1 - share) / whole + z2 / (4 * whole**2)) / (1 + z2 / whole)
    return Estimate(share, max(0.0, centre - half), min(1.0, centre + half))


def _ranks(values: Floats) -> Floats:
    """Ranks from 0, ties at their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return ((ends - counts + ends - 1) / 2.0)[inverse]


def rank_correlation(one: Floats, other: Floats) -> Estimate:
    """Spearman's correlation with Bonett and Wright's interval (2000, Psychometrika 65:23)."""
    a, b = _ranks(one), _ranks(other)
    a, b = a - a.mean(), b - b.mean()
    scale = math.sqrt(float((a * a).sum()) * float((b * b).sum()))
    if not scale or len(one) < 5:
        return Estimate(0.0, -1.0, 1.0)
    rho = max(-0.999999, min(0.999999, float((a * b).sum()) / scale))
    half = Z95 * math.sqrt((1 + rho**2 / 2) / (len(one) - 3))
    return Estimate(rho, math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half))


@dataclass(frozen=True)
class Trend:
    """The slope of a least-squares line and its robust standard error."""

    slope: float
    error: float

    @property
    def z(self) -> float:
        return self.slope / self.error if self.error > 0 else 0.0

    @property
    def chance(self) -> float:
        """How often pure chance shows a slope as steep as this, two-sided."""
        return float(2 * ndtr(-abs(self.z)))

    @property
    def low(self) -> float:
        return self.slope - Z95 * self.error

    @property
    def high(self) -> float:
        return self.slope + Z95 * self.error


def trend(outcome: Floats, time: Floats, groups: Integers | None = None, clusters: Integers | None = None) -> Trend:
    """The slope of the outcome over time, within groups where they are given.

    The error is robust to unequal spread (White 1980, HC1), and to likeness within clusters (Liang and Zeger 1986).
    Groups and clusters are numbered from 0.
    """
    y, t = _within(outcome, groups), _within(time, groups)
    spread = float((t * t).sum())
    if spread <= 0 or len(y) < 10:
        return Trend(0.0, math.inf)
    slope = float((t * y).sum()) / spread
    scores = t * (y - slope * t)
    if clusters is not None:
        scores = np.bincount(clusters, scores).astype(np.float64)
    lost = 2 if groups is None or clusters is not None else int(groups.max()) + 2
    inflation = len(y) / max(1, len(y) - lost)
    return Trend(slope, math.sqrt(float((scores * scores).sum()) * inflation) / spread)


def _within(values: Floats, groups: Integers | None) -> Floats:
    """The values less the mean of their group."""
    if groups is None:
        return values - values.mean()
    sizes = np.maximum(np.bincount(groups), 1)
    return values - (np.bincount(groups, values) / sizes)[groups]


def gap_evenness(days: Purchases) -> tuple[Estimate, int]:
    """How unevenly purchases follow each other, and from how many pairs of gaps: 1 at random, 0 like clockwork.

    Of three purchase days of a customer who buys at random, the middle one lies anywhere between the outer two with
    equal chance, whatever the customer's rate. So for neighbouring gaps a + b = s, ((a − b)/s)² is (s − 2)/(3s) on
    average; the index is the sum of the first over the sum of the second (compare Shinomoto et al. 2003, Neural
    Computation 15:2823, eq. 2.2). Gamma gaps of shape k give 3/(2k + 1). Robust to likeness within customers.
    """
    pair = (days.place >= 2) & (days.place < 2 + MOST_PAIRS_PER_CUSTOMER)
    late = days.gap[pair].astype(np.float64)
    early = days.gap[np.flatnonzero(pair) - 1].astype(np.float64)
    total = late + early
    observed, expected = ((late - early) / total) ** 2, (total - 2) / (3 * total)
    whole = float(expected.sum())
    if whole <= 0:
        return Estimate(1.0, 0.0, 3.0), 0  # all that an index can be
    index = float(observed.sum()) / whole
    by_customer = np.bincount(days.customer[pair], observed - index * expected)
    half = Z95 * math.sqrt(float((by_customer * by_customer).sum())) / whole
    return Estimate(index, max(0.0, index - half), index + half), int(pair.sum())


def share_explained(outcome: Floats, weights: Floats, smaller: Floats, larger: Floats) -> tuple[float, Floats]:
    """How often chance alone makes the larger design fit so much better (an F test), and its coefficients.

    Designs are matrices, a row per outcome; all are weighted.
    """
    root = np.sqrt(weights)
    left_small, _ = _residual(outcome * root, smaller * root[:, None])
    left_large, coefficients = _residual(outcome * root, larger * root[:, None])
    extra, free = larger.shape[1] - smaller.shape[1], len(outcome) - larger.shape[1]
    if free < 1 or left_large <= 0:
        return 1.0, coefficients
    return float(fdtrc(extra, free, max(0.0, (left_small - left_large) / extra / (left_large / free)))), coefficients


def _residual(outcome: Floats, design: Floats) -> tuple[float, Floats]:
    # A few dozen rows: small enough for LAPACK to give the same bits with any number of threads.
    coefficients, *_ = np.linalg.lstsq(design, outcome, rcond=None)
    left = outcome - (design * coefficients).sum(axis=1)
    return float((left * left).sum()), np.asarray(coefficients, dtype=np.float64)


@dataclass(frozen=True)
class TwoKinds:
    """Two normal curves fitted to one column: centres, spreads, the second's share, and how clearly they part."""

    centres: tuple[float, float]
    spreads: tuple[float, float]
    share: float
    """Share of the second, larger-valued kind."""
    gain: float
    """How much better than one curve, as a difference of BIC."""
    valley: float
    """Density at the lowest point between the centres, as a share of the lower peak."""

    @property
    def separation(self) -> float:
        """Ashman's D: the distance of the centres in spreads; above 2 the two are apart."""
        return abs(self.centres[1] - self.centres[0]) / math.sqrt((self.spreads[0] ** 2 + self.spreads[1] ** 2) / 2)


def two_kinds(values: Floats) -> TwoKinds:
    """The best of three fits of two normal curves (expectation-maximisation, Dempster et al. 1977)."""
    fits = [_two_curves(values, low, high) for low, high in ((0.25, 0.75), (0.1, 0.95), (0.5, 0.99))]
    likelihood, means, spreads, weights = max(fits, key=lambda fit: fit[0])
    spread = max(float(values.std()), 1e-9)
    single = -len(values) * (math.log(spread) + 0.5 * math.log(2 * math.pi) + 0.5)
    gain = 2 * (likelihood - single) - 3 * math.log(len(values))
    order = np.argsort(means)
    means, spreads, weights = means[order], spreads[order], weights[order]
    between = _density(np.linspace(means[0], means[1], 201), means, spreads, weights).sum(axis=1)
    valley = float(between.min() / min(between[0], between[-1]))
    return TwoKinds(
        (float(means[0]), float(means[1])), (float(spreads[0]), float(spreads[1])), float(weights[1]), gain, valley
    )


def _two_curves(values: Floats, low: float, high: float) -> tuple[float, Floats, Floats, Floats]:
    means = np.quantile(values, [low, high])
    spreads = np.full(2, max(float(values.std()) / 2, 1e-6))
    weights = np.array([0.5, 0.5])
    floor = max(0.02 * float(values.std()), 1e-6)  # a curve may not shrink to a point
    for _ in range(100):
        density = _density(values, means, spreads, weights)
        belongs = density / np.maximum(density.sum(axis=1, keepdims=True), 1e-300)
        size = np.maximum(belongs.sum(axis=0), 1e-9)
        weights, means = size / len(values), (belongs * values[:, None]).sum(axis=0) / size
        spreads = np.maximum(np.sqrt((belongs * (values[:, None] - means) ** 2).sum(axis=0) / size), floor)
    likelihood = np.log(np.maximum(_density(values, means, spreads, weights).sum(axis=1), 1e-300)).sum()
    return float(likelihood), means, spreads, weights


def _density(values: Floats, means: Floats, spreads: Floats, weights: Floats) -> Floats:
    z = (values[:, None] - means) / spreads
    return weights * np.exp(-0.5 * z * z) / (spreads * math.sqrt(2 * math.pi))
