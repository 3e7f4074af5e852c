"""Two-part linear regression: the chance of buying × the value if so, each from a weighted sum of the features.

The chance is a logistic regression. Value and orders if buying are Poisson regressions with a logarithmic link, which
for money is a quasi-likelihood: it needs no whole numbers, bears zeros, and its maximum makes predicted and actual
totals equal (Wooldridge 1999, "Quasi-likelihood methods for count data"), so that the mean is modelled rather than
the typical customer. All are held back by a ridge penalty. scikit-learn finds the weights; prediction is plain arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
from scipy.special import expit

from patron.errors import DataError
from patron.models.arrays import Flags, Floats
from patron.models.customers import ALL_COLUMNS, Customers, History, Prediction
from patron.models.one_thread import on_one_thread
from patron.models.valuing.activity import FittedActivity, as_json, fit_activity, plain_facts, stored_activity
from patron.models.valuing.feature_matrix import FeatureMatrix, Lessons, learn_columns, lessons_of

ARTIFACT: Final = "linear.json"
CHANCE_PENALTY: Final = 1.0
"""Ridge penalty of the chance, against the sum of the log-likelihoods."""
AMOUNT_PENALTY: Final = 0.01
"""Ridge penalty of value and orders, against the mean deviance."""
_MOST_STEPS: Final = 200


@dataclass(frozen=True)
class WeightedSum:
    """An intercept and a weight per input; ``lowest`` and ``highest`` are the sums that were seen at fit."""

    intercept: float
    weights: tuple[float, ...]
    lowest: float
    highest: float

    def exp(self, total: Floats) -> Floats:
        """The amount, held within what was learnt: a logarithmic link would let two odd features explode it."""
        return np.exp(np.clip(total, self.lowest, self.highest))

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> WeightedSum:  # Any: plain data
        """The sum that ``asdict`` wrote."""
        return cls(**{**content, "weights": tuple(content["weights"])})


def weighted_sums(parts: tuple[WeightedSum, ...], columns: FeatureMatrix, table: Mapping[str, Floats]) -> list[Floats]:
    """Each part's sum for every row, column by column: no large matrix, and the same bits on any number of threads."""
    rows = len(next(iter(table.values()))) if table else 0
    totals = [np.full(rows, part.intercept) for part in parts]
    for place, column in enumerate(columns.inputs(table)):
        for part, total in zip(parts, totals, strict=True):
            total += part.weights[place] * column
    return totals


@dataclass(frozen=True, eq=False)
class FittedLinear:
    """Weights of the three parts over one list of columns; ``…_level`` bring predicted totals to what was learnt."""

    columns: FeatureMatrix
    chance: WeightedSum
    value: WeightedSum
    orders: WeightedSum
    value_level: float
    orders_level: float
    activity: FittedActivity

    def predict(self, customers: Customers) -> Prediction:
        chance, value, orders = self._parts(customers.columns)
        return self.activity.prediction(
            customers,
            chance * value * self.value_level,
            chance * np.maximum(orders * self.orders_level, 1.0),
            no_purchase=1 - chance,
        )

    def _parts(self, table: Mapping[str, Floats]) -> tuple[Floats, Floats, Floats]:
        totals = weighted_sums((self.chance, self.value, self.orders), self.columns, table)
        return expit(totals[0]), self.value.exp(totals[1]), self.orders.exp(totals[2])

    def artifacts(self) -> dict[str, bytes]:
        parts = {name: asdict(getattr(self, name)) for name in ("chance", "value", "orders")}
        facts = {
            "model": "linear",
            "inputs": list(self.columns.input_names),
            "columns": self.columns.to_dict(),
            "value_level": self.value_level,
            "orders_level": self.orders_level,
            "horizon_days": self.activity.horizon_days,
        }
        return {ARTIFACT: as_json(facts | parts)} | self.activity.artifact()

    @classmethod
    def from_artifacts(cls, files: Mapping[str, bytes]) -> FittedLinear:
        """The model that ``artifacts`` wrote; it needs no scikit-learn. DataError when the files hold something else."""
        facts = plain_facts(files, ARTIFACT, "linear")
        parts = {name: WeightedSum.from_dict(facts[name]) for name in ("chance", "value", "orders")}
        return cls(
            columns=FeatureMatrix.from_dict(facts["columns"]),
            value_level=facts["value_level"],
            orders_level=facts["orders_level"],
            activity=stored_activity(files, facts["horizon_days"]),
            **parts,
        )


