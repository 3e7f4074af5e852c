"""The metrics of weighted customers, for many sets of weights at once: what the resamples are judged by.

A customer of weight 2 counts as two equal customers: with whole weights every figure is, to rounding, what ``metrics``
gives for the rows written out that often, ties in expectation included. Sorting is done once, whatever the number of weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from patron.models.arrays import Floats, Integers

TOTALS: Final = ("predicted_total", "actual_total")
_LEVEL: Final = (*TOTALS, "wape", "mae", "rmse", "mape")
_ORDER: Final = ("gini", "precision_at_10", "captured_top_10", "captured_top_20")
ALL_FIGURES: Final = (*_LEVEL, "spearman", *_ORDER, "decile_mape")


@dataclass(frozen=True, eq=False)
class _Ties:
    """Rows in an order of values, equal ones side by side: where each distinct value begins; ``order`` None: as they stand."""

    order: Integers | None
    starts: Integers
    tie: Integers

    @classmethod
    def of(cls, ordered: Floats, order: Integers | None = None) -> _Ties:
        fresh = np.concatenate([[True], ordered[1:] != ordered[:-1]])
        tie = np.cumsum(fresh) - 1
        if order is not None:
            place = np.empty(len(order), dtype=np.int64)
            place[order] = tie
            tie = place
        return cls(order, np.flatnonzero(fresh), tie)

    def sums(self, weighted: Floats) -> Floats:
        """Sums over rows of one value, for each set of weights."""
        ordered = weighted if self.order is None else weighted[:, self.order]
        if len(self.starts) == ordered.shape[1]:
            return ordered
        return np.asarray(np.add.reduceat(ordered, self.starts, axis=1))

    def ranks(self, weights: Floats) -> Floats:
        """Each row's mean rank among its equals."""
        size = self.sums(weights)
        return (np.cumsum(size, axis=1) - size + (size + 1) / 2)[:, self.tie]


def weighted_figures(
    actual: Floats,
    predicted: Floats,
    blocks: Callable[[Integers], Iterable[Floats]],
    names: Iterable[str] = ALL_FIGURES,
) -> dict[str, Floats]:
    """The named figures for each set of weights; ``blocks`` gives arrays of sets × the rows asked for, in their order.

    Rows are asked for from the lowest prediction up, which spares most of the work.
    """
    upwards = np.argsort(predicted, kind="stable")
    actual, predicted, wanted = actual[upwards], predicted[upwards], set(names)
    # Of equal values the first rows as they came are the top ones, whatever was predicted for them.
    downwards = np.lexsort((upwards, -actual))
    by_value, by_prediction = _Ties.of(actual[downwards], downwards), _Ties.of(predicted)
    makers: list[Callable[[Floats], Iterator[tuple[str, Floats]]]] = []
    if wanted & set(_LEVEL):
        makers.append(lambda w: _level(w, actual, predicted))
    if "spearman" in wanted:
        makers.append(lambda w: _spearman(w, by_value, by_prediction))
    if wanted & set(_ORDER):
        makers.append(lambda w: _order(w, actual, by_value, by_prediction))
    if "decile_mape" in wanted:
        makers.append(lambda w: _tenths(w, actual, predicted))
    made = [{name: found for make in makers for name, found in make(weights)} for weights in blocks(upwards)]
    return {name: np.concatenate([part[name] for part in made]) for name in ALL_FIGURES if name in wanted}


def _level(weights: Floats, actual: Floats, predicted: Floats) -> Iterator[tuple[str, Floats]]:
    off, brought = np.abs(predicted - actual), actual > 0
    relative = np.divide(off, actual, out=np.zeros(len(actual)), where=brought)
    count, error = weights.sum(axis=1), _total(weights, off)
    yield "predicted_total", _total(weights, predicted)
    yield "actual_total", _total(weights, actual)
    yield "wape", _ratio(error, _total(weights, np.abs(actual)))
    yield "mae", _ratio(error, count)
    yield "rmse", np.sqrt(_ratio(_total(weights, off**2), count))
    yield "mape", _ratio(_total(weights, relative), _total(weights, brought.astype(np.float64)))


