"""The step that groups customers: value tiers and RFM names."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa

from patron.pipeline.step import Run, StepReport
from patron.segments.rfm import rfm_scores, rfm_segments
from patron.segments.tiers import value_tiers
from patron.warehouse import Warehouse


def segment(run: Run) -> StepReport:
    """Write gold.segments: one row per scored customer."""
    features, scores = _ordered(run.warehouse, "customer_features"), _ordered(run.warehouse, "scores")
    since = _numbers(features, "days_since_last_purchase")
    r, f, m = rfm_scores(since, _numbers(features, "orders"), _numbers(features, "historic_value"))
    tiers = value_tiers(_numbers(scores, "expected_value"), run.settings.segments)
    table = pa.table(
        {
            "customer_id": scores["customer_id"],
            "as_of": scores["as_of"],
            "tier": pa.array(tiers, pa.string()),
            "recency_score": pa.array(r, pa.int64()),
            "frequency_score": pa.array(f, pa.int64()),
            "monetary_score": pa.array(m, pa.int64()),
            "rfm_segment": pa.array(rfm_segments(r, f, m), pa.string()),
        }
    )
    run.warehouse.replace("gold", "segments", table)
    counts = Counter(str(tier) for tier in tiers)
    return StepReport(", ".join(f"{counts[tier]:,} {tier}" for tier in ("high", "medium", "low")), dict(counts))


def _ordered(warehouse: Warehouse, name: str) -> pa.Table:
    return warehouse.fetch(warehouse.table("gold", name)).sort_by("customer_id")


def _numbers(table: pa.Table, column: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return table[column].cast(pa.float64()).combine_chunks().to_numpy(zero_copy_only=False)
