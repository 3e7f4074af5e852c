"""A model that looks at the future, for tests: it must be refused by name."""

from __future__ import annotations

from dataclasses import dataclass

from patron.models.customers import Customers, FittedValueModel, History, Prediction


@dataclass(frozen=True)
class LeakyModel:
    """Takes next year's revenue as an input."""

    name: str = "crystal_ball"
    title: str = "a look at the future"
    complexity: int = 9
    inputs: tuple[str, ...] = ("orders", "future_value")

    def fit(self, history: History, seed: int) -> FittedValueModel:
        raise AssertionError("a leaking model must not get as far as learning")

    def predict(self, customers: Customers) -> Prediction:
        raise AssertionError("a leaking model must not get as far as predicting")
