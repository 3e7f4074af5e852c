"""Areas made of coordinates: hexagons of H3 where it is installed, else clusters of places that lie close together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from patron.models.arrays import Flags, Floats, Integers
from patron.segments.coded import Coded

ELSEWHERE: Final = "Elsewhere"
RESOLUTIONS: Final = (7, 6, 5, 4, 3, 2)
"""Of H3, finest first: hexagons of 5, 36, 250, 1,800, 12,000 and 87,000 km²."""
RADII_KM: Final = (2.0, 5.0, 10.0, 25.0, 50.0, 100.0)
"""How near one another's neighbours may be in a cluster, finest first."""
_EARTH_KM, _KM_PER_DEGREE = 6371.0088, 111.195
_FINEST_DEGREES: Final = 0.01


@dataclass(frozen=True, eq=False)
class Areas:
    """What areas are made of, and the name of each customer's; empty where the place is not known."""

    by: str
    labels: Coded


def coordinate_areas(latitude: Floats, longitude: Floats, least_customers: int) -> Iterator[Areas]:
    """Areas of customers by degrees of latitude and longitude, the finest first.

    NaN, what lies beyond the poles or the date line, and 0, 0 (which is what broken addresses become) are not known.
    A customer who is near no cluster is ``ELSEWHERE``.
    """
    known = (np.abs(latitude) <= 90) & (np.abs(longitude) <= 180) & ~((latitude == 0) & (longitude == 0))
    if not known.any():
        return
    points = np.column_stack([latitude[known], longitude[known]])
    h3 = hexagons()
    if h3 is not None:
        for resolution in RESOLUTIONS:
            yield Areas("hexagon", _spread(*_hexagons(h3, points, resolution), known))
        return
    for radius in RADII_KM:
        yield Areas("cluster", _spread(*_clusters(points, radius, least_customers), known))


def hexagons() -> Any | None:  # Any: a module that is there only where the extra is installed
    """The package h3, from version 4 on, or None where it is not installed."""
    spec = find_spec("h3")
    if spec is None or spec.origin is None:  # a folder that happens to be called h3 has no origin
        return None
    package = import_module("h3")
    return package if hasattr(package, "latlng_to_cell") else None


def _hexagons(h3: Any, points: Floats, resolution: int) -> tuple[list[str], Integers]:  # Any: as above
    """A name of each distinct point, and which of them each customer is at."""
    distinct, place = _distinct(points, _FINEST_DEGREES / 10)
    cells = [h3.latlng_to_cell(latitude, longitude, resolution) for latitude, longitude in distinct.tolist()]
    names = {cell: _around(*h3.cell_to_latlng(cell)) for cell in set(cells)}
    return [names[cell] for cell in cells], place


def _clusters(points: Floats, radius_km: float, least_customers: int) -> tuple[list[str], Integers]:
    """Clusters of DBSCAN over places snapped to a grid far finer than the radius, each weighed by its customers.

    Snapping keeps the neighbours of a place few, so that a million customers fit into memory.
    """
    from sklearn.cluster import DBSCAN

    distinct, place = _distinct(points, max(_FINEST_DEGREES, radius_km / _KM_PER_DEGREE / 4))
    weight = np.bincount(place, minlength=len(distinct))
    model = DBSCAN(eps=radius_km / _EARTH_KM, min_samples=least_customers, metric="haversine", algorithm="ball_tree")
    cluster = model.fit(np.radians(distinct), sample_weight=weight).labels_
    named = [_around(*_middle(distinct[cluster == one], weight[cluster == one])) for one in range(cluster.max() + 1)]
    near_none = cluster == -1
    return [*named, ELSEWHERE], np.where(near_none, len(named), cluster)[place]


def _distinct(points: Floats, step: float) -> tuple[Floats, NDArray[np.int64]]:
    """The points on a grid of this step in degrees, each once, and which of them each customer is at."""
    grid = np.round(points / step).astype(np.int64)
    corners, place = np.unique(grid, axis=0, return_inverse=True)
    return np.clip(corners * step, (-90, -180), (90, 180)), place.ravel()


def _middle(points: Floats, weight: NDArray[np.int64]) -> tuple[float, float]:
    """The middle of points on the globe, each as heavy as its customers; right across the date line too."""
    latitude, longitude = np.radians(points).T
    x = float((np.cos(latitude) * np.cos(longitude) * weight).sum())
    y = float((np.cos(latitude) * np.sin(longitude) * weight).sum())
    z = float((np.sin(latitude) * weight).sum())
    return float(np.degrees(np.arctan2(z, np.hypot(x, y)))), float(np.degrees(np.arctan2(y, x)))


def _around(latitude: float, longitude: float) -> str:
    return f"Around {latitude:.2f}, {longitude:.2f}".replace("-0.00", "0.00")


def _spread(names: list[str], number: Integers, known: Flags) -> Coded:
    """The names of those whose place is known, beside the others, who have none."""
    whole = np.full(known.shape, len(names), dtype=np.int32)
    whole[known] = number
    return Coded.numbered([*names, ""], whole)
