"""A customer's sufficient statistics: what the release knew, and what events since then add to it. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """What is known of a customer's purchases by some day: sums in whole ten-thousandths, days counted from 1970.

    ``days`` are the days with a purchase; ``first_known`` is the first day of anything, a refund too.
    """

    days: frozenset[int]
    first_known: int
    gross: int
    first_day_gross: int
    net: int
    orders: int


@dataclass(frozen=True)
class Moved:
    """One transaction that counts: its day, the order that it belongs to, what it counts for; a purchase, or a refund or gift."""

    day: int
    order: str
    value: int
    is_purchase: bool


@dataclass(frozen=True)
class Statistics:
    """What the closed form needs: x, t_x, T and the mean spend (Fader, Hardie & Lee 2005), and the sums beside them."""

    frequency: int
    recency: int
    T: int
    monetary_value: float
    purchase_days: int
    orders: int
    gross_value: float
    historic_value: float


def with_moves(known: Known | None, moves: Iterable[Moved]) -> Known:
    """What is known once these have come; in whatever order they come, the result is the same.

    At least one of ``known`` and the moves must be there.
    """
    every = tuple(moves)
    bought = [move for move in every if move.is_purchase]
    days = {move.day for move in bought} | (known.days if known else set())
    first_known = min([*(move.day for move in every), *([known.first_known] if known else [])])
    was_first = min(known.days) if known and known.days else None
    first = min(days) if days else None
    held = known.first_day_gross if known and was_first == first else 0
    return Known(
        days=frozenset(days),
        first_known=first_known,
        gross=(known.gross if known else 0) + sum(move.value for move in bought),
        first_day_gross=held + sum(move.value for move in bought if move.day == first),
        net=(known.net if known else 0) + sum(move.value for move in every),
        orders=(known.orders if known else 0) + len({move.order for move in bought}),
    )


def statistics(known: Known, as_of_day: int) -> Statistics:
    """The statistics as of a day, by the same formulas as ``features.formulas``: who never bought is counted from the first known day."""
    first = min(known.days) if known.days else known.first_known
    last = max(known.days) if known.days else known.first_known
    frequency = max(len(known.days) - 1, 0)
    repeat = (known.gross - known.first_day_gross) / 10_000
    return Statistics(
        frequency=frequency,
        recency=last - first,
        T=as_of_day - first,
        monetary_value=repeat / frequency if frequency else 0.0,
        purchase_days=len(known.days),
        orders=known.orders,
        gross_value=known.gross / 10_000,
        historic_value=known.net / 10_000,
    )