@dataclass(frozen=True)
class Linear:
    """Learns on all earlier windows at once; needs at least one, with 50 customers who bought in it."""

    name: str = "linear"
    title: str = "Two-part linear regression: chance of buying × value"
    complexity: int = 2
    inputs: tuple[str, ...] = ALL_COLUMNS

    def fit(self, history: History, seed: int) -> FittedLinear:  # noqa: ARG002 - nothing random
        """Raises DataError without a window, or with too few buyers in all of them."""
        lessons = lessons_of(history, "Linear regression")
        columns = learn_columns(lessons.table, tuple(lessons.table))
        fitted = FittedLinear(
            columns,
            *_parts(columns.matrix(lessons.table), lessons),
            value_level=1.0,
            orders_level=1.0,
            activity=fit_activity(history.now, history.horizon_days),
        )
        return _levelled(fitted, lessons)


def _parts(matrix: Floats, lessons: Lessons) -> tuple[WeightedSum, WeightedSum, WeightedSum]:
    bought, paid = lessons.bought, lessons.paid
    return (
        fit_chance(matrix, bought),
        fit_amount(matrix[paid], lessons.value[paid]),
        fit_amount(matrix[bought], lessons.orders[bought]),
    )


def _levelled(fitted: FittedLinear, lessons: Lessons) -> FittedLinear:
    """The same, with totals as learnt: refunds and windows without a purchase are in the total, not in the parts."""
    chance, value, orders = fitted._parts(lessons.table)
    return replace(
        fitted,
        value_level=level(lessons.value, chance * value),
        orders_level=level(lessons.orders, chance * orders),
    )


def fit_chance(matrix: Floats, happened: Flags) -> WeightedSum:
    """Logistic regression with a ridge penalty; the plain share where all did the same."""
    from sklearn.linear_model import LogisticRegression  # takes a second to load: only who learns needs it

    if happened.all() or not happened.any():
        share = (happened.sum() + 0.5) / (len(happened) + 1)
        odds = float(np.log(share / (1 - share)))
        return WeightedSum(odds, (0.0,) * matrix.shape[1], odds, odds)
    model = LogisticRegression(C=1 / CHANCE_PENALTY, solver="newton-cholesky", max_iter=_MOST_STEPS)
    with on_one_thread():
        model.fit(matrix, happened)
    return _sum_of(float(model.intercept_[0]), model.coef_[0], matrix)


def fit_amount(matrix: Floats, amount: Floats, weight: Floats | None = None) -> WeightedSum:
    """Poisson regression with a logarithmic link and a ridge penalty, free of the amount's currency."""
    from sklearn.linear_model import PoissonRegressor  # takes a second to load: only who learns needs it

    mean = float(np.average(amount, weights=weight))
    if not mean > 0:
        raise DataError(f"The mean amount to learn from is {mean:g}.", allowed="It must be above 0.")
    if not matrix.shape[1]:
        return WeightedSum(float(np.log(mean)), (), float(np.log(mean)), float(np.log(mean)))
    model = PoissonRegressor(alpha=AMOUNT_PENALTY, solver="newton-cholesky", max_iter=_MOST_STEPS)
    with on_one_thread():
        model.fit(matrix, amount / mean, sample_weight=weight)
    return _sum_of(float(model.intercept_ + np.log(mean)), model.coef_, matrix)


def _sum_of(intercept: float, weights: Floats, matrix: Floats) -> WeightedSum:
    total = intercept + np.einsum("ij,j->i", matrix, weights)
    return WeightedSum(intercept, tuple(weights.tolist()), float(total.min()), float(total.max()))


def level(actual: Floats, predicted: Floats) -> float:
    """What the predicted total must be multiplied by to be the actual one; never below 0."""
    total = float(predicted.sum())
    return max(float(actual.sum()) / total, 0.0) if total > 0 else 1.0
