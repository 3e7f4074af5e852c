"""Two-part boosting: the chance of buying × the value if so, learnt from earlier windows of the same customers.

The value if so is learnt as a *ratio* to what buy-till-you-die expects of a buyer, each row weighted by that
expectation. Trees cannot answer above what they saw; the ratio lets a very large customer stay very large. And since
the weighted mean of the ratios is total value / total expectation, the total is kept rather than the typical customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import xgboost as xgb

from patron.models.arrays import Floats
from patron.models.customers import ALL_COLUMNS, Customers, History, Prediction
from patron.models.valuing.activity import as_json, plain_facts
from patron.models.valuing.calibrated import Calibration, calibrate
from patron.models.valuing.once import once_per_seed
from patron.models.valuing.teaching import Described, Reach, Teaching, level, teaching
from patron.models.valuing.trees import Matrix, Shape, answers, grow, hashes, saved, stored

_BOOSTERS: Final = ("buying", "value_ratio", "orders_ratio")
RISING: Final = ("bg_nbd_purchase_days", "probability_alive")
"""More expected purchases, or a higher chance of being alive, never lower the chance of buying."""


@dataclass(frozen=True, eq=False)
class Parts:
    """Three boosters: the chance of buying, and value and orders if buying as ratios to what was expected of a buyer."""

    buying: xgb.Booster
    value_ratio: xgb.Booster
    orders_ratio: xgb.Booster
    value_level: float = 1.0
    orders_level: float = 1.0

    def chance(self, matrix: Matrix) -> Floats:
        return answers(self.buying, matrix)

    def value(self, table: Described, chance: Floats) -> Floats:
        """Chance × ratio × value expected of a buyer, brought to the level that was learnt."""
        ratio = np.maximum(answers(self.value_ratio, table.matrix), 0.0)
        return self.value_level * chance * ratio * table.value_if_buying

    def orders(self, table: Described, chance: Floats) -> Floats:
        """The same of orders, of which a buyer places at least one."""
        ratio = np.maximum(answers(self.orders_ratio, table.matrix), 0.0)
        return self.orders_level * chance * ratio * table.orders_if_buying


@dataclass(frozen=True, eq=False)
class FittedBoosting:
    """The boosters, how their answers are calibrated, and the buy-till-you-die models they stand on."""

    reach: Reach
    parts: Parts
    calibration: Calibration

    def answers(self, table: Described) -> tuple[Floats, Floats, Floats]:
        """Expected value, orders and chance of buying over the taught days."""
        chance = self.parts.chance(table.matrix)
        value = self.calibration.value(self.parts.value(table, chance), table.value)
        return value, self.parts.orders(table, chance), self.calibration.chance(chance)

    def predict(self, customers: Customers) -> Prediction:
        return self.reach.prediction(customers, *self.answers(self.reach.taught.describe(customers)))

    def artifacts(self) -> dict[str, bytes]:
        boosters = saved({name: getattr(self.parts, name) for name in _BOOSTERS})
        facts = {
            "model": "boosting",
            **self.reach.to_dict(),
            "value_level": self.parts.value_level,
            "orders_level": self.parts.orders_level,
            "calibration": self.calibration.to_dict(),
            "sha256": hashes(boosters),
        }
        return boosters | {"boosting.json": as_json(facts)} | self.reach.taught.artifacts()

    @classmethod
    def from_artifacts(cls, files: Mapping[str, bytes]) -> FittedBoosting:
        """The model that ``artifacts`` wrote; DataError when the files hold something else."""
        facts = plain_facts(files, "boosting.json", "boosting")
        boosters = {name: stored(name, files, facts.get("sha256", {})) for name in _BOOSTERS}
        parts = Parts(**boosters, value_level=facts["value_level"], orders_level=facts["orders_level"])
        return cls(Reach.stored(files, facts), parts, Calibration.from_dict(facts["calibration"]))


@dataclass(frozen=True)
class Boosting:
    """Learns on all earlier windows at once; needs at least one, with 50 customers who bought in it."""

    name: str = "boosting"
    title: str = "Two-part boosting: chance of buying × value"
    complexity: int = 2
    inputs: tuple[str, ...] = ALL_COLUMNS

    def fit(self, history: History, seed: int) -> FittedBoosting:
        """Raises DataError without a window, or with too few buyers in all of them."""
        return _fit(history, seed)


@once_per_seed
def _fit(history: History, seed: int) -> FittedBoosting:
    return fit_boosting(teaching(history, "Boosting"), Shape(), seed)


def fit_boosting(taught: Teaching, shape: Shape, seed: int) -> FittedBoosting:
    """Boosters of this shape on all that is taught, calibrated on the newest window where older ones stand alone."""
    return FittedBoosting(taught.reach, grow_parts(taught, shape, seed), calibration_of(taught, shape, seed))


def calibration_of(taught: Teaching, shape: Shape, seed: int) -> Calibration:
    """How far boosters of this shape set answers apart, seen on the newest window where older ones stand alone."""

    def out_of_time(older: Teaching, newest: Teaching) -> tuple[Floats, Floats]:
        parts = grow_parts(older, shape, seed)
        chance = parts.chance(newest.table.matrix)
        return chance, parts.value(newest.table, chance)

    return calibrate(taught, out_of_time)


def grow_parts(taught: Teaching, shape: Shape, seed: int) -> Parts:
    """The three boosters, and the levels at which their totals are those taught."""
    table, matrix = taught.table, taught.table.matrix
    buying = _chance(taught, matrix, shape, seed)
    bought, paid = taught.bought, taught.paid
    value, orders = table.value_if_buying, table.orders_if_buying
    parts = Parts(
        buying,
        _ratio(matrix[paid], taught.value[paid], value[paid], shape, seed),
        _ratio(matrix[bought], taught.orders[bought], orders[bought], shape, seed),
    )
    chance = parts.chance(matrix)
    # Refunds and windows without a purchase are in the total, not in the ratio: the level brings them in. It is
    # taken on the rows learnt from, since on fewer the largest customers would decide it by chance.
    return Parts(
        parts.buying,
        parts.value_ratio,
        parts.orders_ratio,
        level(taught.value, parts.value(table, chance)),
        level(taught.orders, parts.orders(table, chance)),
    )


def chance_objective(share_bought: float, columns: Iterable[str], shape: Shape) -> dict[str, object]:
    """What the trees of the chance of buying aim at, in XGBoost's own words."""
    monotone = tuple(int(name in RISING) for name in columns)
    return {
        "objective": "binary:logistic",
        "base_score": float(np.clip(share_bought, 0.001, 0.999)),
        "monotone_constraints": str(monotone).replace(" ", ""),
        # Here a leaf's weight is the sum of chance × (1 - chance), at most a quarter of its rows.
        "min_child_weight": shape.least_rows / 4,
    }


def ratio_objective(outcome: float, expected: float) -> dict[str, object]:
    """What the trees of a ratio aim at: they start from total outcome / total expectation."""
    return {"objective": "reg:squarederror", "base_score": outcome / expected}


def _chance(taught: Teaching, matrix: Matrix, shape: Shape, seed: int) -> xgb.Booster:
    bought = taught.bought.astype(np.float64)
    objective = chance_objective(float(bought.mean()), taught.table.columns, shape)
    return grow(matrix, bought, objective, shape, seed)


def _ratio(matrix: Matrix, outcome: Floats, expected: Floats, shape: Shape, seed: int) -> xgb.Booster:
    """The weight in a leaf counts mean customers: a single giant must not make a leaf of its own."""
    objective = ratio_objective(float(outcome.sum()), float(expected.sum()))
    return grow(matrix, outcome / expected, objective, shape, seed, weight=expected / expected.mean())
