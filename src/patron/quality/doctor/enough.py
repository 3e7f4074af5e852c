"""Is there enough: history, customers, repeat buyers, a horizon to prove, and trade that still goes on."""

from __future__ import annotations

from typing import Final

import numpy as np

from patron.periods import day_of, longest_provable_horizon
from patron.quality.doctor.busyness import busyness
from patron.quality.doctor.evidence import share_of
from patron.quality.doctor.finding import Finding, Measure, untold
from patron.quality.doctor.portrait import Portrait

YOUNG_DAYS: Final = 120
YEAR: Final = 365
FEWEST_CUSTOMERS: Final = 100
COMFORTABLE_CUSTOMERS: Final = 500
FEWEST_REPEAT_BUYERS: Final = 30
COMFORTABLE_REPEAT_BUYERS: Final = 200
BLOCK_DAYS: Final = 30
SILENT: Final = 0.25
QUIET: Final = 0.5


def history(portrait: Portrait) -> Finding:
    """How long the history is, against what describing, learning and testing take."""
    days = portrait.days
    told = f"{days:,} days, {day_of(portrait.first_day):%d %b %Y} to {day_of(portrait.last_day):%d %b %Y}"
    measures = (Measure("days of history", days, f"at least {YOUNG_DAYS}, better {YEAR}"),)
    if days < YOUNG_DAYS:
        return Finding(
            "history",
            "History",
            "stop",
            f"too young: {told}",
            measures,
            "A value for the next months cannot be learnt and tested in so short a time.",
            f"Wait until there are {YOUNG_DAYS} days, or load older orders. Until then look at totals, not forecasts.",
        )
    if days < YEAR:
        return Finding(
            "history",
            "History",
            "note",
            f"under a year: {told}",
            measures,
            "Part of the calendar has never been seen.",
            "Load older orders if there are any; read forecasts of unseen months with doubt.",
        )
    return Finding("history", "History", "good", told, measures)


def customers(portrait: Portrait) -> Finding:
    """How many customers there are to learn from."""
    n = portrait.customers
    measures = (Measure("customers", n, f"at least {FEWEST_CUSTOMERS}, better {COMFORTABLE_CUSTOMERS}"),)
    if n < FEWEST_CUSTOMERS:
        return Finding(
            "customers",
            "Customers",
            "stop",
            f"only {n}",
            measures,
            "So few customers are known by name: a model would learn their accidents.",
            f"Judge each account by hand; {FEWEST_CUSTOMERS} customers would be enough to start.",
        )
    if n < COMFORTABLE_CUSTOMERS:
        return Finding(
            "customers",
            "Customers",
            "warning",
            f"{n}, which is few",
            measures,
            "Intervals will be wide, and one fold of the backtest may mislead.",
            "Trust totals and tiers before single customers.",
        )
    return Finding("customers", "Customers", "good", f"{n:,} who bought at least once", measures)


def repeat_buyers(portrait: Portrait, *, contractual: bool) -> Finding:
    """How many customers came back: what a model of repeat purchases learns from."""
    days = portrait.sample.by_day
    back = int((days.counts > 1).sum())
    share = share_of(back, len(days.counts))
    # The sample's share, of all customers.
    count = round(share.value * portrait.customers)
    measures = (
        Measure("repeat buyers", count, f"at least {FEWEST_REPEAT_BUYERS}, better {COMFORTABLE_REPEAT_BUYERS}"),
        Measure("share of customers", share.value, "", share.low, share.high),
    )
    told = f"{count:,} of {portrait.customers:,} ({share.value:.0%}) bought on more than one day"
    if count < FEWEST_REPEAT_BUYERS and not contractual:
        return Finding(
            "repeat_buyers",
            "Repeat buyers",
            "stop",
            f"too few: {told}",
            measures,
            "How often customers return cannot be learnt from so few who did.",
            "Wait for more, or check that one person keeps one customer_id from order to order.",
        )
    if count < COMFORTABLE_REPEAT_BUYERS:
        return Finding(
            "repeat_buyers",
            "Repeat buyers",
            "warning",
            f"few: {told}",
            measures,
            "Rates of return are learnt from a small group, and differ much by chance.",
            "Trust totals and tiers before single customers.",
        )
    return Finding("repeat_buyers", "Repeat buyers", "good", told, measures)


def trade_goes_on(portrait: Portrait) -> Finding:
    """Whether known customers still buy: the last two months against what their ages let expect, or a year before."""
    days = portrait.sample.by_day
    blocks = portrait.days // BLOCK_DAYS
    if blocks < 4 or int((days.place > 0).sum()) < 50:
        return untold("trade", "Trade today", "too little history or too few repeat purchases")
    edges = portrait.last_day + 1 - BLOCK_DAYS * np.arange(blocks, -1, -1)
    ratio = busyness(days, edges).ratio
    now = float(ratio[-2:].mean())
    before = [float(np.median(ratio[:-2]))]
    if blocks >= 14:  # the same two blocks a year (365 days are 12 blocks and 5 days) before
        before.append(float(ratio[-14:-12].mean()))
    part = now / max(min(before), 1e-9)
    measures = (Measure("repeat purchases of the last 60 days, as a share of the usual", part, f"above {QUIET}"),)
    if part >= QUIET:
        return Finding(
            "trade", "Trade today", "good", "customers buy as they used to, up to the end of the history", measures
        )
    told = f"known customers bought {part:.0%} of the usual in the last 60 days"
    if part >= SILENT:
        return Finding(
            "trade",
            "Trade today",
            "warning",
            told,
            measures,
            "Either trade is shrinking or the newest data are incomplete; a model that looks at the past expects too much.",
            "Check that the last files are complete; if they are, trust short horizons only.",
        )
    return Finding(
        "trade",
        "Trade today",
        "stop",
        told,
        measures,
        "Trade has all but ended, or the newest data are missing. Every forecast would be about a shop that is no more.",
        "Load the missing files, or set as_of to the last day on which the data are complete.",
    )


def horizon(portrait: Portrait, wanted_days: int | None) -> Finding:
    """The longest horizon that this history can prove, and whether the one asked for is within it."""
    longest = longest_provable_horizon(portrait.days)
    measures = (Measure("longest provable horizon, days", longest or 0, "a third of the history, at most 365"),)
    told = f"{longest} days can be tested on the past" if longest else "none can be tested on the past"
    if wanted_days is not None and wanted_days > (longest or 0):
        return Finding(
            "horizon",
            "Horizon",
            "warning",
            f"{wanted_days} days are asked for; {told}",
            measures,
            "Values beyond that are extrapolated: nothing in the history can show whether they hold.",
            f"Set value.horizon to '{longest} days', or read the values as a guess."
            if longest
            else "Wait for more history.",
        )
    if not longest:
        return Finding("horizon", "Horizon", "note", told, measures, "Three spans of one horizon each are needed.")
    return Finding("horizon", "Horizon", "good", told, measures)
