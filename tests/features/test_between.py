"""Customers as they would be had something not happened: the same, to the last bit, as in a world where it did not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

import ibis
import pyarrow.compute as pc
import pytest
from ibis.config import Config

from features.described_world import FACTS, LINES, DescribedWorld
from features.random_world import FIRST, LAST, Facts
from features.silver_cast import EVERYTHING, HORIZON, bought, exact, prepare, silver, warehouse
from patron.features import customer_features as described
from patron.features.between import CLOCKS, LATER_DAYS, aged, refunded, stirred, told_again, without_refunds
from patron.features.catalogue import available_features
from patron.features.prepared import PREPARED, needed_tables
from patron.periods import day_number

ALL = available_features(EVERYTHING)
THEN, NOW = FIRST + 300, FIRST + 390


@pytest.fixture(scope="module")
def world() -> Iterator[DescribedWorld]:
    made = DescribedWorld([NOW])
    yield made
    made.house.close()


def facts_by(day: int) -> Facts:
    """The facts as far as they were known by a day."""

    def seen(row: dict[str, object], *names: str) -> bool:
        days = [day_number(moment) for name in names if isinstance(moment := row.get(name), (date, datetime))]
        return not days or max(days) <= day

    def cut(row: dict[str, object], name: str) -> dict[str, object]:
        return row if seen(row, name) else {**row, name: None}

    contacts = [row if row["contacted_at"] else {**row, "contacted_at": None} for row in FACTS["contacts"]]
    begun = day >= LAST - 60  # the one campaign that gives contacts their day
    return {
        "products": FACTS["products"],
        "campaigns": FACTS["campaigns"],
        "customers": [cut(row, "acquired_on") for row in FACTS["customers"]],
        "contacts": [
            cut(row, "responded_at") for row in contacts if seen(row, "contacted_at") and (row["contacted_at"] or begun)
        ],
        "subscriptions": [cut(row, "ended_on") for row in FACTS["subscriptions"] if seen(row, "started_on")],
        "engagements": [row for row in FACTS["engagements"] if seen(row, "occurred_at", "known_at")],
        "reviews": [row for row in FACTS["reviews"] if seen(row, "occurred_at", "known_at")],
    }


@pytest.mark.parametrize("then", [THEN, FIRST + 60])
def test_aged_is_the_later_day_of_a_world_in_which_nothing_more_came(world: DescribedWorld, then: int) -> None:
    found = exact(world.fetch(aged(world.prepared, then, NOW, HORIZON, ALL)))
    assert found == exact(world.described([line for line in LINES if line.visible_day <= then], facts_by(then)))


def test_without_refunds_is_a_world_in_which_nothing_was_given_back_since(world: DescribedWorld) -> None:
    found = exact(world.fetch(without_refunds(world.prepared, THEN, NOW, HORIZON, ALL)))
    kept = [line for line in LINES if not (line.refund and line.visible_day > THEN)]
    assert found == exact(world.described(kept, FACTS)) != exact(world.truth)


def test_a_refund_beside_a_gift_of_the_same_day_leaves_the_gift() -> None:
    gift = bought("Ada", "A2", NOW - 2, "0", value="-3")
    lines = [bought("Ada", "A1", THEN - 5, "30"), gift, bought("Ada", "A1", NOW - 2, "-8", refund=True)]
    with warehouse() as house:
        prepared = prepare(house, silver(house, lines))
        (row,) = house.fetch(without_refunds(prepared, THEN, NOW, HORIZON, ALL)).to_pylist()
    assert (row["historic_value"], row["refund_value"], row["refund_lines"]) == (27.0, 0.0, 0)
    assert row["days_since_last_refund"] is None


def test_told_again_counts_what_came_late_and_not_what_went(world: DescribedWorld) -> None:
    again = exact(world.fetch(told_again(world.prepared, NOW, HORIZON, ALL)))
    assert again == exact(world.described([line for line in LINES if not line.superseded], facts_by(NOW)))
    gone = [replace(line, superseded=True) if line.order == "o7" else line for line in LINES]
    assert again != exact(world.described(gone, FACTS))


@pytest.mark.parametrize("what", ["stirred", "refunded"])
def test_all_others_are_as_if_it_had_not_been_asked(world: DescribedWorld, what: str) -> None:
    then = NOW - 4  # so few days that many have nothing in them
    if what == "stirred":
        chosen, supposed = stirred(world.prepared, then, NOW), aged(world.prepared, then, NOW, HORIZON, ALL)
    else:
        chosen = refunded(world.prepared, then, NOW)
        supposed = without_refunds(world.prepared, then, NOW, HORIZON, ALL)
    touched = world.fetch(chosen)["customer_id"]
    others, calm = (
        rows.filter(pc.invert(pc.is_in(rows["customer_id"], touched))) for rows in (world.truth, world.fetch(supposed))
    )
    assert exact(others) == exact(calm)
    assert 0 < others.num_rows < world.truth.num_rows
    assert len(set(touched.to_pylist())) == len(touched)


def test_every_prepared_table_has_its_clock_or_says_nothing_of_any_day() -> None:
    timeless = {"customer_keys", "tangled_customers"}
    assert {table.name for table in PREPARED} == CLOCKS.keys() | timeless
    assert {name: clock for name, clock in CLOCKS.items() if name != "order_parts"} == described._CLOCKS


def test_every_day_of_a_prepared_table_is_its_clock_or_a_later_day(world: DescribedWorld) -> None:
    inner = {"occurred_day", "purchase_before", "first_purchase"}  # of what happened by the row's own clock
    for name, rows in world.prepared.items():
        days = {column for column in rows.columns if column.endswith("_day")} - inner
        assert days == {CLOCKS.get(name), LATER_DAYS.get(name)} - {None}, name


class SparkOptions(Config):
    """What Ibis asks when it words SQL for Spark, and would itself know only where Spark is installed."""

    treat_nan_as_null: bool = False


@pytest.mark.parametrize(
    "dialect",
    ["duckdb", "postgres", *(pytest.param(name, marks=pytest.mark.slow) for name in ("bigquery", "pyspark"))],
)
def test_every_state_can_be_worded_for(dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ibis.options, "pyspark", SparkOptions())
    with warehouse() as house:
        known = {name: ibis.table(table.schema(), name=name) for name, table in silver(house, []).items()}
    for table in needed_tables(EVERYTHING):
        known[table.name] = ibis.table(table.build(known, EVERYTHING).schema(), name=table.name)
    prepared = {table.name: known[table.name] for table in needed_tables(EVERYTHING)}
    who, givers = stirred(prepared, THEN, NOW), refunded(prepared, THEN, NOW)
    queries = [
        told_again(prepared, THEN, HORIZON, ALL),
        aged(prepared, THEN, NOW, HORIZON, ALL, customers=who),
        without_refunds(prepared, THEN, NOW, HORIZON, ALL, customers=givers),
    ]
    worded = [str(ibis.to_sql(query, dialect=dialect)) for query in queries]
    assert all(sql.lstrip().startswith(("SELECT", "WITH")) for sql in worded)