def _spearman(weights: Floats, by_value: _Ties, by_prediction: _Ties) -> Iterator[tuple[str, Floats]]:
    middle = (weights.sum(axis=1, keepdims=True) + 1) / 2
    one, other = middle - by_value.ranks(weights), by_prediction.ranks(weights) - middle
    spread = (weights * one * one).sum(axis=1) * (weights * other * other).sum(axis=1)
    yield "spearman", _ratio((weights * one * other).sum(axis=1), np.sqrt(spread))


def _order(weights: Floats, actual: Floats, by_value: _Ties, by_prediction: _Ties) -> Iterator[tuple[str, Floats]]:
    count, weighted = weights.sum(axis=1), weights * actual
    total = weighted.sum(axis=1)
    size, value = by_prediction.sums(weights)[:, ::-1], by_prediction.sums(weighted)[:, ::-1]
    best = by_value.sums(weights), by_value.sums(weighted)
    yield "gini", _ratio(_gini(size, value, total, count), _gini(*best, total, count))
    tenth, fifth = np.ceil(count * 0.1), np.ceil(count * 0.2)
    in_top = by_prediction.sums(_true_top(weights, by_value, tenth))[:, ::-1]
    first, second = _share_within(size, tenth), _share_within(size, fifth)
    yield "precision_at_10", _ratio((first * in_top).sum(axis=1), tenth)
    yield "captured_top_10", _ratio((first * value).sum(axis=1), total)
    yield "captured_top_20", _ratio((second * value).sum(axis=1), total)


def _gini(size: Floats, value: Floats, total: Floats, count: Floats) -> Floats:
    """2 × the mean of the cumulated shares − 1; within a tie the value comes evenly."""
    before = np.cumsum(value, axis=1) - value
    area = (size * before + value * (size + 1) / 2).sum(axis=1)
    return np.where(total > 0, 2 * _ratio(area, total * count) - 1, np.nan)


def _share_within(size: Floats, places: Floats) -> Floats:
    """Which part of each tie stands on the first so many places."""
    before = np.cumsum(size, axis=1) - size
    return np.clip((places[:, None] - before) / np.maximum(size, 1e-300), 0.0, 1.0)


def _true_top(weights: Floats, by_value: _Ties, places: Floats) -> Floats:
    """The weight with which each row belongs to the true top; of equal ones the first rows do."""
    ordered = weights[:, by_value.order]
    inside = np.clip(places[:, None] - (np.cumsum(ordered, axis=1) - ordered), 0.0, ordered)
    back = np.empty_like(inside)
    back[:, by_value.order] = inside
    return back


def _tenths(weights: Floats, actual: Floats, predicted: Floats) -> Iterator[tuple[str, Floats]]:
    yield "decile_mape", np.array([_tenths_error(row, predicted, actual) for row in weights])


def _tenths_error(weight: Floats, predicted: Floats, actual: Floats) -> float:
    """Mean relative error of the means of tenths; a row on the border of two counts in both by its parts."""
    places = np.cumsum(weight)
    count = int(places[-1])
    sizes = np.full(10, count // 10) + (np.arange(10) < count % 10)
    sizes = sizes[sizes > 0]
    ends = np.cumsum(sizes)
    at = np.searchsorted(places, ends, side="left")
    missing = places[at] - ends
    expected, came = (
        np.diff(np.cumsum(weight * column)[at] - missing * column[at], prepend=0.0) / sizes
        for column in (predicted, actual)
    )
    known = came > 0
    return float(np.mean(np.abs(expected - came)[known] / came[known])) if known.any() else np.nan


def _total(weights: Floats, column: Floats) -> Floats:
    return np.asarray((weights * column).sum(axis=1))


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0)
