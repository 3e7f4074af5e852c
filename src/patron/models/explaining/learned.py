"""Explanations of the learned value models: what goes into the score of each, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xgboost as xgb
from scipy.special import expit

from patron.models.arrays import Floats
from patron.models.customers import Customers
from patron.models.explaining.components import Sum, composed, sum_of_trees, weighted_sum_of
from patron.models.explaining.explanation import Explanation, explained, weighted_sum
from patron.models.explaining.typical import BEHAVIOUR, mixed
from patron.models.valuing.boosting import FittedBoosting
from patron.models.valuing.feature_matrix import FeatureMatrix
from patron.models.valuing.hybrid import LEARNED, FittedHybrid
from patron.models.valuing.linear import FittedLinear
from patron.models.valuing.regression import WeightedInputs
from patron.models.valuing.smooth import FittedSmooth, FittedZeroInflated
from patron.models.valuing.teaching import Described, Foundation
from patron.models.valuing.tweedie import FittedTweedie

Learned = FittedBoosting | FittedTweedie | FittedSmooth | FittedZeroInflated


@dataclass(frozen=True, eq=False)
class View:
    """Customers and the typical one as models read them, and as each selection of the players of BEHAVIOUR leaves them."""

    table: Described
    typical: Described
    selections: tuple[Customers, ...]
    behaviour: tuple[Described, ...]

    @classmethod
    def of(cls, taught: Foundation, customers: Customers, reference: Customers) -> View:
        selections = tuple(mixed(customers, reference, BEHAVIOUR, chosen) for chosen in range(1 << len(BEHAVIOUR)))
        behaviour = tuple(taught.describe(chosen) for chosen in selections)
        return cls(taught.describe(customers), taught.describe(reference), selections, behaviour)

    def trees(self, booster: xgb.Booster) -> Sum:
        return sum_of_trees(booster, self.table.matrix, tuple(self.table.columns))

    def weighted(self, inputs: FeatureMatrix, weighted: WeightedInputs) -> Sum:
        weights = weighted.weights.tolist()
        return weighted_sum_of(inputs, weights, weighted.intercept, self.table.columns, self.typical.columns)


def member(fitted: Learned, view: View) -> Explanation:
    """What each input adds to a learned model's value over the taught days."""
    match fitted:
        case FittedBoosting():
            return _boosting(fitted, view)
        case FittedTweedie():
            scale = fitted.level * fitted.usual
            return composed([view.trees(fitted.booster)], [None], lambda sums, _: scale * np.exp(sums[0]))
        case FittedSmooth():
            return _smooth(fitted, view)
        case FittedZeroInflated():
            return _zero_inflated(fitted, view)


def _boosting(fitted: FittedBoosting, view: View) -> Explanation:
    parts = fitted.parts

    def value(sums: Sequence[Floats], table: Described) -> Floats:
        ratio = np.maximum(sums[1], 0.0)
        told = parts.value_level * expit(sums[0]) * ratio * table.value_if_buying
        return fitted.calibration.value(told, table.value)

    return composed([view.trees(parts.buying), view.trees(parts.value_ratio)], view.behaviour, value)


def _smooth(fitted: FittedSmooth, view: View) -> Explanation:
    def value(sums: Sequence[Floats], table: Described) -> Floats:
        moved = np.exp(np.clip(sums[0], fitted.lowest, fitted.highest))
        return fitted.level * (table.value if fitted.anchored else fitted.usual) * moved

    behaviour = view.behaviour if fitted.anchored else view.behaviour[-1:]
    return composed([view.weighted(fitted.inputs, fitted.weighted)], behaviour, value)


def _zero_inflated(fitted: FittedZeroInflated, view: View) -> Explanation:
    def value(sums: Sequence[Floats], _: None) -> Floats:
        log = np.clip(sums[1], fitted.lowest, fitted.highest)
        return fitted.level * fitted.usual * expit(sums[0]) * np.exp(log)

    return composed([view.weighted(fitted.inputs, one) for one in (fitted.buying, fitted.log_value)], [None], value)


def linear(fitted: FittedLinear, customers: Customers, reference: Customers) -> Explanation:
    """What each feature adds to the chance of buying × the value if so."""
    sums = [
        weighted_sum_of(fitted.columns, part.weights, part.intercept, customers.columns, reference.columns)
        for part in (fitted.chance, fitted.value)
    ]

    def value(totals: Sequence[Floats], _: None) -> Floats:
        return expit(totals[0]) * fitted.value.exp(totals[1]) * fitted.value_level

    return composed(sums, [None], value)


def hybrid(fitted: FittedHybrid, customers: Customers, reference: Customers) -> Explanation:
    """What each input adds to the weighted sum of the members; being younger than any customer taught counts as T."""
    view = View.of(fitted.reach.taught, customers, reference)
    members = [_processes(fitted, view), *(member(getattr(fitted.members, name), view) for name in LEARNED)]
    grown_up = [fitted.process_weight, *fitted.learned_weights]
    of_the_young = [fitted.process_level, *(0.0 for _ in LEARNED)]
    young, growth = customers.column("T") < fitted.youngest, fitted.reach.growth
    weights = [growth * np.where(young, one, other) for one, other in zip(of_the_young, grown_up, strict=True)]
    told = weighted_sum(list(zip(weights, members, strict=True)))
    base = weighted_sum([(growth * weight, one) for weight, one in zip(grown_up, members, strict=True)]).base
    moved = [*zip(told.names, told.contributions.T, strict=True), ("T", told.base - base)]
    return explained(base, moved)


def _processes(fitted: FittedHybrid, view: View) -> Explanation:
    """The mean of both processes' values."""
    pareto_nbd = fitted.members.pareto_nbd
    values = [
        (table.value + pareto_nbd.expected_purchase_days(chosen) * pareto_nbd.value_per_day(chosen)) / 2
        for table, chosen in zip(view.behaviour, view.selections, strict=True)
    ]
    return composed([], values, lambda _, value: value)
