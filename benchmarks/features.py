"""How long features take against one bare GROUP BY over the same rows.

    python benchmarks/features.py 200000

makes that many customers with ten one-line orders each (seeded), and prints the bare query, the tables
prepared once per run, and all features at one cutoff, with their ratios to the bare query. Two threads,
3 GB of memory.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa

from patron.features.catalogue import available_features
from patron.features.customer_features import customer_features
from patron.features.outcomes import outcomes
from patron.features.prepared import needed_tables
from patron.quality.value import with_value
from patron.settings import Value, WarehouseSettings
from patron.tables import TRANSACTIONS, silver_columns
from patron.warehouse.duckdb import DuckDBWarehouse

ORDERS_PER_CUSTOMER = 10
FIRST_DAY, LAST_DAY, CUTOFF, HORIZON = 18_000, 19_100, 18_900, 180
SLICE = 1_000_000
BARE = """
    CREATE OR REPLACE TABLE work.bare AS
    SELECT customer_id, count(DISTINCT order_id) AS orders, min(occurred_day) AS first_day,
           max(occurred_day) AS last_day, sum(amount) AS amount
    FROM silver.transactions GROUP BY customer_id
"""
PRESENT = {
    "orders only": frozenset({"customer_id", "order_id", "occurred_at", "amount"}),
    "with products, categories and branches": frozenset(
        {"customer_id", "order_id", "occurred_at", "amount", "product_id", "category", "branch_id"}
    ),
}


def main(customers: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        with DuckDBWarehouse(
            path / "warehouse.duckdb", WarehouseSettings(threads=2, memory_gb=3.0), spill=path / "spill"
        ) as warehouse:
            fill(warehouse, customers)
            warehouse.execute(BARE)
            bare = timed(lambda: warehouse.execute(BARE))
            print(f"{customers:,} customers, {customers * ORDERS_PER_CUSTOMER:,} rows; bare GROUP BY {bare:.2f} s")
            for title, columns in PRESENT.items():
                measure(warehouse, title, {"transactions": columns}, bare)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


def measure(warehouse: DuckDBWarehouse, title: str, present: dict[str, frozenset[str]], bare: float) -> None:
    """Prepare the tables, describe all customers as of one cutoff, and print both times."""
    print(f"{title}:")
    tables = {"transactions": with_value(warehouse.table("silver", "transactions"), Value())}
    prepared_seconds = 0.0
    for table in needed_tables(present):
        expression = table.build(tables, present)
        seconds = timed(lambda name=table.name, rows=expression: warehouse.replace("work", name, rows))
        tables[table.name] = warehouse.table("work", table.name)
        prepared_seconds += seconds
        print(f"  prepare {table.name:20} {warehouse.count('work', table.name):>12,} rows {seconds:8.2f} s")
    features = available_features(present)
    described = customer_features(tables, [CUTOFF], HORIZON, features)
    seconds = timed(lambda: warehouse.replace("gold", "customer_features", described))
    print(f"  {len(features)} features at one cutoff {seconds:.2f} s = {seconds / bare:.2f} × bare")
    print(f"  prepared tables {prepared_seconds:.2f} s; with them {(prepared_seconds + seconds) / bare:.2f} × bare")
    answers = outcomes(tables, [CUTOFF], HORIZON)
    print(f"  outcomes {timed(lambda: warehouse.replace('gold', 'outcomes', answers)):.2f} s")


def timed(work: Callable[[], object]) -> float:
    begin = perf_counter()
    work()
    return perf_counter() - begin


def fill(warehouse: DuckDBWarehouse, customers: int) -> None:
    """Silver transactions of one-line orders, in the order they happened."""
    rng = np.random.default_rng(20_260_101)
    rows = customers * ORDERS_PER_CUSTOMER
    days = np.sort(rng.integers(FIRST_DAY, LAST_DAY, rows))
    warehouse.create("silver", "transactions", silver_columns(TRANSACTIONS))
    for start in range(0, rows, SLICE):
        warehouse.append("silver", "transactions", slice_of(rng, days[start : start + SLICE], start, customers))


def slice_of(rng: np.random.Generator, days: np.ndarray, start: int, customers: int) -> pa.Table:
    size = len(days)
    number = np.arange(start, start + size)
    cents = np.maximum(np.round(rng.gamma(2.0, 20.0, size) * 100), 1).astype(np.int64)
    amount = pa.array(cents / 100).cast(pa.decimal128(18, 4))
    columns = {
        "customer_id": named("c", rng.integers(0, customers, size)),
        "order_id": named("o", number),
        "occurred_at": pa.array(days.astype("datetime64[D]").astype("datetime64[us]")),
        "amount": amount,
        "product_id": named("p", rng.integers(0, 5000, size)),
        "category": named("k", rng.integers(0, 40, size)),
        "branch_id": named("b", rng.integers(0, 50, size)),
        "occurred_day": pa.array(days, pa.int32()),
        "visible_day": pa.array(days, pa.int32()),
        "is_refund": pa.array(np.zeros(size, dtype=bool)),
        "file_id": pa.array(["benchmark"] * size),
        "line": pa.array(number + 1),
        "row_hash": pa.array(number),
    }
    return pa.table(columns)


def named(letter: str, numbers: np.ndarray) -> pa.Array:
    return pa.array(np.char.add(letter, np.char.zfill(numbers.astype(str), 9)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
