"""Rolling origins, measured: every model on every fold, and how sure the difference between two models is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from patron.errors import DataError, UnknownName
from patron.models.validation.bootstrap import bootstrap
from patron.models.validation.fold import Fold as Fold
from patron.models.validation.metrics import HIGHER_IS_BETTER, Metrics, measure


@dataclass(frozen=True)
class Row:
    """One model on one fold."""

    model: str
    cutoff_day: int
    metrics: Metrics


@dataclass(frozen=True, eq=False)
class Leaderboard:
    """Every model on every fold; ``seed`` decides the resamples that differences are judged by."""

    rows: tuple[Row, ...]
    folds: tuple[Fold, ...]
    seed: int = 0

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

        From resamples of customers (``resampling``): it fits any metric, and a customer who appears in several folds is
        drawn in all at once.
        """
        gap = bootstrap(self.folds, dict.fromkeys((model, other)), self.seed, (metric,)).difference(
            model, other, metric
        )
        return self.score(model, metric) - self.score(other, metric), gap.error

    def _of(self, model: str) -> list[Row]:
        rows = [row for row in self.rows if row.model == model]
        if not rows:
            raise UnknownName("model in the backtest", model, self.models)
        return rows


def evaluate(folds: Sequence[Fold], seed: int = 0) -> Leaderboard:
    """Every model of every fold, measured. Raises DataError without folds or with a model that lacks predictions."""
    if not folds:
        raise DataError("A backtest without a fold measures nothing.", allowed="At least one origin is needed.")
    rows = [
        Row(name, fold.cutoff_day, measure(fold.actual, predicted))
        for fold in folds
        for name, predicted in fold.predictions.items()
    ]
    board = Leaderboard(tuple(rows), tuple(folds), seed)
    if not board.models:
        raise DataError("No model predicted every fold.", to_do="Give each fold the predictions of the same models.")
    return board


def better(metric: str, one: float, other: float) -> bool:
    """Whether the first score beats the second; a score that has no meaning (NaN) never does."""
    if np.isnan(one):
        return False
    return bool(np.isnan(other) or (one > other if metric in HIGHER_IS_BETTER else one < other))
