"""When things happen: busy and quiet days, arrivals at random, dates of the calendar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SECONDS_PER_DAY: Final = 86_400
# January to December; the Christmas trade is what a yearly rhythm must survive.
_MONTHS: Final = np.array([0.80, 0.82, 0.92, 0.95, 0.98, 0.92, 0.85, 0.85, 0.98, 1.05, 1.28, 1.62])
# Monday to Sunday.
_WEEKDAYS: Final = np.array([0.95, 0.90, 0.92, 1.00, 1.15, 1.36, 0.72])
_QUIET_DAYS: Final = ((1, 1), (12, 25), (12, 26))


def months_of(days: Ints) -> Ints:
    """Months since 1970-01, one per day."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def month_starts(months: Ints) -> Ints:
    """The first day of each month (months since 1970-01)."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def days_of_month(days: Ints) -> Ints:
    """1 to 31, one per day."""
    return days - month_starts(months_of(days)) + 1


def add_months(days: Ints, months: Ints | int) -> Ints:
    """The same day of a later month; its last day where the month is shorter."""
    target = months_of(days) + months
    last = month_starts(target + 1) - month_starts(target)
    return month_starts(target) + np.minimum(days_of_month(days), last) - 1


def shop_weights(first_day: int, count: int) -> Floats:
    """How busy each day of a shop is; about 1 on average over a year."""
    days = np.arange(first_day, first_day + count, dtype=np.int64)
    month = months_of(days) % 12
    weights = _MONTHS[month] * _WEEKDAYS[(days + 3) % 7]  # 1970-01-01 was a Thursday
    day_of_month = days_of_month(days)
    for quiet_month, quiet_day in _QUIET_DAYS:
        weights[(month == quiet_month - 1) & (day_of_month == quiet_day)] *= 0.2
    return weights


def card_weights(first_day: int, count: int) -> Floats:
    """How busy each day is for bank cards: the shops' rhythm, damped."""
    return 0.5 + 0.5 * shop_weights(first_day, count)


@dataclass(frozen=True)
class Rhythm:
    """Weights of consecutive days, from ``first_day`` on, ready to draw arrivals from."""

    first_day: int
    weights: Floats
    cumulative: Floats

    @classmethod
    def of(cls, first_day: int, weights: Floats) -> Rhythm:
        return cls(first_day, weights, np.concatenate(([0.0], np.cumsum(weights))))

    def mass(self, from_day: Ints, to_day: Ints) -> Floats:
        """The summed weights of from_day … to_day, both included; 0 where that is no day."""
        return np.maximum(self._before(to_day + 1) - self._before(from_day), 0.0)

    def arrivals(self, rng: np.random.Generator, rate: Floats, from_day: Ints, to_day: Ints) -> tuple[Ints, Ints]:
        """Poisson arrivals of rate × weight on each day of each interval: (index of the interval, day)."""
        mass = self.mass(from_day, to_day)
        who = np.repeat(np.arange(len(rate)), rng.poisson(rate * mass))
        return who, self._days_at(self._before(from_day)[who] + rng.random(len(who)) * mass[who])

    def days(self, rng: np.random.Generator, count: int, from_day: int, to_day: int) -> Ints:
        """So many days drawn from from_day … to_day in proportion to their weights."""
        low, high = self._before(np.array([from_day, to_day + 1], dtype=np.int64))
        return self._days_at(low + rng.random(count) * (high - low))

    def _before(self, day: Ints) -> Floats:
        return self.cumulative[np.clip(day - self.first_day, 0, len(self.weights))]

    def _days_at(self, position: Floats) -> Ints:
        index = np.searchsorted(self.cumulative, position, side="right") - 1
        return np.clip(index, 0, len(self.weights) - 1).astype(np.int64) + self.first_day


def on_calendar_days(calendar: Ints, from_day: Ints, to_day: Ints) -> tuple[Ints, Ints]:
    """Every day of a sorted calendar within each interval: (index of the interval, day)."""
    low = np.searchsorted(calendar, from_day, side="left")
    count = np.maximum(np.searchsorted(calendar, to_day, side="right") - low, 0)
    who = np.repeat(np.arange(len(count)), count)
    offset = np.arange(len(who)) - np.repeat(np.cumsum(count) - count, count)
    return who, calendar[low[who] + offset] if len(who) else np.zeros(0, dtype=np.int64)


def opening_hours(rng: np.random.Generator, days: Ints) -> Ints:
    """A second (since 1970-01-01) between 8:00 and 21:59 of each day, busiest in the afternoon."""
    within = 8 * 3600 + rng.beta(2.4, 2.0, len(days)) * 14 * 3600
    return days * SECONDS_PER_DAY + np.minimum(within.astype(np.int64), 22 * 3600 - 1)


def day_of_second(seconds: Ints) -> Ints:
    """The day of a second since 1970-01-01."""
    return seconds // SECONDS_PER_DAY


def lifetimes(rng: np.random.Generator, hazard: Floats) -> Ints:
    """Whole days from joining to the last active day: exponential with this hazard per day."""
    return np.minimum(rng.standard_exponential(len(hazard)) / hazard, 100_000).astype(np.int64)
