"""Ways to group points, behind one protocol: the same labels for the same points and seed, however they are ordered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol
from warnings import catch_warnings, simplefilter

import numpy as np

from patron.errors import UnknownName
from patron.models.arrays import Floats, Integers
from patron.segments.clusters.ordering import canonical_order, content_hashes
from patron.segments.clusters.threads import one_thread

NOISE: Final = -1
"""The label of points that belong to no group."""
STARTS: Final = 2
MINIBATCH_FROM: Final = 50_000
MOST_ROWS_OF_A_TREE: Final = 4_000
LEAST_SHARE: Final = 0.02


class Grouper(Protocol):
    """Labels for points (n, d) in a canonical order; ``start`` gives centres (k, d) to begin at."""

    def __call__(self, points: Floats, k: int, seed: int, start: Floats | None) -> Integers: ...


@dataclass(frozen=True)
class Algorithm:
    """One way to group: its name, its title in sentences, and what it can bear.

    ``most_rows`` is how many points it takes in bearable time; ``chooses_k`` says that it ignores k.
    """

    name: str
    title: str
    grouper: Grouper
    most_rows: int
    chooses_k: bool = False

    def labels(self, points: Floats, k: int, seed: int, start: Floats | None = None) -> Integers:
        """A group for each point, -1 where it belongs to none; numbered by size, the largest 0."""
        order = canonical_order(content_hashes(points))
        found = np.empty(len(points), dtype=np.int64)
        with one_thread():
            found[order] = self.grouper(points[order], k, seed, start)
        return numbered(found)


def numbered(labels: Integers, value: Floats | None = None) -> Integers:
    """The same groups numbered from 0 by descending mean value, ties by size; by size alone without values."""
    groups, which, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    means = np.zeros(len(groups)) if value is None else np.bincount(which, value) / sizes
    # Sums depend on the order of rows in their last bits: twelve digits do not.
    means = np.array([float(f"{mean:.12g}") for mean in means])
    order = np.lexsort((-sizes, -means))
    order = order[groups[order] != NOISE]
    new = np.full(len(groups), NOISE, dtype=np.int64)
    new[order] = np.arange(len(order))
    renumbered: Integers = new[which]
    return renumbered


def centres(points: Floats, labels: Integers) -> Floats:
    """The mean of each group's points, (k, d); points of no group are left out."""
    member = labels != NOISE
    which, inside = labels[member], points[member]
    sizes = np.bincount(which)
    return np.column_stack([np.bincount(which, column) / sizes for column in inside.T])


def nearest(points: Floats, middles: Floats) -> Integers:
    """The nearest of the centres to each point."""
    with one_thread():
        away = (middles**2).sum(axis=1) - 2 * points @ middles.T
    return np.argmin(away, axis=1).astype(np.int64)


def kmeans(points: Floats, k: int, seed: int, start: Floats | None = None) -> Integers:
    """Lloyd's algorithm from k-means++ starts (Arthur and Vassilvitskii 2007); in batches above 50,000 points."""
    from sklearn.cluster import KMeans

    if len(points) > MINIBATCH_FROM:
        return minibatch_kmeans(points, k, seed, start)
    k = _bearable(points, k)
    begin, turns = ("k-means++", STARTS) if start is None else (start, 1)
    found = KMeans(k, init=begin, n_init=turns, random_state=seed % 2**31, max_iter=100).fit_predict(points)
    return np.asarray(found, dtype=np.int64)


def minibatch_kmeans(points: Floats, k: int, seed: int, start: Floats | None = None) -> Integers:
    """K-means on random batches (Sculley 2010), ended by three whole turns that settle the borders."""
    from sklearn.cluster import KMeans, MiniBatchKMeans

    k = _bearable(points, k)
    begin, turns = ("k-means++", 3) if start is None else (start, 1)
    rough = MiniBatchKMeans(k, init=begin, n_init=turns, random_state=seed % 2**31, batch_size=4096).fit(points)
    settled = KMeans(k, init=rough.cluster_centers_, n_init=1, max_iter=20, random_state=seed % 2**31).fit(points)
    return np.asarray(settled.labels_, dtype=np.int64)


