"""How long customers have stayed: durations, whether each one's end was seen, and what was known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from patron.errors import DataError, UsageError
from patron.models.arrays import Flags, Floats, Integers, floats, same_length
from patron.periods import days_per

Covariates = Mapping[str, ArrayLike]


@dataclass(frozen=True, eq=False)
class Durations:
    """Customers as survival models see them, one row each, with times in one declared unit.

    ``duration``: how long the customer was watched, 0 or more; ``event``: 1 where the customer left at the end of it, 0
    where it was still there (right-censored); ``covariates``: finite numbers known when the duration began, by name.
    Raises DataError for anything else, naming the row.
    """

    duration: Floats
    event: Flags
    covariates: Mapping[str, Floats]
    unit: str

    def __init__(
        self, duration: ArrayLike, event: ArrayLike, covariates: Covariates | None = None, unit: str = "day"
    ) -> None:
        days_per(unit)
        times, ends = floats("duration", duration), floats("event", event)
        known = {name: floats(f"covariate '{name}'", values) for name, values in (covariates or {}).items()}
        same_length(duration=times, event=ends, **known)
        _refuse(times < 0, "duration", times, "It is a length of time and cannot be negative.")
        _refuse((ends != 0) & (ends != 1), "event", ends, "It is 1 for a customer who left, 0 for one still there.")
        object.__setattr__(self, "duration", times)
        object.__setattr__(self, "event", ends == 1)
        object.__setattr__(self, "covariates", known)
        object.__setattr__(self, "unit", unit)

    def __len__(self) -> int:
        return len(self.duration)

    @property
    def names(self) -> tuple[str, ...]:
        """The covariates in their order."""
        return tuple(self.covariates)

    @property
    def events(self) -> int:
        """How many were seen to leave."""
        return int(self.event.sum())

    def rows(self, chosen: NDArray[Any]) -> Durations:  # Any: a mask, or row numbers
        """The chosen customers only."""
        known = {name: values[chosen] for name, values in self.covariates.items()}
        return Durations(self.duration[chosen], self.event[chosen], known, self.unit)

    def above_zero(self) -> Durations:
        """Those whom a model of log time can learn from: a customer first seen at the cutoff says nothing and is left out.

        Raises DataError where somebody left after no time at all.
        """
        _refuse(
            (self.duration == 0) & self.event,
            "duration",
            self.duration,
            "This model needs a time above 0 for those who left: count the first day too (add 1 day, or half a period).",
        )
        return self.rows(self.duration > 0)


def _refuse(wrong: Flags, name: str, values: Floats, rule: str) -> None:
    rows = np.flatnonzero(wrong)
    if rows.size:
        raise DataError(f"{name} is {values[rows[0]]:g} in row {rows[0]} ({rows.size} such rows).", allowed=rule)


def covariate_matrix(names: Sequence[str], covariates: Covariates) -> Floats:
    """The named covariates side by side, a row per customer; one row where there are none. DataError for one missing."""
    missing = [name for name in names if name not in covariates]
    if missing:
        raise DataError(
            f"The covariate '{missing[0]}' is missing.",
            allowed=f"The model learnt on {', '.join(names)}, and needs all.",
        )
    columns = {name: floats(f"covariate '{name}'", covariates[name]) for name in names}
    same_length(**columns)
    return np.column_stack(list(columns.values())) if columns else np.zeros((1, 0))


def indicators(name: str, values: ArrayLike) -> dict[str, Floats]:
    """A word per customer as covariates of 0 and 1, one for each word but the commonest, which is what they compare to."""
    words, place = np.unique(np.asarray(values).astype(str), return_inverse=True)
    commonest = int(np.argmax(np.bincount(place)))
    return {
        f"{name} = {word}": (place == number).astype(np.float64)
        for number, word in enumerate(words)
        if number != commonest
    }


def enough(durations: Durations, title: str, fewest_events: int = 1) -> None:
    """Nothing, or a DataError when too few customers were seen to leave for a model to learn when they do."""
    if durations.events < fewest_events:
        raise DataError(
            f"{title} has {len(durations)} customers of whom {durations.events} left.",
            allowed=f"It needs at least {fewest_events} who left.",
            to_do="Give a longer history, or count as left who has been silent for a shorter time.",
        )


@dataclass(frozen=True, eq=False)
class Lifetimes:
    """Durations with whose they are and on which day each began; ``started_day`` counts days since 1970-01-01."""

    customer_id: NDArray[Any]  # whatever ids the data holds
    started_day: Integers
    durations: Durations

    def started(self, after_day: int) -> Lifetimes:
        """Those that began after this day only: the newcomers of a holdout."""
        chosen = self.started_day > after_day
        return Lifetimes(self.customer_id[chosen], self.started_day[chosen], self.durations.rows(chosen))

    def with_covariates(self, covariates: Covariates) -> Lifetimes:
        """The same with what was known of each at its start, in the order of ``customer_id``."""
        old = self.durations
        return Lifetimes(self.customer_id, self.started_day, Durations(old.duration, old.event, covariates, old.unit))


def contract_lifetimes(
    customer_id: ArrayLike,
    started_day: ArrayLike,
    ended_day: ArrayLike,
    as_of_day: int,
    covariates: Covariates | None = None,
) -> Lifetimes:
    """How long contracts lasted, as known on one day: who ends later is still there, who starts later is left out.

    ``ended_day`` is NaN while a contract runs. Calling this with an earlier day gives exactly what could be learnt then.
    """
    ids, started = np.asarray(customer_id), floats("started_day", started_day)
    ended = np.array(ended_day, dtype=np.float64)
    same_length(customer_id=ids, started_day=started, ended_day=ended)
    _refuse(ended < started, "ended_day", ended, "A contract cannot end before it started.")
    known = started <= as_of_day
    left = known & (ended <= as_of_day)
    until = np.where(left, ended, as_of_day)
    facts = {name: np.asarray(values)[known] for name, values in (covariates or {}).items()}
    durations = Durations((until - started)[known], left[known], facts, "day")
    return Lifetimes(ids[known], started[known].astype(np.int64), durations)


def silent_lifetimes(customer_id: ArrayLike, purchase_day: ArrayLike, as_of_day: int, window_days: int) -> Lifetimes:
    """How long customers without a contract stayed, where leaving is the first silence of ``window_days``.

    Nobody says goodbye in a shop, so leaving has to be declared. A customer counts as gone on the day on which the
    declared window has passed without a purchase, not on the day of the last purchase: that day can be told at the time,
    without looking ahead, so that whoever has not got there by ``as_of_day`` is censored for no reason of their own, as every
    survival model assumes. (Dated back to the last purchase, recent customers could never have left, and churn would
    seem to fall.) Durations run from the first purchase; none that ended is shorter than the window. A customer who
    comes back later had left all the same. The window is the caller's: 95 % of gaps between purchases, say.
    """
    if window_days < 1:
        raise UsageError(f"A silence of {window_days} days was asked for.", allowed="It must be 1 day or more.")
    ids, who, day = _purchases(customer_id, purchase_day, as_of_day)
    first = np.flatnonzero(np.r_[True, who[1:] != who[:-1]]) if len(who) else np.zeros(0, dtype=np.int64)
    silent = _days_until_next(who, day, as_of_day + 1) > window_days
    started = day[first]
    # Purchases stand in order, so the first silent one of each customer is the smallest place.
    ends_at = np.full(len(ids), len(day))
    np.minimum.at(ends_at, who[silent], np.flatnonzero(silent))
    left = ends_at < len(day)
    until = np.where(left, np.r_[day, 0][ends_at] + window_days, as_of_day)
    return Lifetimes(ids, started, Durations(until - started, left, unit="day"))


def next_purchase_gaps(customer_id: ArrayLike, purchase_day: ArrayLike, as_of_day: int) -> Lifetimes:
    """The times from each purchase to the next; the last one of each customer is still open on ``as_of_day``.

    Here the event is a *purchase*, so survival is the chance of still being silent, and no window need be declared. Gaps
    of one customer resemble each other: curves hold, but their bands are narrower than they should be.
    """
    ids, who, day = _purchases(customer_id, purchase_day, as_of_day)
    last = np.r_[who[1:] != who[:-1], True] if len(who) else np.zeros(0, dtype=np.bool_)
    gap = _days_until_next(who, day, as_of_day)
    return Lifetimes(ids[who], day, Durations(gap, ~last, unit="day"))


def _purchases(
    customer_id: ArrayLike, purchase_day: ArrayLike, as_of_day: int
) -> tuple[NDArray[Any], Integers, Integers]:
    """Customers, and their purchase days by then in order, each once: (ids, place of the customer, day)."""
    ids, days = np.asarray(customer_id), floats("purchase_day", purchase_day)
    same_length(customer_id=ids, purchase_day=days)
    known = days <= as_of_day
    ids, who = np.unique(ids[known], return_inverse=True)
    pairs = np.unique(np.column_stack([who, days[known].astype(np.int64)]), axis=0).reshape(-1, 2)
    return ids, pairs[:, 0], pairs[:, 1]


def _days_until_next(who: Integers, day: Integers, end_day: int) -> Integers:
    """Days from each purchase to the customer's next one, or to ``end_day``."""
    following = np.r_[day[1:], end_day] if len(day) else day
    same = np.r_[who[1:] == who[:-1], False] if len(who) else np.zeros(0, dtype=np.bool_)
    return np.where(same, following, end_day) - day
