"""The plain average of buy-till-you-die and boosting: one keeps the shape of behaviour, the other what data taught.

The two err in different places: the first orders customers less well and undershoots, the second misses the level. Their
average has been measured to be better than either at most figures at once; the weights are not tuned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from patron.errors import UsageError
from patron.models.customers import ALL_COLUMNS, Customers, FittedValueModel, History, Prediction
from patron.models.valuing.activity import as_json, plain_facts
from patron.models.valuing.boosting import Boosting, FittedBoosting
from patron.models.valuing.process_value import FittedProcessValue


@dataclass(frozen=True, eq=False)
class FittedBlend:
    """Both models, fitted to one history."""

    expected: FittedProcessValue
    boosted: FittedBoosting

    def predict(self, customers: Customers) -> Prediction:
        one, other = self.expected.predict(customers), self.boosted.predict(customers)
        names = [field.name for field in fields(Prediction)]
        return Prediction(**{name: (getattr(one, name) + getattr(other, name)) / 2 for name in names})

    def artifacts(self) -> dict[str, bytes]:
        return self.boosted.artifacts() | {"blend.json": as_json({"model": "blend"})}

    @classmethod
    def from_artifacts(cls, files: Mapping[str, bytes]) -> FittedBlend:
        """The blend that ``artifacts`` wrote; DataError when the files hold something else."""
        plain_facts(files, "blend.json", "blend")
        boosted = FittedBoosting.from_artifacts(files)
        return cls(boosted.reach.asked, boosted)


@dataclass(frozen=True)
class Blend:
    """Made from a fitted boosting, which carries its buy-till-you-die model; needs what boosting needs."""

    name: str = "blend"
    title: str = "Average of buy till you die and boosting"
    complexity: int = 3
    inputs: tuple[str, ...] = ALL_COLUMNS
    built_on: str = "boosting"

    def fit(self, history: History, seed: int) -> FittedValueModel:
        return self.of(Boosting().fit(history, seed))

    def of(self, fitted: FittedValueModel) -> FittedValueModel:
        if not isinstance(fitted, FittedBoosting):
            raise UsageError(f"A blend is built on boosting, not on {type(fitted).__name__}.")
        return FittedBlend(fitted.reach.asked, fitted)
