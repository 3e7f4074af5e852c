"""Where a model is off: its level and its error in each slice of the customers, and which slices are off beyond doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import norm

from patron.models.arrays import Floats
from patron.models.validation.pooled import SMALLEST_GROUP, Labels, Pooled, readable
from patron.models.validation.resampling import Estimate

DOUBT: Final = 0.05
"""Chance, at most, that any slice at all is called off where none is."""
MATERIAL: Final = 0.10
"""A slice that is off by less than a tenth is not worth a line, however sure that is."""


@dataclass(frozen=True)
class Slice:
    """One slice over all folds. ``bias`` is predicted / actual − 1; ``surely_off`` is the part of it beyond doubt.

    ``off`` tells whether that part is above zero and the bias material. ``small`` marks a slice of under 50 customers.
    """

    by: str
    name: str
    customers: int
    predicted_total: float
    actual_total: float
    bias: Estimate
    wape: Estimate
    surely_off: float
    off: bool
    small: bool


def measure_slices(pooled: Pooled, groupings: Mapping[str, Labels]) -> tuple[Slice, ...]:
    """Every slice of every grouping. Small groups are merged, so that a slice says something of its kind.

    What counts as beyond doubt is set by the number of slices looked at (Bonferroni): among a hundred slices of a model
    that is right everywhere, some are off by two standard errors.
    """
    merged = {by: readable(pooled, labels) for by, labels in groupings.items()}
    looked_at = max(1, sum(len(labels.names) for labels in merged.values()))
    doubt = float(norm.ppf(1 - DOUBT / (2 * looked_at)))
    return tuple(row for by, labels in merged.items() for row in _slices(pooled, by, labels, doubt))


def worst_slices(slices: Sequence[Slice], most: int = 5) -> tuple[Slice, ...]:
    """The slices that are off beyond doubt, the worst first; none where noise could explain every one."""
    off = [row for row in slices if row.off]
    return tuple(sorted(off, key=lambda row: (-row.surely_off, row.by, row.name))[:most])


def _slices(pooled: Pooled, by: str, labels: Labels, doubt: float) -> list[Slice]:
    absolute = np.abs(pooled.predicted - pooled.actual)
    columns = {"predicted": pooled.predicted, "actual": pooled.actual, "absolute": absolute}
    sums = pooled.sums(labels, columns | {"size": np.abs(pooled.actual)})
    bias = pooled.resamples.estimates(_ratio(sums["predicted"], sums["actual"]) - 1)
    wape = pooled.resamples.estimates(_ratio(sums["absolute"], sums["size"]))
    customers = pooled.customers(labels)
    return [
        _slice(
            by, name, int(customers[k]), (sums["predicted"][0][k], sums["actual"][0][k]),
            Estimate(float(bias[0][k]), float(bias[1][k])), Estimate(float(wape[0][k]), float(wape[1][k])), doubt,
        )
        for k, name in enumerate(labels.names)
        if customers[k]
    ]  # fmt: skip


def _slice(
    by: str, name: str, customers: int, totals: tuple[float, float], bias: Estimate, wape: Estimate, doubt: float
) -> Slice:
    surely = max(0.0, abs(bias.value) - doubt * bias.error) if np.isfinite(bias.error) else 0.0
    small = customers < SMALLEST_GROUP
    off = surely > 0 and abs(bias.value) >= MATERIAL and not small
    return Slice(by, name, customers, float(totals[0]), float(totals[1]), bias, wape, surely, off, small)


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
