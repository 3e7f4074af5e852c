"""Questions about groups: how many customers, what they are expected to bring; for everybody in scope, by view or by branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa

from patron.errors import UnknownName
from patron.reports.served.view import View

VIEWS: Final = ("tier", "rfm_segment", "lifecycle", "cluster", "seasonal_type", "place", "rule")
BRANCH: Final = "branch"


@dataclass(frozen=True)
class GroupFigures:
    """A group in figures, money in the release's currency; all None where the group is hidden, for it is too small.

    ``name`` is None for the customers who are in no group of the view.
    """

    name: str | None
    customers: int | None
    expected_value: float | None
    historic_value: float | None
    value_at_risk: float | None

    @property
    def is_hidden(self) -> bool:
        return self.customers is None


def groups(view: View, name: str, *, least_cell: int = 0) -> tuple[GroupFigures, ...]:
    """The groups of a view, those expected to bring most first; UnknownName for a view that there is not.

    Groups of fewer than ``least_cell`` customers are hidden, and as many more as it takes that nothing follows from the others.
    """
    if name not in (*VIEWS, BRANCH):
        raise UnknownName("view", name, VIEWS)
    figures = view.scores.select(["customer_id", "expected_value", "historic_value"])
    at_risk = view.behaviour["value_at_risk"] if view.behaviour.num_rows else pa.nulls(figures.num_rows, pa.float64())
    figures = figures.append_column("value_at_risk", at_risk)
    if name == "rule":
        labelled = view.members.select(["customer_id", "rule"]).rename_columns(["customer_id", "group"])
        figures = labelled.set_column(1, "group", labelled["group"].cast(pa.string())).join(figures, "customer_id")
    elif name in view.segments.column_names:
        figures = figures.append_column("group", view.segments[name].cast(pa.string()))
    else:
        return ()
    sums = [
        ("customer_id", "count"),
        *((money, "sum") for money in ("expected_value", "historic_value", "value_at_risk")),
    ]
    found = [
        GroupFigures(told["group"], told["customer_id_count"], *(told[f"{money}_sum"] for money, _ in sums[1:]))
        for told in figures.group_by("group", use_threads=False).aggregate(sums).to_pylist()
    ]
    found.sort(key=lambda group: (-(group.expected_value or 0.0), group.name or ""))
    if name == "rule":  # rules overlap: each is hidden for itself, also where all but a few meet it
        total = view.scores.num_rows
        return tuple(_hidden(group) if _is_small(group.customers or 0, total, least_cell) else group for group in found)
    return hidden_if_small(found, least_cell)


def hidden_if_small(found: Sequence[GroupFigures], least_cell: int) -> tuple[GroupFigures, ...]:
    """The same groups, small ones without figures, and with them the next smallest until the hidden ones together are not small.

    Else the total less the groups that are shown would tell of them.
    """
    hidden: set[str | None] = set()
    together = 0
    for group in sorted(found, key=lambda group: (group.customers or 0, group.name or "")):
        size = group.customers or 0
        if size >= least_cell and (not hidden or together >= least_cell):
            break
        hidden.add(group.name)
        together += size
    return tuple(_hidden(group) if group.name in hidden else group for group in found)


def _is_small(size: int, total: int, least_cell: int) -> bool:
    return size < least_cell or 0 < total - size < least_cell


def _hidden(group: GroupFigures) -> GroupFigures:
    return replace(group, customers=None, expected_value=None, historic_value=None, value_at_risk=None)
