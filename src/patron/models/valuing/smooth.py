"""Smooth learners that stand between process and trees: two Tweedie regressions and a zero-inflated lognormal.

All read a weighted sum of the same scaled inputs that rise and fall gently, so that little data is enough and nothing
jumps; inputs beyond what was learnt are held at its edge. One Tweedie regression is anchored to what the process
expects and learns the correction; the other has it among its inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.special import expit

from patron.models.arrays import Floats
from patron.models.customers import ALL_COLUMNS, Customers, History, Prediction
from patron.models.valuing.activity import as_json, plain_facts
from patron.models.valuing.feature_matrix import FeatureMatrix, learn_columns
from patron.models.valuing.once import once_per_table
from patron.models.valuing.regression import (
    WeightedInputs,
    least_squares,
    logistic_regression,
    tweedie_regression,
)
from patron.models.valuing.teaching import Described, Reach, Teaching, level, teaching
from patron.models.valuing.tweedie import usual_value

VALUE_PENALTY: Final = 0.1
CHANCE_PENALTY: Final = 0.003
AMOUNT_PENALTY: Final = 0.1
ROWS_AT_ONCE: Final = 50_000


@dataclass(frozen=True, eq=False)
class FittedSmooth:
    """Mean value = exp(weighted sum of the inputs), times what the process expects if it is ``anchored`` to it."""

    name: str
    reach: Reach
    inputs: FeatureMatrix
    weighted: WeightedInputs
    lowest: float
    highest: float
    usual: float
    anchored: bool
    level: float = 1.0

    def value(self, table: Described) -> Floats:
        """Expected value over the taught days."""
        moved = np.clip(_sums(self.weighted, self.inputs, table), self.lowest, self.highest)
        return self.level * (table.value if self.anchored else self.usual) * np.exp(moved)

    def predict(self, customers: Customers) -> Prediction:
        table = self.reach.taught.describe(customers)
        return self.reach.prediction(customers, self.value(table), table.orders)

    def artifacts(self) -> dict[str, bytes]:
        facts = {
            "model": self.name,
            **self.reach.to_dict(),
            "inputs": self.inputs.to_dict(),
            "weighted": self.weighted.to_dict(),
            "between": [self.lowest, self.highest],
            "usual": self.usual,
            "anchored": self.anchored,
            "level": self.level,
        }
        return {f"{self.name}.json": as_json(facts)} | self.reach.taught.artifacts()

    @classmethod
    def from_artifacts(cls, files: Mapping[str, bytes], name: str) -> FittedSmooth:
        """The regression of this name that ``artifacts`` wrote; DataError when the files hold something else."""
        facts = plain_facts(files, f"{name}.json", name)
        return cls(
            name,
            Reach.stored(files, facts),
            FeatureMatrix.from_dict(facts["inputs"]),
            WeightedInputs.from_dict(facts["weighted"]),
            lowest=facts["between"][0],
            highest=facts["between"][1],
            usual=facts["usual"],
            anchored=facts["anchored"],
            level=facts["level"],
        )


@dataclass(frozen=True)
class CorrectedProcess:
    """Buy till you die, corrected by a Tweedie regression that a penalty keeps close to it."""

    name: str = "corrected"
    title: str = "Buy till you die, corrected by a smooth regression"
    complexity: int = 2
    inputs: tuple[str, ...] = ALL_COLUMNS

    def fit(self, history: History, seed: int) -> FittedSmooth:  # noqa: ARG002 - nothing random
        """Raises DataError without a window, or with too few buyers in all of them."""
        teaching(history, "The corrected process")
        return _corrected(history)


@dataclass(frozen=True)
class SmoothRegression:
    """A Tweedie regression of value on the features, with what buy till you die expects among them."""

    name: str = "smooth"
    title: str = "Smooth regression of value (Tweedie)"
    complexity: int = 2
    inputs: tuple[str, ...] = ALL_COLUMNS

    def fit(self, history: History, seed: int) -> FittedSmooth:  # noqa: ARG002 - nothing random
        """Raises DataError without a window, or with too few buyers in all of them."""
        teaching(history, "The smooth regression")
        return _smooth(history)


@once_per_table
def _corrected(history: History) -> FittedSmooth:
    return fit_smooth(teaching(history, "The corrected process"), "corrected", anchored=True)


@once_per_table
def _smooth(history: History) -> FittedSmooth:
    return fit_smooth(teaching(history, "The smooth regression"), "smooth", anchored=False)


def fit_smooth(taught: Teaching, name: str, *, anchored: bool) -> FittedSmooth:
    """The regression of all that is taught. Nobody's answer goes beyond those given to the rows learnt from."""
    inputs, matrix = _inputs(taught)
    usual = usual_value(taught)
    offset = np.log(taught.table.value / usual) if anchored else np.zeros(len(matrix))
    # Money given back on balance is no sum that the deviance knows; the level brings it in.
    weighted = tweedie_regression(matrix, np.maximum(taught.value, 0.0) / usual, offset, VALUE_PENALTY)
    sums = weighted.sums(matrix)
    fitted = FittedSmooth(name, taught.reach, inputs, weighted, float(sums.min()), float(sums.max()), usual, anchored)
    return replace(fitted, level=level(taught.value, fitted.value(taught.table)))


