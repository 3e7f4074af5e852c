"""Questions about groups: how many customers, what they are expected to bring; for everybody in scope, by view or by branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from patron.errors import UnknownName
from patron.reports.served.view import View

VIEWS: Final = ("tier", "rfm_segment", "lifecycle", "cluster", "seasonal_type", "place", "rule")
BRANCH: Final = "branch"


@dataclass(frozen=True)
class GroupFigures:
    """A group in figures, money in the release's currency; all None where the group is hidden, for it is too small."""

    name: str
    customers: int | None
    expected_value: float | None
    historic_value: float | None
    value_at_risk: float | None

    @property
    def is_hidden(self) -> bool:
        return self.customers is None


def groups(view: View, name: str, *, least_cell: int = 0) -> tuple[GroupFigures, ...]:
    """The groups of a view, those expected to bring most first; UnknownName for a view that there is not.

    Groups of fewer than ``least_cell`` customers are hidden; where that is only one, the next smallest is hidden too, for the
    sum of the others would tell it.
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
    figures = figures.filter(pc.is_valid(figures["group"]))
    sums = [
        ("customer_id", "count"),
        *((money, "sum") for money in ("expected_value", "historic_value", "value_at_risk")),
    ]
    found = [
        GroupFigures(told["group"], told["customer_id_count"], *(told[f"{money}_sum"] for money, _ in sums[1:]))
        for told in figures.group_by("group", use_threads=False).aggregate(sums).to_pylist()
    ]
    found.sort(key=lambda group: (-(group.expected_value or 0.0), group.name))
    return hidden_if_small(found, least_cell)


def hidden_if_small(found: Sequence[GroupFigures], least_cell: int) -> tuple[GroupFigures, ...]:
    """The same groups, small ones without figures, and never exactly one."""
    by_size = sorted(found, key=lambda group: (group.customers or 0, group.name))
    small = [group for group in by_size if (group.customers or 0) < least_cell]
    if len(small) == 1:
        small = by_size[:2]
    names = {group.name for group in small}
    return tuple(
        replace(group, customers=None, expected_value=None, historic_value=None, value_at_risk=None)
        if group.name in names
        else group
        for group in found
    )
