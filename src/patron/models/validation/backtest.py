"""Rolling origins, measured: every model on every fold, and how sure the difference between two models is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from patron.errors import DataError, UnknownName
from patron.models.arrays import Floats, hashed
from patron.models.validation.metrics import HIGHER_IS_BETTER, METRIC_FUNCTIONS, Metrics, measure

GROUPS: Final = 20


@dataclass(frozen=True, eq=False)
class Fold:
    """One origin: what each model predicted for the same customers from the cutoff, and what they brought after it."""

    cutoff_day: int
    customer_id: NDArray[Any]  # whatever ids the warehouse holds
    actual: Floats
    predictions: Mapping[str, Floats]


@dataclass(frozen=True)
class Row:
    """One model on one fold."""

    model: str
    cutoff_day: int
    metrics: Metrics


@dataclass(frozen=True, eq=False)
class Leaderboard:
    """Every model on every fold."""

    rows: tuple[Row, ...]
    folds: tuple[Fold, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """The models that predicted every fold, in the order they came."""
        everywhere = [set(fold.predictions) for fold in self.folds]
        return tuple(name for name in self.folds[0].predictions if all(name in fold for fold in everywhere))

    def score(self, model: str, metric: str) -> float:
        """The metric's mean over the folds."""
        return float(np.mean([row.metrics[metric] for row in self._of(model)]))

    def bias(self, model: str) -> float:
        """Predicted total / actual total over all folds together."""
        rows = self._of(model)
        actual = sum(row.metrics.actual_total for row in rows)
        return sum(row.metrics.predicted_total for row in rows) / actual if actual else float("nan")

    def difference(self, model: str, other: str, metric: str) -> tuple[float, float]:
        """By how much ``model`` scores above ``other``, and the paired standard error of that.

        Delete-a-group jackknife over 20 groups of customers: it fits any metric, and a customer who appears in several
        folds is left out of all at once.
        """
        function = METRIC_FUNCTIONS[metric]
        members = [hashed(fold.customer_id) % GROUPS for fold in self.folds]
        gaps = np.empty((GROUPS, len(self.folds)))
        for group in range(GROUPS):
            for number, (fold, member) in enumerate(zip(self.folds, members, strict=True)):
                kept = member != group
                actual, one, two = fold.actual[kept], fold.predictions[model][kept], fold.predictions[other][kept]
                gaps[group, number] = function(actual, one) - function(actual, two)
        without = gaps.mean(axis=1)
        error = float(np.sqrt((GROUPS - 1) / GROUPS * np.sum((without - without.mean()) ** 2)))
        return self.score(model, metric) - self.score(other, metric), error

    def _of(self, model: str) -> list[Row]:
        rows = [row for row in self.rows if row.model == model]
        if not rows:
            raise UnknownName("model in the backtest", model, self.models)
        return rows


def evaluate(folds: Sequence[Fold]) -> Leaderboard:
    """Every model of every fold, measured. Raises DataError without folds or with a model that lacks predictions."""
    if not folds:
        raise DataError("A backtest without a fold measures nothing.", allowed="At least one origin is needed.")
    rows = [
        Row(name, fold.cutoff_day, measure(fold.actual, predicted))
        for fold in folds
        for name, predicted in fold.predictions.items()
    ]
    board = Leaderboard(tuple(rows), tuple(folds))
    if not board.models:
        raise DataError("No model predicted every fold.", to_do="Give each fold the predictions of the same models.")
    return board


def better(metric: str, one: float, other: float) -> bool:
    """Whether the first score beats the second; a score that has no meaning (NaN) never does."""
    if np.isnan(one):
        return False
    return bool(np.isnan(other) or (one > other if metric in HIGHER_IS_BETTER else one < other))
