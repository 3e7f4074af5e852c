"""How customers come and go: under contract, regularly, at random, in bursts, once, or no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from patron.quality.doctor.evidence import Estimate, gap_evenness, share_of
from patron.quality.doctor.finding import Finding, Measure, untold
from patron.quality.doctor.portrait import Flags, Floats, Integers, Portrait, Purchases

CALENDAR_PERIODS: Final = (7.0, 14.0, 28.0, 30.44, 60.9, 91.3, 182.6, 365.25)
MOSTLY: Final = 0.75
"""Share of a customer's gaps that must fit a period for the customer to keep to it."""
FEWEST_JUDGED: Final = 30
CONTRACTUAL: Final = 0.5
SOME: Final = 0.1
FEWEST_PAIRS: Final = 200
REGULAR: Final = 0.75
CLUMPY: Final = 1.25
MANY_ONCE: Final = 0.4
DEAD: Final = 0.5
YEAR: Final = 365
YEAR_AND_A_HALF: Final = 540


@dataclass(frozen=True)
class Ties:
    """How customers are tied: the kind, the share that is, and the finding in words."""

    kind: str
    """contract, partly, or free."""
    finding: Finding


def ties(portrait: Portrait) -> Ties:
    """Whether customers buy under contract: declared, or seen in payments that keep to a calendar period."""
    if portrait.contract_customers is not None:
        share = share_of(portrait.contract_customers, portrait.customers)
        how = f"{share.value:.0%} of customers have a contract in the subscriptions table"
        if share.value >= SOME:
            return _tied(share, how, "customers with a contract")
    steady, judged = _keeping_to_a_period(portrait.sample)
    share = share_of(steady, judged)
    measures = (_share_measure("customers whose payments keep to a calendar period", share),)
    if judged < FEWEST_JUDGED:
        why = f"only {judged} customers bought often enough to show a rhythm"
        return Ties("free", untold("contract", "Contract", why, measures))
    if share.low >= SOME:
        how = f"{share.value:.0%} of customers pay every week, month or year like clockwork"
        return _tied(share, how, "customers whose payments keep to a calendar period")
    told = "not contractual: customers buy when they like"
    return Ties("free", Finding("contract", "Contract", "good", told, measures))


def _share_measure(name: str, share: Estimate) -> Measure:
    limit = f"contract from {CONTRACTUAL:.0%}, mixed from {SOME:.0%}"
    return Measure(name, share.value, limit, share.low, share.high)


def _tied(share: Estimate, how: str, name: str) -> Ties:
    measures = (_share_measure(name, share),)
    if share.value >= CONTRACTUAL:
        finding = Finding(
            "contract",
            "Contract",
            "note",
            f"contractual: {how}",
            measures,
            "Leaving is an event that is seen when it happens, so the question is how long customers stay, not whether a "
            "silent one will return.",
            "Use survival models (shifted beta-geometric, Cox or Weibull) for how long, and the price for how much.",
        )
        return Ties("contract", finding)
    finding = Finding(
        "contract",
        "Contract",
        "warning",
        f"mixed: {how}",
        measures,
        "Customers under contract and customers who buy at will follow different laws; one model blurs both.",
        "Map a subscriptions table, or a channel or plan that tells the two apart, and let boosting use it.",
    )
    return Ties("partly", finding)


def _keeping_to_a_period(sample: Purchases) -> tuple[int, int]:
    """Customers whose purchases, or payments of one same sum, keep to a calendar period; and how many can be judged."""
    days = sample.by_day
    customers = len(days.counts)
    steady, judged = _steady(days)
    cents = np.round(sample.amount * 100).astype(np.int64)
    order = np.lexsort((sample.day, cents, sample.customer))
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (np.diff(sample.customer[order]) != 0) | (np.diff(cents[order]) != 0)
    payer = sample.customer[order][new]
    payments = Purchases(np.cumsum(new) - 1, sample.day[order], sample.amount[order]).by_day
    standing, often = _steady(payments)
    standing &= (payments.counts >= 4) & (payments.last - payments.first >= 90)
    keeps = np.zeros(customers, dtype=np.bool_)
    keeps[np.flatnonzero(steady)] = True
    keeps[payer[standing]] = True
    can = judged.copy()
    can[payer[often & (payments.counts >= 4)]] = True
    return int((keeps & can).sum()), int(can.sum())


