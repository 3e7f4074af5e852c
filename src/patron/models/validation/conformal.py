"""Intervals that hold what they claim: how far actual values lay from predictions of the same size, out of time.

Split conformal prediction (Vovk, Gammerman and Shafer 2005; Mondrian by value band): in each band of the prediction the
ratio actual / predicted of earlier customers gives the bounds, with the finite-sample correction, so that a new
customer from the same distribution falls inside with at least the level's chance. Bands are by the value itself, not by
rank: how many customers of an expected 30 bring nothing depends little on the shop's season or the horizon.

Customers of one period are not a sample of the next, since a season moves all of them. With several past periods
(``fold``) each is therefore brought to its own level first, and every ratio then counts at several levels that the next
period may have (``drift``): the bands become as wide as the periods differ.

Outcomes with many zeros: where more than a tenth of a band brought nothing, the lower bound is 0 and the whole margin goes
to the upper one. Where more than the level (80 %) brought nothing, the interval is 0 to 0 and covers more than it
claims: no interval with 0 in it can cover less. Such customers' expected value, a small chance of a purchase, lies above
their interval. ``coverage`` tells how such bands are measured fairly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from patron.errors import DataError, UsageError
from patron.models.arrays import Floats, Integers, dot, floats, same_length
from patron.models.validation.abstain import FEWEST_CUSTOMERS as FEWEST_CUSTOMERS
from patron.models.validation.coverage import Coverage, Held, held
from patron.models.validation.drift import fit_drift, log_ratios
from patron.models.validation.total_intervals import total_interval as total_interval

SMALLEST_BAND: Final = 100
_FLOOR_SHARE: Final = 0.01
_ARRAYS: Final = ("edges", "low", "high", "credit", "spread", "customers")


@dataclass(frozen=True, eq=False)
class Intervals:
    """Bounds as multiples of the prediction, by band of the prediction.

    ``edges`` part the bands (a prediction equal to an edge is in the lower one); predictions below ``floor`` count as
    ``floor``; ``spread`` is the root mean square error as a multiple of the prediction; ``credit`` is what a customer on
    a one-point interval counts for in the smoothed coverage, 1 elsewhere.
    """

    level: float
    floor: float
    edges: Floats
    low: Floats
    high: Floats
    credit: Floats
    spread: Floats
    customers: Integers

    def bounds(self, predicted: Floats) -> tuple[Floats, Floats]:
        """Lower and upper bound for each prediction."""
        band, scale = self.band(predicted), self._scale(predicted)
        return self.low[band] * scale, self.high[band] * scale

    def coverage(self, predicted: Floats, actual: Floats) -> Coverage:
        """How often these intervals hold the actual values. Raises DataError without customers."""
        return self.held(predicted, actual).coverage(self.band(predicted), predicted)

    def held(self, predicted: Floats, actual: Floats) -> Held:
        """Who fell inside, to be counted by any label. Raises DataError without customers."""
        predicted, actual = _pair(predicted, actual, fewest=1)
        return held(actual, *self.bounds(predicted), self.credit[self.band(predicted)])

    def noise(self, predicted: Floats) -> float:
        """Standard deviation of the sum of these customers' values if they err independently of each other."""
        error = self._scale(predicted) * self.spread[self.band(predicted)]
        return float(np.sqrt(dot(error, error)))

    def band(self, predicted: Floats) -> Integers:
        """The band of each prediction, 0 the lowest."""
        return np.searchsorted(self.edges, predicted, side="left").astype(np.int64)

    def to_dict(self) -> dict[str, object]:
        """All of it as plain data, for JSON."""
        arrays = {name: getattr(self, name).tolist() for name in _ARRAYS}
        return {"kind": "conformal", "level": self.level, "floor": self.floor, **arrays}

    @classmethod
    def from_dict(cls, content: Mapping[str, object]) -> Intervals:
        """The intervals that ``to_dict`` wrote; DataError when they are not."""
        missing = {"level", "floor", *_ARRAYS} - set(content)
        if content.get("kind") != "conformal" or missing:
            lack = f"; it lacks {', '.join(sorted(missing))}" if missing else ""
            raise DataError(
                f"These are no intervals: kind is {content.get('kind')!r}{lack}.", allowed="Expected 'conformal'."
            )
        arrays = {name: np.array(content[name], dtype=np.float64) for name in _ARRAYS}
        customers = arrays.pop("customers").astype(np.int64)
        level, floor = float(str(content["level"])), float(str(content["floor"]))
        return cls(level=level, floor=floor, customers=customers, **arrays)

    def _scale(self, predicted: Floats) -> Floats:
        return np.maximum(predicted, self.floor)


