"""CDNOW's purchase log gives the summary that the papers publish."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from features.silver_cast import ORDERS_ONLY, bought, described, prepare, silver, warehouse
from patron.features.catalogue import available_features
from patron.periods import day_number

CALIBRATION_END = day_number(date(1997, 9, 30))


def test_cdnow_gives_the_published_frequency_recency_and_age_of_every_customer(shared_data: Path) -> None:
    log = pq.read_table(shared_data / "cdnow" / "sample.parquet").to_pylist()
    # A purchase is paid for; the papers count the log's few free ones as well.
    lines = [
        bought(str(row["customer_id"]), str(number), day_number(row["date"]), f"{max(row['amount'], 0.01):.2f}")
        for number, row in enumerate(log)
    ]
    with warehouse() as house:
        prepared = prepare(house, silver(house, lines), ORDERS_ONLY)
        views = described(house, prepared, [CALIBRATION_END], available_features(ORDERS_ONLY))
    found = Counter((row["frequency"], round(row["recency"] / 7, 2), round(row["T"] / 7, 2)) for row in views.values())
    summary = pq.read_table(shared_data / "cdnow" / "summary.parquet").to_pylist()
    assert found == Counter((row["x"], round(row["t_x"], 2), round(row["t"], 2)) for row in summary)
