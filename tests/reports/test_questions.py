"""The questions, on customers few enough to answer by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patron.errors import DamagedRelease, NothingThere
from patron.reports.evidence import ValueInterval
from patron.reports.questions import (
    band_edges,
    confidence_summary,
    lorenz,
    rfm_summary,
    tier_summary,
    top_customers,
    totals,
    value_distribution,
)
from patron.reports.valuation import Valuation, read_imprint, read_valuation
from reports.fake_release import AS_OF, untested_evidence, write_release

# Ann, Ben, Cy, Dee and Eve.
NAMES = ["ann", "ben", "cy", "dee", "eve"]
VALUES = [60.0, 30.0, 10.0, 0.0, -5.0]


def valuation(folder: Path, values: list[float], ids: list[str] | None = None) -> Valuation:
    evidence = untested_evidence(len(values), ValueInterval(sum(values), sum(values), sum(values)))
    return read_valuation(write_release(folder, np.array(values, dtype=float), evidence, ids=ids))


@pytest.fixture
def five(tmp_path: Path) -> Valuation:
    return valuation(tmp_path, VALUES, NAMES)


def test_totals_count_customers_and_add_their_values(five: Valuation) -> None:
    answer = totals(five)
    assert (answer.customers, answer.value, answer.with_value, answer.below_zero) == (5, 95.0, 3, 1)
    assert answer.historic_value == 2 * 95 + 50


def test_the_distribution_keeps_zero_and_less_in_bands_of_their_own(five: Valuation) -> None:
    below, zero, *positive = value_distribution(five)
    assert (below.low, below.high, below.customers, below.value) == (None, 0.0, 1, -5.0)
    assert (zero.low, zero.high, zero.customers) == (0.0, 0.0, 1)
    assert [(band.low, band.high, band.customers, band.value) for band in positive] == [
        (0.0, 20.0, 1, 10.0),
        (20.0, 50.0, 1, 30.0),
        (50.0, None, 1, 60.0),
    ]


@settings(max_examples=80, deadline=None)
@given(values=st.lists(st.floats(1e-9, 1e12), min_size=1, max_size=50))
def test_band_bounds_rise_and_are_at_most_a_screenful(values: list[float]) -> None:
    edges = band_edges(np.array(values))
    assert edges.size <= 16
    assert (np.diff(edges) > 0).all()


def test_every_customer_stands_in_one_band(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    values = [*rng.lognormal(3, 2, 500).tolist(), *([0.0] * 20), *rng.normal(-5, 1, 30).tolist()]
    bands = value_distribution(valuation(tmp_path, values))
    assert sum(band.customers for band in bands) == 550
    assert sum(band.value for band in bands) == pytest.approx(sum(values))


def test_values_close_together_get_even_bands(tmp_path: Path) -> None:
    bands = value_distribution(valuation(tmp_path, [100.0, 110.0, 120.0]))
    assert [band.customers for band in bands if band.customers] == [1, 1, 1]
    assert [band.low for band in bands] == [100.0, 105.0, 110.0, 115.0, 120.0]


def test_the_lorenz_curve_of_five_customers_is_that_of_the_textbook(five: Valuation) -> None:
    answer = lorenz(five)
    assert answer.points[0] == (0.0, 0.0)
    assert answer.points[-1] == (1.0, 1.0)
    assert {round(x, 2): y for x, y in answer.points}[0.4] == pytest.approx(0.9)
    assert answer.top_20_share == pytest.approx(0.6)
    # Sorted values 0 0 10 30 60: 2 × (3×10 + 4×30 + 5×60) / (5 × 100) − 6/5.
    assert answer.gini == pytest.approx(0.6)


def test_equal_customers_have_a_gini_of_zero(tmp_path: Path) -> None:
    answer = lorenz(valuation(tmp_path, [7.0] * 10))
    assert answer.gini == pytest.approx(0.0, abs=1e-12)
    assert answer.top_20_share == pytest.approx(0.2)


@pytest.mark.parametrize("values", [[], [0.0, 0.0], [-1.0, -2.0]])
def test_without_value_there_is_no_curve(tmp_path: Path, values: list[float]) -> None:
    answer = lorenz(valuation(tmp_path, values))
    assert (answer.points, answer.gini, answer.top_20_share) == ((), None, None)


def test_tiers_are_summed_high_first(five: Valuation) -> None:
    rows = tier_summary(five)
    assert [(row.tier, row.customers, row.value, row.least) for row in rows] == [
        ("high", 1, 60.0, 60.0),
        ("medium", 1, 30.0, 30.0),
        ("low", 3, 5.0, -5.0),
    ]
    assert rows[0].value_share == pytest.approx(60 / 95)


def test_every_rfm_name_is_listed_and_all_customers_are_in_one(five: Valuation) -> None:
    rows = rfm_summary(five)
    assert len(rows) == 11
    assert sum(row.customers for row in rows) == 5
    assert sum(row.value for row in rows) == pytest.approx(95.0)
    assert sum(row.historic_value for row in rows) == pytest.approx(240.0)
    assert {row.mean_value is None for row in rows if row.customers == 0} == {True}


def test_top_customers_come_in_order_and_equals_as_the_release_lists_them(tmp_path: Path) -> None:
    rows = top_customers(valuation(tmp_path, [5.0, 9.0, 5.0, 1.0, 5.0], NAMES), 3)
    assert [row.customer_id for row in rows] == ["ben", "ann", "cy"]
    assert rows[0].next_purchase_from is not None
    assert rows[0].next_purchase_from > AS_OF


def test_asking_for_more_customers_than_there_are_gives_them_all(five: Valuation) -> None:
    assert [row.customer_id for row in top_customers(five, 99)] == NAMES


def test_confidence_is_counted_high_first(five: Valuation) -> None:
    assert [(row.confidence, row.customers) for row in confidence_summary(five)] == [
        ("high", 2),
        ("medium", 2),
        ("low", 1),
    ]


def test_segments_in_another_order_are_joined_by_customer(tmp_path: Path) -> None:
    valuation(tmp_path, VALUES, NAMES)
    segments = pq.read_table(tmp_path / "segments.parquet")
    pq.write_table(segments.take(pa.array([4, 2, 0, 1, 3])), tmp_path / "segments.parquet")
    assert [row.customers for row in tier_summary(read_valuation(tmp_path))] == [1, 1, 3]


def test_a_scored_customer_without_a_segment_is_damage(tmp_path: Path) -> None:
    valuation(tmp_path, VALUES, NAMES)
    segments = pq.read_table(tmp_path / "segments.parquet")
    pq.write_table(segments.slice(1), tmp_path / "segments.parquet")
    with pytest.raises(DamagedRelease, match="1 of 5 scored customers have no segment"):
        read_valuation(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NothingThere, match=r"has no scores\.parquet"):
        read_valuation(tmp_path)


def test_a_broken_file_is_damage(tmp_path: Path) -> None:
    valuation(tmp_path, VALUES, NAMES)
    (tmp_path / "scores.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(DamagedRelease, match=r"scores\.parquet"):
        read_valuation(tmp_path)


def test_a_manifest_without_its_id_is_damage(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"profile": "retail"}')
    with pytest.raises(DamagedRelease, match="manifest"):
        read_imprint(tmp_path)
