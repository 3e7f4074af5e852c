"""Two-part boosting: the chance of buying × the value if so, learnt from earlier windows of the same customers.

The value if so is learnt as a *ratio* to what buy-till-you-die expects of a buyer, each row weighted by that
expectation. Trees cannot answer above what they saw; the ratio lets a very large customer stay very large. And since
the weighted mean of the ratios is total value / total expectation, the total is kept rather than the typical customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from patron.errors import DataError
from patron.models.arrays import Flags, Floats, hashed
from patron.models.customers import ALL_COLUMNS, Customers, History, Prediction, Window
from patron.models.valuing.activity import as_json
from patron.models.valuing.bg_nbd_value import BGNBDValue, FittedBGNBDValue

MOST_ROWS: Final = 120_000
FEWEST_BUYERS: Final = 50
ROUNDS: Final = 150
ROWS_AT_ONCE: Final = 100_000
CALENDAR_POSITIONS: Final = ("first_day", "last_day")
"""Day numbers that lie beyond everything learnt at any later cutoff: a tree cannot use them."""
EXPECTED: Final = ("bg_nbd_value", "bg_nbd_purchase_days", "probability_alive", "probability_no_purchase")
"""What buy-till-you-die expects of each customer, fitted at the table's own cutoff: columns beside the features."""
_RISING: Final = ("bg_nbd_purchase_days", "probability_alive")
_SHAPE: Final[Mapping[str, object]] = {
    "tree_method": "hist",
    "max_bin": 128,
    "max_depth": 4,
    "eta": 0.06,
    "min_child_weight": 20,
    "subsample": 0.8,
    "colsample_bytree": 0.7,
    "lambda": 5.0,
    # One thread and a seed: sums run in one order, so that the same data give the same bytes.
    "nthread": 1,
}
_Matrix = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Table:
    """One feature table ready for trees, with what buy-till-you-die expects of each customer if it buys."""

    matrix: _Matrix
    value_if_buying: Floats
    orders_if_buying: Floats

    def rows(self, chosen: Flags) -> _Table:
        return _Table(self.matrix[chosen], self.value_if_buying[chosen], self.orders_if_buying[chosen])


@dataclass(frozen=True, eq=False)
class FittedBoosting:
    """Three boosters (chance, value ratio, orders ratio) and the buy-till-you-die model they stand on.

    ``columns`` is the one list of features that training and prediction share.
    """

    columns: tuple[str, ...]
    buying: xgb.Booster
    value_ratio: xgb.Booster
    orders_ratio: xgb.Booster
    value_level: float
    orders_level: float
    expected: FittedBGNBDValue

    def predict(self, customers: Customers) -> Prediction:
        table = _table(customers, self.columns, self.expected)
        chance = _answers(self.buying, table.matrix)
        value = _product(chance, self.value_ratio, table.matrix, table.value_if_buying) * self.value_level
        orders = _product(chance, self.orders_ratio, table.matrix, table.orders_if_buying) * self.orders_level
        return self.expected.activity.prediction(customers, value, orders, no_purchase=1 - chance)

    def artifacts(self) -> dict[str, bytes]:
        facts = {
            "model": "boosting",
            "columns": [*self.columns, *EXPECTED],
            "value_level": self.value_level,
            "orders_level": self.orders_level,
        }
        boosters = {"buying": self.buying, "value_ratio": self.value_ratio, "orders_ratio": self.orders_ratio}
        files = {f"{name}.ubj": bytes(booster.save_raw("ubj")) for name, booster in boosters.items()}
        return files | {"boosting.json": as_json(facts)} | self.expected.artifacts()


@dataclass(frozen=True)
class Boosting:
    """Learns on all earlier windows at once; needs at least one, with 50 customers who bought in it."""

    name: str = "boosting"
    title: str = "Two-part boosting: chance of buying × value"
    complexity: int = 2
    inputs: tuple[str, ...] = ALL_COLUMNS

    def fit(self, history: History, seed: int) -> FittedBoosting:
        """Raises DataError without a window, or with too few buyers in all of them."""
        _check_buyers(history)
        columns = shared_columns(history)
        table, value, orders = _training(history, columns)
        bought = orders > 0
        buying = _chance(table.matrix, bought, len(columns), seed)
        chance = _answers(buying, table.matrix)
        paid = bought & (value > 0)
        value_ratio = _ratio(table.matrix[paid], value[paid], table.value_if_buying[paid], seed)
        orders_ratio = _ratio(table.matrix[bought], orders[bought], table.orders_if_buying[bought], seed)
        return FittedBoosting(
            columns=columns,
            buying=buying,
            value_ratio=value_ratio,
            orders_ratio=orders_ratio,
            # Refunds and windows without a purchase are in the total, not in the ratio: the level brings them in. It is
            # taken on the rows learnt from, since on fewer the largest customers would decide it by chance.
            value_level=_level(value, _product(chance, value_ratio, table.matrix, table.value_if_buying)),
            orders_level=_level(orders, _product(chance, orders_ratio, table.matrix, table.orders_if_buying)),
            expected=BGNBDValue().fit(history, seed),
        )


