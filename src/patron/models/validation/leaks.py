"""Refuses models that look at the future: by the name of an input, and by an input that knows what no past can hold.

An input is *suspect* when it alone explains an outcome (value, orders, or whether the customer buys) almost perfectly:
cross-fitted R² ≥ 0.98 on ranks, which no single giant customer can fake. That is not yet a leak: where customers pay
the same every month, last year's value is next year's. So a suspect is refused only if it knows at least five points
of R² more than the plain facts of the past together (who bought when, how often, for how much), suspects themselves
left out. Behaviour that repeats exactly is explained by those facts as well; who will stop, or change, is not.

What this cannot see: a leak in a world so regular that the past explains 95 % of the outcome. What it refuses although
it is honest: a date known in advance that decides the outcome, such as a contract's agreed end; leave that one out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import xgboost as xgb
from scipy.stats import rankdata

from patron.errors import LeakFound
from patron.models.arrays import Flags, Floats, Integers, dot, hashed
from patron.models.customers import OUTCOME_PREFIX, ValueModel, Window, input_columns

ALMOST_PERFECT: Final = 0.98
MATERIAL_GAIN: Final = 0.05
FEWEST_CUSTOMERS: Final = 200
FEWEST_DIFFERENT: Final = 30
MOST_ROWS: Final = 20_000
PLAIN_FACTS: Final = (
    "frequency",
    "recency",
    "T",
    "monetary_value",
    "orders",
    "purchase_days",
    "historic_value",
    "gross_value",
    "days_since_last_purchase",
    "trailing_value",
    "trailing_orders",
)
_RATES: Final = (("historic_value", "T"), ("orders", "T"), ("gross_value", "purchase_days"), ("recency", "frequency"))
_SHAPE: Final[Mapping[str, object]] = {"tree_method": "hist", "max_depth": 5, "eta": 0.15, "nthread": 1, "seed": 0}
_ROUNDS: Final = 100


def refuse_leaks(model: ValueModel, windows: Sequence[Window]) -> None:
    """Nothing, or LeakFound naming the model and the input that holds the future.

    Names are always checked; what an input knows is judged where the windows hold 200 customers or more.
    """
    named = {name for window in windows for name in input_columns(model, window.customers)} | set(model.inputs)
    for name in sorted(named):
        if name.startswith(OUTCOME_PREFIX):
            raise LeakFound(model.name, name, "is an outcome: it tells what customers did after the cutoff.")
    pooled = _Pool.of(windows, sorted(named))
    if pooled is None:
        return
    for outcome, target in pooled.outcomes.items():
        _refuse_knowing(model.name, pooled, outcome, target)


class _Pool:
    """All windows in one table, at most MOST_ROWS, with the outcomes as ranks."""

    def __init__(self, columns: Mapping[str, Floats], inputs: Sequence[str], value: Floats, orders: Floats) -> None:
        self.columns = columns
        self.inputs = inputs
        outcomes = {"future value": rankdata(value), "future orders": rankdata(orders)}
        outcomes["whether the customer buys"] = (orders > 0).astype(np.float64)
        self.outcomes = {name: target for name, target in outcomes.items() if _varies(target)}

    @classmethod
    def of(cls, windows: Sequence[Window], inputs: Sequence[str]) -> _Pool | None:
        total = sum(len(window.customers) for window in windows)
        if total < FEWEST_CUSTOMERS:
            return None
        chosen = [_sampled(window, MOST_ROWS / total) for window in windows]
        names = {*inputs, *PLAIN_FACTS}.intersection(*(window.customers.columns for window in chosen))
        columns = {name: np.concatenate([window.customers.column(name) for window in chosen]) for name in names}
        value = np.concatenate([window.future_value for window in chosen])
        orders = np.concatenate([window.future_orders for window in chosen])
        return cls(columns, [name for name in inputs if name in names], value, orders)


def _sampled(window: Window, share: float) -> Window:
    return window if share >= 1 else window.rows(hashed(window.customers.customer_id) < share * 2**32)


def _varies(target: Floats) -> bool:
    _, sizes = np.unique(target, return_counts=True)
    return len(target) - int(sizes.max(initial=0)) >= FEWEST_DIFFERENT


def _refuse_knowing(model: str, pool: _Pool, outcome: str, target: Floats) -> None:
    alone = {name: _explained_alone(pool.columns[name], target) for name in {*pool.inputs, *pool.columns}}
    suspects = [name for name in pool.inputs if alone[name] >= ALMOST_PERFECT]
    if not suspects:
        return
    reach = _explained_by_past({name: c for name, c in pool.columns.items() if alone[name] < ALMOST_PERFECT}, target)
    for name in suspects:
        if alone[name] - reach >= MATERIAL_GAIN:
            why = (
                f"alone explains {alone[name]:.1%} of {outcome}, of which all plain facts of the past together explain "
                f"{max(reach, 0):.1%}: it holds the future."
            )
            raise LeakFound(model, name, why)


def _explained_alone(feature: Floats, target: Floats) -> float:
    """Share of the target's variance that one feature explains: means of bins from one half, judged on the other."""
    values = np.where(np.isfinite(feature), feature, np.nan)
    # Equal values share a rank, missing ones the last; a bin never splits them.
    rank = rankdata(values, method="average", nan_policy="omit")
    rank = np.where(np.isnan(rank), len(rank) + 1, rank)
    bins = min(100, len(target) // 10)
    cell = np.minimum((rank / (len(rank) + 1) * bins).astype(np.int64), bins)
    return _share_explained(target, _crossed(cell, target, bins + 1))


def _crossed(cell: Integers, target: Floats, bins: int) -> Floats:
    half = np.arange(len(target)) % 2 == 0
    fitted = np.empty(len(target))
    for learnt in (half, ~half):
        size = np.bincount(cell[learnt], minlength=bins)
        mean = np.bincount(cell[learnt], target[learnt], minlength=bins) / np.maximum(size, 1)
        mean = np.where(size > 0, mean, target[learnt].mean())
        fitted[~learnt] = mean[cell[~learnt]]
    return fitted


def _explained_by_past(columns: Mapping[str, Floats], target: Floats) -> float:
    """Share of the target's variance that the plain facts explain together, by cross-fitted trees."""
    facts = [columns[name] for name in PLAIN_FACTS if name in columns]
    facts += [columns[a] / (columns[b] + 1) for a, b in _RATES if a in columns and b in columns]
    if not facts:
        return 0.0
    matrix = np.column_stack([np.where(np.isfinite(fact), fact, np.nan) for fact in facts])
    half = np.arange(len(target)) % 2 == 0
    fitted = np.empty(len(target))
    for learnt in (half, ~half):
        fitted[~learnt] = _trees(matrix, target, learnt)
    return _share_explained(target, fitted)


def _trees(matrix: Floats, target: Floats, learnt: Flags) -> Floats:
    data = xgb.DMatrix(matrix[learnt], target[learnt], nthread=1)
    booster = xgb.train(dict(_SHAPE), data, _ROUNDS)
    return np.asarray(booster.predict(xgb.DMatrix(matrix[~learnt], nthread=1)), dtype=np.float64)


def _share_explained(target: Floats, fitted: Floats) -> float:
    error, centred = target - fitted, target - target.mean()
    return 1 - dot(error, error) / dot(centred, centred)
