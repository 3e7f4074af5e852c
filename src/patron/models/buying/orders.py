"""From a log of orders to the summary that processes learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from patron.errors import DataError
from patron.models.arrays import Floats, Integers, floats, same_length
from patron.models.buying.summary import Summary
from patron.periods import days_per

_DAY = "datetime64[D]"


@dataclass(frozen=True, eq=False)
class OrderSummary:
    """Customers in the order of their ids, each with a row of the summary."""

    customer_id: NDArray[Any]  # whatever ids were given
    summary: Summary


def summary_of_orders(
    customer_id: ArrayLike,
    day: ArrayLike,
    amount: ArrayLike | None = None,
    *,
    until: str | np.datetime64,
    unit: str,
) -> OrderSummary:
    """Frequency, recency, T and mean spend of every customer, from one row per order up to and with the day ``until``.

    ``day``: dates (or moments, whose day counts); ``amount``: spend, without which there is no monetary_value. Orders of
    one day are one purchase; rows of 0 or less are refunds or gifts and no purchase; rows after ``until`` are left out.
    ``unit`` is the summary's unit of time. Raises DataError for days that are no dates, unequal lengths, or no purchase.
    """
    ids, days = np.asarray(customer_id), _days("day", day)
    spent = np.ones(len(ids)) if amount is None else floats("amount", amount)
    same_length(customer_id=np.zeros(len(ids)), day=days.astype(np.float64), amount=spent)
    last = int(_days("until", np.asarray([until]))[0])
    kept = (spent > 0) & (days <= last)
    if not kept.any():
        raise DataError(f"None of {len(ids)} orders is a purchase up to {until}.", allowed="At least one is needed.")
    known, customer = np.unique(ids[kept], return_inverse=True)
    return OrderSummary(known, _summed(customer, days[kept], spent[kept], last, unit, with_spend=amount is not None))


def _summed(customer: Integers, days: Integers, spent: Floats, last: int, unit: str, *, with_spend: bool) -> Summary:
    """One row per customer, from customers counted from 0."""
    order = np.lexsort((days, customer))
    customer, days, spent = customer[order], days[order], spent[order]
    begins = np.flatnonzero(np.r_[True, (customer[1:] != customer[:-1]) | (days[1:] != days[:-1])])
    who, when, value = customer[begins], days[begins], np.add.reduceat(spent, begins)
    first = np.flatnonzero(np.r_[True, who[1:] != who[:-1]])
    purchases = np.diff(np.r_[first, len(who)])
    frequency = (purchases - 1).astype(np.float64)
    total = np.add.reduceat(value, first) - value[first]
    length = days_per(unit)
    return Summary(
        frequency,
        (when[first + purchases - 1] - when[first]) / length,
        (last - when[first]) / length,
        monetary_value=np.where(frequency > 0, total / np.maximum(frequency, 1), 0.0) if with_spend else None,
        unit=unit,
    )


def _days(name: str, values: ArrayLike) -> Integers:
    given = np.asarray(values)
    try:
        days = given.astype(_DAY)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{name} holds {given.ravel()[:1].tolist()[0] if given.size else 'nothing'!r}, which is no date.",
            allowed="Dates such as '2024-06-30', datetime.date, or datetime64.",
        ) from error
    if given.dtype.kind in "iuf":
        raise DataError(
            f"{name} holds plain numbers.", allowed="Dates: numbers alone do not say since when they count."
        )
    if np.isnat(days).any():
        raise DataError(f"{name} is missing in row {int(np.argmax(np.isnat(days)))}.", allowed="Every order has a day.")
    return np.asarray(days.astype(np.int64), dtype=np.int64)
