"""Boosted trees on value itself, by the Tweedie deviance: one model for zeros and a long tail alike.

Mean value = exp(trees), with what buy-till-you-die expects among the features. (Tweedie of power 1.5; Jørgensen 1987,
"Exponential dispersion models", JRSS B 49(2).) Orders and chances are those of the process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import xgboost as xgb

from patron.models.arrays import Floats
from patron.models.customers import ALL_COLUMNS, Customers, History, Prediction
from patron.models.valuing.activity import as_json, plain_facts
from patron.models.valuing.once import once_per_seed
from patron.models.valuing.regression import TWEEDIE_POWER
from patron.models.valuing.teaching import Described, Reach, Teaching, level, teaching
from patron.models.valuing.trees import Shape, answers, grow, hashes, saved, stored

OBJECTIVE = {"objective": "reg:tweedie", "tweedie_variance_power": TWEEDIE_POWER}


@dataclass(frozen=True, eq=False)
class FittedTweedie:
    """The booster, and the level at which its total is the one taught."""

    reach: Reach
    booster: xgb.Booster
    usual: float
    level: float = 1.0

    def value(self, table: Described) -> Floats:
        """Expected value over the taught days."""
        return self.level * self.usual * answers(self.booster, table.matrix)

    def predict(self, customers: Customers) -> Prediction:
        table = self.reach.taught.describe(customers)
        return self.reach.prediction(customers, self.value(table), table.orders)

    def artifacts(self) -> dict[str, bytes]:
        trees = saved({"value": self.booster})
        facts = {
            "model": "tweedie",
            **self.reach.to_dict(),
            "usual": self.usual,
            "level": self.level,
            "sha256": hashes(trees),
        }
        return trees | {"tweedie.json": as_json(facts)} | self.reach.taught.artifacts()

    @classmethod
    def from_artifacts(cls, files: Mapping[str, bytes]) -> FittedTweedie:
        """The model that ``artifacts`` wrote; DataError when the files hold something else."""
        facts = plain_facts(files, "tweedie.json", "tweedie")
        booster = stored("value", files, facts.get("sha256", {}))
        return cls(Reach.stored(files, facts), booster, facts["usual"], facts["level"])


@dataclass(frozen=True)
class Tweedie:
    """Learns on all earlier windows at once; needs at least one, with 50 customers who bought in it."""

    name: str = "tweedie"
    title: str = "Boosting of value in one part (Tweedie)"
    complexity: int = 2
    inputs: tuple[str, ...] = ALL_COLUMNS

    def fit(self, history: History, seed: int) -> FittedTweedie:
        """Raises DataError without a window, or with too few buyers in all of them."""
        return _fit(history, seed)


@once_per_seed
def _fit(history: History, seed: int) -> FittedTweedie:
    return fit_tweedie(teaching(history, "Tweedie"), Shape(), seed)


def fit_tweedie(taught: Teaching, shape: Shape, seed: int) -> FittedTweedie:
    """Trees of this shape on all that is taught."""
    usual = usual_value(taught)
    # Money given back on balance is no sum that the deviance knows; the level brings it in.
    outcome = np.maximum(taught.value, 0.0) / usual
    booster = grow(taught.table.matrix, outcome, OBJECTIVE, shape, seed)
    fitted = FittedTweedie(taught.reach, booster, usual)
    return replace(fitted, level=level(taught.value, fitted.value(taught.table)))


def usual_value(taught: Teaching) -> float:
    """The mean value taught: the unit that makes money free of its currency."""
    return max(float(np.maximum(taught.value, 0.0).mean()), 1e-12)
