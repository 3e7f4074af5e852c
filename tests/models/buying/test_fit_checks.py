from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

from models.simulated_customers import summary as simulated
from patron.errors import DataError, UsageError
from patron.models.buying.bg_nbd import BGNBD, FittedBGNBD
from patron.models.buying.fit_checks import by_frequency, distribution, frequencies, over_ages, track
from patron.models.buying.summary import Summary

TRUTH = FittedBGNBD({"r": 0.5, "alpha": 8.0, "a": 0.8, "b": 2.5}, unit="week")
PAPER = FittedBGNBD({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, unit="week")


def cdnow_days(shared_data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Weeks from the start of 1997 to each CDNOW customer's first purchase day, and to every repeat purchase day."""
    rows = duckdb.sql(
        f"""WITH days AS (SELECT DISTINCT customer_id, date FROM '{shared_data}/cdnow/sample.parquet')
        SELECT date_diff('day', DATE '1997-01-01', date) AS day,
            date = min(date) OVER (PARTITION BY customer_id) AS is_first FROM days"""
    ).fetchnumpy()
    return rows["day"][rows["is_first"]] / 7, rows["day"][~rows["is_first"]] / 7


def cdnow(shared_data: Path) -> tuple[Summary, np.ndarray]:
    """The papers' 39-week summary, and each customer's purchase days in the 39 weeks after it."""
    rows = duckdb.sql(
        f"""SELECT count(DISTINCT date) FILTER (date <= '1997-09-30') - 1 AS x,
            max(date) FILTER (date <= '1997-09-30') - min(date) AS t_x, DATE '1997-09-30' - min(date) AS t,
            count(DISTINCT date) FILTER (date > '1997-09-30') AS later
        FROM '{shared_data}/cdnow/sample.parquet' GROUP BY customer_id"""
    ).fetchnumpy()
    return Summary(rows["x"], rows["t_x"] / 7, rows["t"] / 7, unit="week"), rows["later"].astype(float)


def test_cdnow_is_tracked_as_the_papers_show_it(shared_data: Path) -> None:
    starts, repeats = cdnow_days(shared_data)
    found = track(starts, repeats, {"BG/NBD": PAPER}, 78, unit="week", calibration_end=39)
    assert len(starts) == 2357
    # 2,457 repeat purchase days until 30 September and 1,882 after it, in all 4,339.
    assert found.actual[-1] == 2457 + 1882
    assert found.times[-1] == 78
    # The 2005 paper's figure: close at week 39, and under 4 % short at week 78.
    expected = found.expected["BG/NBD"]
    assert expected[38] == pytest.approx(found.actual[38], rel=0.02)
    assert -0.042 < expected[-1] / found.actual[-1] - 1 < -0.03
    weekly = found.per_period()
    assert weekly.actual.sum() == found.actual[-1]
    np.testing.assert_allclose(np.cumsum(weekly.expected["BG/NBD"]), expected, rtol=1e-12)
    # The cohort comes in twelve weeks: expected weekly purchases rise until then and fall after.
    assert 11 <= np.argmax(weekly.expected["BG/NBD"]) <= 13


def test_cdnow_frequencies_are_expected_as_the_papers_show_them(shared_data: Path) -> None:
    summary, _ = cdnow(shared_data)
    found = frequencies(summary, {"BG/NBD": PAPER})
    assert list(found.actual[:2]) == [1411, 439]
    assert found.actual.sum() == 2357
    assert found.expected["BG/NBD"].sum() == pytest.approx(2357)
    assert np.abs(found.expected["BG/NBD"] - found.actual).max() < 30


def test_cdnow_forecasts_by_frequency_follow_what_happened(shared_data: Path) -> None:
    summary, later = cdnow(shared_data)
    found = by_frequency(summary, later, {"BG/NBD": PAPER}, 39)
    assert (found.customers * found.actual).sum() == pytest.approx(1882)
    total = (found.customers * found.expected["BG/NBD"]).sum()
    assert total == pytest.approx(PAPER.expected_purchases(summary, 39).sum())
    assert (np.diff(found.actual) > 0).all()
    assert np.corrcoef(found.actual, found.expected["BG/NBD"])[0, 1] > 0.98


def test_customers_of_the_models_own_world_are_tracked_and_counted_within_chance() -> None:
    summary = simulated(1200, 3, **TRUTH.params)
    found = frequencies(summary, {"truth": TRUTH})
    expected = found.expected["truth"]
    assert (np.abs(found.actual - expected) < 4 * np.sqrt(expected)).all()
    starts = 80 - summary.T
    first = track(starts, [], {"truth": TRUTH}, 80, unit="week").expected["truth"][-1]
    assert first == pytest.approx(summary.frequency.sum(), rel=0.08)
    assert first == pytest.approx(sum(TRUTH.expected_purchases_new_customer(T) for T in summary.T), rel=1e-6)


def test_collapsed_customers_give_the_same_checks_as_customers_one_by_one() -> None:
    raw = simulated(300, 4, **TRUTH.params)
    days = Summary(
        raw.frequency, np.round(raw.recency), np.maximum(np.round(raw.T), np.round(raw.recency)), unit="week"
    )
    one, other = (frequencies(rows, {"truth": TRUTH}) for rows in (days, days.collapse()))
    np.testing.assert_array_equal(one.actual, other.actual)
    np.testing.assert_allclose(one.expected["truth"], other.expected["truth"], rtol=1e-12)


def test_the_distribution_sums_to_one_and_to_the_expected_purchases() -> None:
    found = distribution({"truth": TRUTH}, 26, top=150)
    chances = found.chances["truth"]
    assert chances.sum() == pytest.approx(1, abs=1e-9)
    assert (chances * found.counts).sum() == pytest.approx(TRUTH.expected_purchases_new_customer(26), rel=1e-8)


def test_a_table_of_ages_reads_as_the_curve_itself() -> None:
    ages = np.random.default_rng(1).uniform(0, 80, 5000)
    read = over_ages(TRUTH.expected_purchases_new_customer, ages)
    sample = slice(0, 200)
    direct = [TRUTH.expected_purchases_new_customer(age) for age in ages[sample]]
    np.testing.assert_allclose(read[sample], direct, rtol=1e-6)


def test_periods_may_be_months_of_four_weeks() -> None:
    found = track([0, 0, 1], [2, 3, 9, 11], {"truth": TRUTH}, 12, unit="week", step=4)
    np.testing.assert_array_equal(found.times, [4, 8, 12])
    np.testing.assert_array_equal(found.actual, [2, 2, 4])


def test_frequencies_without_customers_have_no_mean() -> None:
    found = by_frequency(Summary([0, 2], [0, 3], [9, 9], unit="week"), [1, 4], {"truth": TRUTH}, 5, top=3)
    np.testing.assert_array_equal(found.customers, [1, 0, 1, 0])
    assert np.isnan(found.actual[[1, 3]]).all()
    assert found.actual[2] == 4


def test_models_in_other_units_and_no_models_are_refused() -> None:
    daily = BGNBD().fit(Summary([0, 1, 2], [0, 5, 9], [20, 20, 30], unit="day"))
    with pytest.raises(UsageError, match="in weeks, daily's in days"):
        track([0], [1], {"daily": daily}, 10, unit="week")
    with pytest.raises(UsageError, match="day, week"):
        distribution({"daily": daily, "truth": TRUTH}, 10)
    with pytest.raises(DataError, match="No model"):
        frequencies(Summary([1], [1], [2], unit="day"), {})
    with pytest.raises(UsageError, match="Periods of 0"):
        track([0], [1], {"truth": TRUTH}, 10, unit="week", step=0)
    with pytest.raises(UsageError, match="At least up to 1"):
        distribution({"truth": TRUTH}, 10, top=0)
