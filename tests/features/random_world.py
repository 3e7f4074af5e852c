"""A small seeded world with everything that makes history hard, and ways to rewrite its future."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from features.silver_cast import Line, moment
from patron.periods import day_number, day_of

FIRST, LAST = 19_000, 19_500
Facts = dict[str, list[dict[str, object]]]
_NAMES = [f"c{number:02}" for number in range(30)]


def random_lines(seed: int) -> list[Line]:
    """Orders of one to four lines; some split over days, some known late, some refunded, some superseded."""
    rng = Random(seed)  # noqa: S311
    return [line for number in range(260) for line in _order(rng, rng.choice([*_NAMES, None]), f"o{number}")]


def prompt_lines(seed: int) -> list[Line]:
    """The same world where each order is bought on one day and every row is known on the day it happened."""
    lines = random_lines(seed)
    bought_on = {line.order: line.day for line in reversed(lines) if not line.refund}
    return [replace(line, known=None, day=line.day if line.refund else bought_on[line.order]) for line in lines]


def _order(rng: Random, who: str | None, order: str) -> list[Line]:
    day = rng.randint(FIRST, LAST)
    lines = [_line(rng, who, order, day + rng.choice([0, 0, 0, 0, 3, 20])) for _ in range(rng.choice([1, 1, 2, 4]))]
    if rng.random() < 0.2:
        back = _line(rng, who, order, day + rng.randint(0, 40))
        lines.append(replace(back, amount=f"-{back.amount}", refund=True, quantity="-1"))
    return lines


def _line(rng: Random, who: str | None, order: str, day: int) -> Line:
    return Line(
        who,
        order,
        day,
        f"{rng.choice([0, 1, 5, 20, 100])}.{rng.randint(0, 99):02}",
        known=day + rng.randint(1, 120) if rng.random() < 0.25 else None,
        superseded=rng.random() < 0.05,
        quantity=str(rng.randint(1, 5)),
        discount=rng.choice([None, "0", "2.50"]),
        product=rng.choice([None, "p1", "p2", "p3", "p4"]),
        category=rng.choice([None, "tea", "cake"]),
        branch=rng.choice(["n", "s", None]),
        channel=rng.choice(["web", "shop"]),
    )


def random_facts(seed: int) -> Facts:
    """Contacts with and without responses, contracts with and without ends, first days as a customer."""
    rng = Random(seed)  # noqa: S311
    days = [rng.randint(FIRST, LAST) for _ in range(80)]
    return {
        "customers": [{"customer_id": name, "acquired_on": day_of(rng.choice(days))} for name in _NAMES],
        "products": [{"product_id": "p1", "category": "tea"}, {"product_id": "p2", "category": "gold"}],
        "campaigns": [{"campaign_id": "late", "started_on": day_of(LAST - 60)}],
        "contacts": [_contact(rng, number, day) for number, day in enumerate(days)],
        "subscriptions": [_contract(rng, day) for day in days[:25]],
        "engagements": [_engagement(rng) for _ in range(200)],
        "reviews": [_review(rng) for _ in range(60)],
    }


def _contact(rng: Random, number: int, day: int) -> dict[str, object]:
    return {
        "customer_id": rng.choice(_NAMES),
        "campaign_id": rng.choice(["late", f"k{number}"]),
        "contacted_at": moment(day) if rng.random() < 0.9 else None,
        "responded_at": moment(day + rng.randint(0, 90)) if rng.random() < 0.5 else None,
        "held_out": rng.choice([True, False, None]),
    }


def _contract(rng: Random, day: int) -> dict[str, object]:
    return {
        "customer_id": rng.choice(_NAMES),
        "started_on": day_of(day),
        "ended_on": day_of(day + rng.randint(1, 300)) if rng.random() < 0.5 else None,
        "price": rng.randint(1, 50),
        "period": rng.choice(["month", "year"]),
    }


def _engagement(rng: Random) -> dict[str, object]:
    kind = rng.choice(["email_open", "click", "visit", "Session", "unheard of"])
    return {"customer_id": rng.choice([*_NAMES, None]), "kind": kind, **_clocks(rng, rng.randint(FIRST, LAST))}


def _review(rng: Random) -> dict[str, object]:
    stars = rng.choice([None, *(Decimal(halves) / 2 for halves in range(2, 11))])
    return {"customer_id": rng.choice(_NAMES), "rating": stars, **_clocks(rng, rng.randint(FIRST, LAST))}


def _clocks(rng: Random, day: int) -> dict[str, object]:
    known = day + rng.randint(-30, 120) if rng.random() < 0.4 else None
    return {"occurred_at": moment(day), "known_at": None if known is None else moment(known)}


def scrambled_lines(lines: list[Line], cutoff: int, seed: int) -> list[Line]:
    """The same lines up to the cutoff; those that happened or became known after it rewritten, removed or joined by others."""
    rng = Random(seed)  # noqa: S311
    kept = [line for line in lines if line.visible_day <= cutoff]
    hidden = [line for line in lines if line.visible_day > cutoff]
    rewritten = [_rewritten(rng, line, lines, cutoff) for line in hidden if rng.random() < 0.8]
    invented = [_rewritten(rng, rng.choice(lines), lines, cutoff) for _ in range(rng.randint(0, 60))]
    return rng.sample(everything := kept + rewritten + invented, len(everything))


def _rewritten(rng: Random, line: Line, lines: list[Line], cutoff: int) -> Line:
    """Another line with another fate, known only after the cutoff; it may join an order of long ago."""
    other = rng.choice(lines)
    day = rng.randint(FIRST - 50, LAST + 50)
    refund = rng.random() < 0.3
    return replace(
        line,
        who=rng.choice([line.who, other.who, "new one", "a first in the alphabet"]),
        order=rng.choice([line.order, other.order, f"n{rng.randint(0, 9)}"]),
        day=day,
        known=rng.choice([cutoff + rng.randint(1, 90), max(day, cutoff + 1)]),
        amount=f"{'-' if refund else ''}{rng.randint(0, 9999)}.{rng.randint(0, 99):02}",
        refund=refund,
        superseded=rng.random() < 0.1,
        quantity=str(rng.randint(1, 50)),
        discount=rng.choice([None, "3"]),
        product=rng.choice(["p1", "p9", None]),
        category=rng.choice([None, "tea", "unheard of"]),
        branch=rng.choice(["n", "far away"]),
        channel=rng.choice(["web", "pigeon"]),
    )


def scrambled_facts(facts: Facts, cutoff: int, seed: int) -> Facts:
    """The same facts up to the cutoff by their own clocks; later contacts, responses, ends and contracts rewritten."""
    rng = Random(seed)  # noqa: S311

    def later(day: int | None) -> bool:
        return day is not None and day > cutoff

    def moved(row: dict[str, object], key: str, write: Callable[[int], object]) -> dict[str, object]:
        value = row.get(key)
        if later(None if value is None else day_number(value)):
            return {**row, key: rng.choice([None, write(cutoff + rng.randint(1, 200))])}
        return row

    contacts = [
        moved(row, "responded_at", moment)
        for row in facts["contacts"]
        if not later(day_number(row["contacted_at"]) if row["contacted_at"] else LAST - 60) or rng.random() < 0.5
    ]
    contracts = [
        moved(row, "ended_on", day_of)
        for row in facts["subscriptions"]
        if not later(day_number(row["started_on"])) or rng.random() < 0.5
    ]
    customers = [moved(row, "acquired_on", day_of) for row in facts["customers"]]
    engagements = _scrambled_events(rng, facts["engagements"], cutoff, _engagement)
    reviews = _scrambled_events(rng, facts["reviews"], cutoff, _review)
    extra = {
        "customer_id": "c01",
        "campaign_id": "new",
        "contacted_at": moment(cutoff + 1) + timedelta(hours=rng.randint(0, 9)),
    }
    return {
        "products": facts["products"],
        "campaigns": facts["campaigns"],
        "contacts": [*contacts, extra],
        "subscriptions": contracts,
        "customers": customers,
        "engagements": engagements,
        "reviews": reviews,
    }


def _scrambled_events(
    rng: Random, events: list[dict[str, object]], cutoff: int, invent: Callable[[Random], dict[str, object]]
) -> list[dict[str, object]]:
    """The events visible by the cutoff; of the others some are gone, and others join them, known only after it."""
    seen = [row for row in events if _visible_day(row) <= cutoff]
    hidden = [row for row in events if _visible_day(row) > cutoff and rng.random() < 0.5]
    invented = [{**invent(rng), "known_at": moment(cutoff + rng.randint(1, 90))} for _ in range(rng.randint(1, 40))]
    return rng.sample(everything := seen + hidden + invented, len(everything))


def _visible_day(event: dict[str, object]) -> int:
    days = [day_number(moment) for moment in (event["occurred_at"], event["known_at"]) if isinstance(moment, datetime)]
    return max(days)
