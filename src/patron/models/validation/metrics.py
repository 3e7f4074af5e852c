"""How good predictions were, measured against what customers did: level, order and calibration.

Definitions follow the project's accuracy protocol: ties in a prediction are resolved in expectation, so that no model
gains from the order of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import rankdata

from patron.errors import DataError, UnknownName
from patron.models.arrays import Floats, dot, floats, same_length

NAN: Final = float("nan")
HIGHER_IS_BETTER: Final = frozenset({"spearman", "gini", "precision_at_10", "captured_top_10", "captured_top_20"})
LOWER_IS_BETTER: Final = frozenset({"wape", "mae", "rmse", "mape", "decile_mape"})


@dataclass(frozen=True)
class Metrics:
    """Every figure of one model on one fold; NaN where the data leave a figure without meaning.

    ``bias``: predicted total / actual total. ``mape``: over customers who brought something. ``gini``: normalised, 1 is
    the true order. ``precision_at_10``: share of the predicted top tenth that is in the true one. ``captured_top_10``:
    share of all value brought by the predicted top tenth. ``decile_mape``: mean error of decile means.
    """

    customers: int
    predicted_total: float
    actual_total: float
    wape: float
    mae: float
    rmse: float
    mape: float
    bias: float
    spearman: float
    gini: float
    precision_at_10: float
    captured_top_10: float
    captured_top_20: float
    decile_mape: float

    def __getitem__(self, name: str) -> float:
        if name not in HIGHER_IS_BETTER | LOWER_IS_BETTER:
            raise UnknownName("metric", name, HIGHER_IS_BETTER | LOWER_IS_BETTER)
        return float(getattr(self, name))


@dataclass(frozen=True)
class Decile:
    """One tenth of the customers by prediction, lowest first: what was predicted and what came."""

    decile: int
    customers: int
    predicted_mean: float
    actual_mean: float


def measure(actual: Floats, predicted: Floats) -> Metrics:
    """Every metric of these predictions. Raises DataError for no customers, unequal lengths or non-finite numbers."""
    actual, predicted = _checked(actual, predicted)
    total, bought = float(actual.sum()), actual > 0
    in_order, top_share = _in_predicted_order(actual, predicted)
    tenth, fifth = _share_of(len(actual), 0.1), _share_of(len(actual), 0.2)
    return Metrics(
        customers=len(actual),
        predicted_total=float(predicted.sum()),
        actual_total=total,
        wape=wape(actual, predicted),
        mae=mae(actual, predicted),
        rmse=rmse(actual, predicted),
        mape=float(np.mean(np.abs(predicted - actual)[bought] / actual[bought])) if bought.any() else NAN,
        bias=_ratio(float(predicted.sum()), total),
        spearman=spearman(actual, predicted),
        gini=_ratio(_gini(in_order), _gini(np.sort(actual)[::-1])),
        precision_at_10=float(top_share[:tenth].mean()),
        captured_top_10=_ratio(float(in_order[:tenth].sum()), total),
        captured_top_20=_ratio(float(in_order[:fifth].sum()), total),
        decile_mape=_decile_mape(deciles(actual, predicted)),
    )


def wape(actual: Floats, predicted: Floats) -> float:
    """Sum of absolute errors / sum of absolute actual values."""
    return _ratio(float(np.abs(predicted - actual).sum()), float(np.abs(actual).sum()))


def mae(actual: Floats, predicted: Floats) -> float:
    """Mean absolute error: smallest at the median, which for skewed value lies far below the mean."""
    return float(np.abs(predicted - actual).mean())


def rmse(actual: Floats, predicted: Floats) -> float:
    """Root mean squared error: smallest at the mean."""
    return float(np.sqrt(np.mean((predicted - actual) ** 2)))


def gini(actual: Floats, predicted: Floats) -> float:
    """How well the prediction orders customers by value: 0 by chance, 1 in the true order."""
    return _ratio(_gini(_in_predicted_order(actual, predicted)[0]), _gini(np.sort(actual)[::-1]))


def deciles(actual: Floats, predicted: Floats) -> tuple[Decile, ...]:
    """Predicted and actual means by tenths of the prediction, lowest first; fewer with under ten customers."""
    actual, predicted = _checked(actual, predicted)
    parts = np.array_split(np.argsort(predicted, kind="stable"), 10)
    return tuple(
        Decile(number, len(rows), float(predicted[rows].mean()), float(actual[rows].mean()))
        for number, rows in enumerate(parts, start=1)
        if len(rows)
    )


def spearman(one: Floats, other: Floats) -> float:
    """Correlation of ranks, ties at their mean rank; NaN when either does not vary."""
    return _correlation(rankdata(one), rankdata(other))


def _correlation(one: Floats, other: Floats) -> float:
    one, other = one - one.mean(), other - other.mean()
    return _ratio(dot(one, other), float(np.sqrt(dot(one, one) * dot(other, other))))


METRIC_FUNCTIONS: Final[Mapping[str, Callable[[Floats, Floats], float]]] = {
    "wape": wape,
    "mae": mae,
    "rmse": rmse,
    "gini": gini,
    "spearman": spearman,
}
"""The metrics a gate may declare."""


def _checked(actual: Floats, predicted: Floats) -> tuple[Floats, Floats]:
    actual, predicted = floats("actual", actual), floats("predicted", predicted)
    same_length(actual=actual, predicted=predicted)
    if not len(actual):
        raise DataError("There are no customers to measure predictions on.", allowed="At least one is needed.")
    return actual, predicted


def _share_of(count: int, share: float) -> int:
    return int(np.ceil(count * share))


def _in_predicted_order(actual: Floats, predicted: Floats) -> tuple[Floats, Floats]:
    """Actual values, and membership of the true top tenth, from the highest prediction down; ties at their mean."""
    top = np.zeros(len(actual))
    top[np.argsort(-actual, kind="stable")[: _share_of(len(actual), 0.1)]] = 1
    order = np.argsort(-predicted, kind="stable")
    ordered = predicted[order]
    tie = np.concatenate([[0], np.cumsum(ordered[1:] != ordered[:-1])])
    size = np.bincount(tie)
    return (np.bincount(tie, actual[order]) / size)[tie], (np.bincount(tie, top[order]) / size)[tie]


def _gini(in_order: Floats) -> float:
    total = float(in_order.sum())
    return 2 * float(np.mean(np.cumsum(in_order) / total)) - 1 if total > 0 else NAN


def _decile_mape(table: tuple[Decile, ...]) -> float:
    errors = [abs(row.predicted_mean - row.actual_mean) / row.actual_mean for row in table if row.actual_mean > 0]
    return float(np.mean(errors)) if errors else NAN


def _ratio(above: float, below: float) -> float:
    return above / below if below else NAN
