"""What grouping finds where there are no groups: one Gaussian cloud and one evenly filled box of the same spreads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from patron.models.arrays import Floats, Integers
from patron.segments.clusters.algorithms import centres, kmeans
from patron.segments.clusters.criteria import valley
from patron.segments.clusters.threads import one_thread

DRAWS: Final = 8
VALLEY_DRAWS: Final = 4
REFERENCE_ROWS: Final = 1_000
CAUTION: Final = 3.3
"""Points count as more than a cloud from so many standard deviations above the mean of its own draws on.

A few draws say their mean and spread, not their 95th percentile; and segments that are none cost more than a segment missed.
"""
Drawing = Callable[[np.random.Generator, tuple[int, int]], Floats]
CLOUDS: Final[tuple[tuple[str, Drawing], ...]] = (
    ("gaussian", lambda rng, shape: rng.standard_normal(shape)),
    ("uniform", lambda rng, shape: rng.uniform(-np.sqrt(3), np.sqrt(3), shape)),
)


@dataclass(frozen=True)
class Beyond:
    """How far the points' groups go beyond those of one cloud: standard deviations above what is found in it.

    ``compact`` is the largest over k of the drop in log(scatter within / scatter in all), ``most_by_chance`` what the
    cloud's own draws stay under; ``valleys`` gives per k how deep a valley chance digs.
    """

    cloud: str
    compact: float
    most_by_chance: float
    valleys: tuple[tuple[int, float], ...]

    @property
    def more(self) -> bool:
        """Whether the groups are more than the cloud's."""
        return self.compact > self.most_by_chance


def beyond_chance(points: Floats, ks: Sequence[int], seed: int, valley_draws: int = VALLEY_DRAWS) -> tuple[Beyond, ...]:
    """The points against each cloud, for these numbers of groups; points in a canonical order.

    Valleys are looked for in so many draws; in none, none are told.

    Source: the cluster index against a Gaussian of the same covariance is SigClust (Liu, Hayes, Nobel, Marron 2008); the
    box along the principal axes is the gap statistic's (Tibshirani, Walther, Hastie 2001). Both must be beaten: an even
    box is tighter than a Gaussian though neither has groups.
    """
    some = points[:REFERENCE_ROWS]
    centred = some - some.mean(axis=0)
    with one_thread():
        spreads = np.sqrt(np.maximum(np.linalg.eigvalsh(centred.T @ centred / len(some)), 0.0))
        own = np.array([log_index(some, kmeans(some, k, seed)) for k in ks])
        return tuple(_against(name, draw, spreads, own, ks, len(some), seed, valley_draws) for name, draw in CLOUDS)


def log_index(points: Floats, labels: Integers) -> float:
    """log of the scatter within groups as a share of the whole scatter."""
    middles = centres(points, labels)
    within = float(((points - middles[labels]) ** 2).sum())
    whole = float(((points - points.mean(axis=0)) ** 2).sum())
    return float(np.log(max(within, 1e-300) / whole)) if whole > 0 else 0.0


def _against(
    name: str, draw: Drawing, spreads: Floats, own: Floats, ks: Sequence[int], rows: int, seed: int, valley_draws: int
) -> Beyond:
    clouds = [draw(np.random.default_rng((seed, turn)), (rows, len(spreads))) * spreads for turn in range(DRAWS)]
    grouped = [[kmeans(cloud, k, seed) for k in ks] for cloud in clouds]
    indices = np.array([[log_index(cloud, one) for one in cuts] for cloud, cuts in zip(clouds, grouped, strict=True)])
    mean, spread = indices.mean(axis=0), np.maximum(indices.std(axis=0, ddof=1), 1e-9)
    largest = ((mean - indices) / spread).max(axis=1)
    return Beyond(
        name,
        float(((mean - own) / spread).max()),
        float(largest.mean() + CAUTION * largest.std(ddof=1)),
        _deepest(clouds[:valley_draws], grouped[:valley_draws], ks),
    )


def _deepest(
    clouds: Sequence[Floats], grouped: Sequence[Sequence[Integers]], ks: Sequence[int]
) -> tuple[tuple[int, float], ...]:
    """Per k the valley that chance seldom exceeds: two standard deviations above the mean."""
    if not clouds:
        return ()
    depths = np.array([[valley(cloud, one) for one in cuts] for cloud, cuts in zip(clouds, grouped, strict=True)])
    seldom = depths.mean(axis=0) + 2 * depths.std(axis=0, ddof=1)
    return tuple((k, float(depth)) for k, depth in zip(ks, seldom, strict=True))