def gaussian_mixture(points: Floats, k: int, seed: int, start: Floats | None = None) -> Integers:
    """The likeliest of k Gaussians, each with a covariance of its own (Dempster, Laird, Rubin 1977)."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    # A little of every variance keeps a Gaussian from collapsing onto equal points.
    floor = max(1e-3 * float(points.var(axis=0).mean()), 1e-9)
    middles = centres(points, kmeans(points, k, seed)) if start is None else start
    model = GaussianMixture(len(middles), means_init=middles, reg_covar=floor, max_iter=60, random_state=seed % 2**31)
    with catch_warnings():
        # Sixty turns are enough for borders; that more would still move them a little is no news.
        simplefilter("ignore", ConvergenceWarning)
        return np.asarray(model.fit_predict(points), dtype=np.int64)


def agglomerative(points: Floats, k: int, seed: int, start: Floats | None = None) -> Integers:  # noqa: ARG001 - the protocol's
    """Ward's tree cut at k branches (Ward 1963), with the rest of very many points at their nearest branch."""
    from scipy.cluster.hierarchy import fcluster

    some = points[:MOST_ROWS_OF_A_TREE]
    labels = fcluster(_tree(some.tobytes(), some.shape), k, criterion="maxclust").astype(np.int64) - 1
    return labels if len(some) == len(points) else nearest(points, centres(some, labels))


def dbscan(points: Floats, k: int, seed: int, start: Floats | None = None) -> Integers:  # noqa: ARG001 - the protocol's
    """Dense regions (Ester et al. 1996); how near is near comes from the knee of the distances to the n-th neighbour."""
    from sklearn.cluster import DBSCAN
    from sklearn.neighbors import NearestNeighbors

    least = max(2 * points.shape[1], 5)
    away, _ = NearestNeighbors(n_neighbors=least).fit(points).kneighbors(points)
    reach = knee(np.sort(away[:, -1]))
    found = DBSCAN(eps=max(reach, 1e-9), min_samples=least).fit_predict(points)
    return _large_enough(np.asarray(found, dtype=np.int64))


def hdbscan(points: Floats, k: int, seed: int, start: Floats | None = None) -> Integers:  # noqa: ARG001 - the protocol's
    """Regions that stay dense over the longest range of densities (Campello, Moulavi, Sander 2013)."""
    from sklearn.cluster import HDBSCAN

    least = max(int(LEAST_SHARE * len(points)), 10)
    found = HDBSCAN(min_cluster_size=least, min_samples=10, copy=True).fit_predict(points)
    return np.asarray(found, dtype=np.int64)


def knee(rising: Floats) -> float:
    """The value where a rising curve bends most: farthest below the line from its first to its last point."""
    across = np.linspace(0.0, 1.0, len(rising))
    height = rising[-1] - rising[0]
    if height <= 0:
        return float(rising[-1])
    return float(rising[int(np.argmax(across - (rising - rising[0]) / height))])


def _bearable(points: Floats, k: int) -> int:
    """Fewer distinct points than groups make as many groups as there are points."""
    return min(k, len(np.unique(content_hashes(points))))


@lru_cache(maxsize=8)
def _tree(content: bytes, shape: tuple[int, int]) -> Floats:
    """Ward's tree of the points with these bytes: one tree serves every k."""
    from scipy.cluster.hierarchy import linkage

    return np.asarray(linkage(np.frombuffer(content).reshape(shape), method="ward"))


def _large_enough(labels: Integers) -> Integers:
    sizes = np.bincount(labels + 1, minlength=1)
    small = np.flatnonzero(sizes < max(LEAST_SHARE / 2 * len(labels), 5)) - 1
    return np.where(np.isin(labels, small), NOISE, labels)


ALGORITHMS: Final = (
    Algorithm("kmeans", "K-Means", kmeans, 1_000_000),
    Algorithm("minibatch_kmeans", "K-Means in batches", minibatch_kmeans, 1_000_000),
    Algorithm("gaussian_mixture", "a Gaussian mixture", gaussian_mixture, 100_000),
    Algorithm("agglomerative", "Ward's tree", agglomerative, 100_000),
    Algorithm("dbscan", "DBSCAN", dbscan, 20_000, chooses_k=True),
    Algorithm("hdbscan", "HDBSCAN", hdbscan, 20_000, chooses_k=True),
)


def algorithm_named(name: str) -> Algorithm:
    """The algorithm of this name, or UnknownName."""
    for algorithm in ALGORITHMS:
        if algorithm.name == name:
            return algorithm
    raise UnknownName("clustering algorithm", name, (algorithm.name for algorithm in ALGORITHMS))
