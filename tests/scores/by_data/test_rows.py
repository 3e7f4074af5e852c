"""Rows that are sent become silver rows by the rules of the batch."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from patron.errors import UsageError
from patron.periods import day_number
from patron.quality.decisions import CONFLICTING_ID
from patron.quality.rules import liftable_reasons
from patron.scores.by_data.contract import DataContract, ReadBy, ScoringFacts
from patron.scores.by_data.rows import Arrived, arrived
from patron.scores.by_data.sent import SentCustomers
from patron.settings import Settings, Value

TODAY = day_number(date(2025, 6, 30))
ORDERS = {"table": "transactions", "files": "x.csv", "columns": {"occurred_at": "when", "amount": "much"}}
LONDON = ReadBy("shop", "Europe/London", None, "")


def contract(**value: Any) -> DataContract:  # Any: fields of settings
    present = {"transactions": frozenset({"amount", "margin", "customer_id", "occurred_at"})}
    return DataContract(present, Value(**value), 1, (LONDON,), ScoringFacts(None, 1.0, 1.0), {})


def judged(*rows: dict[str, object], **value: Any) -> Arrived:  # Any: fields of settings
    sent = SentCustomers.model_validate({"customers": [{"transactions": rows}]})
    return arrived(sent, contract(**value), LONDON, TODAY)


def test_a_time_without_a_zone_is_its_sources_and_a_bare_day_is_not_moved() -> None:
    times = ("2025-06-10T00:30:00", "2025-06-10T00:30:00Z", "2025-06-10", "2025-06-10T00:30:00+14:00")
    table = judged(*({"occurred_at": one, "amount": 1} for one in times)).tables["transactions"]
    day = day_number(date(2025, 6, 10))
    assert table["occurred_day"].to_pylist() == [day - 1, day, day, day - 1]


def test_amounts_are_exact_and_rounded_away_from_zero_at_the_fourth_place() -> None:
    at = {"occurred_at": "2025-06-10"}
    rows = (
        at | {"amount": "1.00005"}, at | {"amount": -0.00005}, at | {"quantity": 3, "unit_price": "0.33335"},
        at | {"amount": "1e-300"},
    )  # fmt: skip
    table = judged(*rows).tables["transactions"]
    assert table["amount"].to_pylist() == [Decimal("1.0001"), Decimal("-0.0001"), Decimal("1.0002"), Decimal("0.0000")]
    assert table["is_refund"].to_pylist() == [False, True, False, False]


def test_rows_without_an_order_are_orders_of_their_own() -> None:
    at = {"occurred_at": "2025-06-10", "amount": 1}
    orders = judged(at, at, at | {"order_id": "1"}).tables["transactions"]["order_id"].to_pylist()
    assert len(set(orders)) == 3


def test_reasons_are_the_batchs_own() -> None:
    at = {"amount": 1}
    told = judged(
        at | {"occurred_at": "2025-07-01"},
        at | {"occurred_at": "2025-06-01", "known_at": "2025-07-01"},
        at | {"occurred_at": "1969-12-31"},
        at | {"occurred_at": "2025-06-01", "row_id": "a"},
        {"amount": 2, "occurred_at": "2025-06-01", "row_id": "a"},
        {"quantity": 9_999_999, "unit_price": 999_999, "occurred_at": "2025-06-01"},
    )
    reasons = [one.reason for one in told.aside[0]]
    assert reasons == [
        "future_date", "future_known_at", "date_too_early", CONFLICTING_ID, CONFLICTING_ID, "amount_too_large",
    ]  # fmt: skip
    assert set(reasons) - {"amount_too_large"} <= liftable_reasons(
        Settings.model_validate({"sources": {"orders": ORDERS}})
    )
    assert told.counted == (0,)


def test_where_margins_count_each_row_must_say_its_own_or_that_it_is_not_known() -> None:
    at = {"occurred_at": "2025-06-10", "amount": 10}
    with pytest.raises(UsageError, match="a transaction has none"):
        judged(at | {"margin": 3}, at, basis="margin")
    told = judged(at | {"margin": 3}, at | {"margin": None}, basis="margin").tables["transactions"]
    assert told["margin"].to_pylist() == [Decimal(3), None]
