"""Calendar months as whole numbers, and a horizon cut into them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from patron.errors import UsageError
from patron.models.arrays import Floats, Integers
from patron.periods import day_number, day_of


@dataclass(frozen=True)
class Period:
    """The days of one calendar month that lie ahead: after ``from_day``, up to and with ``to_day``.

    ``whole`` is false for the rest of a month that has begun.
    """

    month: int
    from_day: int
    to_day: int
    whole: bool

    @property
    def days(self) -> int:
        return self.to_day - self.from_day


def month_of(day: int) -> int:
    """The calendar month of a day: 12 · year + month − 1."""
    its_date = day_of(day)
    return its_date.year * 12 + its_date.month - 1


def months_of(days: Floats) -> Integers:
    """The same for many days at once; NaN is not allowed."""
    months = np.asarray(days).astype(np.int64).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.asarray(months + 1970 * 12, dtype=np.int64)


def first_day(month: int) -> int:
    """The first day of a calendar month."""
    return day_number(date(month // 12, month % 12 + 1, 1))


def label(month: int) -> str:
    """A month as people sort it: 2026-11."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def periods_ahead(origin_day: int, horizon_days: int) -> tuple[Period, ...]:
    """The months after a day that end within the horizon; the first may be the rest of a month that has begun.

    With a horizon too short for the end of any month, the days of the horizon alone.
    """
    if horizon_days < 1:
        raise UsageError(f"A forecast of {horizon_days} days was asked for.", allowed="At least 1 day.")
    last = origin_day + horizon_days
    periods = []
    month = month_of(origin_day + 1)
    while first_day(month + 1) - 1 <= last:
        begins = first_day(month) - 1
        periods.append(Period(month, max(begins, origin_day), first_day(month + 1) - 1, begins >= origin_day))
        month += 1
    return tuple(periods) or (Period(month, origin_day, last, whole=False),)
