"""Whether seasonal types hold: those found a year ago beside the quarter in which each customer has bought since."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import numpy as np

from patron.models.customers import Customers
from patron.scores.views import Past
from patron.segments.seasons import Seasons, main_quarters, stability

YEAR: Final = 365
LEEWAY_DAYS: Final = 45
_QUARTERS: Final = tuple(f"quarter_{number}_share" for number in (1, 2, 3, 4))


def told_seasons(past: Past, today: Customers) -> dict[str, Any] | None:  # Any: plain data
    """How many seasonal customers of a year ago kept to their quarter, beside chance; None without a day a year back."""
    days = [day for day in past.features if abs(today.as_of_day - YEAR - day) <= LEEWAY_DAYS]
    if not days:
        return None
    then = past.features[min(days, key=lambda day: abs(today.as_of_day - YEAR - day))]
    _, here, there = np.intersect1d(then.customer_id, today.customer_id, assume_unique=True, return_indices=True)
    types = Seasons.of(then.columns).types(then.columns)[here]
    since = _orders(today)[there] - _orders(then)[here]
    told = stability(types, main_quarters(np.maximum(np.round(since), 0.0)))
    if not told.customers:
        return None
    return {"day": then.as_of_day, **asdict(told), "holds": told.holds}


def _orders(customers: Customers) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The orders of each customer by quarter of the year: a row per customer, four counts."""
    shares = np.column_stack([np.nan_to_num(customers.column(name)) for name in _QUARTERS])
    return np.asarray(shares * customers.column("orders")[:, None], dtype=np.float64)
