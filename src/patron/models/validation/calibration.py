"""Whether chances mean what they say: of those given a chance of a purchase, how many bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from patron.errors import DataError
from patron.models.arrays import Floats
from patron.models.validation.pooled import Labels, Pooled
from patron.models.validation.resampling import Estimate

BINS: Final = 10


@dataclass(frozen=True)
class Reliability:
    """Customers of like chance: the mean of what was said, and the share that bought."""

    rows: int
    predicted: float
    actual: Estimate


@dataclass(frozen=True)
class ProbabilityCalibration:
    """The reliability table, lowest chances first, and two figures over all.

    ``ece``, the expected calibration error: the mean distance between said and seen, weighted by customers (it cannot fall
    below what chance alone makes of small tables). ``brier``: the mean squared error of the chances (Brier 1950);
    ``brier_of_base_rate`` is what saying the same for everybody would reach.
    """

    table: tuple[Reliability, ...]
    ece: Estimate
    brier: Estimate
    brier_of_base_rate: float


def measure_calibration(pooled: Pooled) -> ProbabilityCalibration:
    """Calibration of the chance of a purchase within the horizon, over all folds, in tenths of the chance.

    Customers of equal chance share a bin. Raises DataError where the folds hold no chances or no outcome.
    """
    if pooled.no_purchase is None or pooled.bought is None:
        raise DataError("These folds hold no chances of a purchase.", allowed="Each needs no_purchase and bought.")
    chance, bought = 1 - pooled.no_purchase, pooled.bought.astype(np.float64)
    labels = _bins(chance)
    sums = pooled.sums(labels, {"chance": chance, "bought": bought})
    squared = pooled.sums(_one(len(chance)), {"squared": (chance - bought) ** 2})
    rows = sums["rows"]
    gap = np.abs(sums["chance"] - sums["bought"]).sum(axis=1) / rows.sum(axis=1)
    said, seen = sums["chance"][0] / rows[0], pooled.resamples.estimates(_share(sums["bought"], rows))
    table = [
        Reliability(int(rows[0][k]), float(said[k]), Estimate(float(seen[0][k]), float(seen[1][k])))
        for k in range(len(labels.names))
    ]
    base = float(bought.mean())
    brier = pooled.resamples.estimate(_share(squared["squared"], squared["rows"])[:, 0])
    return ProbabilityCalibration(tuple(table), pooled.resamples.estimate(gap), brier, base * (1 - base))


def _bins(chance: Floats) -> Labels:
    """Tenths of the chance, lowest first; an edge is the highest chance of the lower bin."""
    edges = np.unique(np.quantile(chance, np.linspace(0, 1, BINS + 1)[1:-1], method="inverted_cdf"))
    place = np.searchsorted(edges, chance, side="left")
    filled, group = np.unique(place, return_inverse=True)
    return Labels(group.astype(np.int64), tuple(str(number) for number in filled))


def _one(rows: int) -> Labels:
    return Labels(np.zeros(rows, dtype=np.int64), ("all",))


def _share(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
