"""Intervals that hold what they claim: how far actual values lay from predictions of the same size, out of time.

Split conformal prediction (Vovk, Gammerman and Shafer 2005; Mondrian by value band): in each band of the prediction the
ratio actual / predicted of earlier customers gives the bounds, with the finite-sample correction, so that a new
customer from the same distribution falls inside with at least the level's chance.

Outcomes with many zeros: where more than a tenth of a band brought nothing, the lower bound is 0 and the whole margin goes
to the upper one. Where more than the level (80 %) brought nothing, the interval is 0 to 0 and covers more than it
claims: no interval with 0 in it can cover less. Such customers' expected value, a small chance of a purchase, lies above
their interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import norm
from scipy.stats import t as students_t

from patron.errors import DataError, UsageError
from patron.models.arrays import Floats, Integers, dot, floats, same_length

FEWEST_CUSTOMERS: Final = 20
SMALLEST_BAND: Final = 100
_FLOOR_SHARE: Final = 0.01


@dataclass(frozen=True)
class BandCoverage:
    """How many customers of one band (0 is the lowest) fell inside their interval."""

    band: int
    customers: int
    share: float


@dataclass(frozen=True)
class Coverage:
    """The share of customers inside their interval: of all, by the intervals' bands, and by tenths of the prediction."""

    customers: int
    overall: float
    by_band: tuple[BandCoverage, ...]
    by_decile: tuple[BandCoverage, ...]


@dataclass(frozen=True, eq=False)
class Intervals:
    """Bounds as multiples of the prediction, by band of the prediction.

    ``edges`` part the bands (a prediction equal to an edge is in the lower one); predictions below ``floor`` count as
    ``floor``; ``spread`` is the root mean square error as a multiple of the prediction.
    """

    level: float
    floor: float
    edges: Floats
    low: Floats
    high: Floats
    spread: Floats
    customers: Integers

    def bounds(self, predicted: Floats) -> tuple[Floats, Floats]:
        """Lower and upper bound for each prediction."""
        band, scale = self._band(predicted), self._scale(predicted)
        return self.low[band] * scale, self.high[band] * scale

    def coverage(self, predicted: Floats, actual: Floats) -> Coverage:
        """How often these intervals hold the actual values. Raises DataError without customers."""
        predicted, actual = _pair(predicted, actual, fewest=1)
        low, high = self.bounds(predicted)
        # A bound is a ratio times a prediction: a value on the bound may miss it by the last bit.
        slack = 1e-9 * np.maximum(np.abs(actual), self.floor)
        inside = (actual >= low - slack) & (actual <= high + slack)
        decile = np.empty(len(actual), dtype=np.int64)
        for number, rows in enumerate(np.array_split(np.argsort(predicted, kind="stable"), 10)):
            decile[rows] = number
        return Coverage(
            len(actual),
            float(inside.mean()),
            _by_band(self._band(predicted), inside.astype(np.float64)),
            _by_band(decile, inside.astype(np.float64)),
        )

    def noise(self, predicted: Floats) -> float:
        """Standard deviation of the sum of these customers' values if they err independently of each other."""
        error = self._scale(predicted) * self.spread[self._band(predicted)]
        return float(np.sqrt(dot(error, error)))

    def to_dict(self) -> dict[str, object]:
        """All of it as plain data, for JSON."""
        arrays = {name: getattr(self, name).tolist() for name in _ARRAYS}
        return {"kind": "conformal", "level": self.level, "floor": self.floor, **arrays}

    @classmethod
    def from_dict(cls, content: Mapping[str, object]) -> Intervals:
        """The intervals that ``to_dict`` wrote; DataError when they are not."""
        if content.get("kind") != "conformal":
            raise DataError(
                f"These are no intervals: kind is {content.get('kind')!r}.", allowed="Expected 'conformal'."
            )
        arrays = {name: np.array(content[name], dtype=np.float64) for name in _ARRAYS}
        customers = arrays.pop("customers").astype(np.int64)
        level, floor = float(str(content["level"])), float(str(content["floor"]))
        return cls(level=level, floor=floor, customers=customers, **arrays)

    def _band(self, predicted: Floats) -> Integers:
        return np.searchsorted(self.edges, predicted, side="left").astype(np.int64)

    def _scale(self, predicted: Floats) -> Floats:
        return np.maximum(predicted, self.floor)


_ARRAYS: Final = ("edges", "low", "high", "spread", "customers")


