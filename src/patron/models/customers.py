"""What a value model is given and what it gives back: feature tables at cutoffs, outcomes, predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from patron.errors import DataError
from patron.models.arrays import Floats

ALL_COLUMNS: Final = ("*",)
"""The ``inputs`` of a model that uses every column of the feature table."""
OUTCOME_PREFIX: Final = "future_"


@dataclass(frozen=True, eq=False)
class Customers:
    """One feature table at one cutoff: a row per customer, a column per feature, NaN where unknown.

    Where these are a sample, ``counted`` may hold the purchase summaries of everybody they were drawn from: columns frequency,
    recency, T, and ``weight``, how many customers share each. Purchase processes learn from those.
    """

    as_of_day: int
    # Ids are whatever the warehouse holds (text or whole numbers); models only tell them apart.
    customer_id: NDArray[Any]
    columns: Mapping[str, Floats]
    counted: Mapping[str, Floats] | None = None

    def __post_init__(self) -> None:
        for name, column in self.columns.items():
            if len(column) != len(self.customer_id):
                raise DataError(
                    f"Feature '{name}' has {len(column)} values for {len(self.customer_id)} customers.",
                    allowed="Each feature needs one value per customer.",
                )

    def __len__(self) -> int:
        return len(self.customer_id)

    def column(self, name: str) -> Floats:
        """One feature; DataError naming it when the table lacks it."""
        if name not in self.columns:
            raise DataError(
                f"The feature table has no column '{name}'.", allowed=f"It has {', '.join(sorted(self.columns))}."
            )
        return self.columns[name]

    def rows(self, chosen: NDArray[Any]) -> Customers:
        """The chosen customers only (a mask, or row numbers)."""
        return Customers(
            self.as_of_day, self.customer_id[chosen], {name: column[chosen] for name, column in self.columns.items()}
        )


@dataclass(frozen=True, eq=False)
class Window:
    """Customers at an earlier cutoff, with what each did in the horizon after it.

    ``horizon_days`` is the window's own horizon; None is the horizon of the history that it belongs to. A shorter one
    lets a model learn from days so recent that a whole horizon after them has not yet passed.
    """

    customers: Customers
    future_value: Floats
    future_orders: Floats
    horizon_days: int | None = None

    def __post_init__(self) -> None:
        if self.horizon_days is not None and self.horizon_days < 1:
            raise DataError(
                f"The window at day {self.customers.as_of_day} has a horizon of {self.horizon_days} days.",
                allowed="It must be 1 or more.",
            )
        if not len(self.customers) == len(self.future_value) == len(self.future_orders):
            raise DataError(
                f"The window at day {self.customers.as_of_day} has {len(self.customers)} customers, "
                f"{len(self.future_value)} values and {len(self.future_orders)} order counts.",
                allowed="Each customer needs one outcome.",
            )

    def rows(self, chosen: NDArray[Any]) -> Window:
        """The chosen customers only, with their outcomes."""
        return Window(
            self.customers.rows(chosen), self.future_value[chosen], self.future_orders[chosen], self.horizon_days
        )


@dataclass(frozen=True, eq=False)
class History:
    """All that a value model may learn from: customers now, and earlier windows whose outcome lies in the past."""

    now: Customers
    windows: tuple[Window, ...]
    horizon_days: int

    def __post_init__(self) -> None:
        if self.horizon_days < 1:
            raise DataError(f"The horizon is {self.horizon_days} days.", allowed="It must be 1 or more.")
        for window in self.windows:
            if window.customers.as_of_day + self.horizon_of(window) > self.now.as_of_day:
                raise DataError(
                    f"The window at day {window.customers.as_of_day} has an outcome {self.horizon_of(window)} days "
                    f"long, which ends after day {self.now.as_of_day}.",
                    allowed="A window's outcome must lie in the past of the cutoff to predict from.",
                )

    @property
    def whole_windows(self) -> tuple[Window, ...]:
        """The windows that look as far ahead as the prediction: for models that cannot convert between horizons."""
        return tuple(window for window in self.windows if self.horizon_of(window) == self.horizon_days)

    def horizon_of(self, window: Window) -> int:
        """Days ahead that a window's outcome covers."""
        return self.horizon_days if window.horizon_days is None else window.horizon_days


@dataclass(frozen=True, eq=False)
class Prediction:
    """What is expected of each customer within the horizon; days count from the cutoff."""

    expected_value: Floats
    expected_orders: Floats
    probability_alive: Floats
    probability_no_purchase: Floats
    next_purchase_from_days: Floats
    """The next purchase, if one falls within the horizon, comes after this many days with 90 % chance."""
    next_purchase_to_days: Floats
    """… and before this many days with 90 % chance."""

    def __post_init__(self) -> None:
        for field in fields(self):
            wrong = np.flatnonzero(~np.isfinite(getattr(self, field.name)))
            if wrong.size:
                raise DataError(
                    f"The predicted {field.name} of row {wrong[0]} is not a finite number ({wrong.size} such rows).",
                    to_do="This is a fault of the model that made it: please report it.",
                )


class FittedValueModel(Protocol):
    """A value model that has learnt; it predicts, and gives its parameters as plain data."""

    def predict(self, customers: Customers) -> Prediction: ...

    def artifacts(self) -> dict[str, bytes]:
        """Files that hold the model: JSON or UBJ by name, never code."""
        ...


class ValueModel(Protocol):
    """A way to value customers: what it is called, what it reads, and how it learns."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str:
        """The name in plain words."""
        ...

    @property
    def complexity(self) -> int:
        """Ties in the backtest go to the lower number."""
        ...

    @property
    def inputs(self) -> tuple[str, ...]:
        """The feature columns it reads, or ALL_COLUMNS."""
        ...

    def fit(self, history: History, seed: int) -> FittedValueModel: ...


@runtime_checkable
class BuiltOn(Protocol):
    """A value model made from another one that is fitted to the same history, so that it need not be fitted twice."""

    @property
    def built_on(self) -> str:
        """The name of the other model."""
        ...

    def of(self, fitted: FittedValueModel) -> FittedValueModel: ...


def input_columns(model: ValueModel, customers: Customers) -> tuple[str, ...]:
    """The feature columns that a model reads from this table, by name and in a fixed order."""
    return tuple(sorted(customers.columns)) if model.inputs == ALL_COLUMNS else model.inputs
