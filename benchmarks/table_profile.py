"""How long the profile of a table takes: python benchmarks/table_profile.py [--rows 1000000]. Needs nothing but Patron.

A file of orders (CSV, ten columns) is profiled as ``patron profile FILE`` would, and the same rows as a table of the
warehouse; the page's size is told as well.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv

from patron.pipeline.profiling.profile import profile
from patron.quality.profile.measure import AskedColumn, AskedTable, measure
from patron.reports.profile_page import render_profile
from patron.settings import WarehouseSettings
from patron.warehouse import DuckDBWarehouse

COUNTRIES = ("United Kingdom", "Germany", "France", "Spain", "Netherlands", "Belgium", "Norway", "Portugal")


def orders(rows: int) -> pa.Table:
    """Orders as a shop would export them, with a few holes."""
    rng = np.random.default_rng(1)
    amount = np.round(rng.lognormal(3, 0.9, rows), 2)
    moment = np.datetime64("2023-01-01T08:00:00") + rng.integers(0, 63_072_000, rows).astype("timedelta64[s]")
    return pa.table(
        {
            "line": np.arange(rows),
            "order_id": np.char.add("o", rng.integers(0, rows // 3, rows).astype(str)),
            "customer_id": np.char.add("c", rng.integers(0, rows // 10, rows).astype(str)),
            "ordered_at": moment,
            "product_id": rng.integers(10_000, 14_000, rows).astype(str),
            "quantity": rng.integers(1, 12, rows),
            "unit_price": np.round(amount / 2, 2),
            "amount": amount,
            "country": rng.choice(COUNTRIES, rows),
            "channel": pa.array(rng.choice(["web", "shop", "phone"], rows), mask=rng.random(rows) < 0.2),
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    table = orders(asked.rows)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "orders.csv"
        csv.write_csv(table.drop_columns(["line"]), file)
        began = time.perf_counter()
        found = profile(str(file))
        print(f"CSV file, {found.rows:,} rows, {len(found.columns)} columns: {time.perf_counter() - began:.1f} s")
        print(f"page: {len(render_profile(found)) / 1024:.0f} KiB")
    with DuckDBWarehouse(None, WarehouseSettings()) as house:
        house.replace("work", "orders", table)
        rows = house.table("work", "orders")
        columns = tuple(AskedColumn(name) for name in rows.columns if name != "line")
        began = time.perf_counter()
        measure(house, AskedTable("work.orders", "", rows, columns, ("line",)), datetime.now(UTC).date())
        print(f"table of the warehouse, {asked.rows:,} rows: {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
