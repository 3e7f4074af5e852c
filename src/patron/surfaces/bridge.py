"""The bridge from Python: why what customers are worth has changed between two releases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from markupsafe import Markup

from patron.errors import NothingThere, UnknownName
from patron.pipeline.inquiries.bridge import bridge_between
from patron.releases.contents import Release, load_release
from patron.reports.bridge_words import (
    bridge_sentence,
    moves_of,
    part_money,
    part_names,
    rounded_ends,
    rounded_parts,
    step_of,
)
from patron.reports.customer_rows import bridge_row, bridge_sums, close_ids
from patron.reports.wording import money, short_day
from patron.scores.bridge import SCALE, Bridge, Sums

_UNIT = 10**SCALE
Line = tuple[str, str]


@dataclass(frozen=True, eq=False)
class BridgeReport:
    """Why the value changed from one release to a later one; printed, or shown in a notebook, it reads as a reckoning.

    ``told`` holds totals, groups and the customers of the greatest changes as plain data, money as exact decimal text.
    """

    told: Mapping[str, Any]  # Any: plain data
    source: Release | Bridge

    @property
    def currency(self) -> str:
        return str(self.told["currency"])

    @property
    def since(self) -> date:
        """The day of the earlier release."""
        return date.fromisoformat(self.told["previous_as_of"])

    @property
    def today(self) -> date:
        """The day of the later release."""
        return date.fromisoformat(self.told["as_of"])

    def total(self) -> Sums:
        """The whole portfolio."""
        return Sums.from_dict(self.told["total"])

    def table(self) -> pa.Table:
        """A row per customer of either release, columns as in ``tables.BRIDGE``."""
        return self.source.table() if isinstance(self.source, Bridge) else self.source.bridge()

    def by(self, grouping: str) -> dict[str, Sums]:
        """Each group of a grouping (tier, rfm_segment, cluster, branch …); UnknownName for one that there is not."""
        groups: Mapping[str, list[dict[str, Any]]] = self.told["groups"]  # Any: plain data
        if grouping not in groups:
            raise UnknownName("grouping of this bridge", grouping, groups)
        return {str(row["label"]): Sums.from_dict(row) for row in groups[grouping]}

    def of(self, customer_id: str) -> Sums:
        """One customer; NothingThere for one whom neither release has."""
        if isinstance(self.source, Bridge):
            try:
                return self.source.of(customer_id)
            except UnknownName as error:
                raise NothingThere(f"Neither release has a customer '{customer_id}'.") from error
        row = bridge_row(self.source, customer_id)
        if not row:
            close = close_ids(self.source, customer_id)
            raise NothingThere(
                f"Neither release has a customer '{customer_id}'.",
                to_do=f"Did you mean '{close[0]}'?" if close else "",
            )
        return bridge_sums(row)

    def sentence(self, sums: Sums | None = None, who: str = "The portfolio") -> str:
        """The change and its parts in a sentence; of the portfolio unless sums are given."""
        told = (sums or self.total(), self.currency, self.since, self.today)
        changed = () if sums else self.told["changed"]
        return bridge_sentence(*told, who=who, changed=changed, undivided=self.told["undivided"])

    def lines(self, sums: Sums | None = None) -> list[Line]:
        """The reckoning: what it was, each part that is not nothing, what it is; rounded so that it adds up."""
        held = sums or self.total()
        step = step_of(held)
        names, exact = part_names(self.told["undivided"]), moves_of(held)
        ends = [money(amount / _UNIT, self.currency, step / _UNIT) for amount in rounded_ends(held, step)]
        shown = [
            (names[part], part_money(exact[part], amount, self.currency, step))
            for part, amount in rounded_parts(held, step).items()
            if exact[part]
        ]
        return [(short_day(self.since), ends[0]), *shown, (short_day(self.today), ends[1])]

    def __str__(self) -> str:
        lines = self.lines()
        label, figure = (max(len(line[place]) for line in lines) for place in (0, 1))
        return "\n".join([self.sentence(), "", *(f"{one:<{label}}  {two:>{figure}}" for one, two in lines)])

    def _repr_html_(self) -> Markup:
        row = Markup('<tr><td style="text-align:left">{}</td><td>{}</td></tr>')
        rows = Markup("").join(row.format(*line) for line in self.lines())
        return Markup("<p>{}</p><table>{}</table>").format(self.sentence(), rows)


def bridge(
    workspace: str | Path = ".",
    earlier: str | None = None,
    later: str | None = None,
    *,
    says: Callable[[str], None] = lambda _: None,
) -> BridgeReport:
    """Why the value changed between two releases of a workspace, by their names.

    Without ``earlier``, what the later release (the current one unless named) told of the release before it. Raises
    NothingThere where it had none before it, UsageError for two releases that cannot be compared, WorkspaceBusy while a run is
    at work on older ones.
    """
    folder = Path(workspace)
    if earlier is not None:
        found = bridge_between(folder, earlier, later, says=says)
        return BridgeReport(found.told, found.bridge)
    release = load_release(folder, later)
    told = release.segmentation().get("bridge") or {"why": "an earlier Patron made it"}
    if not told.get("previous"):
        raise NothingThere(
            f"Release {release.id} is compared with none before it: {told['why']}.",
            to_do="'patron release list' shows the releases; name two to compare them.",
        )
    return BridgeReport(told, release)
