"""Feature tables made ready for linear models and forests: the same columns, scales and stand-ins at fit and at predict.

Everything that depends on data is learnt once, at fit, and kept with the model, so that training and prediction cannot
drift apart: a table that lacks a learnt column is refused by name, further columns are ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from patron.errors import DataError
from patron.models.arrays import Flags, Floats, hashed
from patron.models.customers import History, Window
from patron.models.valuing.teaching import CALENDAR_POSITIONS, FEWEST_BUYERS, MOST_ROWS

# A column that says nothing, or is missing, for all but so few rows is noise.
_FEWEST_ROWS_APART: Final = 5


@dataclass(frozen=True)
class ScaledColumn:
    """One feature on a scale that has no unit: asinh(value / scale), held within the range learnt, centred, spread 1.

    The inverse hyperbolic sine is a logarithm that bears zero and refunds. A missing or infinite value takes ``fill``
    (the median); where enough rows are missing, ``missing_centre`` is their share and a second column says so.
    """

    name: str
    scale: float
    lowest: float
    highest: float
    fill: float
    centre: float
    spread: float
    missing_centre: float | None

    def inputs(self, values: Floats) -> Iterator[Floats]:
        """The one or two columns that a model reads in place of these values."""
        known = np.isfinite(values)
        bent = np.arcsinh(np.where(known, values, 0.0) / self.scale)
        bent = np.where(known, np.clip(bent, self.lowest, self.highest), self.fill)
        yield (bent - self.centre) / self.spread
        if self.missing_centre is not None:
            share = self.missing_centre
            yield ((~known).astype(np.float64) - share) / np.sqrt(share * (1 - share))


@dataclass(frozen=True)
class FeatureMatrix:
    """The columns that a model learnt on, in order, with how each is brought to scale."""

    columns: tuple[ScaledColumn, ...]

    @property
    def input_names(self) -> tuple[str, ...]:
        """A name for each column that ``inputs`` gives."""
        names: list[str] = []
        for column in self.columns:
            names += [column.name] if column.missing_centre is None else [column.name, f"{column.name} is missing"]
        return tuple(names)

    def inputs(self, table: Mapping[str, Floats]) -> Iterator[Floats]:
        """The model's inputs, one column after the other; DataError naming a feature that the table lacks."""
        for column in self.columns:
            yield from column.inputs(column_of(table, column.name))

    def matrix(self, table: Mapping[str, Floats]) -> Floats:
        """All inputs side by side, a row per customer."""
        columns = list(self.inputs(table))
        return np.column_stack(columns) if columns else np.empty((_rows(table), 0))

    def to_dict(self) -> list[dict[str, object]]:
        """All of it as plain data, for JSON."""
        return [asdict(column) for column in self.columns]

    @classmethod
    def from_dict(cls, content: Sequence[Mapping[str, Any]]) -> FeatureMatrix:  # Any: plain data
        """The columns that ``to_dict`` wrote."""
        return cls(tuple(ScaledColumn(**column) for column in content))


def learn_columns(table: Mapping[str, Floats], names: Sequence[str]) -> FeatureMatrix:
    """Scales and stand-ins for these features; one that does not vary is left out, since nothing follows from it."""
    learnt = (_learn(name, column_of(table, name)) for name in names)
    return FeatureMatrix(tuple(column for column in learnt if column is not None))


def _learn(name: str, values: Floats) -> ScaledColumn | None:
    known = np.isfinite(values)
    size = np.abs(values[known & (values != 0)])
    if not size.size:
        return None
    scale = float(np.median(size))
    bent = np.arcsinh(values[known] / scale)
    fill = float(np.median(bent))
    whole = np.full(len(values), fill)
    whole[known] = bent
    spread = float(whole.std())
    rare = min(int(known.sum()), int((~known).sum())) < _FEWEST_ROWS_APART
    # Rounding leaves a constant column a spread of a few ulps.
    if spread <= 1e-9 and rare:
        return None
    return ScaledColumn(
        name,
        scale,
        float(bent.min()),
        float(bent.max()),
        fill,
        float(whole.mean()),
        max(spread, 1e-9),
        None if rare else float((~known).mean()),
    )


def learnable_columns(history: History) -> tuple[str, ...]:
    """The features present at every cutoff, in a fixed order, without positions in the calendar."""
    names = set(history.now.columns)
    for window in history.whole_windows:
        names &= set(window.customers.columns)
    return tuple(sorted(names - set(CALENDAR_POSITIONS)))


@dataclass(frozen=True, eq=False)
class Lessons:
    """All windows of a history, one under the other: features, and what each customer then did."""

    table: Mapping[str, Floats]
    value: Floats
    orders: Floats

    @property
    def bought(self) -> Flags:
        return self.orders > 0

    @property
    def paid(self) -> Flags:
        """Who bought and kept some of it."""
        return self.bought & (self.value > 0)


def lessons_of(history: History, model: str) -> Lessons:
    """What a model may learn from, at most MOST_ROWS rows; DataError with fewer than FEWEST_BUYERS who bought.

    Windows shorter than the horizon are left out: a regression on outcomes cannot convert between horizons.
    """
    windows = [window for window in history.whole_windows if len(window.customers)]
    buyers = sum(int(((window.future_orders > 0) & (window.future_value > 0)).sum()) for window in windows)
    if buyers < FEWEST_BUYERS:
        raise DataError(
            f"{model} has {len(windows)} earlier windows of a whole horizon with {buyers} buyers to learn from.",
            allowed=f"It needs at least one window and {FEWEST_BUYERS} buyers.",
            to_do=f"Give a longer history or a shorter horizon, or leave {model.lower()} out of the candidates.",
        )
    windows = [_thinned(window, sum(len(one.customers) for one in windows)) for window in windows]
    table = {
        name: np.concatenate([window.customers.column(name) for window in windows])
        for name in learnable_columns(history)
    }
    return Lessons(
        table,
        np.concatenate([window.future_value for window in windows]),
        np.concatenate([window.future_orders for window in windows]),
    )


def _thinned(window: Window, rows: int) -> Window:
    if rows <= MOST_ROWS:
        return window
    # By a hash of the customer: the same customers at every cutoff and in every run.
    return window.rows(hashed(window.customers.customer_id) < MOST_ROWS / rows * 2**32)


def column_of(table: Mapping[str, Floats], name: str) -> Floats:
    """One feature; DataError naming it when the table lacks it."""
    if name not in table:
        raise DataError(
            f"The table has no column '{name}', which the model learnt on.",
            allowed=f"It has {', '.join(sorted(table))}.",
            to_do="Compute the same features as at the time of fitting.",
        )
    return table[name]


def _rows(table: Mapping[str, Floats]) -> int:
    return len(next(iter(table.values()))) if table else 0
