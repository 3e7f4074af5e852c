"""Flows between groups as a matrix: a row per group that customers left, shares of its customers and of its money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from patron.reports.segment_answers import Flow
from patron.reports.segment_story import group_name
from patron.segments.movement.migration import CAME
from patron.segments.rfm import RFM_NAMES
from patron.segments.tiers import TIERS


@dataclass(frozen=True)
class MatrixCell:
    """Where some of a row's customers are now; ``money`` is None where the row has no money to share out."""

    customers: int
    share: float
    money: float | None
    stayed: bool


@dataclass(frozen=True)
class MatrixRow:
    """The customers of one group one horizon ago, and where they are now; empty cells are None.

    Its money is what they brought before; of those who came since, what they bring now.
    """

    name: str
    cells: tuple[MatrixCell | None, ...]
    customers: int
    value_before: float
    value_now: float


@dataclass(frozen=True)
class Matrix:
    """All flows of a view: the columns' names, and the rows."""

    columns: tuple[str, ...]
    rows: tuple[MatrixRow, ...]


def migration_matrix(view: str, flows: Sequence[Flow]) -> Matrix:
    """Rows and columns in the order of the view, comers and leavers last."""
    known: tuple[str, ...] = TIERS if view == "tier" else RFM_NAMES
    befores, nows = (_ordered({getattr(flow, end) for flow in flows}, known) for end in ("before", "now"))
    rows = tuple(_row(before, nows, [flow for flow in flows if flow.before == before], view) for before in befores)
    return Matrix(tuple(group_name(now, view) for now in nows), rows)


def _ordered(names: set[str], known: Sequence[str]) -> tuple[str, ...]:
    return (*(name for name in known if name in names), *sorted(names - {*known}))


def _row(before: str, nows: Sequence[str], flows: Sequence[Flow], view: str) -> MatrixRow:
    came = before == CAME
    customers = sum(flow.customers for flow in flows)
    money = {flow.now: flow.value_now if came else flow.value_before for flow in flows}
    whole = sum(money.values())
    by_now = {flow.now: flow for flow in flows}
    cells = tuple(
        MatrixCell(flow.customers, flow.share, money[now] / whole if whole > 0 else None, now == before)
        if (flow := by_now.get(now)) is not None
        else None
        for now in nows
    )
    sums = (sum(flow.value_before for flow in flows), sum(flow.value_now for flow in flows))
    return MatrixRow(group_name(before, view), cells, customers, *sums)
