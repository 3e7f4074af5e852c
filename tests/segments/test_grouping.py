"""Grouping batch by batch gives what grouping everybody at once gives, and remembers where customers belonged."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from patron.models.customers import Customers
from patron.scores.views import numbered
from patron.segments.grouping import CHANCES, GROUPED, PREVIOUS, VIEWS, Grouping
from patron.segments.heading import Heading
from patron.segments.labels import Labeller
from patron.segments.lifecycle import Rhythm
from patron.segments.movement.next_label import Step, learn_next_label
from patron.segments.movement.outlook import Outlook
from patron.segments.rfm import RfmCuts, rfm_scores, rfm_segments
from patron.segments.seasons import Seasons
from patron.segments.tiers import TIERS, TierThresholds, tier_thresholds, value_tiers
from patron.settings import SegmentSettings
from patron.tables import SEGMENTS
from segments.made_customers import HORIZON, TODAY, made_columns

CUSTOMERS = 400
RNG = np.random.default_rng(4)
EXPECTED = np.where(RNG.random(CUSTOMERS) < 0.3, 0.0, np.round(RNG.lognormal(2, 1, CUSTOMERS), 4))


def batch(before: dict[str, Any] | None = None) -> pa.RecordBatch:
    empty = {name: pa.nulls(CUSTOMERS, PREVIOUS.field(name).type) for name in PREVIOUS.names if name != "customer_id"}
    told = {name: pa.array(values, from_pandas=True) for name, values in COLUMNS.items()}
    return pa.RecordBatch.from_pydict(
        {
            "customer_id": [f"K{n}" for n in range(CUSTOMERS)],
            "as_of": pa.array([date(2024, 6, 26)] * CUSTOMERS),
            "expected_value": EXPECTED,
            "place": pa.array(["North"] * CUSTOMERS),
            "branch": pa.array(["Main Street"] * CUSTOMERS),
            **told,
            **{name: pa.array(values, empty[name].type) for name, values in (empty | (before or {})).items()},
        }
    )


COLUMNS = made_columns(CUSTOMERS, 5)
BATCH = batch()


@pytest.fixture(scope="module")
def grouping() -> Grouping:
    customers: Customers = numbered(BATCH, TODAY)
    brought = tier_thresholds(COLUMNS["trailing_value"], SegmentSettings())
    heading = Heading(Outlook.of(customers, HORIZON, brought.high or 0.0), brought, None, None)
    cuts = RfmCuts.of(COLUMNS["days_since_last_purchase"], COLUMNS["orders"], COLUMNS["historic_value"])
    labeller = Labeller(tier_thresholds(EXPECTED, SegmentSettings()), cuts, Rhythm.of(COLUMNS), 0.05)
    return Grouping(labeller, Seasons.of(COLUMNS), heading, None, TODAY, "EUR")


def test_pieces_are_grouped_as_the_whole_also_after_a_journey(grouping: Grouping) -> None:
    there: Grouping = pickle.loads(pickle.dumps(grouping))  # noqa: S301 - our own, made in the line
    parted = pa.Table.from_batches([there(BATCH.slice(start, 33)) for start in range(0, CUSTOMERS, 33)])
    assert parted.combine_chunks().equals(pa.Table.from_batches([grouping(BATCH)]))


def test_without_a_release_before_the_groups_are_those_of_everybody_among_themselves(grouping: Grouping) -> None:
    rows = pa.Table.from_batches([grouping(BATCH)])
    r, f, m = rfm_scores(COLUMNS["days_since_last_purchase"], COLUMNS["orders"], COLUMNS["historic_value"])
    assert rows["recency_score"].to_pylist() == r.tolist()
    assert rows["frequency_score"].to_pylist() == f.tolist()
    assert rows["monetary_score"].to_pylist() == m.tolist()
    assert rows["rfm_segment"].to_pylist() == rows["raw_rfm_segment"].to_pylist() == rfm_segments(r, f, m).tolist()
    assert rows["tier"].to_pylist() == value_tiers(EXPECTED, SegmentSettings()).tolist()
    assert all(rows[f"because_{view}"].null_count == CUSTOMERS for view in VIEWS)


def test_a_tier_stays_within_the_margin_and_a_move_beyond_it_has_its_reason(grouping: Grouping) -> None:
    high = grouping.labeller.tiers.high
    assert high is not None
    value = np.full(CUSTOMERS, high * 0.97)
    value[1] = high * 0.5
    before = {"before_tier": ["high"] * CUSTOMERS, "before_value": [high * 1.02] * CUSTOMERS}
    at = BATCH.schema.get_field_index("expected_value")
    rows = pa.Table.from_batches([grouping(batch(before).set_column(at, "expected_value", pa.array(value)))])
    assert rows["tier"].to_pylist()[:3] == ["high", "medium", "high"]
    assert set(rows["raw_tier"].to_pylist()) == {"medium"}
    why = rows["because_tier"].to_pylist()
    assert why[0] is None
    assert why[1] is not None
    assert why[1].startswith("Expected value fell from")
    assert "high begins at" in why[1]


def test_a_purchase_since_is_told_as_the_reason_of_a_new_name(grouping: Grouping) -> None:
    before = {
        "before_rfm_segment": ["Lost"] * CUSTOMERS,
        "before_orders": (COLUMNS["orders"] - 1).tolist(),
        "before_recency_score": [1] * CUSTOMERS,
        "before_frequency_score": [1] * CUSTOMERS,
        "before_monetary_score": [1] * CUSTOMERS,
    }
    rows = pa.Table.from_batches([grouping(batch(before))]).to_pylist()
    moved = [row for row in rows if row["because_rfm_segment"] is not None]
    assert moved
    assert all(row["before_rfm_segment"] == "Lost" != row["rfm_segment"] for row in moved)
    assert all(row["because_rfm_segment"].startswith("Bought once since") for row in moved)


def test_the_columns_are_those_declared_and_what_moves_are_told_from() -> None:
    assert set(GROUPED.names) > set(SEGMENTS.names)
    assert {f"because_{view}" for view in VIEWS} < set(GROUPED.names)


def test_without_a_model_there_are_no_chances_to_sum(grouping: Grouping) -> None:
    rows = grouping(BATCH)
    assert all(rows.column(name).null_count == CUSTOMERS for names in CHANCES.values() for name in names)


def test_chances_of_a_customer_are_of_all_next_tiers_and_of_going_up_or_down(grouping: Grouping) -> None:
    customers = numbered(BATCH, TODAY)
    now = grouping.heading.brought_places(customers)
    later = np.where(np.arange(CUSTOMERS) % 5 == 0, 2, now)
    step = Step(customers, grouping.heading.outlook, now, later, np.ones(CUSTOMERS))
    model = learn_next_label([step], TIERS, 1)
    rows = replace(grouping, heading=replace(grouping.heading, tier=model))(BATCH)
    tiers, ways = (np.column_stack([rows.column(name) for name in CHANCES[view]]) for view in ("tier", "outlook"))
    assert tiers.sum(axis=1) == pytest.approx(np.ones(CUSTOMERS), abs=3e-4)
    assert ways.sum(axis=1) == pytest.approx(np.ones(CUSTOMERS), abs=3e-4)
    assert ways[:, 1] == pytest.approx(tiers[np.arange(CUSTOMERS), now], abs=2e-4)
    assert ways[now == 0, 0] == pytest.approx(np.zeros((now == 0).sum()))
    assert ways[now == 2, 2] == pytest.approx(np.zeros((now == 2).sum()))
    assert tiers.sum(axis=0) == pytest.approx(np.bincount(later, minlength=3), abs=3.0)


def test_without_thresholds_everybody_is_low() -> None:
    assert [TIERS[place] for place in TierThresholds(None, None).places(np.array([0.0, 9.0]))] == ["low", "low"]
