"""The short ways (plain orders, purchases known in order) give what the long ways give."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import ibis.expr.types as ir
import pytest

from features.random_world import FIRST, LAST, prompt_lines, random_facts, random_lines
from features.silver_cast import EVERYTHING, HORIZON, Line, Tables, exact, prepare, silver, warehouse
from patron.features import order_parts
from patron.features.catalogue import available_features
from patron.features.customer_features import customer_features
from patron.features.outcomes import outcomes
from patron.warehouse.duckdb import DuckDBWarehouse

CUTOFFS = (FIRST + 90, FIRST + 260, LAST)
World = Callable[[int], list[Line]]


@pytest.fixture
def house() -> Iterator[DuckDBWarehouse]:
    with warehouse() as opened:
        yield opened


def views(house: DuckDBWarehouse, prepared: Tables) -> str:
    features = customer_features(prepared, CUTOFFS, HORIZON, available_features(EVERYTHING))
    return exact(house.fetch(features)) + exact(house.fetch(outcomes(prepared, CUTOFFS, HORIZON)))


def never(orders: ir.Table) -> ir.BooleanColumn:
    return orders.occurred_day.isnull()


def test_the_prompt_world_has_plain_orders_only_and_the_other_many_that_are_not() -> None:
    assert all(line.visible_day == line.day for line in prompt_lines(5))
    assert sum(line.visible_day > line.day for line in random_lines(5)) > 50


@pytest.mark.parametrize("world", [prompt_lines, random_lines])
def test_plain_orders_count_the_same_when_taken_apart_like_the_others(
    house: DuckDBWarehouse, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = silver(house, world(5), random_facts(5))
    short = views(house, prepare(house, tables))
    monkeypatch.setattr(order_parts, "_is_plain", never)
    assert views(house, prepare(house, tables)) == short


def test_gaps_are_the_same_when_looked_up_at_the_cutoff_for_every_customer(house: DuckDBWarehouse) -> None:
    prepared = prepare(house, silver(house, random_lines(6), random_facts(6)))
    everyone = prepared["customer_keys"].select(tangled_key="customer_key")
    assert views(house, prepared | {"tangled_customers": everyone}) == views(house, prepared)


def test_only_late_purchases_tangle_a_customer(house: DuckDBWarehouse) -> None:
    counts = []
    for world in (prompt_lines, random_lines):
        prepared = prepare(house, silver(house, world(6), random_facts(6)))
        counts.append(house.fetch(prepared["tangled_customers"]).num_rows)
    assert counts[0] == 0
    assert counts[1] > 10


def test_late_rows_are_late_even_where_not_every_source_maps_when_they_became_known(house: DuckDBWarehouse) -> None:
    tables = silver(house, random_lines(7), random_facts(7))
    without = EVERYTHING | {"transactions": EVERYTHING["transactions"] - {"known_at"}}
    assert views(house, prepare(house, tables, without)) == views(house, prepare(house, tables))
