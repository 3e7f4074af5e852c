"""Resamples of customers: how far a figure would move had other customers been drawn.

Customers are the unit: one who stands in several folds is drawn, or left out, in all of them at once, and all models are
judged on the same draws, so that the error of a difference between two models is that of the pair.

Up to 5,000 customers the bootstrap is used (Efron 1979: as many draws with replacement as there are customers); beyond
that the delete-a-group jackknife (Kott 2001), which needs a tenth of the work and whose error by then is as good.
Both are weights per customer and one factor; whatever can be computed with weights has an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from patron.models.arrays import Floats, Integers, hashed
from patron.models.validation.fold import Fold

DRAWS: Final = 200
GROUPS: Final = 20
MOST_TO_BOOTSTRAP: Final = 5_000
_CELLS: Final = 100_000


@dataclass(frozen=True)
class Estimate:
    """A figure and its standard error; NaN where the data give none."""

    value: float
    error: float


@dataclass(frozen=True, eq=False)
class Resamples:
    """Weights of customers: a row of ones (the data as they are), then one row for each resample.

    ``members`` gives, for each fold, the customer that each of its rows belongs to. The variance of a figure is
    ``factor`` times the sum of squares of its values in the resamples around their mean.
    """

    weights: NDArray[np.uint8]
    members: tuple[Integers, ...]
    factor: float

    @property
    def pooled(self) -> Integers:
        """The customer of each row, all folds one after the other."""
        return np.concatenate(self.members)

    def blocks(self, members: Integers) -> Iterator[Floats]:
        """The weights of these rows, some resamples at a time so that memory stays bounded."""
        together = max(1, _CELLS // max(len(members), 1))
        for start in range(0, len(self.weights), together):
            yield self.weights[start : start + together][:, members].astype(np.float64)

    def sums(self, members: Integers, group: Integers, groups: int, columns: Mapping[str, Floats]) -> dict[str, Floats]:
        """Of each column, the weighted sum in each group: an array of resamples × groups; ``rows`` counts them."""
        found = {name: np.empty((len(self.weights), groups)) for name in (*columns, "rows")}
        for number, weights in enumerate(self.weights):
            weight = weights[members].astype(np.float64)
            found["rows"][number] = np.bincount(group, weight, groups)
            for name, column in columns.items():
                found[name][number] = np.bincount(group, weight * column, groups)
        return found

    def estimates(self, values: Floats) -> tuple[Floats, Floats]:
        """The figures as the data are, and their standard errors, from an array whose first axis is the resamples."""
        redrawn = values[1:]
        known = np.isfinite(redrawn)
        count = known.sum(axis=0)
        centre = np.where(known, redrawn, 0.0).sum(axis=0) / np.maximum(count, 1)
        squares = np.where(known, (np.where(known, redrawn, 0.0) - centre) ** 2, 0.0).sum(axis=0)
        error = np.sqrt(self.factor * squares * len(redrawn) / np.maximum(count, 1))
        # A figure that most resamples do not have (no buyer among them) has no error worth the name.
        return values[0], np.where(count * 2 > len(redrawn), error, np.nan)

    def estimate(self, values: Floats) -> Estimate:
        """The same for one figure."""
        value, error = self.estimates(values)
        return Estimate(float(value), float(error))


def resample(folds: Sequence[Fold], seed: int) -> Resamples:
    """The resamples of the customers of these folds; the same seed gives the same ones."""
    numbers: dict[object, int] = {}
    members = tuple(
        np.fromiter((numbers.setdefault(name, len(numbers)) for name in fold.customer_id.tolist()), np.int64, len(fold))
        for fold in folds
    )
    customers = len(numbers)
    drawn = _draws(customers, seed) if customers <= MOST_TO_BOOTSTRAP else _left_out(list(numbers))
    factor = (GROUPS - 1) / GROUPS if customers > MOST_TO_BOOTSTRAP else 1 / (DRAWS - 1)
    return Resamples(np.vstack([np.ones((1, customers), np.uint8), drawn]), members, factor)


def _draws(customers: int, seed: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng([seed, customers])
    rows = (np.bincount(rng.integers(0, customers, customers), minlength=customers) for _ in range(DRAWS))
    return np.array([np.minimum(row, 255) for row in rows], dtype=np.uint8)


def _left_out(names: Sequence[object]) -> NDArray[np.uint8]:
    group = hashed(names) % GROUPS
    return np.array([group != number for number in range(GROUPS)], dtype=np.uint8)
