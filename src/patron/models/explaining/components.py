"""Scores that are a function of a few sums and of behaviour, shared out over inputs.

A sum is a booster's margin or a regression's weighted sum: what each feature adds to it is known exactly. Trees' sums are
shared by TreeSHAP, as XGBoost computes it (Lundberg, Erion and Lee 2018, "Consistent individualized feature attribution for tree
ensembles", arXiv:1802.03888), against the mean of what they learnt from. The score is shared over the sums and the inputs of
behaviour by exact Shapley values; a sum's share then goes to its features, slope × what each adds, where the slope is the
share over the sum's distance from its base.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import xgboost as xgb

from patron.models.arrays import Floats
from patron.models.explaining.explanation import Explanation, explained
from patron.models.explaining.shapley import shapley
from patron.models.explaining.typical import BEHAVIOUR
from patron.models.valuing.feature_matrix import FeatureMatrix
from patron.models.valuing.trees import Matrix

CLOSEST: Final = 1e-7
"""Nearer to its base a sum is not told apart from it: its slope is then taken over this distance."""
State = TypeVar("State")


@dataclass(frozen=True, eq=False)
class Sum:
    """A sum of each row, its base, and what each named input adds (rows, names)."""

    base: float
    total: Floats
    names: tuple[str, ...]
    parts: Floats

    @property
    def end(self) -> Floats:
        """The total, kept apart from the base where parts that cancel out need a slope."""
        near = (np.abs(self.total - self.base) < CLOSEST) & (self.parts != 0).any(axis=1)
        return np.where(near, self.base + CLOSEST, self.total)

    def shared(self, share: Floats) -> Iterator[tuple[str, Floats]]:
        """The share of a score that belongs to the sum, by input."""
        distance = self.end - self.base
        slope = np.divide(share, distance, out=np.zeros_like(share), where=distance != 0)
        for name, part in zip(self.names, self.parts.T, strict=True):
            yield name, slope * part


def sum_of_trees(booster: xgb.Booster, matrix: Matrix, names: Sequence[str]) -> Sum:
    """The margin of boosted trees, shared by TreeSHAP; its base is the mean margin of what they learnt from."""
    data = xgb.DMatrix(matrix, nthread=1)
    told = booster.predict(data, pred_contribs=True).astype(np.float64)
    margin = booster.predict(data, output_margin=True).astype(np.float64)
    return Sum(float(told[0, -1]), margin, tuple(names), told[:, :-1])


def weighted_sum_of(
    inputs: FeatureMatrix,
    weights: Sequence[float],
    intercept: float,
    table: Mapping[str, Floats],
    typical: Mapping[str, Floats],
) -> Sum:
    """A regression's weighted sum; its base is that of the typical customer, one row of the same columns."""
    rows, base, place = len(next(iter(table.values()))), intercept, 0
    parts = np.zeros((rows, len(inputs.columns)))
    for position, column in enumerate(inputs.columns):
        own = zip(column.inputs(table[column.name]), column.inputs(typical[column.name]), strict=True)
        for values, usual in own:
            base += float(weights[place] * usual[0])
            parts[:, position] += weights[place] * (values - usual[0])
            place += 1
    return Sum(base, base + parts.sum(axis=1), tuple(column.name for column in inputs.columns), parts)


def composed(
    sums: Sequence[Sum], behaviour: Sequence[State], worth: Callable[[Sequence[Floats], State], Floats]
) -> Explanation:
    """The explanation of ``worth`` of some sums and of behaviour.

    ``behaviour`` holds what follows from each selection of the players of BEHAVIOUR, or one state where nothing of it changes.
    """
    players = BEHAVIOUR if len(behaviour) > 1 else ()
    ends = [(np.full(len(one.total), one.base), one.end) for one in sums]

    def of(present: int) -> Floats:
        totals = [end[present >> place & 1] for place, end in enumerate(ends)]
        return worth(totals, behaviour[present >> len(sums)])

    base, shares = shapley(of, len(sums) + len(players))
    parts = [part for one, share in zip(sums, shares, strict=False) for part in one.shared(share)]
    own = zip((name for name, _ in players), shares[len(sums) :], strict=True)
    return explained(base, [*parts, *own])
