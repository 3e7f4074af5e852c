"""What each input adds to the expected value of each customer, for every fitted value model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from patron.errors import DataError, UsageError
from patron.models.arrays import Floats, blocks
from patron.models.customers import Customers, FittedValueModel
from patron.models.explaining import learned
from patron.models.explaining.explanation import Explanation, explained, stacked, weighted_sum
from patron.models.explaining.learned import View
from patron.models.explaining.shapley import shapley
from patron.models.explaining.typical import BEHAVIOUR, Players, mixed
from patron.models.valuing.baselines import FittedCohortMean, FittedRule
from patron.models.valuing.blend import FittedBlend
from patron.models.valuing.boosting import FittedBoosting
from patron.models.valuing.forest import FittedForest
from patron.models.valuing.hybrid import FittedHybrid
from patron.models.valuing.linear import FittedLinear
from patron.models.valuing.process_value import FittedProcessValue
from patron.models.valuing.search import FittedTunedBoosting
from patron.models.valuing.smooth import FittedSmooth, FittedZeroInflated
from patron.models.valuing.tweedie import FittedTweedie

ROWS_AT_ONCE: Final = 4_096
_RULES: Final = {"trailing_value": ("trailing_value",), "rfm_rate": ("historic_value", "T")}
_CELLS: Final = ("frequency", "days_since_last_purchase", "T")


def explain(
    fitted: FittedValueModel,
    customers: Customers,
    reference: Customers,
    groups: Mapping[str, Sequence[str]] | None = None,
) -> Explanation:
    """What each input adds to the expected value of each customer, beside what is expected of a typical one.

    ``reference`` is that typical customer, one row (``typical_customer``). Base and contributions are in money over the
    horizon, and add up to ``fitted.predict(customers).expected_value`` (to 1e-9 of it). Boosters are explained by TreeSHAP, so
    that their part of the base is the mean of what they learnt from; regressions by their weights; processes and rules by exact
    Shapley values of their inputs. Random forests, and models of other packages, are explained by ``groups`` of columns
    (at most 12, name → columns; the columns of none of them are one more), and the names are then those of the groups.

    Raises DataError unless the reference is one row with the customers' columns, and UsageError for a model that needs
    groups without them. Sources: see ``shapley`` and ``components``.
    """
    if len(reference) != 1 or not customers.columns.keys() <= reference.columns.keys():
        raise DataError(
            f"The reference has {len(reference)} rows and {len(reference.columns)} columns.",
            allowed="It is one customer with all columns of the others.",
            to_do="Make it with typical_customer(customers).",
        )
    rows = [np.arange(len(customers))[part] for part in blocks(len(customers), ROWS_AT_ONCE)]
    if not rows:
        return explained(np.zeros(0), ())
    return stacked([_explained(fitted, customers.rows(part), reference, groups or {}) for part in rows])


def _explained(
    fitted: FittedValueModel, customers: Customers, reference: Customers, groups: Mapping[str, Sequence[str]]
) -> Explanation:
    told = fitted.predict(customers).expected_value
    return _parts(fitted, customers, reference, groups).closed(told)


def _parts(
    fitted: FittedValueModel, customers: Customers, reference: Customers, groups: Mapping[str, Sequence[str]]
) -> Explanation:
    match fitted:
        case FittedTunedBoosting():
            return _parts(fitted.boosting, customers, reference, groups)
        case FittedBoosting() | FittedTweedie() | FittedSmooth() | FittedZeroInflated():
            view = View.of(fitted.reach.taught, customers, reference)
            return weighted_sum([(fitted.reach.growth, learned.member(fitted, view))])
        case FittedHybrid():
            return learned.hybrid(fitted, customers, reference)
        case FittedBlend():
            halves = [_parts(one, customers, reference, groups) for one in (fitted.expected, fitted.boosted)]
            return weighted_sum([(0.5, one) for one in halves])
        case FittedLinear():
            return learned.linear(fitted, customers, reference)
        case FittedProcessValue():
            return _of_players(fitted, customers, reference, BEHAVIOUR)
        case FittedRule():
            return _of_players(fitted, customers, reference, _single(_RULES[fitted.name]))
        case FittedCohortMean():
            return _of_players(fitted, customers, reference, _single(_CELLS))
        case _:
            return _of_players(fitted, customers, reference, _families(fitted, customers, groups))


def _of_players(fitted: FittedValueModel, customers: Customers, reference: Customers, players: Players) -> Explanation:
    """Exact Shapley values of the columns that each player holds."""
    base, shares = shapley(lambda present: _value(fitted, mixed(customers, reference, players, present)), len(players))
    return explained(base, zip((name for name, _ in players), shares, strict=True))


def _value(fitted: FittedValueModel, customers: Customers) -> Floats:
    """The expected value, without what a prediction tells beside it where that takes long."""
    if isinstance(fitted, FittedProcessValue):
        return fitted.expected_purchase_days(customers) * fitted.value_per_day(customers)
    if isinstance(fitted, FittedForest):
        return np.maximum(fitted.answers(fitted.bins.codes(customers.columns))[:, 1], 0.0)
    return fitted.predict(customers).expected_value


def _single(names: Sequence[str]) -> Players:
    return [(name, (name,)) for name in names]


def _families(fitted: FittedValueModel, customers: Customers, groups: Mapping[str, Sequence[str]]) -> Players:
    if not groups:
        raise UsageError(
            f"A {type(fitted).__name__} can only be explained by groups of columns.",
            to_do="Give groups: a name for each, and the columns that belong to it.",
        )
    held = {
        name: tuple(column for column in columns if column in customers.columns) for name, columns in groups.items()
    }
    rest = tuple(sorted(customers.columns.keys() - {column for columns in held.values() for column in columns}))
    return [(name, columns) for name, columns in (*held.items(), ("other", rest)) if columns]
