"""How sure the figures of a backtest are: every metric of every model with its standard error, and every gap between two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from patron.errors import UnknownName
from patron.models.arrays import Floats, Integers
from patron.models.validation.fold import Fold
from patron.models.validation.resampling import Estimate, Resamples, resample
from patron.models.validation.weighted_metrics import ALL_FIGURES, TOTALS, weighted_figures


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Each model's figures in each resample: by model and name an array of folds × (the data, then resamples)."""

    resamples: Resamples
    figures: Mapping[str, Mapping[str, Floats]]

    def in_fold(self, model: str, fold: int, metric: str) -> Estimate:
        """One metric (or ``bias``) of one model in one fold, counted from 0."""
        return self.resamples.estimate(self._values(model, metric)[fold])

    def over_folds(self, model: str, metric: str) -> Estimate:
        """The metric's mean over the folds; ``bias`` is that of all folds' totals together."""
        return self.resamples.estimate(self._over_folds(model, metric))

    def difference(self, model: str, other: str, metric: str) -> Estimate:
        """By how much ``model`` scores above ``other``, mean over the folds; the error is that of the pair."""
        return self.resamples.estimate(self._over_folds(model, metric) - self._over_folds(other, metric))

    def _over_folds(self, model: str, metric: str) -> Floats:
        if metric == "bias":
            predicted, actual = (self._values(model, name).sum(axis=0) for name in TOTALS)
            return _bias(predicted, actual)
        return np.asarray(self._values(model, metric).mean(axis=0))

    def _values(self, model: str, metric: str) -> Floats:
        if model not in self.figures:
            raise UnknownName("model in the backtest", model, self.figures)
        if metric == "bias":
            return _bias(*(self.figures[model][name] for name in TOTALS))
        if metric not in self.figures[model]:
            raise UnknownName("metric", metric, (*self.figures[model], "bias"))
        return self.figures[model][metric]


def bootstrap(
    folds: Sequence[Fold], models: Iterable[str], seed: int, metrics: Iterable[str] = ALL_FIGURES
) -> Bootstrap:
    """The metrics of these models under the same resamples of customers.

    A model must have predicted every fold. The cost is about resamples × customers × models, some seconds for 10,000
    customers; name the ``metrics`` to pay for those alone.
    """
    drawn, wanted = resample(folds, seed), tuple(metrics)
    return Bootstrap(drawn, {model: _figures(folds, model, drawn, wanted) for model in models})


def _figures(folds: Sequence[Fold], model: str, drawn: Resamples, metrics: tuple[str, ...]) -> dict[str, Floats]:
    by_fold = [
        _of_fold(fold, model, drawn, members, metrics) for fold, members in zip(folds, drawn.members, strict=True)
    ]
    return {name: np.array([figures[name] for figures in by_fold]) for name in by_fold[0]}


def _of_fold(
    fold: Fold, model: str, drawn: Resamples, members: Integers, metrics: tuple[str, ...]
) -> dict[str, Floats]:
    return weighted_figures(fold.actual, fold.predictions[model], lambda rows: drawn.blocks(members[rows]), metrics)


def _bias(predicted: Floats, actual: Floats) -> Floats:
    return np.divide(predicted, actual, out=np.full(predicted.shape, np.nan), where=actual != 0) - 1
