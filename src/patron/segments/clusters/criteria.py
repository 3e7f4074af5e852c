"""How good a grouping is, asked from several sides: apart, compact, repeatable, of useful sizes, telling value apart."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from patron.models.arrays import Floats, Integers
from patron.segments.clusters.algorithms import NOISE, Algorithm, centres, nearest
from patron.segments.clusters.threads import one_thread
from patron.segments.separation import separation

SILHOUETTE_ROWS: Final = 1_000
STABILITY_ROWS: Final = 1_200
RESAMPLES: Final = 4
_GRID: Final = np.linspace(-0.25, 1.25, 61)
_LEAST_IN_A_GROUP: Final = 5


@dataclass(frozen=True)
class Criteria:
    """What is asked of a grouping. Points of no group count against nothing but ``in_no_group``.

    ``silhouette`` −1 to 1, more is cleaner · ``davies_bouldin`` from 0, less is cleaner · ``calinski_harabasz`` more is
    tighter · ``stability`` mean adjusted Rand index of groups found again in resamples · ``smallest_share`` of all
    customers · ``value_told`` share of the variance of the rank of value that lies between groups (eta²) · ``valley``
    how deep density falls between the two groups least apart, 0 not at all, 1 to nothing.
    """

    silhouette: float
    davies_bouldin: float
    calinski_harabasz: float
    stability: float
    smallest_share: float
    value_told: float
    valley: float
    in_no_group: float


def criteria_of(points: Floats, value: Floats, labels: Integers, stability: float) -> Criteria:
    """All criteria of a grouping of points in a canonical order; groups of which there is one alone score nothing."""
    member = labels != NOISE
    inside, groups = points[member], labels[member]
    none = float(1 - member.mean())
    if len(np.unique(groups)) < 2:
        return Criteria(0.0, float("inf"), 0.0, stability, float(member.mean()), 0.0, 0.0, none)
    from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

    with one_thread():
        return Criteria(
            silhouette(inside, groups),
            float(davies_bouldin_score(inside, groups)),
            float(calinski_harabasz_score(inside, groups)),
            stability,
            float(np.bincount(groups).min() / len(labels)),
            separation(groups, value[member]),
            valley(points, labels),
            none,
        )


def silhouette(points: Floats, labels: Integers, most: int = SILHOUETTE_ROWS) -> float:
    """The mean silhouette (Rousseeuw 1987) of the first rows, which a canonical order makes a sample; 0 for one group."""
    from sklearn.metrics import silhouette_score

    some = labels[:most]
    groups = len(np.unique(some))
    return float(silhouette_score(points[:most], some)) if 1 < groups < len(some) else 0.0


def stability(points: Floats, algorithm: Algorithm, k: int, seed: int) -> float:
    """The mean adjusted Rand index between groups of all rows and of resamples, on the resampled rows.

    Source: Hubert and Arabie (1985) for the index, Ben-Hur, Elisseeff, Guyon (2002) for comparing subsamples.
    """
    some = points[:STABILITY_ROWS]
    whole = algorithm.labels(some, k, seed)
    found = []
    for turn in range(RESAMPLES):
        rows = np.sort(np.random.default_rng((seed, turn)).choice(len(some), int(0.75 * len(some)), replace=False))
        found.append(rand_index(whole[rows], algorithm.labels(some[rows], k, seed + turn + 1)))
    return float(np.mean(found))


def rand_index(one: Integers, other: Integers) -> float:
    """The adjusted Rand index of two groupings: 1 for the same, about 0 for chance (Hubert and Arabie 1985)."""
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(one, other))


def valley(points: Floats, labels: Integers) -> float:
    """How far density falls between the two groups least apart: 0 not at all, 1 to nothing.

    Each pair of groups is seen along Fisher's direction (1936), which parts them best; density is a sum of Gaussian
    kernels (Silverman 1986, eq. 3.28). Points of no group count as of the nearest, or else leaving them out would dig
    the valley.
    """
    middles = centres(points, labels)
    everyone = np.where(labels == NOISE, nearest(points, middles), labels)
    groups = [points[everyone == group] for group in range(len(middles))]
    if len(groups) < 2:
        return 0.0
    with one_thread():
        return min(_between(one, other) for one, other in combinations(groups, 2))


def _between(one: Floats, other: Floats) -> float:
    if min(len(one), len(other)) < _LEAST_IN_A_GROUP:
        return 0.0
    first, second = one.mean(axis=0), other.mean(axis=0)
    spreads = _spreads(one, first) + _spreads(other, second)
    ridge = 0.01 * np.trace(spreads) / len(spreads) + 1e-12
    along = np.linalg.solve(spreads + ridge * np.eye(len(spreads)), second - first)
    length = float((second - first) @ along)
    if length <= 0:
        return 0.0
    sides = [(group - first) @ along / length for group in (one, other)]
    density = _density(sides[0]) * len(one) + _density(sides[1]) * len(other)
    inside = (_GRID >= 0) & (_GRID <= 1)
    lower_peak = min(float(density[_GRID <= 0.4].max()), float(density[_GRID >= 0.6].max()))
    return 1.0 - min(float(density[inside].min()) / lower_peak, 1.0) if lower_peak > 0 else 0.0


def _spreads(group: Floats, middle: Floats) -> Floats:
    away = group - middle
    spreads: Floats = away.T @ away / len(group)
    return spreads


def _density(values: Floats) -> Floats:
    """Density on the grid, by counts in fine bins that are then smoothed."""
    width = max(1.06 * float(values.std()) * len(values) ** -0.2, 0.01)
    counts, edges = np.histogram(values, bins=160, range=(-1.0, 2.0))
    middles = (edges[:-1] + edges[1:]) / 2
    kernel = np.exp(-(((_GRID[:, None] - middles) / width) ** 2) / 2)
    smooth: Floats = kernel @ counts / (len(values) * width)
    return smooth
