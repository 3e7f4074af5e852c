"""Checks count the rows that break them, whichever engine is asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from patron.quality.batch_profile import profile
from patron.quality.declared import silver_expectations
from patron.quality.expectations import LARGEST_FLOAT, Expectation, Kind, rows_verdict
from patron.quality.measures import measured, measured_reference, measured_table
from patron.tables import BRANCHES, TRANSACTIONS, silver_columns
from patron.warehouse import Warehouse
from warehouse.engines import ENGINES, EVERY_ENGINE


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of January 2024, as warehouses keep it."""
    return datetime(2024, 1, day, hour, minute, tzinfo=UTC).replace(tzinfo=None)


NAN, INFINITE = float("nan"), float("inf")
ROWS = pa.table(
    {
        "name": pa.array(["a", "b", "b", None, "zz", None], pa.string()),
        "part": pa.array(["x", "y", "y", "y", None, None], pa.string()),
        "real": pa.array([0.5, NAN, INFINITE, None, -1.0, 2.0], pa.float64()),
        "money": pa.array([Decimal("1.0000"), Decimal("-0.0001"), None, Decimal("5"), Decimal("7"), Decimal("9")], pa.decimal128(18, 4)),
        "moment": pa.array([at(day, 23, 59) for day in range(1, 7)], pa.timestamp("us")),
        "low": pa.array([1.0, 2.0, 3.0, None, 1.0, 1.0], pa.float64()),
        "high": pa.array([2.0, 1.0, 3.0, 1.0, NAN, None], pa.float64()),
        "whole": pa.array([3.0, 3.0, 6.0, None, 2.009, 2.5], pa.float64()),
    }
)  # fmt: skip


@pytest.fixture(params=EVERY_ENGINE)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    with ENGINES[request.param](tmp_path) as opened:
        yield opened


def expects(kind: Kind, *columns: str, **limits: object) -> Expectation:
    return Expectation("silver", "rows", kind, columns, **limits)  # type: ignore[arg-type]  # limits of each case


def test_every_kind_counts_the_rows_that_break_it(house: Warehouse) -> None:
    house.replace("work", "rows", ROWS)
    told = [
        (expects("rows", least=1), 6),
        (expects("required", "name"), 2),
        (expects("unique", "name"), 1),
        (expects("unique", "name", "part"), 1),
        (expects("range", "real", least=0.0, most=1.0), 4),
        (expects("range", "real", least=-LARGEST_FLOAT, most=LARGEST_FLOAT), 2),
        (expects("range", "money", least=0), 1),
        (expects("range", "money", most=5.5), 2),
        (expects("range", "moment", least="2024-01-03", most="2024-01-05"), 3),
        (expects("accepted", "name", values=("a", "b")), 1),
        (expects("accepted", "name", values=("a", "b"), none_of=True), 3),
        (expects("longest", "name", most=1), 1),
        (expects("ordered", "low", "high"), 1),
        (expects("varied", "part", least=2), 2),
    ]
    verdicts = measured(house, house.table("work", "rows"), [expectation for expectation, _ in told])
    assert [verdict.value for verdict in verdicts] == [float(count) for _, count in told]


def test_parts_add_up_but_for_a_cent(house: Warehouse) -> None:
    house.replace("work", "rows", ROWS.slice(0, 3).select(["low", "high", "whole"]))
    (verdict,) = measured(house, house.table("work", "rows"), [expects("adds_up", "whole", "low", "high")])
    assert verdict.passed
    house.replace("work", "rows", pa.table({"low": [1.0], "high": [2.0], "whole": [3.02]}))
    (verdict,) = measured(house, house.table("work", "rows"), [expects("adds_up", "whole", "low", "high")])
    assert (verdict.value, verdict.passed) == (1, False)


