"""What buy-till-you-die models need to know of a customer: frequency, recency, T, and spend per purchase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from patron.errors import DataError, UsageError
from patron.models.arrays import Flags, Floats, Integers, floats, same_length
from patron.periods import days_per

_PROBED: Final = 4_096
_ALWAYS: Final = 50_000


@dataclass(frozen=True, eq=False)
class Summary:
    """Customers as buy-till-you-die models see them, one row each, with times in one declared unit.

    ``frequency`` x: repeat purchases (the first one does not count), whole numbers; ``recency`` t_x: time from the
    first to the last purchase; ``T``: time from the first purchase to the cutoff; ``monetary_value``: mean spend per
    repeat purchase, 0 where there is none; ``weight``: how many customers a row stands for. Raises DataError for
    anything else, naming the row.
    """

    frequency: Floats
    recency: Floats
    T: Floats
    monetary_value: Floats | None = None
    weight: Floats | None = None
    unit: str = ""

    def __init__(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        monetary_value: ArrayLike | None = None,
        weight: ArrayLike | None = None,
        unit: str = "",
    ) -> None:
        if not unit:
            raise UsageError(
                "The unit of these customers' times was not given.",
                allowed="hour, day, week, month or year.",
                to_do="Say it: Summary(…, unit='week'). Discounting and other models' times depend on it.",
            )
        days_per(unit)
        columns = {"frequency": frequency, "recency": recency, "T": T}
        columns |= {"monetary_value": monetary_value} if monetary_value is not None else {}
        columns |= {"weight": weight} if weight is not None else {}
        for name, values in columns.items():
            object.__setattr__(self, name, floats(name, values))
        object.__setattr__(self, "unit", unit)
        same_length(**{name: getattr(self, name) for name in columns})
        self._check()

    def __len__(self) -> int:
        return len(self.frequency)

    def _check(self) -> None:
        x, t_x, T = self.frequency, self.recency, self.T
        _refuse(x < 0, "frequency", x, "It counts repeat purchases and cannot be negative.")
        _refuse(x != np.floor(x), "frequency", x, "It counts repeat purchases: a whole number.")
        _refuse(t_x < 0, "recency", t_x, "It is the time from first to last purchase and cannot be negative.")
        _refuse(t_x > T, "recency", t_x, "It cannot exceed T, the time from the first purchase to the cutoff.")
        _refuse((x == 0) & (t_x != 0), "recency", t_x, "It is 0 for a customer without a repeat purchase.")
        if self.monetary_value is not None:
            _refuse(self.monetary_value < 0, "monetary_value", self.monetary_value, "Refunds are not purchases.")
        if self.weight is not None:
            _refuse(self.weight < 0, "weight", self.weight, "It counts customers.")

    @property
    def weights(self) -> Floats:
        """How many customers each row stands for: 1 where no weight was given."""
        return np.ones(len(self)) if self.weight is None else self.weight

    def collapse(self) -> Summary:
        """Unique (x, t_x, T) with the number of customers as weight: all that a purchase process learns from.

        Spend is left out: it plays no part in the likelihood of timing.
        """
        order, starts = groups(self.frequency, self.recency, self.T)
        kept = order[starts]
        weight = np.add.reduceat(self.weights[order], starts) if len(self) else self.weights
        return Summary(self.frequency[kept], self.recency[kept], self.T[kept], weight=weight, unit=self.unit)

    def to_learn_from(self) -> Summary:
        """Rows with the same likelihood as these: collapsed, unless there are many and hardly any two are alike.

        Times in whole days or weeks repeat; times to the second don't, and collapsing them only costs a sort. Few rows
        are always collapsed, so that their order doesn't matter to the last bit.
        """
        if len(self) > _ALWAYS:
            probe = np.arange(_PROBED) * (len(self) // _PROBED)
            _, starts = groups(self.frequency[probe], self.recency[probe], self.T[probe])
            if len(starts) > 0.99 * _PROBED:
                return self
        return self.collapse()


def _refuse(wrong: Flags, name: str, values: Floats, rule: str) -> None:
    rows = np.flatnonzero(wrong)
    if rows.size:
        raise DataError(f"{name} is {values[rows[0]]:g} in row {rows[0]} ({rows.size} such rows).", allowed=rule)


def groups(*columns: Floats) -> tuple[Integers, Integers]:
    """An order that puts equal rows side by side, and where in it each group of equal rows starts. Values are ≥ 0."""
    key = _key(columns)
    # Whole numbers keep their order; of fractions a hash of their bits is sorted, for the sake of speed.
    order = np.argsort(_hash(columns) if key is None else key, kind="stable")
    if not len(order):
        return order, order
    changed = np.zeros(len(order), dtype=np.bool_)
    changed[0] = True
    # A hash can collide: the columns themselves say where a group ends. At worst a group comes in two parts.
    for column in (key,) if key is not None else columns:
        ordered = column[order]
        changed[1:] |= ordered[1:] != ordered[:-1]
    return order, np.flatnonzero(changed)


def _key(columns: tuple[Floats, ...]) -> Integers | None:
    """One whole number per row that orders rows as the columns do; None when they hold fractions or are too large.

    Sorting one integer is several times faster than sorting three columns, and days are whole numbers.
    """
    key = np.zeros(len(columns[0]), dtype=np.int64)
    room = 1.0
    for column in columns:
        base = float(column.max(initial=0.0)) + 1
        room *= base
        if room > 2.0**62 or (column != np.floor(column)).any():
            return None
        key = key * int(base) + column.astype(np.int64)
    return key


def _hash(columns: tuple[Floats, ...]) -> NDArray[np.uint64]:
    """64 well-mixed bits per row, the same for equal rows (+ 0.0 makes a negative zero the usual one)."""
    mixed = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        mixed = (mixed ^ (column + 0.0).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(32)
    return mixed