def fit_intervals(
    predicted: Floats, actual: Floats, level: float = 0.8, bands: int = 10, smallest_band: int = SMALLEST_BAND
) -> Intervals:
    """Intervals from out-of-time predictions and what came, in up to ``bands`` bands of the prediction.

    Bands of fewer than ``smallest_band`` customers join their neighbour. Raises DataError with under 20 customers, of
    whom nothing can be claimed.
    """
    if not 0 < level < 1:
        raise UsageError(f"An interval level of {level} was asked for.", allowed="It lies between 0 and 1.")
    predicted, actual = _pair(predicted, actual, fewest=FEWEST_CUSTOMERS)
    floor = max(float(np.maximum(predicted, 0).mean()), float(np.abs(actual).mean()), 1e-9) * _FLOOR_SHARE
    edges = _edges(predicted, bands, smallest_band)
    band = np.searchsorted(edges, predicted, side="left")
    scale = np.maximum(predicted, floor)
    members = [np.flatnonzero(band == number) for number in range(len(edges) + 1)]
    limits = [_limits(actual[rows] / scale[rows], level) for rows in members]
    spread = [float(np.sqrt(np.mean(((actual - predicted)[rows] / scale[rows]) ** 2))) for rows in members]
    return Intervals(
        level=level,
        floor=floor,
        edges=edges,
        low=np.array([low for low, _ in limits]),
        high=np.array([high for _, high in limits]),
        spread=np.array(spread),
        customers=np.array([len(rows) for rows in members], dtype=np.int64),
    )


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


def _limits(ratio: Floats, level: float) -> tuple[float, float]:
    """The bounds of one band: half the margin below, then as far up as the level needs.

    The next customer falls between the i-th and the j-th of n ordered ratios with chance (j - i)/(n + 1). A lower bound
    that many share, such as 0, is met rather than straddled: then one rank less is needed.
    """
    ordered = np.sort(ratio)
    count = len(ordered)
    below = int(np.floor((count + 1) * (1 - level) / 2))
    low = float(ordered[below - 1]) if below else min(float(ordered[0]), 0.0)
    first = int(np.searchsorted(ordered, low, side="left"))
    equal = int(np.searchsorted(ordered, low, side="right")) - first
    rank = first + int(np.ceil((count + 1) * level)) + (equal == 1)
    return low, float(ordered[min(rank, count) - 1])


def _by_band(band: Integers, inside: Floats) -> tuple[BandCoverage, ...]:
    size, hits = np.bincount(band), np.bincount(band, inside)
    return tuple(
        BandCoverage(int(number), int(size[number]), float(hits[number] / size[number]))
        for number in np.flatnonzero(size)
    )


def _pair(predicted: Floats, actual: Floats, fewest: int) -> tuple[Floats, Floats]:
    predicted, actual = floats("predicted", predicted), floats("actual", actual)
    same_length(predicted=predicted, actual=actual)
    if len(predicted) < fewest:
        raise DataError(
            f"Intervals were asked from {len(predicted)} customers.", allowed=f"At least {fewest} are needed."
        )
    return predicted, actual


@dataclass(frozen=True)
class TotalInterval:
    """Bounds of a portfolio's total, and how many rolling origins they rest on."""

    low: float
    high: float
    folds: int


def total_interval(
    predicted_total: float, folds: Sequence[tuple[float, float]], noise: float = 0.0, level: float = 0.8
) -> TotalInterval:
    """Bounds of a total from what rolling origins predicted and got: ``folds`` of (predicted, actual) totals.

    Customers do not err independently (a weak season hits all), so a total is far less sure than the sum of its
    customers suggests. The relative errors of earlier totals are taken as normal around 0 with their root mean square;
    with K of them Student's t with K degrees of freedom says how far the next one may go. ``noise`` (``Intervals.noise``)
    is what remains even if nothing moves all customers at once: the larger of the two counts. With few folds the
    bounds are wide, and without any they rest on noise alone: say so wherever they are shown.
    """
    if not 0 < level < 1:
        raise UsageError(f"An interval level of {level} was asked for.", allowed="It lies between 0 and 1.")
    errors = np.array([actual / predicted - 1 for predicted, actual in folds if predicted > 0])
    reach = abs(predicted_total)
    own = noise * float(norm.ppf((1 + level) / 2))
    shared = 0.0
    if len(errors):
        shared = reach * float(np.sqrt(np.mean(errors**2)) * students_t.ppf((1 + level) / 2, len(errors)))
    half = float(max(own, shared))
    low = max(predicted_total - half, min(predicted_total, 0.0))
    return TotalInterval(float(low), float(predicted_total) + half, len(errors))
