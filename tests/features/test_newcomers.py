"""Customers as they were on their first day: when they came, how, with what, and what they brought after it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import ibis
import pytest

from features.random_world import FIRST, LAST, random_facts, random_lines
from features.silver_cast import EVERYTHING, Line, bought, moment, on, prepare, silver, warehouse
from features.test_engines import SparkOptions
from patron.features.newcomers import available_attributes, available_numbers, newcomers

LAST_DAY = on(2024, 12, 31)
GUS_TWO_LINES_THEN_TWO_ORDERS = (
    bought("Gus", "1", on(2024, 3, 1), "10", quantity="2", discount="1", product="p1", branch="n", channel="web"),
    bought("Gus", "1", on(2024, 3, 1), "30", quantity="1", product="p2", category="cake", branch="s", channel="web"),
    bought("Gus", "2", on(2024, 3, 31), "7", branch="x", channel="shop"),
    bought("Gus", "3", on(2024, 4, 1), "100"),
    bought("Gus", "2", on(2024, 3, 20), "-2", refund=True),
)
HAL_CANCELS_AT_ONCE = (
    bought("Hal", "1", on(2024, 5, 1), "900"),
    bought("Hal", "1", on(2024, 5, 1), "-900", refund=True),
)
INA_SIGNED_UP_BEFORE_SHE_BOUGHT = (bought("Ina", "1", on(2024, 6, 5), "20", branch="n", channel="web"),)
JO_GAVE_BACK_ONLY = (bought("Jo", "1", on(2024, 6, 5), "-20", refund=True),)
KAI_IS_KNOWN_LATER = (bought("Kai", "1", on(2024, 7, 1), "5", known=on(2025, 1, 3)),)
LINES = (
    *GUS_TWO_LINES_THEN_TWO_ORDERS,
    *HAL_CANCELS_AT_ONCE,
    *INA_SIGNED_UP_BEFORE_SHE_BOUGHT,
    *JO_GAVE_BACK_ONLY,
    *KAI_IS_KNOWN_LATER,
    bought(None, "9", on(2024, 3, 1), "50"),
)
FACTS: dict[str, list[dict[str, object]]] = {
    "customers": [
        {"customer_id": "Gus", "acquired_on": None, "country": "Malta", "acquisition_channel": "friend"},
        {"customer_id": "Ina", "acquired_on": date(2024, 6, 1), "country": "Peru", "branch_id": "home"},
        {"customer_id": "Lea", "acquired_on": date(2024, 8, 1), "country": "Malta", "acquisition_channel": "web"},
        {"customer_id": "Max", "acquired_on": date(2025, 2, 1), "country": "Malta"},
    ],
    "products": [{"product_id": "p1", "category": "tea"}, {"product_id": "p2", "category": "never used"}],
    "campaigns": [{"campaign_id": "spring", "started_on": date(2024, 2, 20)}],
    "contacts": [
        {"customer_id": "Gus", "campaign_id": "winter", "contacted_at": moment(on(2024, 1, 1))},
        {"customer_id": "Gus", "campaign_id": "spring"},
        {"customer_id": "Gus", "campaign_id": "never", "contacted_at": moment(on(2024, 2, 28)), "held_out": True},
        {"customer_id": "Gus", "campaign_id": "late", "contacted_at": moment(on(2024, 3, 2))},
        {"customer_id": "Lea", "campaign_id": "august", "contacted_at": moment(on(2024, 8, 1))},
    ],
}
# Of the prepared tables only orders are asked for, with pieces and discounts.
NEEDED = {"transactions": frozenset({"quantity", "discount"})}
Rows = dict[str, dict[str, Any]]


def found(
    lines: tuple[Line, ...] = LINES,
    present: dict[str, frozenset[str]] = EVERYTHING,
    last_day: int = LAST_DAY,
    horizon: int = 30,
) -> Rows:
    with warehouse() as house:
        tables = silver(house, lines, FACTS)
        prepared = prepare(house, tables, NEEDED)
        rows = house.fetch(newcomers({**tables, **prepared}, present, last_day, horizon)).to_pylist()
    assert len({row["customer_id"] for row in rows}) == len(rows)
    return {row.pop("customer_id"): row for row in rows}


@pytest.fixture(scope="module")
def cast() -> Rows:
    return found()


def test_a_newcomer_is_told_by_the_first_day_and_what_the_horizon_after_it_brought(cast: Rows) -> None:
    assert cast["Gus"] == {
        "came_day": on(2024, 3, 1),
        "signed_up": False,
        "purchase_days": 3,
        "first_order_value": Decimal(40),
        "value": Decimal(5),  # 7 on the horizon's last day, less 2; the 100 came a day later
        "lines": Decimal(2),
        "items": Decimal(3),
        "discount": Decimal(1),
        "country": "Malta",
        "acquisition_channel": "friend",
        "region": "",
        "channel": "web",
        "branch": "s",  # where most was paid
        "category": "cake",  # the line's own word, before its product's
        "campaign": "spring",  # dated by its campaign; control groups and later contacts do not count
    }


def test_an_order_cancelled_on_its_day_came_to_nothing_and_takes_nothing_from_what_came_later(cast: Rows) -> None:
    hal = cast["Hal"]
    assert (hal["first_order_value"], hal["value"], hal["purchase_days"]) == (Decimal(0), Decimal(0), 1)


def test_who_signed_up_first_is_told_as_of_that_day_and_the_first_order_is_part_of_the_value(cast: Rows) -> None:
    ina = cast["Ina"]
    assert (ina["came_day"], ina["signed_up"], ina["purchase_days"]) == (on(2024, 6, 1), True, 1)
    assert (ina["first_order_value"], ina["lines"], ina["value"]) == (None, None, Decimal(20))
    assert (ina["channel"], ina["branch"], ina["country"]) == ("", "", "Peru")


def test_who_never_bought_counts_from_its_record_and_without_either_nobody_came(cast: Rows) -> None:
    assert set(cast) == {"Gus", "Hal", "Ina", "Lea"}
    lea = cast["Lea"]
    assert (lea["came_day"], lea["purchase_days"], lea["first_order_value"], lea["value"]) == (
        on(2024, 8, 1),
        0,
        None,
        Decimal(0),
    )
    assert (lea["acquisition_channel"], lea["campaign"]) == ("web", "august")


def test_without_records_the_first_purchase_is_the_first_day() -> None:
    present = {"transactions": frozenset({"customer_id", "occurred_at", "amount", "branch_id"})}
    rows = found(present=present)
    assert set(rows) == {"Gus", "Hal", "Ina"}
    assert rows["Ina"] == {
        "came_day": on(2024, 6, 5),
        "signed_up": False,
        "purchase_days": 1,
        "first_order_value": Decimal(20),
        "value": Decimal(0),
        "lines": Decimal(1),
        "branch": "n",
    }


def test_rows_known_only_after_the_last_day_change_nothing() -> None:
    early = on(2024, 3, 25)
    with_future = found(last_day=early)
    cut = tuple(line for line in LINES if line.visible_day <= early)
    assert with_future == found(cut, last_day=early)
    assert with_future["Gus"]["value"] == Decimal(-2)


def test_in_a_random_world_value_and_first_order_are_what_the_lines_add_up_to() -> None:
    lines, horizon = random_lines(4), 45
    with warehouse() as house:
        tables = silver(house, lines, random_facts(4))
        rows = house.fetch(
            newcomers({**tables, **prepare(house, tables, NEEDED)}, EVERYTHING, LAST, horizon)
        ).to_pylist()
    held = [line for line in lines if not line.superseded and line.visible_day <= LAST]
    assert len(rows) == 30
    for row in rows:
        own = [line for line in held if line.who == row["customer_id"]]
        first = row["came_day"]
        assert FIRST <= first <= min(line.day for line in own if not line.refund and Decimal(line.amount) > 0)
        later = [line for line in own if first < line.day <= first + horizon]
        assert row["value"] == sum(Decimal(line.amount) for line in later)
        on_it = [line for line in own if line.day == first]
        paid = [line for line in on_it if not line.refund and Decimal(line.amount) > 0]
        if paid:
            assert row["first_order_value"] == max(sum(Decimal(line.amount) for line in on_it), Decimal(0))
            assert row["lines"] == len(paid)
        else:
            assert row["first_order_value"] is None


@pytest.mark.parametrize(
    ("present", "attributes", "numbers"),
    [
        ({"transactions": frozenset({"customer_id"})}, (), ("lines",)),
        (
            {
                "transactions": frozenset({"country", "product_id", "quantity"}),
                "customers": frozenset({"acquisition_channel", "branch_id"}),
                "products": frozenset({"product_id", "category"}),
                "contacts": frozenset({"customer_id", "campaign_id"}),
            },
            ("country", "acquisition_channel", "branch", "category", "campaign"),
            ("lines", "items"),
        ),
    ],
)
def test_only_what_is_mapped_is_told(
    present: dict[str, frozenset[str]], attributes: tuple[str, ...], numbers: tuple[str, ...]
) -> None:
    assert (available_attributes(present), available_numbers(present)) == (attributes, numbers)


def test_the_question_can_be_put_to_every_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ibis.options, "pyspark", SparkOptions())
    with warehouse() as house:
        tables = silver(house, LINES, FACTS)
        known = {**tables, **prepare(house, tables, NEEDED)}
        unbound = {name: ibis.table(table.schema(), name=name) for name, table in known.items()}
    question = newcomers(unbound, EVERYTHING, LAST_DAY, 30)
    for dialect in ("postgres", "bigquery", "pyspark"):
        assert str(ibis.to_sql(question, dialect=dialect)).lstrip().startswith(("SELECT", "WITH"))
