"""The library of worlds: each with what the doctor must say of it, and the few things it may say beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from patron.periods import day_of
from quality.doctor_worlds import LAST_DAY, Orders, Shop, contract, orders, refunds_of, simulate


@dataclass(frozen=True)
class World:
    """How a world is made from a seed, what must be found in it (id: verdict), what may be, and the conclusion."""

    make: Callable[[int], Orders]
    fit: str
    family: str
    found: Mapping[str, str] = field(default_factory=dict)
    may: frozenset[str] = frozenset()
    untold: frozenset[str] = frozenset()
    """Questions that this world cannot answer, and the doctor must say so."""
    last_day: int = LAST_DAY


PLAIN: Final = Shop()


def _clock(days: int, weight: Callable[[int], float]) -> np.ndarray:
    return np.array([weight(LAST_DAY - days + 1 + n) for n in range(days)])


def _christmas(day: int) -> float:
    return {10: 1.5, 11: 3.0}.get(day_of(day).month - 1, 1.0)


def _mild(day: int) -> float:
    return 1 + 0.35 * np.sin(2 * np.pi * day / 365.25)


def _promotions(day: int) -> float:
    return 7.0 if day % 47 < 3 else 1.0


def _contract_with(declared: bool, seed: int) -> Orders:
    paid = contract(900, 900, 30, 0.06, seed)
    if not declared:
        return paid
    who, first = np.unique(paid.customer, return_index=True)
    last = np.append(first[1:], len(paid.day)) - 1
    ended = np.where(paid.day[last] + 31 < LAST_DAY, paid.day[last] + 30, -1)
    return replace(paid, contracts=(who, paid.day[first], ended))


def _bank(seed: int) -> Orders:
    fees = contract(700, 900, 30, 0.02, seed, price=6.0)
    cards = simulate(replace(PLAIN, customers=700, days=900, leave="none", mean_gap=15.0, arrive=(0, 0)), seed)
    opened, closed = np.full(700, LAST_DAY), np.zeros(700, dtype=np.int64)
    np.minimum.at(opened, fees.customer, fees.day)
    np.maximum.at(closed, fees.customer, fees.day)
    held = (cards.day >= opened[cards.customer]) & (cards.day <= closed[cards.customer] + 30)
    return fees.plus(orders(cards.customer[held], cards.day[held], cards.amount[held]))


def _wholesale(seed: int) -> Orders:
    small = simulate(PLAIN, seed)
    large = simulate(
        Shop(customers=8, days=PLAIN.days, mean_gap=12, leave="none", spend=(6.25, 9.0, 7_000.0), arrive=(0, 0.3)),
        seed,
    )
    return small.plus(replace(large, customer=large.customer + PLAIN.customers))


def _cancelled_giant(seed: int) -> Orders:
    given = simulate(PLAIN, seed)
    at = len(given.day) // 2
    amount = given.amount.copy()
    amount[at] = 80_000.0
    back = orders(given.customer[at : at + 1], given.day[at : at + 1] + 1, np.array([-80_000.0]), refund=True)
    return replace(given, amount=amount).plus(back)


def _refunded(seed: int) -> Orders:
    given = simulate(PLAIN, seed)
    return given.plus(refunds_of(given, 0.2, seed + 1))


def _anonymous(share: float, seed: int) -> Orders:
    known, unknown = simulate(PLAIN, seed), simulate(PLAIN, seed + 100)
    some = np.random.default_rng(seed).random(len(unknown.day)) < share
    nobody = orders(np.full(int(some.sum()), -1), unknown.day[some], unknown.amount[some])
    return known.plus(nobody)


def _inflated(change: Callable[[np.ndarray], np.ndarray], seed: int) -> Orders:
    given = simulate(PLAIN, seed)
    return replace(given, amount=np.round(given.amount * change((given.day - LAST_DAY) / 365.25), 2))


def _two_segments(seed: int) -> Orders:
    private = simulate(replace(PLAIN, customers=1000), seed)
    firms = simulate(replace(PLAIN, customers=200, spend=(12.0, 20.0, 6_000.0), leave_beta=(0.5, 15.0)), seed + 50)
    return private.plus(replace(firms, customer=firms.customer + 1000))


def _channels(late: bool, seed: int) -> Orders:
    given = simulate(PLAIN, seed)
    rng = np.random.default_rng(seed)
    begins = LAST_DAY - PLAIN.days * (0.4 if late else 1.0)
    app = (rng.random(len(given.day)) < 0.45) & (given.day > begins)
    return replace(given, channel=np.where(app, "app", "web"))


def _cents(mixed: bool, seed: int) -> Orders:
    given = simulate(PLAIN, seed)
    chosen = np.random.default_rng(seed).random(len(given.day)) < (0.12 if mixed else 1.0)
    return replace(given, amount=np.where(chosen, given.amount * 100, given.amount))


def _left_cut(seed: int) -> Orders:
    whole = simulate(replace(PLAIN, customers=3000, days=1700, leave_beta=(0.5, 12.0)), seed)
    seen = whole.day > LAST_DAY - 500
    return replace(
        whole, customer=whole.customer[seen], day=whole.day[seen], amount=whole.amount[seen], refund=whole.refund[seen]
    )


def _of(**changes: object) -> Callable[[int], Orders]:
    return lambda seed: simulate(replace(PLAIN, **changes), seed)


_CONTRACT: Final = {"contract": "note"}
WORLDS: Final[dict[str, World]] = {
    "a plain shop (BG/NBD)": World(_of(), "fits", "bg_nbd"),
    "a plain shop (Pareto/NBD)": World(_of(leave="pareto"), "fits", "bg_nbd"),
    "a plain shop with all amounts in cents": World(lambda s: _cents(False, s), "fits", "bg_nbd"),
    "a plain shop with two channels all along": World(lambda s: _channels(False, s), "fits", "bg_nbd"),
    "monthly contracts, no table of them": World(lambda s: _contract_with(False, s), "fits", "survival", _CONTRACT),
    "monthly contracts with their table": World(lambda s: _contract_with(True, s), "fits", "survival", _CONTRACT),
    "annual renewals": World(lambda s: contract(1500, 1460, 365, 0.25, s, price=90), "fits", "survival", _CONTRACT, frozenset({"bought_once", "dead_tail"})),
    "bank accounts with monthly fees": World(_bank, "fits", "survival", _CONTRACT, frozenset({"kinds", "dead_tail"})),
    "a Christmas shop, three years": World(
        _of(days=1150, weights=_clock(1150, _christmas)), "fits with care", "boosting", {"season": "warning"}, frozenset({"dead_tail"})
    ),
    "a mild spring season, three years": World(
        _of(days=1150, customers=2500, weights=_clock(1150, _mild)), "fits", "bg_nbd", {"season": "note"}, frozenset({"dead_tail"})
    ),
    "a Christmas shop, ten months": World(
        _of(days=300, weights=_clock(300, _christmas)), "fits", "bg_nbd", {"history": "note"}, frozenset({"bought_once"}), frozenset({"season", "dead_tail"})
    ),
    "few giants among small buyers": World(
        _wholesale, "fits with care", "bg_nbd", {"concentration": "warning"}, frozenset({"spend_tail", "giant_orders"})
    ),
    "one giant order, cancelled": World(
        _cancelled_giant, "fits with care", "bg_nbd", {"giant_orders": "warning"}
    ),
    "too young": World(_of(days=92), "not yet", "rules", {"history": "stop"}, frozenset({"repeat_buyers"}), frozenset({"season"})),
    "too few customers": World(_of(customers=70), "not yet", "rules", {"customers": "stop"}, frozenset({"repeat_buyers", "concentration"}), frozenset({"drift"})),
    "too few repeat buyers": World(
        _of(customers=700, leave_beta=(60.0, 1.2)), "not yet", "rules", {"repeat_buyers": "stop", "bought_once": "note"},
        frozenset({"concentration", "dead_tail"}), frozenset({"regularity", "season"}),
    ),
    "later customers buy less": World(_of(customers=2000, rate_drift=0.25), "fits with care", "boosting", {"drift": "warning"}),
    "later customers buy less, one year": World(
        _of(customers=3000, days=400, rate_drift=0.2, mean_gap=20.0), "fits with care", "boosting", {"drift": "warning"}
    ),
    "later customers buy more": World(_of(customers=2000, rate_drift=4.0), "fits with care", "boosting", {"drift": "warning"}),
    "a fifth is given back": World(_refunded, "fits with care", "boosting", {"refunds": "warning"}),
    "nearly half is anonymous": World(lambda s: _anonymous(0.8, s), "fits with care", "bg_nbd", {"anonymous": "warning"}),
    "regular buyers": World(_of(gap_shape=4.0), "fits with care", "boosting", {"regularity": "warning"}),
    "buyers in bursts": World(_of(clump=0.45, mean_gap=70.0), "fits with care", "boosting", {"regularity": "warning"}),
    "frequent buyers spend more": World(_of(rate_to_spend=0.6), "fits with care", "boosting", {"independence": "warning"}, frozenset({"concentration"})),
    "prices rise by 15% a year": World(lambda s: _inflated(lambda t: 1.15**t, s), "fits with care", "boosting", {"prices": "warning"}),
    "a price rise of a third one day": World(lambda s: _inflated(lambda t: np.where(t > -1, 1.35, 1.0), s), "fits with care", "boosting", {"prices": "warning"}),
    "a shop that closed": World(
        _of(weights=_clock(PLAIN.days, lambda day: 0.02 if day > LAST_DAY - 75 else 1.0)), "not yet", "rules", {"trade": "stop"}, frozenset({"drift"})
    ),
    "an app opened midway": World(lambda s: _channels(True, s), "fits with care", "boosting", {"launch": "warning"}),
    "firms and private persons": World(_two_segments, "fits with care", "boosting", {"kinds": "warning"}, frozenset({"spend_tail", "independence", "concentration"})),
    "sixty firms": World(
        _of(customers=60, mean_gap=10.0, spend=(6.25, 2.5, 9000.0), leave_beta=(0.3, 20.0), arrive=(0.0, 0.5)), "not yet", "rules",
        {"customers": "stop"}, frozenset({"repeat_buyers", "arrivals", "concentration", "spend_tail"}), frozenset({"drift", "kinds"}),
    ),
    "a dead long tail": World(
        _of(days=1460, customers=2500, leave_beta=(3.0, 3.0), mean_gap=20.0, arrive=(0.0, 0.9)), "fits", "pareto_nbd",
        {"dead_tail": "note", "bought_once": "note"},
    ),
    "promotions every other month": World(_of(customers=3000, weights=_clock(PLAIN.days, _promotions)), "fits with care", "boosting", {"bursts": "warning"}, frozenset({"regularity"})),
    "cents among euros": World(lambda s: _cents(True, s), "not yet", "rules", {"units": "stop"}, frozenset({"spend_tail", "concentration", "kinds", "giant_orders"})),
    "very uneven sums": World(
        _of(noise=2.0), "fits with care", "bg_nbd", {"spend_tail": "warning"}, frozenset({"concentration", "giant_orders"})
    ),
    "one wave of customers, none since": World(_of(customers=2000, arrive=(0.0, 0.12)), "fits", "bg_nbd", {"arrivals": "note"}, frozenset({"dead_tail"}), frozenset({"drift"})),
    "a history cut off on the left": World(_left_cut, "fits", "bg_nbd", {"arrivals": "note"}),
}  # fmt: skip
