"""The totals of groups as a reader wants them: each way of grouping with its largest groups, the rest counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from patron.reports.evidence import GroupTotal
from patron.reports.wording import in_words

MOST_SHOWN: Final = 6


@dataclass(frozen=True)
class Grouping:
    """One way of grouping customers: its largest groups, and how many more there are."""

    title: str
    largest: tuple[GroupTotal, ...]
    others: int


def group_totals(totals: Iterable[GroupTotal]) -> tuple[Grouping, ...]:
    """Every way of grouping that parts customers, tiers first, with its groups by expected value."""
    found = []
    ordered = sorted(totals, key=lambda total: (total.by != "tier", total.by))
    for by, rows in groupby(ordered, key=lambda total: total.by):
        told = sorted(rows, key=lambda row: (-row.expected, row.label))
        if len(told) > 1:
            found.append(Grouping(in_words(by), tuple(told[:MOST_SHOWN]), max(0, len(told) - MOST_SHOWN)))
    return tuple(found)
