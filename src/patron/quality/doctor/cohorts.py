"""Whether customers who came later are like those who came earlier, compared at the same age."""

from __future__ import annotations

from typing import Final

import numpy as np

from patron.periods import day_of
from patron.quality.doctor.busyness import Busyness, busyness
from patron.quality.doctor.calendar import flags_after_opening, month_edges, opening_is_heavy
from patron.quality.doctor.evidence import Trend, trend
from patron.quality.doctor.finding import Finding, Measure, untold
from patron.quality.doctor.money import PRICE_Z, price_trend
from patron.quality.doctor.portrait import Flags, Floats, Integers, Portrait, Purchases

AGE_PART: Final = 4
SHORTEST_AGE: Final = 28
LONGEST_AGE: Final = 120
FEWEST_CUSTOMERS: Final = 200
FEWEST_AT_AN_END: Final = 50
LEAST_CHANGE: Final = 0.2
CHANCE: Final = 0.001
TWO_YEARS_SEEN: Final = 550
WELL_SEEN: Final = 50
SWING: Final = 1.4
TITLE: Final = "Newer customers"
OLD_ONES: Final = "customers from before the history look like new ones for a long time"
LIMIT: Final = f"within ±{LEAST_CHANGE:.0%}"


def drift(portrait: Portrait) -> Finding:
    """Whether later customers buy more or less often, or for more or less, in their first months than earlier ones did."""
    days = portrait.sample.by_day
    age = int(np.clip(portrait.days // AGE_PART, SHORTEST_AGE, LONGEST_AGE))
    chosen = (days.first <= portrait.last_day - age) & flags_after_opening(days.first, portrait)
    first = days.first[chosen]
    heavy = opening_is_heavy(portrait)
    if not _can_compare(first, portrait.days):
        return untold("drift", TITLE, OLD_ONES if heavy else "too few customers came, or all at one time")
    time = (first - first.min()) / max(1, int(first.max() - first.min()))
    seasons = _months(first) if first.max() - first.min() >= TWO_YEARS_SEEN else None
    edges = month_edges(portrait.first_day, portrait.last_day)
    busy = busyness(days, edges)
    evened = _ups_and_downs(busy) if seasons is None else np.ones(len(busy.expected))
    often = _repeats_within(days, chosen, age, edges, evened)
    rate, money = trend(often, time, seasons), trend(_first_spend(days, chosen), time, seasons)
    frequency = _change(rate, float(often.mean()), time)
    value = float(np.expm1(money.slope * 2 / 3))
    measures = (
        Measure(f"repeat purchases in the first {age} days, last third of customers against first", frequency, LIMIT),
        Measure("first purchase, last third of customers against first", value, LIMIT),
        Measure("chance of such a trend in frequency without drift", rate.chance, f"above {CHANCE}"),
        Measure("chance of such a trend in spend without drift", money.chance, f"above {CHANCE}"),
    )
    told = [
        f"{abs(change):.0%} {'more' if change > 0 else 'less'} {what}"
        for change, found, what in ((frequency, rate, "often"), (value, money, "at first purchase"))
        if abs(change) >= LEAST_CHANGE and found.chance < CHANCE
    ]
    if heavy and told and frequency > 0:  # just what old customers bring about who buy rarely and seem to be new
        return untold("drift", TITLE, OLD_ONES, measures)
    if told and seasons is None and _swings(busy):
        return untold("drift", TITLE, "with less than two years of arrivals, a season would look the same", measures)
    return _told(told, measures, with_season=seasons is None)


def _told(told: list[str], measures: tuple[Measure, ...], *, with_season: bool) -> Finding:
    if not told:
        return Finding("drift", TITLE, "good", "newer customers behave as older ones did at their age", measures)
    caution = " (with less than two years of arrivals it may also be a season)" if with_season else ""
    return Finding(
        "drift",
        TITLE,
        "warning",
        f"newer customers buy {' and '.join(told)} than older ones did at the same age{caution}",
        measures,
        "Models taught on the old ones expect the wrong thing of the new ones.",
        "Let boosting, which sees when a customer came, compete; look at errors by cohort before believing totals.",
    )


def _can_compare(first: Integers, history_days: int) -> bool:
    if len(first) < FEWEST_CUSTOMERS:
        return False
    begin, end = int(first.min()), int(first.max())
    third = (end - begin) / 3
    ends = min(int((first <= begin + third).sum()), int((first >= end - third).sum()))
    return end - begin >= max(60, history_days // 4) and ends >= FEWEST_AT_AN_END


def _months(first: Integers) -> Integers:
    """The month of the year of each day, numbered from 0 without holes."""
    _, month = np.unique([day_of(day).month for day in first.tolist()], return_inverse=True)
    return month.astype(np.int64)


def _repeats_within(days: Purchases, chosen: Flags, age: int, edges: Integers, busy: Floats) -> Floats:
    """Repeat purchases of each chosen customer within so many days of the first; the busiest 1 % count as the 99th.

    A purchase in a busy month counts for less, one in a quiet month for more. With years enough, the seasons of arrival
    are held apart instead, which is surer.
    """
    early = (days.place > 0) & (days.day - np.repeat(days.first, days.counts) <= age)
    month = np.searchsorted(edges, days.day[early], side="right") - 1
    repeats = np.bincount(days.customer[early], 1 / busy[month], len(days.counts))[chosen]
    return np.minimum(repeats, max(1.0, float(np.quantile(repeats, 0.99))))


def _ups_and_downs(busy: Busyness) -> Floats:
    """The busyness of each month over its straight trend."""
    weight, place = busy.expected, np.arange(len(busy.expected), dtype=np.float64)
    place = place - (weight * place).sum() / weight.sum()
    height = np.log(busy.ratio)
    slope = (weight * place * height).sum() / max(float((weight * place * place).sum()), 1e-12)
    return np.asarray(np.exp(height - (weight * height).sum() / weight.sum() - slope * place))


def _swings(busy: Busyness) -> bool:
    """Whether some month with enough purchases to tell, and with customers of some age, stands out from the others."""
    well_seen = busy.expected >= WELL_SEEN
    well_seen[:2] = False
    return bool(well_seen.any() and _ups_and_downs(busy)[well_seen].max() >= SWING)


def _first_spend(days: Purchases, chosen: Flags) -> Floats:
    """The logarithm of each chosen customer's first purchase, at today's prices where prices have moved."""
    told, line, step, at = price_trend(days)
    amount, day = np.log(days.amount[days.starts])[chosen], days.first[chosen]
    if not told or max(abs(line.z), abs(step.z)) < PRICE_Z:
        return np.asarray(amount)
    if abs(step.z) > 1.1 * abs(line.z):
        return np.asarray(amount - step.slope * (day >= at))
    return np.asarray(amount - line.slope * day / 365.25)


def _change(found: Trend, mean: float, time: Floats) -> float:
    """The line at five sixths of the time over the line at one sixth, less 1."""
    middle = float(time.mean())
    early, late = (max(mean + found.slope * (at - middle), 0.02 * mean) for at in (1 / 6, 5 / 6))
    return late / early - 1 if early > 0 else 0.0
