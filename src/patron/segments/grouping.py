"""Grouping where the rows live: a function of one batch of customers, which holds where groups begin and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from patron.scores.views import numbered
from patron.segments.clustered import NO_CLUSTER, Clustered
from patron.segments.heading import OUTLOOKS, Heading, outlook_chances, outlook_word
from patron.segments.labels import Labeller
from patron.segments.reasons import Before, MoveReasons
from patron.segments.rfm import RFM_NAMES, rfm_segments
from patron.segments.seasons import Seasons
from patron.segments.tiers import TIERS

Floats = NDArray[np.float64]
Words = NDArray[np.str_]

VIEWS: Final = ("tier", "rfm_segment", "lifecycle", "cluster")
"""The views in which a customer may move from one release to the next."""
PREVIOUS: Final = pa.schema(
    [
        ("customer_id", pa.string()),
        ("before_tier", pa.string()),
        ("before_rfm_segment", pa.string()),
        ("before_lifecycle", pa.string()),
        ("before_cluster_id", pa.int64()),
        ("before_cluster", pa.string()),
        ("before_value", pa.float64()),
        ("before_orders", pa.float64()),
        ("before_recency_score", pa.int64()),
        ("before_frequency_score", pa.int64()),
        ("before_monetary_score", pa.int64()),
    ]
)
"""What is told of a customer from the release before."""
CHANCES: Final[Mapping[str, tuple[str, ...]]] = {
    "tier": tuple(f"chance_of_{tier}" for tier in TIERS),
    "outlook": tuple(f"chance_of_{word}" for word in OUTLOOKS),
    "rfm_segment": tuple(f"chance_of_rfm_{place}" for place in range(len(RFM_NAMES))),
}
"""The columns with the chances of each next tier, of going up or down, and of each next RFM name."""
GROUPED: Final = pa.schema(
    [
        ("customer_id", pa.string()),
        ("as_of", pa.date32()),
        ("tier", pa.string()),
        ("raw_tier", pa.string()),
        ("recency_score", pa.int64()),
        ("frequency_score", pa.int64()),
        ("monetary_score", pa.int64()),
        ("rfm_segment", pa.string()),
        ("raw_rfm_segment", pa.string()),
        ("lifecycle", pa.string()),
        ("raw_lifecycle", pa.string()),
        ("cluster_id", pa.int64()),
        ("cluster", pa.string()),
        ("cluster_chance", pa.float64()),
        ("raw_cluster_id", pa.int64()),
        ("seasonal_type", pa.string()),
        ("place", pa.string()),
        ("branch", pa.string()),
        ("brought_tier", pa.string()),
        ("next_tier", pa.string()),
        ("next_tier_chance", pa.float64()),
        ("tier_outlook", pa.string()),
        ("next_rfm_segment", pa.string()),
        ("next_rfm_chance", pa.float64()),
        # What moves are told from; they are no columns of the segments.
        *((f"before_{view}", pa.string()) for view in VIEWS),
        *((f"because_{view}", pa.string()) for view in VIEWS),
        ("value_before", pa.float64()),
        ("value_now", pa.float64()),
        # What is expected of whole groups is summed from them.
        *((name, pa.float64()) for names in CHANCES.values() for name in names),
    ]
)


@dataclass(frozen=True, eq=False)
class Grouping:
    """Makes rows of ``GROUPED`` of any batch of scored customers beside what they did and where they belonged; it can be pickled."""

    labeller: Labeller
    seasons: Seasons
    heading: Heading
    clustered: Clustered | None
    as_of_day: int
    currency: str
    began: Mapping[str, float | None] = field(default_factory=dict)
    another_model: bool = False

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        customers = numbered(rows, self.as_of_day)
        columns, before = customers.columns, _before(rows)
        value = columns["expected_value"]
        scores = self.labeller.rfm_scores(columns)
        tier = self.labeller.tier(value, before.tier)
        rfm = self.labeller.rfm(columns, before.rfm_segment)
        stage = self.labeller.stage(columns, before.lifecycle)
        reasons = MoveReasons(self.labeller, self.currency, self.began, self.another_model)
        next_tier, next_rfm = self.heading.next_tier(customers), self.heading.next_rfm(customers, rfm)
        brought_place = self.heading.brought_places(customers)
        brought = np.array(TIERS)[brought_place]
        made = {
            "customer_id": rows.column("customer_id").cast(pa.string()),
            "as_of": rows.column("as_of").cast(pa.date32()),
            "tier": tier,
            "raw_tier": self.labeller.raw_tier(value),
            "recency_score": scores[0],
            "frequency_score": scores[1],
            "monetary_score": scores[2],
            "rfm_segment": rfm,
            "raw_rfm_segment": rfm_segments(*scores),
            "lifecycle": stage,
            "raw_lifecycle": self.labeller.raw_stage(columns),
            "seasonal_type": self.seasons.types(columns),
            "place": rows.column("place").cast(pa.string()),
            "branch": rows.column("branch").cast(pa.string()),
            "brought_tier": brought,
            "next_tier": next_tier.label,
            "next_tier_chance": _share(next_tier.chance),
            "tier_outlook": outlook_word(brought, next_tier.label),
            "next_rfm_segment": next_rfm.label,
            "next_rfm_chance": _share(next_rfm.chance),
            "before_tier": _words(before.tier),
            "before_rfm_segment": _words(before.rfm_segment),
            "before_lifecycle": _words(before.lifecycle),
            "because_tier": reasons.tier(before, tier, value),
            "because_rfm_segment": reasons.rfm(before, rfm, columns, scores),
            "because_lifecycle": reasons.lifecycle(before, stage, columns),
            "value_before": pa.array(before.value, from_pandas=True),
            "value_now": value,
            **_chances("tier", next_tier.chances, len(customers)),
            **_chances("outlook", outlook_chances(brought_place, next_tier.chances), len(customers)),
            **_chances("rfm_segment", next_rfm.chances, len(customers)),
            **self._clusters(rows, columns, before),
        }
        return pa.RecordBatch.from_arrays([_array(made[field.name], field.type) for field in GROUPED], schema=GROUPED)

    def _clusters(self, rows: pa.RecordBatch, columns: Mapping[str, Floats], before: Before) -> dict[str, object]:
        if self.clustered is None:
            return dict.fromkeys(_CLUSTER_COLUMNS, pa.nulls(rows.num_rows))
        was = np.asarray(
            rows.column("before_cluster_id").fill_null(NO_CLUSTER).to_numpy(zero_copy_only=False), np.int64
        )
        ids, raw, chance = self.clustered.assigned(columns, was)
        moved = np.flatnonzero((was != NO_CLUSTER) & (was != ids))
        why = np.full(len(ids), None, dtype=object)
        why[moved] = self.clustered.because(columns, ids, moved) if len(moved) else []
        return {
            "cluster_id": ids,
            "raw_cluster_id": raw,
            "cluster": self.clustered.names_of(ids),
            "cluster_chance": np.round(chance, 6),
            "before_cluster": _words(before.cluster),
            "because_cluster": why,
        }


_CLUSTER_COLUMNS: Final = (
    "cluster_id",
    "raw_cluster_id",
    "cluster",
    "cluster_chance",
    "before_cluster",
    "because_cluster",
)


def _before(rows: pa.RecordBatch) -> Before:
    def words(view: str) -> Words:
        column = rows.column(f"before_{view}").cast(pa.string()).fill_null("")
        return np.asarray(column.to_numpy(zero_copy_only=False)).astype(np.str_)

    def numbers(name: str) -> Floats:
        column = rows.column(f"before_{name}").cast(pa.float64())
        return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)

    return Before(
        tier=words("tier"),
        rfm_segment=words("rfm_segment"),
        lifecycle=words("lifecycle"),
        cluster=words("cluster"),
        value=numbers("value"),
        orders=numbers("orders"),
        scores=(numbers("recency_score"), numbers("frequency_score"), numbers("monetary_score")),
    )


def _words(words: Words) -> pa.Array:
    """Words with '' as missing."""
    return pa.array(words, pa.string(), mask=words == "")


def _share(chance: Floats) -> pa.Array:
    return pa.array(np.round(chance, 6), from_pandas=True)


def _chances(view: str, chances: Floats | None, rows: int) -> dict[str, object]:
    """The columns of a view's chances; missing where nothing was learnt."""
    if chances is None:
        return dict.fromkeys(CHANCES[view], pa.nulls(rows))
    return dict(zip(CHANCES[view], np.round(chances, 4).T, strict=True))


def _array(values: object, kind: pa.DataType) -> pa.Array:
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)
