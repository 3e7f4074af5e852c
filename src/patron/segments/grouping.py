"""Grouping where the rows live: a function of one batch of customers, which holds where groups begin and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from patron.segments.rfm import RfmCuts, rfm_segments
from patron.segments.tiers import TIERS, TierThresholds

GROUPED: Final = pa.schema(
    [
        ("customer_id", pa.string()),
        ("as_of", pa.date32()),
        ("tier", pa.string()),
        ("recency_score", pa.int64()),
        ("frequency_score", pa.int64()),
        ("monetary_score", pa.int64()),
        ("rfm_segment", pa.string()),
    ]
)


@dataclass(frozen=True)
class Grouping:
    """Makes rows of ``tables.SEGMENTS`` of any batch of scored customers beside what they did; it can be pickled."""

    tiers: TierThresholds
    cuts: RfmCuts

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        r, f, m = self.cuts.scores(
            *(_numbers(rows, name) for name in ("days_since_last_purchase", "orders", "historic_value"))
        )
        tier = self.tiers.places(_numbers(rows, "expected_value"))
        columns = [
            rows.column("customer_id").cast(pa.string()),
            rows.column("as_of").cast(pa.date32()),
            pa.array(TIERS, pa.string()).take(pa.array(tier)),
            pa.array(r, pa.int64()),
            pa.array(f, pa.int64()),
            pa.array(m, pa.int64()),
            pa.array(rfm_segments(r, f, m), pa.string()),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=GROUPED)


def _numbers(rows: pa.RecordBatch, column: str) -> NDArray[np.float64]:
    return np.asarray(rows.column(column).cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
