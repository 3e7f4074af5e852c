"""Time as Patron counts it: whole days, numbered from 1970-01-01, everywhere.

A *cutoff* (or ``as_of``) is a day: what happened, and was known, on or before it is history; what
happened after it is the future. A *horizon* is a number of days after the cutoff.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from patron.errors import UsageError

EPOCH: Final = date(1970, 1, 1)
DAYS_PER_YEAR: Final = 365.25
DAYS_PER_UNIT: Final = {
    "hour": 1 / 24,
    "day": 1.0,
    "week": 7.0,
    "month": DAYS_PER_YEAR / 12,
    "year": DAYS_PER_YEAR,
}
MAX_HORIZON_DAYS: Final = 365
_PERIOD = re.compile(r"^\s*(\d+)\s*(day|week|month|year)s?\s*$")


def day_number(moment: date | datetime) -> int:
    """The number of days from 1970-01-01 to this day."""
    day = moment.date() if isinstance(moment, datetime) else moment
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """The calendar day with this number."""
    return EPOCH + timedelta(days=int(number))


def days_per(unit: str) -> float:
    """How many days one unit lasts; months and years are twelfths and wholes of 365.25 days."""
    if unit not in DAYS_PER_UNIT:
        raise UsageError(f"No unit of time named '{unit}'.", allowed=f"Known: {', '.join(DAYS_PER_UNIT)}.")
    return DAYS_PER_UNIT[unit]


def parse_period(text: str) -> int:
    """Whole days of a period written as '90 days', '12 weeks', '6 months' or '1 year'.

    A month counts 30 days and a year 365, so that a horizon is a whole number of days.
    """
    match = _PERIOD.match(text)
    if not match:
        raise UsageError(
            f"'{text}' is not a period.",
            allowed="Write a number and a unit: '90 days', '26 weeks', '6 months', '1 year'.",
        )
    return int(match[1]) * {"day": 1, "week": 7, "month": 30, "year": 365}[match[2]]


@dataclass(frozen=True)
class Horizon:
    """How far ahead a value looks, and whether history could test it."""

    days: int
    provable: bool


def longest_provable_horizon(history_days: int, limit: int = MAX_HORIZON_DAYS) -> int | None:
    """The longest horizon, in days, that a history can backtest; None if it can prove none.

    Three spans of one horizon each are needed: one to describe customers from, one whose outcome a
    model learns, one to test it on. Horizons of a month or more are multiples of 30 days (or a
    year), shorter ones multiples of 7.
    """
    most = min(history_days // 3, limit)
    if most >= MAX_HORIZON_DAYS:
        return MAX_HORIZON_DAYS
    if most >= 30:
        return most // 30 * 30
    return most // 7 * 7 or None
