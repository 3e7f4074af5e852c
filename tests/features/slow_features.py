"""Features worked out the slow and obvious way, from the lines of one customer known by one cutoff."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from statistics import stdev

from features.silver_cast import Line


def slow_features(lines: list[Line], who: str, cutoff: int, horizon: int) -> dict[str, object] | None:
    """The features that orders alone give, or None for who is no customer by then."""
    known = [line for line in lines if line.who == who and line.visible_day <= cutoff and not line.superseded]
    if not known:
        return None
    purchases = [line for line in known if not line.refund and Decimal(line.amount) > 0]
    days = sorted({line.day for line in purchases})
    gaps = [later - earlier for earlier, later in pairwise(days)]
    first = days[0] if days else min(line.day for line in known)
    last = days[-1] if days else first
    gross = _sum(purchases)
    openings = _openings(purchases)
    orders = len(openings)
    return {
        "frequency": max(len(days) - 1, 0),
        "recency": last - first,
        "T": cutoff - first,
        "orders": orders,
        "purchase_days": len(days),
        "historic_value": float(_sum(known)),
        "gross_value": float(gross),
        "monetary_value": float(gross - _sum([p for p in purchases if p.day == first])) / len(gaps) if gaps else 0.0,
        "max_gap": max(gaps, default=None),
        "last_gap": gaps[-1] if gaps else None,
        "std_gap": stdev(gaps) if len(gaps) > 1 else None,
        "trailing_value": float(_sum([line for line in known if line.day > cutoff - horizon])),
        "trailing_orders": sum(day > cutoff - horizon for day in openings),
        "max_order_value": float(max(_totals(purchases, "order").values(), default=Decimal(0))),
        "first_day_value": float(_sum([p for p in purchases if p.day == first])) if days else 0.0,
        "lines_per_order": len(purchases) / orders if orders else None,
        "refund_lines": sum(line.refund for line in known),
        "products": len({line.product for line in purchases if line.product}),
        "main_branch_share": _top_share(purchases, "branch"),
        "weekend_share": sum((day + 3) % 7 >= 5 for day in openings) / orders if orders else None,
    }


def _openings(purchases: list[Line]) -> list[int]:
    """The day of the part with which each order became known."""
    parts: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for line in purchases:
        parts[line.order].append((line.visible_day, line.day))
    return [min(known)[1] for known in parts.values()]


def _sum(lines: list[Line]) -> Decimal:
    return sum((Decimal(line.amount) for line in lines), Decimal(0))


def _totals(lines: list[Line], name: str) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        if getattr(line, name):
            totals[getattr(line, name)] += Decimal(line.amount)
    return totals


def _top_share(purchases: list[Line], name: str) -> float | None:
    totals = _totals(purchases, name)
    return float(max(totals.values())) / float(_sum(purchases)) if totals else None


def slow_outcome(lines: list[Line], who: str, cutoff: int, horizon: int) -> tuple[Decimal, int, int]:
    """Net value, orders and purchase days after the cutoff, by the day they happened."""
    mine = [line for line in lines if line.who == who and not line.superseded]
    inside = [line for line in mine if cutoff < line.day <= cutoff + horizon]
    purchases = [line for line in mine if not line.refund and Decimal(line.amount) > 0]
    orders = sum(cutoff < day <= cutoff + horizon for day in _openings(purchases))
    return _sum(inside), orders, len({line.day for line in purchases if line in inside})
