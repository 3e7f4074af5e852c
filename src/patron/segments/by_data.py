"""Which groups customers belong to by numbers alone: the raw labels of a release, for customers who are not in it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from patron.models.arrays import Floats
from patron.models.customers import Customers
from patron.segments.clustered import NO_CLUSTER, Clustered
from patron.segments.labels import Labeller
from patron.segments.lifecycle import Rhythm
from patron.segments.rfm import RfmCuts, rfm_segments
from patron.segments.tiers import TierThresholds


@dataclass(frozen=True)
class Groups:
    """The groups of one customer; ``usual_gap`` is their own usual pause in days. Without clusters there is none."""

    tier: str
    rfm_segment: str
    recency_score: int
    frequency_score: int
    monetary_score: int
    lifecycle: str
    cluster_id: int | None
    cluster: str | None
    cluster_chance: float | None
    usual_gap: float


def told_labels(labeller: Labeller) -> dict[str, Any]:  # Any: plain data
    """Where tiers, scores and stages begin, as plain data; a cut that is infinite is a word, since JSON has no number for it."""
    cuts = {
        name: [str(cut) if math.isinf(cut) else cut for cut in cuts] for name, cuts in asdict(labeller.cuts).items()
    }
    return {"tiers": asdict(labeller.tiers), "rfm_cuts": cuts, "usual_gap": labeller.rhythm.usual_gap}


def labeller_of(told: Mapping[str, Any]) -> Labeller:  # Any: plain data
    """The labeller that ``told_labels`` told, which keeps no label for calm's sake: of others it knows none."""
    cuts = {name: tuple(float(cut) for cut in cuts) for name, cuts in told["rfm_cuts"].items()}
    return Labeller(TierThresholds(**told["tiers"]), RfmCuts(**cuts), Rhythm(float(told["usual_gap"])), 0.0)


def groups_of(
    labeller: Labeller, clustered: Clustered | None, customers: Customers, expected_value: Floats
) -> tuple[Groups, ...]:
    """The groups of these customers, in their order; ``expected_value`` as it is published."""
    columns, count = customers.columns, len(customers)
    scores = labeller.rfm_scores(columns)
    ids, names, chances = _clusters(clustered, customers)
    labels = zip(
        labeller.raw_tier(expected_value).tolist(),
        rfm_segments(*scores).tolist(),
        *(part.tolist() for part in scores),
        labeller.raw_stage(columns).tolist(),
        ids,
        names,
        chances,
        np.broadcast_to(labeller.rhythm.own_gap(columns), count).tolist(),
        strict=True,
    )
    return tuple(Groups(*one) for one in labels)


def _clusters(
    clustered: Clustered | None, customers: Customers
) -> tuple[list[int | None], list[str | None], list[float | None]]:
    count = len(customers)
    if clustered is None:
        return [None] * count, [None] * count, [None] * count
    _, ids, chance = clustered.assigned(customers.columns, np.full(count, NO_CLUSTER, dtype=np.int64))
    return ids.tolist(), clustered.names_of(ids).tolist(), np.round(chance, 6).tolist()
