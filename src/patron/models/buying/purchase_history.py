"""When customers bought: what models need whose rates change with time, where frequency, recency and T are not enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from patron.errors import DataError
from patron.models.arrays import Flags, Floats, Integers, floats
from patron.models.buying.summary import Summary
from patron.periods import days_per


@dataclass(frozen=True, eq=False)
class PurchaseHistory:
    """The times of each customer's purchases, in ``unit``s since the start of period 0, and until when each was watched.

    Periods are one ``unit`` long and shared by all customers: with unit="week", time 2.5 is the middle of the third week,
    and a purchase at 3.0 falls in period 3. ``ids`` are the customers in ascending order; everything per customer is in
    that order. ``first`` is each one's first purchase; ``customer`` (rows) and ``time`` are the repeat purchases.
    """

    ids: NDArray[Any]  # Any: whatever identifies a customer
    first: Floats
    until: Floats
    customer: Integers
    time: Floats
    unit: str

    def __init__(self, customer: ArrayLike, time: ArrayLike, until: ArrayLike, unit: str = "week") -> None:
        """A history from purchases: whose and when, one row each, first purchases included, in any order.

        ``until``: the end of what was observed, one time for all or one per customer in the order of ``ids``. Raises
        DataError for purchases before period 0 or after the end, naming the row.
        """
        days_per(unit)
        when = floats("time", time)
        ids, row = np.unique(np.asarray(customer), return_inverse=True)
        if len(row) != len(when):
            raise DataError(
                f"There are {len(row)} customers and {len(when)} times.", allowed="Each purchase needs one of both."
            )
        if not len(ids):
            raise DataError(
                "There are no purchases.", allowed="A history needs at least one customer's first purchase."
            )
        end = _ends(until, len(ids))
        _refuse_outside(when, end[row], ids[row])
        order = np.lexsort((when, row))
        row, when = row[order].astype(np.int64), when[order]
        repeat = np.diff(row, prepend=-1) == 0
        fields = {"ids": ids, "first": when[~repeat], "until": end, "customer": row[repeat], "time": when[repeat]}
        for name, values in (fields | {"unit": unit}).items():
            object.__setattr__(self, name, values)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def frequency(self) -> Floats:
        """Each customer's number of repeat purchases."""
        return np.bincount(self.customer, minlength=len(self)).astype(np.float64)

    @property
    def last(self) -> Floats:
        """The time of each customer's last purchase, the first one included."""
        latest = self.first.copy()
        np.maximum.at(latest, self.customer, self.time)
        return latest

    @property
    def summary(self) -> Summary:
        """Frequency, recency and T: all that a model needs whose rates don't change with time."""
        return Summary(self.frequency, self.last - self.first, self.until - self.first, unit=self.unit)


def _ends(until: ArrayLike, customers: int) -> Floats:
    """When each customer's observation ended."""
    given = np.asarray(until, dtype=np.float64)
    ends = floats("until", np.full(customers, given) if given.ndim == 0 else given)
    if len(ends) != customers:
        raise DataError(
            f"until has {len(ends)} times for {customers} customers.",
            allowed="One time for all is expected, or one per customer in ascending order of their ids.",
        )
    return ends


def _refuse_outside(time: Floats, end: Floats, whose: NDArray[Any]) -> None:  # Any: ids of whatever kind
    _refuse(time < 0, time, whose, "before period 0", "Count time from a period before all purchases.")
    _refuse(time > end, time, whose, "after the end of what was observed", "Leave out purchases after until.")


def _refuse(wrong: Flags, time: Floats, whose: NDArray[Any], what: str, to_do: str) -> None:  # Any: as above
    rows = np.flatnonzero(wrong)
    if rows.size:
        raise DataError(
            f"The purchase in row {rows[0]}, of customer {whose[rows[0]]}, is at {time[rows[0]]:g}, {what} "
            f"({rows.size} such rows).",
            to_do=to_do,
        )