def _steady(days: Purchases) -> tuple[Flags, Flags]:
    """Who keeps to a calendar period, and of whom that can be said: three gaps, or two of a quarter or more."""
    groups = len(days.counts)
    later = days.place > 0
    who, gap = days.customer[later], days.gap[later].astype(np.float64)
    gaps = np.bincount(who, minlength=groups)
    median = _medians(who, gap, gaps)
    judged = (gaps >= 3) | ((gaps >= 2) & (median >= 80))
    slack = np.where(median <= 16, 1.0, np.maximum(2.0, 0.06 * median))
    fits = np.bincount(who, np.abs(gap - median[who]) <= slack[who], groups) >= MOSTLY * gaps
    near = np.zeros(groups, dtype=np.bool_)
    for period in CALENDAR_PERIODS:
        near |= np.abs(median - period) <= max(0.5, 0.03 * period)
    return judged & fits & near, judged


def _medians(who: Integers, values: Floats, counts: Integers) -> Floats:
    """Each group's lower median; 0 for a group without values."""
    ordered = values[np.lexsort((values, who))]
    starts = np.cumsum(counts) - counts
    medians = np.zeros(len(counts))
    some = counts > 0
    medians[some] = ordered[(starts + (counts - 1) // 2)[some]]
    return medians


def regularity(portrait: Portrait) -> Finding:
    """Whether gaps between purchases are as random as buy-till-you-die models hold, or regular, or clumped."""
    index, pairs = gap_evenness(portrait.sample.by_day)
    measures = (
        Measure("unevenness of gaps", index.value, f"{REGULAR} to {CLUMPY}; 1 is random", index.low, index.high),
    )
    if pairs < FEWEST_PAIRS:
        return untold("regularity", "Regularity", f"only {pairs} pairs of gaps to compare", measures)
    if index.value <= REGULAR and index.high < (1 + REGULAR) / 2:
        return Finding(
            "regularity",
            "Regularity",
            "warning",
            f"customers buy regularly (unevenness {index.value:.2f}; 1 would be random)",
            measures,
            "Poisson models hold a late customer for alive too long: a regular buyer who misses a turn has probably left.",
            "Let boosting, which sees the gaps, compete; read P(alive) of BG/NBD or Pareto/NBD as too high.",
        )
    if index.value >= CLUMPY and index.low > (1 + CLUMPY) / 2:
        return Finding(
            "regularity",
            "Regularity",
            "warning",
            f"customers buy in bursts (unevenness {index.value:.2f}; 1 would be random)",
            measures,
            "Poisson models take a pause after a burst for the end, and value such customers too low.",
            "Let boosting compete; joining orders of one week into one purchase helps buy-till-you-die models.",
        )
    told = f"gaps between purchases are about as random as models assume (unevenness {index.value:.2f})"
    return Finding("regularity", "Regularity", "good", told, measures)


def bought_once(portrait: Portrait) -> Finding:
    """The share of customers who bought once, among those known for a quarter of a year or more."""
    days = portrait.sample.by_day
    known = days.first <= portrait.last_day - 90
    share = share_of(int((days.counts[known] == 1).sum()), int(known.sum()))
    measures = (Measure("share who bought once", share.value, f"below {MANY_ONCE:.0%}", share.low, share.high),)
    if int(known.sum()) < FEWEST_JUDGED:
        return untold("bought_once", "One-time buyers", "too few customers are known for three months", measures)
    told = f"{share.value:.0%} of customers known for three months or more bought on one day only"
    if share.low < MANY_ONCE:
        return Finding("bought_once", "One-time buyers", "good", told, measures)
    return Finding(
        "bought_once",
        "One-time buyers",
        "note",
        told,
        measures,
        "BG/NBD holds every one of them for alive, however long ago the order was.",
        "Prefer Pareto/NBD or MBG/NBD, which let a customer leave after the first order.",
    )


def dead_tail(portrait: Portrait) -> Finding:
    """The share of customers silent for over a year, and longer than nearly all customers ever paused."""
    days = portrait.sample.by_day
    if portrait.days < YEAR_AND_A_HALF:
        return untold("dead_tail", "Silent customers", "that takes a year and a half of history")
    gaps = days.gap[days.place > 0]
    usual = float(np.quantile(gaps, 0.95)) if len(gaps) else 0.0
    silent = portrait.last_day - days.last > max(YEAR, usual)
    share = share_of(int(silent.sum()), len(silent))
    measures = (Measure("share silent for over a year", share.value, f"below {DEAD:.0%}", share.low, share.high),)
    told = f"{share.value:.0%} of customers have been silent for over a year"
    if share.low < DEAD:
        return Finding("dead_tail", "Silent customers", "good", told, measures)
    return Finding(
        "dead_tail",
        "Silent customers",
        "note",
        told,
        measures,
        f"Of all pauses that ended in a purchase, 95% were shorter than {usual:,.0f} days: most of these customers are gone.",
        "Averages over all customers mislead; judge the active ones apart, and do not spend on the rest without a test.",
    )
