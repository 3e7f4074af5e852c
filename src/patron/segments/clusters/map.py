"""A picture of the space: a sample of customers on two or three axes."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Final, Literal

import numpy as np

from patron.errors import UnknownName, UsageError
from patron.models.arrays import Floats, Integers
from patron.segments.clusters.ordering import Hashes, canonical_order, content_hashes, sampled
from patron.segments.clusters.threads import one_thread

Method = Literal["pca", "tsne", "umap"]
METHODS: Final[tuple[Method, ...]] = ("pca", "tsne", "umap")
MOST_POINTS: Final = 2_000


@dataclass(frozen=True, eq=False)
class Picture:
    """Where a sample of customers is drawn: their row numbers, coordinates (m, 2 or 3), and how true to scale it is.

    ``explained_variance`` is the share of the points' variance that the axes show; None where distances are bent.
    """

    method: str
    rows: Integers
    coordinates: Floats
    explained_variance: float | None

    def to_dict(self) -> dict[str, object]:
        """The picture as plain data, for JSON; coordinates with three decimals."""
        return {
            "method": self.method,
            "coordinates": np.round(self.coordinates, 3).tolist(),
            "explained_variance": self.explained_variance,
        }


def picture(points: Floats, axes: int = 2, method: str = "pca", seed: int = 0, hashes: Hashes | None = None) -> Picture:
    """A sample of at most 2,000 of these points (n, d) on two or three axes; UnknownName for another method.

    ``pca`` keeps distances; ``tsne`` (van der Maaten and Hinton 2008) and ``umap`` (McInnes et al. 2018, where the package
    umap-learn is installed) keep neighbours.
    """
    if method not in METHODS:
        raise UnknownName("way to draw a map", method, METHODS)
    if axes not in (2, 3):
        raise UsageError(f"A map of {axes} axes cannot be drawn.", allowed="2 or 3.")
    hashes = content_hashes(points) if hashes is None else hashes
    rows = sampled(hashes, MOST_POINTS)
    rows = rows[canonical_order(hashes[rows], *points[rows].T)]
    flat, share = _main_axes(points[rows], axes)
    if method == "pca":
        return Picture(method, rows, flat, share)
    with one_thread():
        bent = _tsne(points[rows], flat, seed) if method == "tsne" else _umap(points[rows], axes, seed)
    return Picture(method, rows, bent, None)


def _main_axes(points: Floats, axes: int) -> tuple[Floats, float]:
    """The points along their widest directions, with empty axes where there are fewer, and the share of variance shown."""
    centred = points - points.mean(axis=0)
    with one_thread():
        variances, vectors = np.linalg.eigh(centred.T @ centred)
        directions = vectors[:, ::-1][:, :axes]
        largest = directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])]
        shown = centred @ (directions * np.where(largest < 0, -1.0, 1.0))
    whole = float(np.maximum(variances, 0).sum())
    share = float(np.maximum(variances[::-1][:axes], 0).sum()) / whole if whole > 0 else 1.0
    return np.pad(shown, ((0, 0), (0, axes - shown.shape[1]))), share


def _tsne(points: Floats, start: Floats, seed: int) -> Floats:
    from sklearn.manifold import TSNE

    spread = max(float(start[:, 0].std()), 1e-12)
    perplexity = min(30.0, (len(points) - 1) / 3)
    found = TSNE(
        start.shape[1], init=start / spread * 1e-4, perplexity=perplexity, random_state=seed % 2**31
    ).fit_transform(points)
    return np.asarray(found, dtype=np.float64)


def _umap(points: Floats, axes: int, seed: int) -> Floats:
    if find_spec("umap") is None:
        raise UsageError(
            "UMAP is not installed.",
            allowed="Without it: pca, tsne.",
            to_do="Install it with patron[umap], or set segments.cluster_map to one of these.",
        )
    found = import_module("umap").UMAP(n_components=axes, random_state=seed % 2**31).fit_transform(points)
    return np.asarray(found, dtype=np.float64)