def test_rows_may_refer_only_to_keys_that_are_there(house: Warehouse) -> None:
    house.replace("work", "rows", ROWS.select(["name"]))
    house.replace("work", "parents", pa.table({"name": ["a", "b", "c"]}))
    one = expects("reference", "name", parent="parents.name", allowed_share=0.2)
    verdict = measured_reference(house, house.table("work", "rows"), {"parents": house.table("work", "parents")}, one)
    assert verdict
    assert (verdict.value, verdict.most, verdict.passed) == (1, 1, True)
    assert measured_reference(house, house.table("work", "rows"), {}, one) is None


def test_an_empty_table_fails(house: Warehouse) -> None:
    house.create("silver", BRANCHES.name, silver_columns(BRANCHES))
    rows = house.table("silver", BRANCHES.name)
    verdicts = measured_table(house, rows, silver_columns(BRANCHES), silver_expectations(BRANCHES))
    assert [verdict.expectation.name for verdict in verdicts if not verdict.passed] == ["silver.branches.rows"]


def test_a_column_of_the_wrong_type_is_told_and_asked_nothing_more(house: Warehouse) -> None:
    columns = {"branch_id": pa.array([1], pa.int64()), "branch_name": pa.array([None], pa.string())}
    house.replace("work", "rows", pa.table(columns))
    verdicts = measured_table(
        house, house.table("work", "rows"), silver_columns(BRANCHES), silver_expectations(BRANCHES)
    )
    wrong = {verdict.expectation.name: verdict.words for verdict in verdicts if not verdict.passed}
    assert "declared is id" in wrong["silver.branches.branch_id.type"]
    assert wrong["silver.branches.region.type"] == "there is no such column"
    assert "silver.branches.branch_id.unique" not in {verdict.expectation.name for verdict in verdicts}


def test_a_batch_is_profiled_alike(house: Warehouse) -> None:
    house.create("silver", TRANSACTIONS.name, silver_columns(TRANSACTIONS))
    amounts = ["0", "1000", "999.9999", "-12.5", None]
    rows = [
        {
            "source": "sales",
            "file_id": "f",
            "line": line,
            "customer_id": "Ada" if line else None,
            "occurred_at": at(1 + line, 3 * line),
            "occurred_day": 19_723 + line,
            "amount": amount and Decimal(amount),
            "channel": "web",
            "row_hash": line,
        }
        for line, amount in enumerate(amounts)
    ]
    told = pa.Table.from_pylist(rows)
    told = told.set_column(told.column_names.index("amount"), "amount", told["amount"].cast(pa.decimal128(18, 4)))
    told = told.set_column(
        told.column_names.index("occurred_day"), "occurred_day", told["occurred_day"].cast(pa.int32())
    )
    house.append("silver", TRANSACTIONS.name, told)
    columns = ("customer_id", "occurred_at", "amount", "channel")
    found = profile(house, TRANSACTIONS, house.table("silver", TRANSACTIONS.name), columns)
    counts = {(row["column_name"], row["bin"]): row["rows"] for row in found}
    assert counts == {
        ("", "rows"): 5,
        ("", "days"): 5,
        ("", "span"): 5,
        ("", "repeats"): 0,
        ("", "customers"): 1,
        ("customer_id", "given"): 4,
        ("customer_id", "nothing"): 1,
        **{("occurred_at", str(hour)): 1 for hour in (0, 3, 6, 9, 12)},
        ("amount", "0"): 1,
        ("amount", "+30"): 1,
        ("amount", "+29"): 1,
        ("amount", "-10"): 1,
        ("amount", "nothing"): 1,
        ("channel", "web"): 5,
    }


def test_a_verdict_says_where_what_and_what_is_allowed() -> None:
    verdict = rows_verdict(expects("required", "name"), 3, 40, "a.csv")
    assert verdict.told == "silver.rows.name.required (a.csv): 3 of 40 rows: the value is missing; allowed: no row."
    assert verdict.blocks
    assert not rows_verdict(expects("required", "name").warning(), 3, 40).blocks
