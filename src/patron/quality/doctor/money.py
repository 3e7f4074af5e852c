"""Who brings the money and how: few large customers, giant orders, refunds, anonymous sales, prices, units."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from patron.currencies import with_currency
from patron.periods import DAYS_PER_YEAR, day_of
from patron.quality.doctor.evidence import Trend, rank_correlation, trend, two_kinds
from patron.quality.doctor.finding import Finding, Measure, untold
from patron.quality.doctor.portrait import Floats, LargeOrder, Portrait, Purchases

TOP_SHARE: Final = 0.25
ONE_CUSTOMER: Final = 0.1
GIANT_BY_USUAL: Final = 20.0
GIANT_SHARE: Final = 0.02
CANCELLED: Final = 0.9
MUCH_REFUNDED: Final = 0.1
SOME_REFUNDED: Final = 0.03
MUCH_ANONYMOUS: Final = 0.3
SOME_ANONYMOUS: Final = 0.1
FEWEST_REPEATERS: Final = 150
CORRELATED: Final = 0.15
SURELY_CORRELATED: Final = 0.05
TAIL: Final = 0.2
LONG_TAIL: Final = 0.3
PRICE_CHANGE: Final = 0.1
PRICE_Z: Final = 5.0
TWO_YEARS: Final = 730
STEPS_TRIED: Final = 24
FEWEST_KINDS: Final = 200
MOST_JUDGED: Final = 20_000
APART: Final = 2.5
TIMES_AS_MUCH: Final = 5.0
FEWEST_PAIRS: Final = 100


def concentration(portrait: Portrait) -> Finding:
    """Whether a handful of customers brings most of the money."""
    n = portrait.customers
    net = max(portrait.gross - portrait.refunded, 1e-9)
    shares = [(size, brought / net) for size, brought in portrait.top_customers]
    best = shares[0][1]
    percent, top = next((size, share) for size, share in shares if size >= min(n / 100, shares[-1][0]))
    measures = (
        Measure("share of the best customer", best, f"below {ONE_CUSTOMER:.0%}"),
        Measure(f"share of the best {percent:,}", top, f"below {TOP_SHARE:.0%}"),
    )
    if best < ONE_CUSTOMER and top < TOP_SHARE:
        return Finding(
            "concentration",
            "Large customers",
            "good",
            f"the best 1% of customers ({percent:,}) bring {top:.0%} of revenue",
            measures,
        )
    told = (
        f"the best {percent:,} of {n:,} customers bring {top:.0%} of revenue"
        if top >= TOP_SHARE
        else f"one customer brings {best:.0%} of revenue"
    )
    return Finding(
        "concentration",
        "Large customers",
        "warning",
        told,
        measures,
        "These are wholesalers or key accounts: averages say nothing about them, and the total hangs on what few of them do.",
        "Talk to them instead of modelling them; report totals with and without them.",
    )


def giant_orders(portrait: Portrait) -> Finding:
    """Single orders far beyond all others, and whether they were given back."""
    giants = _giants(portrait)
    limit = f"below {GIANT_BY_USUAL:g} times the 99th percentile, and below {GIANT_SHARE:.0%} of revenue"
    largest = portrait.large_orders[0].amount if portrait.large_orders else 0.0
    measures = (Measure("largest order", largest, limit),)
    if not giants:
        return Finding("giant_orders", "Giant orders", "good", "no single order dwarfs the rest", measures)
    return Finding(
        "giant_orders",
        "Giant orders",
        "warning",
        _told(giants, [order for order in giants if _is_cancelled(order)], portrait),
        measures,
        "One such order outweighs thousands of others in averages and errors, also where its money was given back.",
        "Look at them in the report's list of odd rows; take what was a mistake out of the source.",
    )


def _giants(portrait: Portrait) -> list[LargeOrder]:
    usual = portrait.usual_large_order
    return [
        order
        for order in portrait.large_orders
        if order.amount >= GIANT_BY_USUAL * usual or order.amount >= max(GIANT_SHARE * portrait.gross, 5 * usual)
    ]


def _is_cancelled(order: LargeOrder) -> bool:
    return order.given_back >= CANCELLED * order.amount


def _told(giants: list[LargeOrder], cancelled: list[LargeOrder], portrait: Portrait) -> str:
    largest = giants[0]
    told = f"{with_currency(f'{largest.amount:,.0f}', False, portrait.currency)} on {day_of(largest.day):%d %b %Y}"
    if len(giants) == 1:
        return f"one order dwarfs the rest: {told}" + (", then given back" if cancelled else "")
    told = f"{len(giants)} orders dwarf the rest, the largest {told}"
    if not cancelled:
        return told
    return told + (
        f"; {'both' if len(giants) == 2 else 'all'} were given back"
        if len(cancelled) == len(giants)
        else f"; given back: {len(cancelled)}"
    )


def refunds(portrait: Portrait) -> Finding:
    """How much of what was paid was given back, giant orders that were cancelled apart."""
    cancelled = sum(order.amount for order in _giants(portrait) if _is_cancelled(order))
    share = max(0.0, portrait.refunded - cancelled) / max(portrait.gross - cancelled, 1e-9)
    measures = (Measure("share of revenue given back", share, f"below {MUCH_REFUNDED:.0%}"),)
    told = f"{share:.1%} of revenue was given back" + (", giant orders apart" if cancelled else "")
    if share < SOME_REFUNDED:
        return Finding("refunds", "Refunds", "good", told if share else "none", measures)
    if share < MUCH_REFUNDED:
        return Finding(
            "refunds",
            "Refunds",
            "note",
            told,
            measures,
            "Spend models see purchases, not returns.",
            "Keep value.refunds = 'net'.",
        )
    return Finding(
        "refunds",
        "Refunds",
        "warning",
        told,
        measures,
        "Gamma-Gamma and other spend models see what was bought, not what came back, and value returners too high.",
        "Keep value.refunds = 'net' and let boosting, which sees each customer's refunds, compete.",
    )


def anonymous(portrait: Portrait) -> Finding:
    """How much revenue belongs to nobody known."""
    share = portrait.anonymous_gross / max(portrait.anonymous_gross + portrait.gross, 1e-9)
    measures = (Measure("share of revenue without a customer", share, f"below {SOME_ANONYMOUS:.0%}"),)
    told = f"{share:.0%} of revenue has no customer"
    if share < SOME_ANONYMOUS:
        told = "nearly all revenue has a customer" if share < 0.005 else told
        return Finding("anonymous", "Anonymous sales", "good", told, measures)
    return Finding(
        "anonymous",
        "Anonymous sales",
        "warning" if share >= MUCH_ANONYMOUS else "note",
        told,
        measures,
        "Forecasts cover identified customers only, and known customers may also buy unrecognised: their gaps look longer.",
        "Add the anonymous revenue to totals yourself; identify more sales (card, e-mail, account) if you can.",
    )


def independence(portrait: Portrait) -> Finding:
    """Whether spend and frequency are independent, as Gamma-Gamma holds.

    The spend of the first repeat purchase is compared with the number of repeat purchases: under independence the two
    have nothing to do with each other, whereas a mean over more purchases is less skewed even then.
    """
    days = portrait.sample.by_day
    repeaters = days.counts > 1
    if int(repeaters.sum()) < FEWEST_REPEATERS:
        return untold("independence", "Spend and frequency", f"that takes {FEWEST_REPEATERS} repeat buyers")
    spend = days.amount[days.starts[repeaters] + 1]
    found = rank_correlation(spend, days.counts[repeaters].astype(np.float64))
    measures = (
        Measure("rank correlation of spend and frequency", found.value, f"within ±{CORRELATED}", found.low, found.high),
    )
    sure = min(abs(found.low), abs(found.high)) >= SURELY_CORRELATED and found.low * found.high > 0
    if abs(found.value) < CORRELATED or not sure:
        told = f"how much customers spend has little to do with how often they buy (correlation {found.value:+.2f})"
        return Finding("independence", "Spend and frequency", "good", told, measures)
    who = "more" if found.value > 0 else "less"
    return Finding(
        "independence",
        "Spend and frequency",
        "warning",
        f"frequent buyers spend {who} each time (correlation {found.value:+.2f})",
        measures,
        "Gamma-Gamma holds the two to be independent, so it values frequent buyers too "
        + ("low." if found.value > 0 else "high."),
        "Let boosting compete, which needs no such assumption.",
    )


def spend_tail(portrait: Portrait) -> Finding:
    """Whether a few purchases hold most of the money."""
    amount = np.sort(portrait.sample.amount)
    if len(amount) < 500:
        return untold("spend_tail", "Size of purchases", "that takes 500 purchases")
    share = float(amount[-max(1, len(amount) // 100) :].sum() / amount.sum())
    measures = (Measure("share of revenue in the largest 1% of purchases", share, f"below {TAIL:.0%}"),)
    told = f"the largest 1% of purchases hold {share:.0%} of revenue"
    if share < TAIL:
        return Finding("spend_tail", "Size of purchases", "good", told, measures)
    return Finding(
        "spend_tail",
        "Size of purchases",
        "warning" if share >= LONG_TAIL else "note",
        told,
        measures,
        "Means jump with single purchases; Gamma-Gamma and squared errors follow the largest few.",
        "Read medians and ranks; judge models by wape or gini rather than rmse.",
    )


def prices(portrait: Portrait) -> Finding:
    """Whether the same customers pay more, or less, per purchase than they used to: gradually or from one day on."""
    days = portrait.sample.by_day
    told, line, step, day = price_trend(days)
    if not told:
        return untold("prices", "Spend over time", f"that takes {FEWEST_REPEATERS} customers with three purchases")
    years = portrait.days / DAYS_PER_YEAR
    jump = abs(step.z) > 1.1 * abs(line.z)
    change = math.expm1(step.slope if jump else line.slope * years * 2 / 3)
    measures = (
        Measure("change per purchase of the same customers", change, f"within ±{PRICE_CHANGE:.0%}"),
        Measure("that change in standard errors", step.z if jump else line.z, f"within ±{PRICE_Z:g}"),
    )
    if abs(change) < PRICE_CHANGE or max(abs(step.z), abs(line.z)) < PRICE_Z:
        return Finding(
            "prices",
            "Spend over time",
            "good",
            "the same customers spend about what they used to per purchase",
            measures,
        )
    how = "more" if change > 0 else "less"
    when = f"since about {day_of(day):%B %Y}" if jump else "in the last third of the history than in the first"
    causes = "prices, baskets or age" if portrait.days >= TWO_YEARS else "prices, baskets, age or a season"
    return Finding(
        "prices",
        "Spend over time",
        "warning",
        f"the same customers spend {abs(change):.0%} {how} per purchase {when} ({causes})",
        measures,
        "A mean over the whole history " + ("understates" if change > 0 else "overstates") + " what they spend today.",
        "Let boosting, which sees recent months apart, compete; if prices moved, restate old amounts at today's.",
    )


def price_trend(days: Purchases) -> tuple[bool, Trend, Trend, int]:
    """The trend of what the same customers spend, by year and as the best single step, and the day of that step.

    First purchases are left out: a welcome offer or the opening of an account is unlike what follows.
    """
    nothing = Trend(0.0, math.inf)
    repeat = (days.counts[days.customer] > 2) & (days.place > 0)
    if int((days.counts > 2).sum()) < FEWEST_REPEATERS:
        return False, nothing, nothing, 0
    _, who = np.unique(days.customer[repeat], return_inverse=True)
    amount, day = np.log(days.amount[repeat]), days.day[repeat].astype(np.float64)
    line = trend(amount, day / DAYS_PER_YEAR, who, who)
    # Both sides hold two months or more, so that a month's end on one of them weighs little.
    margin = max(60.0, 0.15 * (day.max() - day.min()))
    candidates = np.linspace(day.min() + margin, max(day.min() + margin, day.max() - margin), STEPS_TRIED)
    steps = [(trend(amount, (day >= at).astype(np.float64), who, who), int(at)) for at in candidates]
    best, at = max(steps, key=lambda step: abs(step[0].z))
    return True, line, best, at


def kinds(portrait: Portrait) -> Finding:
    """Whether customers are of two kinds that spend on quite different scales, such as firms and private persons."""
    sample = portrait.sample
    if len(sample.counts) < FEWEST_KINDS:
        return untold("kinds", "Kinds of customer", f"that takes {FEWEST_KINDS} customers")
    typical = _typical_spend(sample)
    found = two_kinds(typical)
    fewer = min(found.share, 1 - found.share)
    times = math.exp(found.centres[1] - found.centres[0])
    measures = (
        Measure("distance of the two kinds, in spreads", found.separation, f"below {APART}"),
        Measure("share of the larger-spending kind", found.share),
        Measure("spend of the larger kind, as a multiple", times, f"below {TIMES_AS_MUCH:g}"),
    )
    parted = found.separation >= APART and found.valley < 0.7 and found.gain > 20
    if not parted or times < TIMES_AS_MUCH or fewer < 0.03 or fewer * len(typical) < 20:
        return Finding("kinds", "Kinds of customer", "good", "customers differ by degrees, not in kind", measures)
    return Finding(
        "kinds",
        "Kinds of customer",
        "warning",
        f"two kinds: {found.share:.0%} of customers spend about {times:,.0f} times as much per purchase as the rest",
        measures,
        "One model of spend pulls both towards a middle where nobody is; firms and private persons, or two units of money.",
        "Check that all amounts are in one unit; then run each kind in a workspace of its own, or let boosting compete.",
    )


def _typical_spend(sample: Purchases) -> Floats:
    """Mean log spend, which one odd order moves little, of each customer, or of every so many."""
    typical = np.bincount(sample.customer, np.log(sample.amount)) / sample.counts
    return np.asarray(typical[:: -(-len(typical) // MOST_JUDGED)])


def units(portrait: Portrait) -> Finding:
    """Whether amounts of the same customers jump by a hundred or a thousand: cents among euros."""
    days = portrait.sample.by_day
    later = np.flatnonzero(days.place > 0)
    if len(later) < FEWEST_PAIRS:
        return untold("units", "Unit of money", f"that takes {FEWEST_PAIRS} repeat purchases")
    jump = np.abs(np.log10(days.amount[later] / days.amount[later - 1]))
    mixed, factor = max((_jumps(jump, power), 10**power) for power in (2, 3))
    measures = (Measure("share of purchases 100 or 1,000 times the one before, or a part of it", mixed, "below 2%"),)
    if mixed < 0.02:
        return Finding("units", "Unit of money", "good", "amounts are all on one scale", measures)
    return Finding(
        "units",
        "Unit of money",
        "stop",
        f"the same customers' amounts jump by about {factor:,} times",
        measures,
        "Some amounts seem to be in another unit, such as cents among whole euros or another currency.",
        "Look at which files or days they come from and map or convert them; nothing can be valued until then.",
    )


def _jumps(jump: Floats, power: int) -> float:
    """The share of jumps by about this power of ten, where they stand apart from the smaller ones; else 0."""
    at = int((np.abs(jump - power) < 0.3).sum())
    before = int((np.abs(jump - (power - 0.8)) < 0.3).sum())
    return at / len(jump) if at >= 20 and at > 2 * before else 0.0
