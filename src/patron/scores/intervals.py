"""The champion's intervals: learnt from every fold, measured on folds whose future they had not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from patron.models.arrays import Flags
from patron.models.validation.abstain import FEWEST_CUSTOMERS, why_unknown
from patron.models.validation.conformal import Intervals, fit_intervals
from patron.models.validation.coverage import Coverage, Held, LabelCoverage
from patron.models.validation.fold import Fold
from patron.models.validation.total_intervals import Totals, Words, portfolio_total, totals_by_label

LEVEL = 0.8
FOLDS_LEARNT = 3


@dataclass(frozen=True, eq=False)
class MeasuredCoverage:
    """How often intervals held, for whom, and how that was measured."""

    coverage: Coverage
    nominal: float
    how: str
    fold: Fold
    held: Held

    @property
    def inside(self) -> Flags:
        """Which customers of the fold fell inside."""
        return self.held.inside

    def by(self, labels: Words) -> tuple[LabelCoverage, ...]:
        """Coverage of each label of the fold's customers: tiers, branches."""
        return self.held.by_label(labels)


@dataclass(frozen=True)
class HeldTotal:
    """One origin's total: its interval made from folds that had ended by then, and what came."""

    cutoff_day: int
    folds: int
    low: float
    high: float
    expected: float
    actual: float

    @property
    def inside(self) -> bool:
        return self.low <= self.actual <= self.high


def learnt_intervals(folds: Sequence[Fold], model: str, level: float = LEVEL) -> Intervals | None:
    """Intervals from a model's errors on these folds; None with under 20 customers in all."""
    if why_unknown(sum(len(fold) for fold in folds), len(folds)):
        return None
    return fit_intervals(
        np.concatenate([fold.predictions[model] for fold in folds]),
        np.concatenate([fold.actual for fold in folds]),
        level,
        fold=np.repeat(np.arange(len(folds)), [len(fold) for fold in folds]),
    )


def measured_coverage(
    folds: Sequence[Fold], model: str, horizon_days: int, level: float = LEVEL
) -> MeasuredCoverage | None:
    """Coverage on the newest fold, of intervals made from others; None with too few customers.

    From the folds that had ended by the newest one's cutoff, where there are any: then nothing of what is measured was
    known. Otherwise from all older folds, whose futures overlap the newest one's; and with a single fold from one half of its
    customers, measured on the other.
    """
    test, teachers, how = _split(folds, horizon_days)
    intervals = learnt_intervals(teachers, model, level) if teachers else None
    if intervals is None or not len(test):
        return None
    expected = test.predictions[model]
    return MeasuredCoverage(
        intervals.coverage(expected, test.actual), level, how, test, intervals.held(expected, test.actual)
    )


def _split(folds: Sequence[Fold], horizon_days: int) -> tuple[Fold, list[Fold], str]:
    """The fold to measure on, those to learn from, and how that was done, in words."""
    newest, older = folds[0], list(folds[1:])
    ended = ended_by(folds, newest.cutoff_day, horizon_days)
    if sum(len(fold) for fold in ended) >= FEWEST_CUSTOMERS:
        return newest, ended, "made from folds that had ended by the newest one's first day, measured on the newest"
    if older:
        return newest, older, "made from the older folds, which overlap the newest in time, measured on the newest"
    half = np.arange(len(newest)) % 2 == 0
    how = "made from one half of the customers, measured on the other half of the same fold"
    return newest.rows(~half), [newest.rows(half)], how


def ended_by(folds: Sequence[Fold], day: int, horizon_days: int) -> list[Fold]:
    """The folds whose outcome was known by this day."""
    return [fold for fold in folds if fold.cutoff_day + horizon_days <= day]


def rolling_totals(
    folds: Sequence[Fold], model: str, horizon_days: int, level: float = LEVEL, most: int = FOLDS_LEARNT
) -> tuple[HeldTotal, ...]:
    """For every origin with folds that had ended by then: the interval of its total, and what came.

    ``folds`` are newest first; each origin learns from the newest ``most`` of those that had ended.
    """
    rows = []
    for fold in folds:
        ended = ended_by(folds, fold.cutoff_day, horizon_days)[:most]
        intervals = learnt_intervals(ended, model, level)
        noise = None if intervals is None else intervals.noise
        total = portfolio_total(fold.predictions[model], _totals(ended, model), noise, level)
        if total.low is not None and total.high is not None:
            actual = float(fold.actual.sum())
            rows.append(HeldTotal(fold.cutoff_day, total.folds, total.low, total.high, total.expected, actual))
    return tuple(rows)


def learnt_group_totals(
    folds: Sequence[Fold], model: str, groupings: Mapping[str, Sequence[Words]]
) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """By grouping and label, (predicted, actual) totals of each fold; ``groupings`` has the words of each fold's customers."""
    predicted, actual = [fold.predictions[model] for fold in folds], [fold.actual for fold in folds]
    return {name: totals_by_label(predicted, actual, words) for name, words in groupings.items()}


def _totals(folds: Sequence[Fold], model: str) -> Totals:
    return [(float(fold.predictions[model].sum()), float(fold.actual.sum())) for fold in folds]
