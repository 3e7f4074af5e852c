"""Rows that wait for a person, each with the id under which the queue knows it: quarantined, or kept and flagged."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby

import ibis.expr.types as ir
import pyarrow as pa

from patron.pipeline.judging.records import records
from patron.pipeline.landing.ingest import rejects_table
from patron.pipeline.landing.landed import LandedFile
from patron.pipeline.step import Run
from patron.quality.decisions import canonical, entry_of
from patron.sources.raw import RejectedRow
from patron.tables import QUARANTINE, REJECTS, REVIEW

_FLAGGED_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("file_id", pa.string()),
        ("line", pa.int64()),
        ("flag", pa.string()),
        ("detail", pa.string()),
        ("entry", pa.string()),
    ]
)


def quarantine(run: Run, file: LandedFile, refused: Sequence[RejectedRow], made: Collection[int]) -> None:
    """Set aside what ingest could not read as rows (but for the lines of which people made rows), and these rows."""
    rejects = run.warehouse.table("bronze", REJECTS.name)
    mine = rejects.filter((rejects.file_id == file.file_id) & (rejects.source == file.source_name))
    unread = run.warehouse.fetch(mine.order_by("line")).cast(rejects_table(file, [], run).schema)
    lines = unread["line"].to_pylist()
    left = unread.filter(pa.array([line not in made for line in lines], pa.bool_()))
    whole = pa.concat_tables([left, rejects_table(file, list(refused), run)])
    if whole.num_rows:
        # When a row came does not change with the day on which it is judged again.
        came = pa.array([file.arrived_at] * whole.num_rows, pa.timestamp("us"))
        whole = whole.set_column(whole.schema.get_field_index("arrived_at"), "arrived_at", came)
        run.warehouse.append("silver", QUARANTINE.name, whole.append_column("entry", _entries(file, whole, set(lines))))


def flag(run: Run, found: ir.Table) -> None:
    """Keep these flags (source, file_id, line, flag, detail) of rows for somebody to look at."""
    told = run.warehouse.fetch(found.select("source", "file_id", "line", "flag", "detail")).to_pylist()
    told.sort(key=lambda row: (row["source"], row["file_id"], row["line"], row["flag"]))
    for source, rows in groupby(told, key=lambda row: str(row["source"])):
        mine = list(rows)
        content = records(run.warehouse, source, {(row["file_id"], row["line"]) for row in mine})
        for row in mine:
            row["entry"] = entry_of(source, row["flag"], content[row["file_id"], row["line"]].content)
        run.warehouse.append("silver", REVIEW.name, pa.Table.from_pylist(mine, schema=_FLAGGED_SCHEMA))


def _entries(file: LandedFile, rows: pa.Table, unread: Collection[int]) -> pa.Array:
    told = zip(*(rows[name].to_pylist() for name in ("line", "reason", "raw")), strict=True)
    return pa.array(
        [entry_of(file.source_name, reason, raw if line in unread else canonical(raw)) for line, reason, raw in told],
        pa.string(),
    )
