"""What the next label is told from: a customer's money and rhythm in terms that mean the same on every day.

Money is told beside what the best customers brought, days beside the horizon, and each customer's place among all: so
that what was learnt on one day holds on another, when the business has grown and every history is longer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from patron.models.customers import Customers, Prediction
from patron.models.valuing.process_value import INPUTS as PROCESS_NEEDS
from patron.models.valuing.process_value import FittedProcessValue, bg_nbd_value

Floats = NDArray[np.float64]
Matrix = NDArray[np.float32]

RANK_POINTS: Final = 1_001
_MONEY: Final = ("trailing_value", "mean_order_value", "max_order_value")
_WINDOWS: Final = (30, 90, 180)
_RANKED: Final = ("trailing_value", "value_90d")
_LEAST: Final = 0.02
SEASON: Final = "same_season_value"
NEEDED: Final = tuple(
    dict.fromkeys(
        (
            *PROCESS_NEEDS,
            *_MONEY,
            *(f"value_{days}d" for days in _WINDOWS),
            *_RANKED,
            "T",
            "gap_ratio",
            "trailing_orders",
        )
    )
)
"""The features that an outlook reads; and that of the same season a year ago, where there is one."""


@dataclass(frozen=True, eq=False)
class Outlook:
    """How a day's customers are told: by buy till you die of that day, a scale of money, and the ranks of that day.

    It can be pickled, and a customer's inputs are the same whoever else is in the batch.
    """

    process: FittedProcessValue
    horizon_days: int
    scale: float
    ranks: tuple[tuple[str, Floats], ...]

    @classmethod
    def of(cls, customers: Customers, horizon_days: int, scale: float) -> Outlook:
        """The outlook on these customers; ``scale`` is an amount of money that counts as much, such as where the high tier begins."""
        process = bg_nbd_value(customers, horizon_days)
        expected = process.predict(customers).expected_value
        ranked = [(name, customers.column(name)) for name in _RANKED] + [("expected", expected)]
        points = np.linspace(0, 1, RANK_POINTS)
        grids = tuple((name, np.quantile(values, points)) for name, values in ranked)
        return cls(process, horizon_days, scale if scale > 0 else 1.0, grids)

    def inputs(self, customers: Customers) -> Matrix:
        """A row per customer and a column per input, none of them in a unit."""
        prediction = self.process.predict(customers)
        return np.column_stack(list(self._columns(customers, prediction.expected_value, prediction))).astype(np.float32)

    def _columns(self, customers: Customers, expected: Floats, prediction: Prediction) -> Iterator[Floats]:
        column, days = customers.column, float(self.horizon_days)
        for name in _MONEY:
            yield self._money(np.nan_to_num(column(name)))
        for window in _WINDOWS:
            yield self._money(column(f"value_{window}d") * (days / window))
        yield self._money(column("historic_value") / np.maximum(column("T"), 1.0) * days)
        yield self._money(expected)
        yield prediction.probability_no_purchase
        yield np.log1p(np.maximum(np.nan_to_num(column("gap_ratio"), nan=1.0, posinf=1e6), 0.0))
        yield np.log1p(column("trailing_orders"))
        yield np.minimum(column("T") / days, 3.0)
        if SEASON in customers.columns:
            season = column(SEASON)
            yield self._money(np.where(np.isnan(season), column("trailing_value"), season))
        for name, grid in self.ranks:
            yield np.interp(expected if name == "expected" else column(name), grid, np.linspace(0, 1, len(grid)))

    def _money(self, values: Floats) -> Floats:
        return np.log(np.maximum(values, 0.0) / self.scale + _LEAST)