def fit_intervals(
    predicted: Floats,
    actual: Floats,
    level: float = 0.8,
    bands: int = 10,
    smallest_band: int = SMALLEST_BAND,
    fold: Integers | None = None,
) -> Intervals:
    """Intervals from out-of-time predictions and what came, in up to ``bands`` bands of the prediction.

    ``fold`` tells which past period each customer's row belongs to (any whole numbers): then the bounds also allow for the
    next period's being better or worse for everybody. Bands of fewer than ``smallest_band`` customers join their neighbour.
    Raises DataError with under 20 customers, of whom nothing can be claimed.
    """
    if not 0 < level < 1:
        raise UsageError(f"An interval level of {level} was asked for.", allowed="It lies between 0 and 1.")
    predicted, actual = _pair(predicted, actual, fewest=FEWEST_CUSTOMERS)
    floor = max(float(np.maximum(predicted, 0).mean()), float(np.abs(actual).mean()), 1e-9) * _FLOOR_SHARE
    edges = _edges(predicted, bands, smallest_band)
    band = np.searchsorted(edges, predicted, side="left")
    scale = np.maximum(predicted, floor)
    levels = _levels(predicted, actual, fold)
    members = [np.flatnonzero(band == number) for number in range(len(edges) + 1)]
    limits = np.array([_limits((actual[rows] / scale[rows])[:, None] * levels[rows], level) for rows in members])
    spread = [float(np.sqrt(np.mean(((actual - predicted)[rows] / scale[rows]) ** 2))) for rows in members]
    return Intervals(
        level=level,
        floor=floor,
        edges=edges,
        low=limits[:, 0],
        high=limits[:, 1],
        credit=limits[:, 2],
        spread=np.array(spread),
        customers=np.array([len(rows) for rows in members], dtype=np.int64),
    )


def _levels(predicted: Floats, actual: Floats, fold: Integers | None) -> Floats:
    """Factors on each customer's ratio, a row each: to the levels that the next period may have; 1 without folds."""
    if fold is None:
        return np.ones((len(predicted), 1))
    same_length(predicted=predicted, fold=np.asarray(fold, dtype=np.float64))
    _, place = np.unique(fold, return_inverse=True)
    totals = np.column_stack([np.bincount(place, predicted), np.bincount(place, actual)])
    ratios = log_ratios([(float(expected), float(came)) for expected, came in totals])
    return np.asarray(np.exp(-ratios)[place][:, None] * fit_drift(ratios).levels())


def _edges(predicted: Floats, bands: int, smallest_band: int) -> Floats:
    """Edges at quantiles of the prediction, without those that would leave a band too small. Ties share a band."""
    wanted = np.unique(np.quantile(predicted, np.linspace(0, 1, bands + 1)[1:-1], method="inverted_cdf"))
    ordered = np.sort(predicted)
    kept: list[float] = []
    # From the top: the highest band matters most and takes a neighbour in before a lower one does.
    above = len(ordered)
    for edge in wanted[::-1]:
        up_to = int(np.searchsorted(ordered, edge, side="right"))
        if above - up_to >= smallest_band and up_to >= smallest_band:
            kept.append(float(edge))
            above = up_to
    return np.array(kept[::-1], dtype=np.float64)


def _limits(ratio: Floats, level: float) -> tuple[float, float, float]:
    """The bounds of one band and the credit of a one-point interval: half the margin below, then as far up as needed.

    ``ratio`` has a row per customer and a column per level. The next customer falls between the i-th and the j-th of n
    ordered ratios with chance (j - i)/(n + 1). A lower bound that many share, such as 0, is met rather than straddled:
    then one rank less is needed.
    """
    count, copies = ratio.shape
    ordered = np.sort(ratio, axis=None)
    below = int(np.floor((count + 1) * copies * (1 - level) / 2))
    low = float(ordered[below - 1]) if below >= copies else min(float(ordered[0]), 0.0)
    first = int(np.searchsorted(ordered, low, side="left"))
    equal = int(np.searchsorted(ordered, low, side="right")) - first
    rank = first + int(np.ceil((count + 1) * copies * level)) + (equal == 1)
    high = float(ordered[min(rank, count * copies) - 1])
    return low, high, min(1.0, level * count * copies / equal) if low == high else 1.0


def _pair(predicted: Floats, actual: Floats, fewest: int) -> tuple[Floats, Floats]:
    predicted, actual = floats("predicted", predicted), floats("actual", actual)
    same_length(predicted=predicted, actual=actual)
    if len(predicted) < fewest:
        raise DataError(
            f"Intervals were asked from {len(predicted)} customers.", allowed=f"At least {fewest} are needed."
        )
    return predicted, actual
