"""The same bits with one thread or two, and words that every engine understands."""

from __future__ import annotations

import ibis
import numpy as np
import pyarrow as pa
import pytest
from ibis.config import Config

from features.silver_cast import CUTOFF, EVERYTHING, HORIZON, Tables, exact, prepare, silver, warehouse
from patron.features.catalogue import available_features
from patron.features.customer_features import customer_features
from patron.features.outcomes import outcomes
from patron.features.prepared import needed_tables
from patron.warehouse.duckdb import DuckDBWarehouse

PRESENT = {"transactions": frozenset({"customer_id", "order_id", "occurred_at", "amount", "quantity", "branch_id"})}


class SparkOptions(Config):
    """What Ibis asks when it words SQL for Spark, and would itself know only where Spark is installed."""

    treat_nan_as_null: bool = False


def many_rows(house: DuckDBWarehouse, rows: int = 260_000) -> Tables:
    """More rows than one thread takes at once, in an order that has nothing to do with customers."""
    silver(house, [])
    rng = np.random.default_rng(5)
    day = rng.integers(CUTOFF - 700, CUTOFF, rows)
    amount = pa.array(rng.integers(1, 10**7, rows) / 100).cast(pa.decimal128(18, 4))
    table = pa.table(
        {
            "customer_id": pa.array(rng.integers(0, 3000, rows).astype(str)),
            "order_id": pa.array(rng.integers(0, 150_000, rows).astype(str)),
            "occurred_day": pa.array(day, pa.int32()),
            "visible_day": pa.array(day + rng.choice([0, 0, 9], rows), pa.int32()),
            "amount": amount,
            "value": amount,
            "quantity": amount,
            "branch_id": pa.array(rng.integers(0, 9, rows).astype(str)),
            "is_refund": pa.array(rng.random(rows) < 0.1),
        }
    )
    house.append("silver", "transactions", table)
    return {"transactions": house.table("silver", "transactions")}


def test_one_thread_and_two_give_the_same_bits() -> None:
    digests = set()
    for threads in (1, 2):
        with warehouse(threads) as house:
            prepared = prepare(house, many_rows(house), PRESENT)
            views = customer_features(prepared, [CUTOFF], HORIZON, available_features(PRESENT))
            digests.add(exact(house.fetch(views)) + exact(house.fetch(outcomes(prepared, [CUTOFF - 90], HORIZON))))
    assert len(digests) == 1


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "bigquery", "pyspark"])
def test_every_query_can_be_worded_for(dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ibis.options, "pyspark", SparkOptions())
    with warehouse() as house:
        known = {name: ibis.table(table.schema(), name=name) for name, table in silver(house, []).items()}
    queries = []
    for table in needed_tables(EVERYTHING):
        built = table.build(known, EVERYTHING)
        queries.append(built)
        known[table.name] = ibis.table(built.schema(), name=table.name)
    queries.append(customer_features(known, [CUTOFF, CUTOFF - 90], HORIZON, available_features(EVERYTHING)))
    queries.append(outcomes(known, [CUTOFF - 90], HORIZON))
    worded = [str(ibis.to_sql(query, dialect=dialect)) for query in queries]
    assert all(sql.lstrip().startswith(("SELECT", "WITH")) for sql in worded)
