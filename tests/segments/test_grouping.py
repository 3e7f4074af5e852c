"""Grouping batch by batch gives what grouping everybody at once gives."""

from __future__ import annotations

import pickle
from datetime import date

import numpy as np
import pyarrow as pa

from patron.segments.grouping import GROUPED, Grouping
from patron.segments.rfm import RfmCuts, rfm_scores, rfm_segments
from patron.segments.tiers import TIERS, TierThresholds, tier_thresholds, value_tiers
from patron.settings import SegmentSettings
from patron.tables import SEGMENTS

CUSTOMERS = 500
RNG = np.random.default_rng(4)
DAYS = np.where(RNG.random(CUSTOMERS) < 0.05, np.nan, RNG.integers(0, 90, CUSTOMERS)).astype(np.float64)
ORDERS = RNG.integers(0, 6, CUSTOMERS).astype(np.float64)
HISTORY = np.round(RNG.lognormal(3, 1, CUSTOMERS), 2)
EXPECTED = np.where(RNG.random(CUSTOMERS) < 0.3, 0.0, np.round(RNG.lognormal(2, 1, CUSTOMERS), 4))
BATCH = pa.RecordBatch.from_pydict(
    {
        "customer_id": [f"K{n}" for n in range(CUSTOMERS)],
        "as_of": pa.array([date(2024, 6, 30)] * CUSTOMERS),
        "expected_value": EXPECTED,
        "days_since_last_purchase": pa.array(DAYS, from_pandas=True),
        "orders": ORDERS,
        "historic_value": HISTORY,
    }
)


def grouping() -> Grouping:
    return Grouping(tier_thresholds(EXPECTED, SegmentSettings()), RfmCuts.of(DAYS, ORDERS, HISTORY))


def test_pieces_are_grouped_as_the_whole_also_after_a_journey() -> None:
    there: Grouping = pickle.loads(pickle.dumps(grouping()))  # noqa: S301 - our own, made in the line
    parted = pa.Table.from_batches([there(BATCH.slice(start, 33)) for start in range(0, CUSTOMERS, 33)])
    assert parted.combine_chunks().equals(pa.Table.from_batches([grouping()(BATCH)]))


def test_the_groups_are_those_of_everybody_among_themselves() -> None:
    rows = pa.Table.from_batches([grouping()(BATCH)])
    r, f, m = rfm_scores(DAYS, ORDERS, HISTORY)
    assert rows["recency_score"].to_pylist() == r.tolist()
    assert rows["frequency_score"].to_pylist() == f.tolist()
    assert rows["monetary_score"].to_pylist() == m.tolist()
    assert rows["rfm_segment"].to_pylist() == rfm_segments(r, f, m).tolist()
    assert rows["tier"].to_pylist() == value_tiers(EXPECTED, SegmentSettings()).tolist()


def test_the_columns_are_those_declared() -> None:
    assert tuple(GROUPED.names) == SEGMENTS.names


def test_without_thresholds_everybody_is_low() -> None:
    assert [TIERS[place] for place in TierThresholds(None, None).places(np.array([0.0, 9.0]))] == ["low", "low"]
