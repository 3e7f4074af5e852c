"""The step that recalls what the release before said of each customer, by which segments stay calm, and where customers are."""

from __future__ import annotations

from typing import Final

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from patron.pipeline.modelling.earlier import find_earlier, recalled_earlier
from patron.pipeline.segmenting.places import place_customers
from patron.pipeline.step import Run, StepReport
from patron.releases.contents import FEATURES, SCORES, SEGMENTS, Release
from patron.segments.grouping import PREVIOUS

TABLE: Final = ("work", "previous_segments")
_FROM: Final = {
    SEGMENTS: {
        "tier": "before_tier",
        "rfm_segment": "before_rfm_segment",
        "lifecycle": "before_lifecycle",
        "cluster_id": "before_cluster_id",
        "cluster": "before_cluster",
        "recency_score": "before_recency_score",
        "frequency_score": "before_frequency_score",
        "monetary_score": "before_monetary_score",
    },
    SCORES: {"expected_value": "before_value"},
    FEATURES: {"orders": "before_orders"},
}


def recall(run: Run) -> StepReport:
    """Write work.previous_segments, what the release before said, and work.places, where customers are."""
    earlier = find_earlier(run)
    rows = PREVIOUS.empty_table() if isinstance(earlier, str) else _rows(earlier)
    run.warehouse.replace(*TABLE, rows)
    by = place_customers(run)
    where = f"places by {by}" if by else "no places known"
    if isinstance(earlier, str):
        return StepReport(f"{earlier}; {where}", {"customers": 0})
    return StepReport(f"{len(rows):,} customers of {earlier.id}; {where}", {"customers": len(rows)})


def remembered(run: Run) -> tuple[ir.Table, Release | None]:
    """What the release before said, a row of ``PREVIOUS`` per customer, and that release, if there is one."""
    earlier = recalled_earlier(run)
    return run.warehouse.table(*TABLE), None if isinstance(earlier, str) else earlier


def _rows(release: Release) -> pa.Table:
    """The three files of a release side by side; a column that an older release lacks is empty."""
    rows = pa.table({"customer_id": pq.read_table(release.folder / SCORES, columns=["customer_id"])["customer_id"]})
    for file, names in _FROM.items():
        held = set(pq.read_schema(release.folder / file).names)
        told = pq.read_table(release.folder / file, columns=["customer_id", *(name for name in names if name in held)])
        told = told.rename_columns([names.get(name, name) for name in told.column_names])
        if told["customer_id"].equals(rows["customer_id"]):  # as in every release: its tables are in one order
            for name in told.column_names[1:]:
                rows = rows.append_column(name, told[name])
        else:
            rows = rows.join(told, "customer_id")
    columns = [
        rows[field.name].cast(field.type) if field.name in rows.column_names else pa.nulls(len(rows), field.type)
        for field in PREVIOUS
    ]
    return pa.table(columns, schema=PREVIOUS).sort_by("customer_id")
