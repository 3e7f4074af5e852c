"""Row rules give a reason and tell the value; odd rows are kept and flagged; value follows the contract."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from patron.periods import day_number
from patron.quality.rules import judged, transaction_rules
from patron.quality.value import with_value
from patron.settings import Settings, Value, WarehouseSettings
from patron.warehouse import DuckDBWarehouse

ARRIVED = datetime(2025, 6, 30, 9, tzinfo=UTC)
SOURCE = {"table": "transactions", "files": "x", "columns": {"customer_id": "c", "occurred_at": "d", "amount": "a"}}
SETTINGS = Settings.model_validate({"sources": {"sales": SOURCE}})
MONEY = pa.decimal128(18, 4)


@pytest.fixture
def warehouse() -> Iterator[DuckDBWarehouse]:
    with DuckDBWarehouse(None, WarehouseSettings()) as opened:
        yield opened


def transactions(rows: list[dict[str, object]]) -> pa.Table:
    plain = {
        "customer_id": "Ada",
        "at": date(2025, 6, 1),
        "amount": 10,
        "currency": None,
        "is_refund": False,
        "margin": None,
        "known": None,
    }
    full = [plain | row for row in rows]
    money = lambda name: pa.array([None if r[name] is None else Decimal(str(r[name])) for r in full], MONEY)  # noqa: E731
    return pa.table(
        {
            "file_id": ["f"] * len(full),
            "line": pa.array(range(2, len(full) + 2), pa.int64()),
            "customer_id": pa.array([r["customer_id"] for r in full], pa.string()),
            "occurred_at": pa.array([datetime.combine(r["at"], datetime.min.time()) for r in full], pa.timestamp("us")),
            "known_at": pa.array(
                [r["known"] and datetime.combine(r["known"], datetime.min.time()) for r in full], pa.timestamp("us")
            ),
            "occurred_day": pa.array([day_number(r["at"]) for r in full], pa.int32()),
            "visible_day": pa.array([day_number(r["known"] or r["at"]) for r in full], pa.int32()),
            "amount": money("amount"),
            "margin": money("margin"),
            "currency": pa.array([r["currency"] for r in full], pa.string()),
            "is_refund": [bool(r["is_refund"]) for r in full],
        }
    )


def test_each_broken_rule_gives_its_reason_and_the_value(warehouse: DuckDBWarehouse) -> None:
    rows = [
        {},
        {"at": date(2025, 7, 2)},
        {"at": date(1969, 1, 1)},
        {"currency": "USD"},
        {"currency": "eur"},
        {"at": date(2025, 7, 1)},
        {"known": date(2999, 1, 1)},
        {"amount": 10**12},
    ]
    warehouse.replace("work", "rows", transactions(rows))
    told = warehouse.fetch(
        judged(warehouse.table("work", "rows"), transaction_rules(SETTINGS, ARRIVED)).order_by("line")
    )
    assert told["reason"].to_pylist() == [
        None,
        "future_date",
        "date_too_early",
        "unknown_currency",
        None,
        None,
        "future_known_at",
        "amount_too_large",
    ]
    assert "2025-07-02" in told["detail"][1].as_py()
    assert "USD" in told["detail"][3].as_py()


@pytest.mark.parametrize(
    ("contract", "values"),
    [
        (Value(), ["10", "-4", "20"]),
        (Value(refunds="ignore"), ["10", "0", "20"]),
        (Value(basis="margin", margin_rate=0.25), ["2.5", "-1", "7"]),
    ],
)
def test_value_follows_the_contract(warehouse: DuckDBWarehouse, contract: Value, values: list[str]) -> None:
    rows = [{}, {"amount": -4, "is_refund": True}, {"amount": 20, "margin": 7}]
    warehouse.replace("work", "rows", transactions(rows))
    told = warehouse.fetch(with_value(warehouse.table("work", "rows"), contract).order_by("line"))
    assert told["value"].to_pylist() == [Decimal(value) for value in values]
