"""What waits for a person: rows that were set aside and rows that were flagged, each record once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from patron.errors import NothingThere, UnknownName
from patron.pipeline.workspace import Workspace
from patron.quality.decisions import CONFLICTING_ID, Decision, Standing, Verdict
from patron.quality.rules import liftable_reasons
from patron.settings import Settings
from patron.tables import DECIDED, FILES, QUARANTINE, REVIEW
from patron.warehouse import Warehouse

_SETTLED: Final = "settled_entries"


class Judgeable(Protocol):
    """What may be decided on: of a source, set aside or flagged, for a reason."""

    @property
    def source(self) -> str: ...
    @property
    def standing(self) -> Standing: ...
    @property
    def reason(self) -> str: ...


@dataclass(frozen=True)
class Waiting:
    """One record that waits: why, where it first stands, and on how many lines."""

    entry: str
    source: str
    standing: Standing
    reason: str
    detail: str
    file_id: str
    file: str
    line: int
    rows: int


@dataclass(frozen=True)
class ReasonCount:
    """How many records wait for one reason."""

    standing: Standing
    reason: str
    records: int


@dataclass(frozen=True)
class WaitingList:
    """Counts by reason, most first, and the first of the records that wait."""

    counts: tuple[ReasonCount, ...]
    records: tuple[Waiting, ...]

    @property
    def total(self) -> int:
        """How many records wait."""
        return sum(count.records for count in self.counts)


def may_be_decided(subject: Judgeable, settings: Settings) -> tuple[Verdict, ...]:
    """What a person may decide on it."""
    source = settings.sources.get(subject.source)
    if subject.reason == CONFLICTING_ID and source is not None and source.row_version:
        return "fix", "drop"  # the other telling of the version may stand in any file: a higher version settles it
    if subject.standing == "flagged" or subject.reason in liftable_reasons(settings):
        return "accept", "fix", "drop"
    return "fix", "drop"


@contextmanager
def opened_queue(workspace: Workspace) -> Iterator[Warehouse]:
    """The workspace's warehouse; raises NothingThere before the first run and WorkspaceBusy while one is at work."""
    with workspace.made_warehouse() as warehouse:
        if not all(warehouse.exists("silver", table.name) for table in (QUARANTINE, REVIEW, DECIDED)):
            raise NothingThere("Nothing has been read in this workspace yet.", to_do="Run 'patron run' first.")
        yield warehouse


def waiting_list(
    warehouse: Warehouse, decisions: Sequence[Decision], *, reason: str, source: str, limit: int | None
) -> WaitingList:
    """What is not settled by these decisions (those in force); only of this reason and source, where they are given."""
    open_rows = _unsettled(warehouse, decisions)
    counted = open_rows.group_by(["standing", "reason", "source"]).aggregate(records=open_rows.entry.nunique())
    counts = warehouse.fetch(counted).to_pylist()
    for kind, word, column in (("reason", reason, "reason"), ("source", source, "source")):
        known = {row[column] for row in counts}
        if word and word not in known:
            raise UnknownName(f"{kind} for which a record waits", word, known)
    wanted = open_rows
    for word, column in ((reason, "reason"), (source, "source")):
        wanted = wanted.filter(wanted[column] == word) if word else wanted
        counts = [row for row in counts if not word or row[column] == word]
    found = entries(warehouse, wanted, limit)
    warehouse.drop("work", _SETTLED)
    return WaitingList(_by_reason(counts), found)


def everything(warehouse: Warehouse) -> ir.Table:
    """All rows that were set aside or flagged, settled or not."""
    aside, flagged = (warehouse.table("silver", table.name) for table in (QUARANTINE, REVIEW))
    shared = ("entry", "source", "detail", "file_id", "line")
    return aside.select(*shared, "reason", standing=ibis.literal("quarantined")).union(
        flagged.select(*shared, reason=flagged.flag, standing=ibis.literal("flagged"))
    )


def entries(warehouse: Warehouse, rows: ir.Table, limit: int | None) -> tuple[Waiting, ...]:
    """These rows by record, each with the first place where it stands."""
    files = warehouse.table("bronze", FILES.name).select("file_id", "source", file="name")
    named = rows.join(files, ["file_id", "source"])
    order = [named.file, named.file_id, named.line]
    numbered = named.mutate(
        place=ibis.row_number().over(ibis.window(group_by=named.entry, order_by=order)),
        rows=named.line.count().over(ibis.window(group_by=named.entry)),
    )
    firsts = numbered.filter(numbered.place == 0).order_by(["standing", "reason", "file", "file_id", "line"])
    found = warehouse.fetch((firsts if limit is None else firsts.limit(limit)).drop("place")).to_pylist()
    return tuple(Waiting(**row) for row in found)


def _unsettled(warehouse: Warehouse, decisions: Sequence[Decision]) -> ir.Table:
    rows = everything(warehouse)
    vain = _vain(warehouse)
    settled = [one.entry for one in decisions if (one.entry, one.decided_at.replace(tzinfo=None)) not in vain]
    if not settled:
        return rows
    warehouse.replace("work", _SETTLED, pa.table({"entry": pa.array(settled, pa.string())}))
    return rows.anti_join(warehouse.table("work", _SETTLED), "entry")


def _vain(warehouse: Warehouse) -> set[tuple[str, datetime]]:
    """Entry and time of decisions that a run has applied and whose rows are set aside for the same reason nevertheless."""
    applied, aside = (warehouse.table("silver", table.name) for table in (DECIDED, QUARANTINE))
    still = applied.filter(applied.verdict.isin(["accept", "fix"])).semi_join(aside, ["entry", "file_id", "line"])
    rows = warehouse.fetch(still.select("entry", "decided_at").distinct()).to_pylist()
    return {(row["entry"], row["decided_at"]) for row in rows}


def _by_reason(counts: Sequence[dict[str, str | int]]) -> tuple[ReasonCount, ...]:
    summed: dict[tuple[str, str], int] = {}
    for row in counts:
        key = str(row["standing"]), str(row["reason"])
        summed[key] = summed.get(key, 0) + int(row["records"])
    ranked = sorted(summed.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        ReasonCount("flagged" if standing == "flagged" else "quarantined", reason, records)
        for (standing, reason), records in ranked
    )
