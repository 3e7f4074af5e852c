"""Worlds of customers whose groups are known, and worlds without any."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from patron.models.arrays import Floats, Integers

LEAST_APART = 5.0


@dataclass(frozen=True, eq=False)
class World:
    """Points (n, d), the group each was drawn from, and what each is worth."""

    points: Floats
    groups: Integers
    value: Floats

    @property
    def k(self) -> int:
        return int(self.groups.max()) + 1

    def columns(self) -> dict[str, Floats]:
        """The points as features, on scales of their own."""
        return {f"habit_{place}": (column + 10) * 3.0**place for place, column in enumerate(self.points.T)}


def planted(seed: int, rows: int = 3_000) -> World:
    """Three to seven Gaussian groups in four to eight dimensions: of unequal sizes, each stretched in directions of its own.

    Centres are at least five apart; a group's spread along its axes is 0.5 to 1.2.
    """
    rng = np.random.default_rng(seed)
    k, d = 3 + seed % 5, 4 + (seed // 2) % 5
    groups = rng.choice(k, rows, p=rng.dirichlet(np.full(k, 4.0)) * 0.75 + 0.25 / k).astype(np.int64)
    centres = _centres(rng, k, d)
    points = np.empty((rows, d))
    for group in range(k):
        here = groups == group
        axes = np.linalg.qr(rng.normal(size=(d, d)))[0] * rng.uniform(0.5, 1.2, d)
        points[here] = centres[group] + rng.normal(size=(int(here.sum()), d)) @ axes.T
    return World(points, groups, np.exp(0.5 * groups + 0.5 * rng.standard_normal(rows)))


def noise(seed: int, rows: int = 3_000) -> World:
    """One cloud: by turns Gaussian, evenly filled, and Gaussian with correlations."""
    rng = np.random.default_rng(seed)
    d = 4 + seed % 5
    points = (
        rng.normal(size=(rows, d)),
        rng.uniform(size=(rows, d)),
        rng.normal(size=(rows, d)) @ rng.normal(size=(d, d)),
    )[seed % 3]
    return World(points, np.zeros(rows, dtype=np.int64), rng.exponential(size=rows))


def _centres(rng: np.random.Generator, k: int, d: int) -> Floats:
    while True:
        centres = rng.normal(0, 3.2, (k, d))
        apart = np.linalg.norm(centres[:, None] - centres[None], axis=2)
        if apart[np.triu_indices(k, 1)].min() >= LEAST_APART:
            return centres