@dataclass(frozen=True, eq=False)
class FittedZeroInflated:
    """Chance of buying × lognormal value if so, each from a weighted sum of the inputs; the level holds the mean.

    The mean of a lognormal is exp(mu + sigma²/2); with one sigma for all it is a factor, which the level includes.
    """

    reach: Reach
    inputs: FeatureMatrix
    buying: WeightedInputs
    log_value: WeightedInputs
    lowest: float
    highest: float
    usual: float
    level: float = 1.0

    def chance(self, table: Described) -> Floats:
        return np.asarray(expit(_sums(self.buying, self.inputs, table)), dtype=np.float64)

    def value(self, table: Described) -> Floats:
        """Expected value over the taught days."""
        log = np.clip(_sums(self.log_value, self.inputs, table), self.lowest, self.highest)
        return self.level * self.usual * self.chance(table) * np.exp(log)

    def predict(self, customers: Customers) -> Prediction:
        table = self.reach.taught.describe(customers)
        chance = self.chance(table)
        return self.reach.prediction(customers, self.value(table), table.orders, chance)

    def artifacts(self) -> dict[str, bytes]:
        facts = {
            "model": "zero_inflated",
            **self.reach.to_dict(),
            "inputs": self.inputs.to_dict(),
            "buying": self.buying.to_dict(),
            "log_value": self.log_value.to_dict(),
            "between": [self.lowest, self.highest],
            "usual": self.usual,
            "level": self.level,
        }
        return {"zero_inflated.json": as_json(facts)} | self.reach.taught.artifacts()

    @classmethod
    def from_artifacts(cls, files: Mapping[str, bytes]) -> FittedZeroInflated:
        """The model that ``artifacts`` wrote; DataError when the files hold something else."""
        facts = plain_facts(files, "zero_inflated.json", "zero_inflated")
        return cls(
            Reach.stored(files, facts),
            FeatureMatrix.from_dict(facts["inputs"]),
            WeightedInputs.from_dict(facts["buying"]),
            WeightedInputs.from_dict(facts["log_value"]),
            lowest=facts["between"][0],
            highest=facts["between"][1],
            usual=facts["usual"],
            level=facts["level"],
        )


@dataclass(frozen=True)
class ZeroInflated:
    """Zero-inflated lognormal (Wang, Liu and Miao 2019, arXiv:1912.07753), with weighted sums in place of a network."""

    name: str = "zero_inflated"
    title: str = "Zero-inflated lognormal: chance of buying × value"
    complexity: int = 2
    inputs: tuple[str, ...] = ALL_COLUMNS

    def fit(self, history: History, seed: int) -> FittedZeroInflated:  # noqa: ARG002 - nothing random
        """Raises DataError without a window, or with too few buyers in all of them."""
        teaching(history, "The zero-inflated lognormal")
        return _fit_zero_inflated(history)


@once_per_table
def _fit_zero_inflated(history: History) -> FittedZeroInflated:
    return fit_zero_inflated(teaching(history, "The zero-inflated lognormal"))


def fit_zero_inflated(taught: Teaching) -> FittedZeroInflated:
    """Both weighted sums on all that is taught, the value's on those who bought and kept some of it."""
    inputs, matrix = _inputs(taught)
    usual, paid = usual_value(taught), taught.paid
    nothing_known = np.zeros(len(matrix))
    buying = logistic_regression(matrix, taught.bought.astype(np.float64), nothing_known, CHANCE_PENALTY)
    log_value = least_squares(matrix[paid], np.log(taught.value[paid] / usual), AMOUNT_PENALTY)
    sums = log_value.sums(matrix)
    fitted = FittedZeroInflated(taught.reach, inputs, buying, log_value, float(sums.min()), float(sums.max()), usual)
    return replace(fitted, level=level(taught.value, fitted.value(taught.table)))


def _inputs(taught: Teaching) -> tuple[FeatureMatrix, Floats]:
    inputs = learn_columns(taught.table.columns, tuple(taught.table.columns))
    return inputs, inputs.matrix(taught.table.columns)


def _sums(weighted: WeightedInputs, inputs: FeatureMatrix, table: Described) -> Floats:
    """The weighted sum of each row, some rows at a time so that memory stays small."""
    sums = np.empty(len(table))
    for first in range(0, len(table), ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        sums[rows] = weighted.sums(inputs.matrix({name: column[rows] for name, column in table.columns.items()}))
    return sums
