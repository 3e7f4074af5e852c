"""From a log of orders to frequency, recency, T and spend."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from patron.errors import DataError
from patron.models.buying.orders import summary_of_orders

WHO = ["Ada", "Ada", "Ada", "Bea", "Bea", "Cid"]
WHEN = ["2024-01-01", "2024-01-08", "2024-01-08", "2024-01-03", "2024-01-10", "2024-02-20"]
SPENT = [10.0, 20.0, 5.0, 40.0, -30.0, 9.0]


def test_orders_of_a_day_are_one_purchase_and_a_refund_is_none() -> None:
    found = summary_of_orders(WHO, WHEN, SPENT, until="2024-01-29", unit="week")
    assert found.customer_id.tolist() == ["Ada", "Bea"], "Cid comes after the day"
    assert found.summary.frequency.tolist() == [1, 0]
    assert found.summary.recency.tolist() == [1, 0]
    assert found.summary.T.tolist() == [4, pytest.approx(26 / 7)]
    assert found.summary.monetary_value is not None
    assert found.summary.monetary_value.tolist() == [25, 0]


def test_the_order_of_rows_does_not_matter() -> None:
    rows = np.random.default_rng(1).permutation(6)
    one = summary_of_orders(WHO, WHEN, SPENT, until="2024-03-01", unit="day").summary
    other = summary_of_orders(
        np.array(WHO)[rows], np.array(WHEN)[rows], np.array(SPENT)[rows], until="2024-03-01", unit="day"
    ).summary
    assert one.frequency.tobytes() + one.T.tobytes() == other.frequency.tobytes() + other.T.tobytes()


def test_dates_of_any_kind_are_taken_and_plain_numbers_are_not() -> None:
    days = [date.fromisoformat(day) for day in WHEN]
    assert len(summary_of_orders(WHO, days, until=np.datetime64("2024-03-01"), unit="day").customer_id) == 3
    with pytest.raises(DataError, match="plain numbers"):
        summary_of_orders(WHO, [1, 2, 3, 4, 5, 6], until="2024-03-01", unit="day")
    with pytest.raises(DataError, match="no date"):
        summary_of_orders(["Ada"], ["soon"], until="2024-03-01", unit="day")
    with pytest.raises(DataError, match="is a purchase"):
        summary_of_orders(WHO, WHEN, SPENT, until="2020-01-01", unit="day")


def test_the_papers_cohort_is_counted_as_published(shared_data: Path) -> None:
    log = pq.read_table(shared_data / "cdnow" / "master.parquet").to_pandas()
    columns = [next(c for c in log.columns if word in c.lower()) for word in ("id", "date")]
    found = summary_of_orders(log[columns[0]], log[columns[1]].astype("datetime64[s]"), until="1998-06-30", unit="week")
    assert len(found.customer_id) == 23_570
    assert found.summary.frequency.sum() + 23_570 == 67_591
