"""What a release holds to score data: read back as it was written, and refunds by the rule that sources keep."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from patron.errors import DamagedRelease, NothingThere, UnknownName
from patron.models.validation.conformal import Intervals, fit_intervals
from patron.scores.by_data.contract import DataContract, ReadBy, ScoringFacts
from patron.scores.by_data.sent import SentTransaction
from patron.settings import Condition, Source, Value
from patron.sources.typed_columns import RuleReader, parsing_engine

RULE = Condition(column="invoice", starts_with="C")
SHOP = ReadBy("shop", "Europe/London", RULE, "order_id")
WEB = ReadBy("web", "UTC", None, "")


def contract(*read_by: ReadBy, intervals: Intervals | None = None) -> DataContract:
    return DataContract(
        {"transactions": frozenset({"amount", "customer_id"})},
        Value(currency="GBP", basis="margin", margin_rate=0.3),
        1,
        read_by,
        ScoringFacts(intervals, 0.1 + 0.2, 1 / 3),
        {"usual_gap": 7.5},
    )


def test_it_is_read_back_to_the_last_bit() -> None:
    draw = np.random.default_rng(1)
    predicted = draw.gamma(2, 30, 500)
    fitted = fit_intervals(predicted, predicted * draw.gamma(3, 0.4, 500))
    written = contract(SHOP, WEB, intervals=fitted)
    read = DataContract.from_json("r", json.loads(written.to_json()))
    assert read.to_json() == written.to_json()
    assert (read.facts.usual_value, read.facts.usual_history, read.read_by) == (0.1 + 0.2, 1 / 3, (SHOP, WEB))
    assert read.facts.intervals is not None
    assert np.array_equal(read.facts.intervals.bounds(predicted), fitted.bounds(predicted))


def test_sources_that_are_read_differently_must_be_named() -> None:
    assert contract(SHOP).reading(None) == SHOP
    both = contract(SHOP, WEB)
    assert both.reading("web") == WEB
    for name in (None, "till"):
        with pytest.raises(UnknownName, match="shop, web"):
            both.reading(name)
    assert contract(WEB, ReadBy("app", "UTC", None, "")).reading(None) == WEB


@pytest.mark.parametrize("change", [{"format": 2}, {"read_by": 3}, {"usual_value": "much"}, {"value": {"currency": 1}}])
def test_what_is_no_contract_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(DamagedRelease, match="release r"):
        DataContract.from_json("r", json.loads(contract(SHOP).to_json()) | change)
    with pytest.raises(NothingThere):
        DataContract.from_json("r", {})


@pytest.mark.parametrize(
    "rule",
    [
        Condition(column="c", starts_with="C"),
        Condition(column="c", starts_with="-"),
        Condition(column="c", equals=("C1", "7", "refund")),
        Condition(column="c", equals=("7.0",)),
        Condition(column="c", less_than=0),
        Condition(column="c", less_than=7.5),
    ],
)
def test_a_row_is_marked_as_the_sources_mark_it(rule: Condition) -> None:
    source = Source(table="transactions", files=("x",), columns={"occurred_at": "when", "amount": "much"})
    reader = RuleReader(parsing_engine(), source, rule)
    if rule.less_than is None:
        column, cells = "order_id", ["C1", "c1", "7", "7.0", "-7.0", "7.00", "refund", "Refund", "-", "XC"]
        rows = [SentTransaction(occurred_at="2025-01-01", amount=1, order_id=cell) for cell in cells]  # type: ignore[arg-type]
    else:
        column, cells = "quantity", ["-1", "0", "7.5", "7.4999", "8"]
        rows = [SentTransaction(occurred_at="2025-01-01", amount=1, quantity=Decimal(cell)) for cell in cells]  # type: ignore[arg-type]
    read_by = ReadBy("shop", "UTC", rule, column)
    assert [read_by.is_marked(row) for row in rows] == reader.holds(pa.array(cells)).to_pylist()
