"""The behavioural space: features without units, no facet of them louder than another, turned to their main directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from patron.errors import DataError
from patron.models.arrays import BLOCK, Floats, blocks
from patron.models.valuing.feature_matrix import column_of
from patron.segments.clusters.facets import COUNTED_BY, cluster_columns, facet_of, is_share_of_orders
from patron.segments.clusters.threads import one_thread

__all__ = ["BentColumn", "Space", "cluster_columns", "learn_space"]

REACH: Final = 4.0
"""How many spreads from the median a customer can be at most: beyond it, further is the same."""
VARIANCE_KEPT: Final = 0.9
MOST_COMPONENTS: Final = 10
SAME: Final = 0.98
ORDERS_TO_BELIEVE: Final = 4.0
"""So many orders make a share half believed: it stands half as far from the median as it says."""
_NORMAL_IQR: Final = 1.3489795
# Where most customers share one value the quartiles lie together and would blow up the rest.
_LEAST_IQR: Final = 0.3
_CONSTANT: Final = 1e-6
_FEWEST_APART: Final = 0.002


@dataclass(frozen=True)
class BentColumn:
    """One feature on a scale without unit: asinh(value / size), from its median in spreads, within ±REACH.

    A missing value stands at the median. ``weight`` makes its facet as wide as its weight says. A share of orders is
    believed as far as there are orders, the column ``counted_by``: n / (n + ORDERS_TO_BELIEVE) of its way from the median
    (as an empirical Bayes estimate would, Efron and Morris 1975); or else those with one order part into 0 and 1.
    """

    name: str
    size: float
    centre: float
    spread: float
    weight: float
    counted_by: str = ""

    def standard(self, columns: Mapping[str, Floats]) -> Floats:
        """The feature on that scale, not yet weighted; DataError naming a feature that is lacking."""
        values = column_of(columns, self.name)
        known = np.isfinite(values)
        bent = (np.arcsinh(np.where(known, values, 0.0) / self.size) - self.centre) / self.spread
        bent = np.where(known, np.clip(bent, -REACH, REACH), 0.0)
        if not self.counted_by:
            return bent
        count = np.nan_to_num(np.maximum(column_of(columns, self.counted_by), 0.0))
        believed: Floats = bent * (count / (count + ORDERS_TO_BELIEVE))
        return believed


@dataclass(frozen=True, eq=False)
class Space:
    """Where customers stand: the columns it reads, their means, and the directions (d, columns) it looks along."""

    columns: tuple[BentColumn, ...]
    means: Floats
    directions: Floats
    explained_variance: tuple[float, ...]
    left_out: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The features it reads, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns it needs: the features, and the one that shares are counted by."""
        return tuple(dict.fromkeys((*self.names, *(column.counted_by for column in self.columns if column.counted_by))))

    def standard(self, columns: Mapping[str, Floats]) -> Floats:
        """Every feature in spreads from its median, (n, features); DataError naming a feature that is lacking."""
        return np.column_stack([column.standard(columns) for column in self.columns])

    def places(self, columns: Mapping[str, Floats]) -> Floats:
        """Where customers stand, (n, d); DataError naming a feature that is lacking."""
        weights = np.array([column.weight for column in self.columns])
        rows = len(column_of(columns, self.columns[0].name))
        found = np.empty((rows, len(self.directions)))
        with one_thread():
            for block in blocks(rows, BLOCK):
                part = {name: column_of(columns, name)[block] for name in self.reads}
                found[block] = (self.standard(part) * weights - self.means) @ self.directions.T
        return found

    def to_dict(self) -> dict[str, object]:
        """All of it as plain data, for JSON."""
        return {
            "columns": [asdict(column) for column in self.columns],
            "means": self.means.tolist(),
            "directions": self.directions.tolist(),
            "explained_variance": list(self.explained_variance),
            "left_out": list(self.left_out),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Space:  # Any: plain data
        """The space that ``to_dict`` wrote."""
        return cls(
            tuple(BentColumn(**column) for column in content["columns"]),
            np.array(content["means"], dtype=np.float64),
            np.array(content["directions"], dtype=np.float64),
            tuple(content["explained_variance"]),
            tuple(content["left_out"]),
        )


def learn_space(columns: Mapping[str, Floats], names: Sequence[str]) -> Space:
    """The space that these customers span; DataError where no feature tells them apart.

    Features that hardly vary, or repeat an earlier one (|correlation| > 0.98), are left out. Facets are balanced as in
    multiple factor analysis (Escofier and Pagès 1990): each is divided by its largest singular value.
    """
    learnt = [found for name in names if (found := _bent(name, columns)) is not None]
    if not learnt:
        raise DataError(
            f"None of {len(names)} features tells these customers apart.",
            allowed="Segments need at least one feature that varies.",
        )
    matrix = np.column_stack([column.standard(columns) for column in learnt])
    with one_thread():
        kept = _no_repeats(matrix)
        matrix, learnt = matrix[:, kept], [learnt[place] for place in kept]
        weights = _facet_weights(matrix, [column.name for column in learnt])
        means, directions, explained = _main_directions(matrix * weights)
    weighted = (replace(column, weight=float(weight)) for column, weight in zip(learnt, weights, strict=True))
    read = {column.name for column in learnt}
    return Space(tuple(weighted), means, directions, explained, tuple(name for name in names if name not in read))


def _bent(name: str, columns: Mapping[str, Floats]) -> BentColumn | None:
    values = column_of(columns, name)
    known = values[np.isfinite(values)]
    size = np.abs(known[known != 0])
    if not size.size:
        return None
    scale = float(np.median(size))
    bent = np.arcsinh(known / scale)
    low, centre, high = np.quantile(bent, (0.25, 0.5, 0.75))
    apart = int((np.abs(bent - centre) > _CONSTANT).sum())
    if apart <= _FEWEST_APART * len(values):
        return None
    deviation = float(bent.std())
    robust = float(high - low) / _NORMAL_IQR
    spread = robust if robust > _LEAST_IQR * deviation else deviation
    counted_by = COUNTED_BY if is_share_of_orders(name) and COUNTED_BY in columns else ""
    return BentColumn(name, scale, float(centre), spread, 1.0, counted_by)


def _no_repeats(matrix: Floats) -> list[int]:
    spread = matrix.std(axis=0)
    unit = (matrix - matrix.mean(axis=0)) / np.where(spread > _CONSTANT, spread, 1.0)
    likeness = np.abs(unit.T @ unit) / len(matrix)
    kept: list[int] = []
    for place in range(matrix.shape[1]):
        if spread[place] > _CONSTANT and not (likeness[place, kept] > SAME).any():
            kept.append(place)
    return kept


def _facet_weights(matrix: Floats, names: Sequence[str]) -> Floats:
    """What to multiply each column by, so that the widest direction of a facet has the facet's weight as spread."""
    facets = [facet_of(name) for name in names]
    weights = np.ones(len(names))
    for facet, weight in dict(facets).items():
        members = [place for place, (name, _) in enumerate(facets) if name == facet]
        part = matrix[:, members] - matrix[:, members].mean(axis=0)
        weights[members] = weight / np.sqrt(np.linalg.eigvalsh(part.T @ part / len(part))[-1])
    return weights


def _main_directions(matrix: Floats) -> tuple[Floats, Floats, tuple[float, ...]]:
    means = matrix.mean(axis=0)
    centred = matrix - means
    variances, vectors = np.linalg.eigh(centred.T @ centred / len(matrix))
    variances, vectors = np.maximum(variances[::-1], 0.0), vectors[:, ::-1]
    shares = variances / variances.sum()
    count = min(int(np.searchsorted(np.cumsum(shares), VARIANCE_KEPT)) + 1, MOST_COMPONENTS, len(shares))
    directions = vectors[:, :count].T
    # An eigenvector's sign is arbitrary: its largest part is made positive.
    largest = directions[np.arange(count), np.argmax(np.abs(directions), axis=1)]
    return means, directions * np.sign(largest)[:, None], tuple(float(share) for share in shares[:count])
