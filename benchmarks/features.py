"""How long features take against one bare GROUP BY over the same rows.

    python benchmarks/features.py 200000

makes that many customers with ten one-line orders each (seeded), and prints the bare query, the tables
prepared once per run, and all features at one cutoff, with their ratios to the bare query (the best of
three turns of each). Two threads, 3 GB of memory.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

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
TURNS = 3
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
        settings = WarehouseSettings(threads=2, memory_gb=3.0)
        with DuckDBWarehouse(path / "warehouse.duckdb", settings, spill=path / "spill") as warehouse:
            fill(warehouse, customers)
            print(f"{customers:,} customers, {customers * ORDERS_PER_CUSTOMER:,} rows")
            for title, columns in PRESENT.items():
                measure(warehouse, title, {"transactions": columns})
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


def measure(warehouse: DuckDBWarehouse, title: str, present: dict[str, frozenset[str]]) -> None:
    """Prepare the tables, then take turns between the bare query and all features at one cutoff."""
    print(f"{title}:")
    tables = {"transactions": with_value(warehouse.table("silver", "transactions"), Value())}
    preparing = Cost(0.0, 0.0)
    for table in needed_tables(present):
        cost = cost_of(partial(warehouse.replace, "work", table.name, table.build(tables, present)))
        tables[table.name] = warehouse.table("work", table.name)
        preparing = preparing + cost
        print(f"  prepare {table.name:20} {warehouse.count('work', table.name):>12,} rows  {cost}")
    features = available_features(present)
    views = customer_features(tables, [CUTOFF], HORIZON, features)
    bare, describing = least_costs(
        partial(warehouse.execute, BARE), partial(warehouse.replace, "gold", "customer_features", views)
    )
    answering = cost_of(partial(warehouse.replace, "gold", "outcomes", outcomes(tables, [CUTOFF], HORIZON)))
    print(f"  one bare GROUP BY {bare}")
    print(f"  {len(features)} features at one cutoff {describing}: {describing.times(bare)}")
    print(f"  with the tables prepared once per run {preparing + describing}: {(preparing + describing).times(bare)}")
    print(f"  outcomes at one cutoff {answering}")


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, and of the processors: the latter hold on a machine that others use too."""

    clock: float
    processors: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.clock + other.clock, self.processors + other.processors)

    def __str__(self) -> str:
        return f"{self.clock:.2f} s ({self.processors:.2f} s of processors)"

    def times(self, bare: Cost) -> str:
        return f"{self.clock / bare.clock:.2f} × bare ({self.processors / bare.processors:.2f} × of processors)"


def least_costs(*works: Callable[[], object]) -> list[Cost]:
    """The least clock and processor seconds of each, taking turns."""
    turns = [[cost_of(work) for work in works] for _ in range(TURNS)]
    return [
        Cost(min(cost.clock for cost in costs), min(cost.processors for cost in costs))
        for costs in zip(*turns, strict=True)
    ]


def cost_of(work: Callable[[], object]) -> Cost:
    clock, processors = perf_counter(), process_time()
    work()
    return Cost(perf_counter() - clock, process_time() - processors)


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