def shared_columns(history: History) -> tuple[str, ...]:
    """The feature columns present at every cutoff, in a fixed order, without positions in the calendar."""
    names = set(history.now.columns)
    for window in history.windows:
        names &= set(window.customers.columns)
    return tuple(sorted(names - set(CALENDAR_POSITIONS)))


def _check_buyers(history: History) -> None:
    buyers = sum(int(((window.future_orders > 0) & (window.future_value > 0)).sum()) for window in history.windows)
    if buyers < FEWEST_BUYERS:
        raise DataError(
            f"Boosting has {len(history.windows)} earlier windows with {buyers} buyers to learn from.",
            allowed=f"It needs at least one window and {FEWEST_BUYERS} buyers.",
            to_do="Give a longer history or a shorter horizon, or leave boosting out of the candidates.",
        )


def _training(history: History, columns: tuple[str, ...]) -> tuple[_Table, Floats, Floats]:
    """All windows, one under the other, each with buy-till-you-die fitted at its own cutoff; at most MOST_ROWS."""
    keep = MOST_ROWS / max(1, sum(len(window.customers) for window in history.windows))
    parts = [_part(window, columns, history.horizon_days, keep) for window in history.windows if len(window.customers)]
    tables = [table for table, _, _ in parts]
    table = _Table(
        np.concatenate([one.matrix for one in tables]),
        np.concatenate([one.value_if_buying for one in tables]),
        np.concatenate([one.orders_if_buying for one in tables]),
    )
    return table, np.concatenate([value for _, value, _ in parts]), np.concatenate([orders for _, _, orders in parts])


def _part(window: Window, columns: tuple[str, ...], horizon_days: int, keep: float) -> tuple[_Table, Floats, Floats]:
    expected = BGNBDValue().fit(History(window.customers, (), horizon_days), seed=0)
    if keep < 1:
        # By a hash of the customer: the same customers at every cutoff and in every run.
        window = window.rows(hashed(window.customers.customer_id) < keep * 2**32)
    return _table(window.customers, columns, expected), window.future_value, window.future_orders


def _table(customers: Customers, columns: tuple[str, ...], expected: FittedBGNBDValue) -> _Table:
    known = expected.predict(customers)
    purchases = expected.expected_purchase_days(customers)
    derived = (known.expected_value, purchases, known.probability_alive, known.probability_no_purchase)
    matrix = np.empty((len(customers), len(columns) + len(EXPECTED)), dtype=np.float32)
    with np.errstate(over="ignore"):
        for position, column in enumerate((*(customers.column(name) for name in columns), *derived)):
            matrix[:, position] = np.where(np.isfinite(column), column, np.nan)
    matrix[~np.isfinite(matrix)] = np.nan
    buys = np.maximum(1 - known.probability_no_purchase, 1e-6)
    floor = max(expected.mean_spend, 1e-9) * 0.01
    return _Table(
        matrix,
        np.maximum(known.expected_value / buys, floor),
        np.maximum(known.expected_orders / buys, 1.0),
    )


def _chance(matrix: _Matrix, bought: Flags, own_columns: int, seed: int) -> xgb.Booster:
    """The chance of buying; more expected purchases, or a higher chance of being alive, never lowers it."""
    monotone = (0,) * own_columns + tuple(int(name in _RISING) for name in EXPECTED)
    shape = {
        "objective": "binary:logistic",
        "base_score": float(np.clip(bought.mean(), 0.001, 0.999)),
        "monotone_constraints": str(monotone).replace(" ", ""),
    }
    return _boosted(matrix, bought.astype(np.float64), np.ones(len(bought)), shape, seed)


def _ratio(matrix: _Matrix, outcome: Floats, expected: Floats, seed: int) -> xgb.Booster:
    weight = expected / expected.mean()
    mean = float(outcome.sum() / expected.sum())
    # The weight in a leaf, in mean customers: a single giant must not make a leaf of its own.
    shape = {"objective": "reg:squarederror", "base_score": mean, "min_child_weight": 60}
    return _boosted(matrix, outcome / expected, weight, shape, seed)


def _boosted(matrix: _Matrix, target: Floats, weight: Floats, shape: Mapping[str, object], seed: int) -> xgb.Booster:
    data = xgb.DMatrix(matrix, target, weight=weight, nthread=1)
    # XGBoost takes seeds of 31 bits.
    return xgb.train({**_SHAPE, **shape, "seed": seed % 2**31}, data, ROUNDS)


def _answers(booster: xgb.Booster, matrix: _Matrix) -> Floats:
    answers = np.empty(len(matrix))
    for first in range(0, len(matrix), ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        answers[rows] = booster.predict(xgb.DMatrix(matrix[rows], nthread=1))
    return answers


def _product(chance: Floats, ratio: xgb.Booster, matrix: _Matrix, expected: Floats) -> Floats:
    return chance * np.maximum(_answers(ratio, matrix), 0.0) * expected


def _level(actual: Floats, predicted: Floats) -> float:
    total = float(predicted.sum())
    return max(float(actual.sum()) / total, 0.0) if total > 0 else 1.0
