"""Three plain rules that any model must beat: what was spent lately, the rate so far, and what similar customers did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from patron.models.arrays import Floats, Integers
from patron.models.customers import Customers, History, Prediction
from patron.models.valuing import activity
from patron.models.valuing.activity import FittedActivity, as_json, fit_activity, plain_facts, stored_activity

SHORTEST_TENURE_DAYS: Final = 90
SMALLEST_CELL: Final = 30
_RECENCY_BANDS: Final = 5
_FREQUENCY_STEPS: Final = (1.0, 2.0, 3.0, 5.0, 10.0, 20.0)


@dataclass(frozen=True)
class FittedRule:
    """A rule per customer, with activity from BG/NBD."""

    name: str
    activity: FittedActivity

    def predict(self, customers: Customers) -> Prediction:
        value, orders = _RULES[self.name](customers, self.activity.horizon_days)
        return self.activity.prediction(customers, np.maximum(value, 0.0), np.maximum(orders, 0.0))

    def artifacts(self) -> dict[str, bytes]:
        rule = {"model": self.name, "horizon_days": self.activity.horizon_days}
        return {f"{self.name}.json": as_json(rule)} | self.activity.artifact()

    @classmethod
    def from_artifacts(cls, files: Mapping[str, bytes], name: str) -> FittedRule:
        """The rule of this name that ``artifacts`` wrote; DataError when the files hold something else."""
        facts = plain_facts(files, f"{name}.json", name)
        return cls(name, stored_activity(files, facts["horizon_days"]))


def _trailing(customers: Customers, horizon_days: int) -> tuple[Floats, Floats]:  # noqa: ARG001 - rules share one shape
    return customers.column("trailing_value"), customers.column("trailing_orders")


def _rate(customers: Customers, horizon_days: int) -> tuple[Floats, Floats]:
    # A customer of a day has shown no rate yet: the tenure counts at least 90 days, or the horizon if that is shorter.
    tenure = np.maximum(customers.column("T") + 1, min(SHORTEST_TENURE_DAYS, horizon_days))
    share = horizon_days / tenure
    return customers.column("historic_value") * share, customers.column("orders") * share


_RULES: Final = {"trailing_value": _trailing, "rfm_rate": _rate}


@dataclass(frozen=True)
class TrailingValue:
    """Expects of each customer what it brought in the last period as long as the horizon."""

    name: str = "trailing_value"
    title: str = "Trailing value: the same again as in the last period"
    complexity: int = 0
    inputs: tuple[str, ...] = ("trailing_value", "trailing_orders", *activity.INPUTS)

    def fit(self, history: History, seed: int) -> FittedRule:  # noqa: ARG002 - nothing random
        return FittedRule(self.name, fit_activity(history.now, history.horizon_days))


@dataclass(frozen=True)
class RFMRate:
    """Expects each customer to go on at its average rate so far."""

    name: str = "rfm_rate"
    title: str = "RFM rate: the customer's average so far"
    complexity: int = 0
    inputs: tuple[str, ...] = ("historic_value", "orders", *activity.INPUTS)

    def fit(self, history: History, seed: int) -> FittedRule:  # noqa: ARG002 - nothing random
        return FittedRule(self.name, fit_activity(history.now, history.horizon_days))


@dataclass(frozen=True)
class FittedCohortMean:
    """The mean outcome of each cell of recency × frequency; small cells take the overall mean."""

    recency_edges: Floats
    value: Floats
    orders: Floats
    no_purchase: Floats
    activity: FittedActivity

    def predict(self, customers: Customers) -> Prediction:
        cell = _cells(customers, self.recency_edges)
        return self.activity.prediction(customers, self.value[cell], self.orders[cell], self.no_purchase[cell])

    def artifacts(self) -> dict[str, bytes]:
        names = ("recency_edges", "value", "orders", "no_purchase")
        cells = {name: getattr(self, name).tolist() for name in names}
        cells |= {"model": "cohort_mean", "frequency_steps": list(_FREQUENCY_STEPS)}
        cells |= {"horizon_days": self.activity.horizon_days}
        return {"cohort_mean.json": as_json(cells)} | self.activity.artifact()

    @classmethod
    def from_artifacts(cls, files: Mapping[str, bytes]) -> FittedCohortMean:
        """The cells that ``artifacts`` wrote; DataError when the files hold something else."""
        facts = plain_facts(files, "cohort_mean.json", "cohort_mean")
        names = ("recency_edges", "value", "orders", "no_purchase")
        cells = {name: np.array(facts[name], dtype=np.float64) for name in names}
        return cls(**cells, activity=stored_activity(files, facts["horizon_days"]))


@dataclass(frozen=True)
class CohortMean:
    """Expects of each customer what similar ones (same recency and frequency) did after earlier cutoffs.

    Without an earlier window the last period of the customers themselves stands in for the outcome.
    """

    name: str = "cohort_mean"
    title: str = "Cohort mean: customers of like recency and frequency"
    complexity: int = 0
    inputs: tuple[str, ...] = ("days_since_last_purchase", "trailing_value", "trailing_orders", *activity.INPUTS)

    def fit(self, history: History, seed: int) -> FittedCohortMean:  # noqa: ARG002 - nothing random
        tables, value, orders = _outcomes(history)
        since = np.concatenate([_since_last(table) for table in tables])
        edges = np.unique(np.quantile(since, np.linspace(0, 1, _RECENCY_BANDS + 1)[1:-1])) if len(since) else since
        cell = np.concatenate([_cells(table, edges) for table in tables])
        count = (len(edges) + 1) * (len(_FREQUENCY_STEPS) + 1)
        return FittedCohortMean(
            edges,
            np.maximum(_mean_by_cell(cell, value, count), 0.0),
            _mean_by_cell(cell, orders, count),
            _mean_by_cell(cell, (orders <= 0).astype(np.float64), count),
            fit_activity(history.now, history.horizon_days),
        )


def _outcomes(history: History) -> tuple[list[Customers], Floats, Floats]:
    windows = [window for window in history.whole_windows if len(window.customers)]
    if not windows:
        now = history.now
        return [now], now.column("trailing_value"), now.column("trailing_orders")
    value = np.concatenate([window.future_value for window in windows])
    orders = np.concatenate([window.future_orders for window in windows])
    return [window.customers for window in windows], value, orders


def _since_last(customers: Customers) -> Floats:
    since = customers.column("days_since_last_purchase")
    return np.where(np.isnan(since), customers.column("T"), since)


def _cells(customers: Customers, recency_edges: Floats) -> Integers:
    recency = np.searchsorted(recency_edges, _since_last(customers), side="left")
    frequency = np.searchsorted(_FREQUENCY_STEPS, customers.column("frequency"), side="right")
    return np.asarray(recency * (len(_FREQUENCY_STEPS) + 1) + frequency, dtype=np.int64)


def _mean_by_cell(cell: Integers, outcome: Floats, count: int) -> Floats:
    customers = np.bincount(cell, minlength=count)
    total = np.bincount(cell, outcome, minlength=count)
    overall = float(outcome.mean()) if len(outcome) else 0.0
    return np.where(customers >= SMALLEST_CELL, total / np.maximum(customers, 1), overall)
