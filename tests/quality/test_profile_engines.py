"""A profile says the same on every engine."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from patron.quality.profile.findings import Batch
from patron.quality.profile.measure import AskedColumn, AskedTable, measure
from patron.reports.profile_page import profile_facts
from patron.warehouse import Warehouse
from warehouse.engines import ENGINES

ROWS = 1_500
COLUMNS = ("who", "amount", "pieces", "share", "at", "day", "kind", "kept", "nothing")


def rows() -> pa.Table:
    """Every type that a warehouse holds, with ties, holes and a newest batch that is spread otherwise."""
    rng = np.random.default_rng(4)
    start = datetime(2025, 1, 1)  # noqa: DTZ001 - as warehouses hold it, in UTC
    hole = rng.random(ROWS) < 0.1
    return pa.table(
        {
            "line": pa.array(range(ROWS), pa.int64()),
            "is_newest": pa.array([n >= 1_200 for n in range(ROWS)]),
            "who": [f"c{n}" for n in rng.integers(0, 300, ROWS)],
            "amount": pa.array([Decimal(int(n)) / 100 for n in rng.integers(-500, 99_999, ROWS)], pa.decimal128(18, 4)),
            "pieces": pa.array(rng.integers(0, 9, ROWS), pa.int64(), mask=hole),
            "share": pa.array(np.where(np.arange(ROWS) >= 1_200, rng.random(ROWS) ** 3, rng.random(ROWS))),
            "at": pa.array(
                [start + timedelta(minutes=int(n)) for n in rng.integers(0, 200_000, ROWS)], pa.timestamp("us")
            ),
            "day": pa.array(
                [date(2025, 1, 1) + timedelta(days=int(n)) for n in rng.integers(0, 90, ROWS)], pa.date32()
            ),
            "kind": pa.array(rng.choice(["web", "shop", " Shop", "phone"], ROWS), mask=hole),
            "kept": pa.array(rng.random(ROWS) < 0.7),
            "nothing": pa.nulls(ROWS, pa.string()),
        }
    )


def facts(house: Warehouse) -> dict[str, Any]:
    house.replace("work", "rows", rows())
    columns = tuple(AskedColumn(name) for name in COLUMNS)
    asked = AskedTable("rows", "", house.table("work", "rows"), columns, ("line",), Batch("b.csv", 300, 1_200, 1))
    return profile_facts(measure(house, asked, date(2025, 6, 30)))


def alike(one: Any, other: Any) -> bool:
    """Equal, figures to nine places."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)


@pytest.mark.engines
@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "duckdb"])
def test_a_profile_is_the_same_on_every_engine(engine: str, tmp_path: Path) -> None:
    told = {}
    for name in ("duckdb", engine):
        (tmp_path / name).mkdir()
        with ENGINES[name](tmp_path / name) as house:
            told[name] = facts(house)
    differing = [key for key in told["duckdb"] if not alike(told["duckdb"][key], told[engine][key])]
    columns = zip(told["duckdb"]["columns"], told[engine]["columns"], strict=True)
    details = [(a["name"], key, a[key], b[key]) for a, b in columns for key in a if not alike(a[key], b[key])]
    assert (differing, details) == ([], [])
