"""What the calendar does: seasons, bursts of promotion, new channels, and when customers came."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from scipy.special import pdtrc

from patron.periods import day_number, day_of
from patron.quality.doctor.busyness import busyness
from patron.quality.doctor.evidence import share_explained
from patron.quality.doctor.finding import Finding, Measure, untold
from patron.quality.doctor.portrait import Flags, Floats, Integers, Portrait

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
TWO_CYCLES: Final = 24
FEWEST_REPEATS: Final = 300
CHANCE: Final = 0.001
STRONG_SEASON: Final = 1.5
SEASON: Final = 1.2
BURST: Final = 2.0
FEWEST_BURSTS: Final = 3
BURST_SHARE: Final = 0.04
BURST_CHANCE: Final = 1e-6
LATE_START: Final = 0.25
RECENT_SHARE: Final = 0.1
HEAVY_OPENING: Final = 2.0


def season(portrait: Portrait) -> Finding:
    """Whether the same months are busy year after year; one year alone cannot tell a season from an event."""
    days = portrait.sample.by_day
    edges = month_edges(portrait.first_day, portrait.last_day)
    whole = (edges[:-1] >= portrait.first_day) & (edges[1:] - 1 <= portrait.last_day)
    months = int(whole.sum())
    measures = [Measure("whole months of history", months, f"at least {TWO_CYCLES}")]
    if int((days.place > 0).sum()) < FEWEST_REPEATS:
        return untold("season", "Season", f"fewer than {FEWEST_REPEATS} repeat purchases", measures)
    busy = busyness(days, edges)
    month = np.array([(day_of(edge).month - 1) for edge in edges[:-1]])
    if months < TWO_CYCLES:
        told = "a season shows itself only in two full years"
        meaning = _busiest(busy.ratio[whole][2:], edges[:-1][whole][2:]) if months >= 8 else ""
        return untold("season", "Season", told, measures, meaning)
    chance, index = _season_test(busy.ratio[whole], busy.expected[whole], month[whole])
    peak, trough = int(index.argmax()), int(index.argmin())
    measures += [
        Measure("busiest month, as a multiple of the average", float(index[peak]), f"below {SEASON}"),
        Measure("chance of that without a season", chance, f"above {CHANCE}"),
    ]
    if chance > CHANCE or index[peak] < SEASON:
        return Finding("season", "Season", "good", "no month stands out year after year", tuple(measures))
    strong = index[peak] >= STRONG_SEASON
    return Finding(
        "season",
        "Season",
        "warning" if strong else "note",
        f"{MONTHS[peak]} brings {index[peak]:.1f} times an average month, {MONTHS[trough]} {index[trough]:.1f} times, each year",
        tuple(measures),
        "A model without a calendar spreads this evenly: horizons that end before the season come out too high, those that "
        "hold it too low.",
        "Use a horizon of 365 days, or boosting with training windows of the same season.",
    )


def month_edges(first_day: int, last_day: int) -> Integers:
    """First days of all calendar months from the one of the first day to the one after the last day."""
    begin, end = day_of(first_day), day_of(last_day)
    count = (end.year - begin.year) * 12 + end.month - begin.month + 2
    numbers = [begin.year * 12 + begin.month - 1 + n for n in range(count)]
    return np.array([day_number(date(n // 12, n % 12 + 1, 1)) for n in numbers])


def _season_test(ratio: Floats, expected: Floats, month: Integers) -> tuple[float, Floats]:
    """How often chance alone looks as seasonal as this, and each month's busyness as a multiple of the average."""
    time = np.linspace(-1, 1, len(ratio))
    slow = np.column_stack([np.ones(len(ratio)), time, time**2])
    by_month = (month[:, None] == np.arange(1, 12)).astype(np.float64)
    weights = 1 / (1 / np.maximum(expected, 0.5) + 0.005)  # counting noise, and half a per cent of its own
    chance, coefficients = share_explained(np.log(ratio), weights, slow, np.column_stack([slow, by_month]))
    effect = np.exp(np.concatenate(([0.0], coefficients[3:])))
    return chance, effect / effect.mean()


def _busiest(ratio: Floats, edges: Integers) -> str:
    peak = int(ratio.argmax())
    part = float(ratio[peak] / np.median(ratio))
    if part < STRONG_SEASON:
        return ""
    return (
        f"The busiest month, {day_of(edges[peak]):%B %Y}, brought {part:.1f} times the usual: a season, or an event; "
        "with one year nobody can say."
    )


@dataclass(frozen=True)
class _Bursts:
    events: int
    excess: float
    """Share of all orders beyond the usual on those days."""


def bursts(portrait: Portrait) -> Finding:
    """Whether trade comes in short bursts, as promotions make them."""
    daily = portrait.orders_by_day.astype(np.float64)
    step = 1 if np.median(daily) >= 5 else 7
    counts = daily[len(daily) % step :].reshape(-1, step).sum(axis=1)
    if len(counts) < 20 or np.median(counts) < 5:
        return untold("bursts", "Promotions", "too few orders a week to tell a burst from chance")
    found = _bursts(counts, step)
    unit = "day" if step == 1 else "week"
    measures = (
        Measure("bursts", found.events, f"below {FEWEST_BURSTS}"),
        Measure("share of orders in them beyond the usual", found.excess, f"below {BURST_SHARE:.0%}"),
    )
    if found.events < FEWEST_BURSTS or found.excess < BURST_SHARE:
        return Finding("bursts", "Promotions", "good", f"no {unit} stands far out from those around it", measures)
    return Finding(
        "bursts",
        "Promotions",
        "warning",
        f"{found.events} bursts of twice the usual trade or more; {found.excess:.0%} of orders come from them",
        measures,
        "Orders follow the promotion calendar rather than each customer's own rhythm; the future depends on promotions to come.",
        "Map campaigns and contacts or the discount, and let boosting use them; state which promotions a forecast assumes.",
    )


def _bursts(counts: Floats, step: int) -> _Bursts:
    usual = _usual(counts, step)
    spread = (counts - usual) ** 2 / np.maximum(usual, 1.0)
    over = max(1.0, float(np.median(spread)) / 0.4549)  # the median of a squared standard normal
    chance = pdtrc(np.floor(np.maximum(counts - 1, 0) / over), np.maximum(usual, 1.0) / over)
    burst = (chance < BURST_CHANCE) & (counts >= BURST * usual)
    begins = burst & ~np.concatenate(([False], burst[:-1]))
    return _Bursts(int(begins.sum()), float((counts - usual)[burst].sum() / max(counts.sum(), 1.0)))


def _usual(counts: Floats, step: int) -> Floats:
    """The median around each day (the weekday taken out) or week."""
    reach = 15 if step == 1 else 3
    rhythm = _weekdays(counts) if step == 1 else np.ones(len(counts))
    even = np.pad(counts / rhythm, reach, mode="reflect")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(even, 2 * reach + 1), axis=1) * rhythm)


def _weekdays(counts: Floats) -> Floats:
    """How busy each weekday is, for each day."""
    weekday = np.arange(len(counts)) % 7
    level = np.array([np.median(counts[weekday == day]) for day in range(7)])
    return np.asarray(np.maximum(level / max(float(level.mean()), 1e-9), 0.05)[weekday])


def launch(portrait: Portrait) -> Finding | None:
    """Whether a sales channel began midway and matters by now; None where no channel is mapped."""
    if not portrait.channels:
        return None
    late = portrait.first_day + LATE_START * portrait.days
    recent = max(1, sum(channel.recent_orders for channel in portrait.channels))
    new = [c for c in portrait.channels if c.first_day > late and c.recent_orders >= RECENT_SHARE * recent]
    measures = tuple(
        Measure(f"share of '{c.name}' in recent orders", c.recent_orders / recent, f"below {RECENT_SHARE:.0%} if new")
        for c in new
    )
    if not new:
        return Finding("launch", "Channels", "good", "no sales channel of weight was opened midway", measures)
    told = " and ".join(
        f"'{c.name}' opened on {day_of(c.first_day):%d %b %Y} and takes {c.recent_orders / recent:.0%} of recent orders"
        for c in new
    )
    return Finding(
        "launch",
        "Channels",
        "warning",
        told,
        measures,
        "The older history knows nothing of it, so a model taught there expects a shop that has changed.",
        "Let boosting, which sees the channel, compete, and trust folds from after the opening.",
    )


def arrivals(portrait: Portrait) -> Finding:
    """When customers came: all along, in one wave, or before the history begins."""
    tenths = _by_tenth(portrait.newcomers_by_day)
    ended = int(tenths[5:].sum()) < 0.01 * portrait.customers
    measures = (
        Measure("share of customers first seen in the first tenth", float(tenths[0]) / max(1, portrait.customers)),
        Measure("share first seen in the second half", float(tenths[5:].sum()) / max(1, portrait.customers)),
    )
    if ended:
        return Finding(
            "arrivals",
            "New customers",
            "note",
            f"all customers came by {day_of(_last_arrival(portrait)):%d %b %Y}; nobody new since",
            measures,
            "This is one closed group: good for fitting, but it cannot show whether newer customers differ.",
            "Load the later customers too, if there are any; forecasts cover this group only.",
        )
    if opening_is_heavy(portrait):
        return Finding(
            "arrivals",
            "New customers",
            "note",
            f"{tenths[0] / portrait.customers:.0%} of customers are first seen in the first tenth of the history",
            measures,
            "Many of them were customers before the history begins, so their true age and first order are unknown.",
            "Load older orders, or map acquired_on; ages and 'first orders' of that group are understated.",
        )
    return Finding("arrivals", "New customers", "good", "customers came all through the history", measures)


def opening_is_heavy(portrait: Portrait) -> bool:
    """Whether the first tenth of the history is full of customers from before it."""
    tenths = _by_tenth(portrait.newcomers_by_day)
    usual = HEAVY_OPENING * float(np.median(tenths[2:]))
    closed = float(tenths[5:].sum()) < 0.01 * portrait.customers
    return not closed and portrait.days >= 180 and float(tenths[0]) >= usual + 3 * math.sqrt(usual + 1)


def _by_tenth(newcomers: Integers) -> Floats:
    place = np.arange(len(newcomers)) * 10 // len(newcomers)
    return np.bincount(place, newcomers, 10).astype(np.float64)


def _last_arrival(portrait: Portrait) -> int:
    """The day by which 99 % of customers had come."""
    so_far = np.cumsum(portrait.newcomers_by_day)
    return portrait.first_day + int(np.searchsorted(so_far, 0.99 * so_far[-1]))


def flags_after_opening(first: Integers, portrait: Portrait) -> Flags:
    """Customers of whom the first order is truly seen.

    Where the opening is heavy with customers from before it, rare buyers among them keep turning up as if they were
    new; by half the history few are left.
    """
    begin = portrait.days // 2 if opening_is_heavy(portrait) else -1
    return np.asarray(first - portrait.first_day > begin)
