"""A query asked again is not worded again; one that differs in anything is."""

from __future__ import annotations

import itertools

import ibis
import ibis.expr.types as ir
import pytest

from patron.settings import WarehouseSettings
from patron.tables import Column
from patron.warehouse import worded
from patron.warehouse.duckdb import DuckDBWarehouse
from patron.warehouse.worded import Worded


class Wording:
    """Words queries, and counts them."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, query: ir.Expr) -> str:
        self.asked += 1
        return str(ibis.to_sql(query, dialect="duckdb"))


def house() -> DuckDBWarehouse:
    """A warehouse in memory with one table of orders."""
    made = DuckDBWarehouse(None, WarehouseSettings())
    made.create("silver", "orders", (Column("who", "id", ""), Column("amount", "money", "")))
    return made


def test_the_same_query_of_two_warehouses_is_worded_once() -> None:
    known, word = Worded(), Wording()
    said = set()
    for _ in range(2):
        with house() as one:
            said.add(known.sql(one.table("silver", "orders").filter(ibis._.amount > 3).select("who"), word))
    assert (len(said), word.asked) == (1, 1)


def test_queries_that_differ_in_a_value_a_type_or_a_name_are_worded_apart() -> None:
    known, word = Worded(), Wording()
    with house() as one:
        orders = one.table("silver", "orders")
        values = (1, 1.0, True, "1", 2, ibis.literal(1, "int64"))
        queries = [orders.mutate(added=ibis.literal(value)) for value in values]
        queries += [orders.mutate(other=1), orders, orders.filter(orders.amount > 1), orders.filter(orders.amount >= 1)]
        said = [known.sql(query, word) for query in queries]
    assert word.asked == len(queries)
    for (one_query, one_sql), (other_query, other_sql) in itertools.combinations(zip(queries, said, strict=True), 2):
        assert one_sql != other_sql or one_query.schema() != other_query.schema()


def test_only_the_newest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worded, "_MOST", 2)
    known, word = Worded(), Wording()
    for value in (1, 2, 1, 3, 1, 2):  # asking for 1 again makes it newer than 2
        known.sql(ibis.literal(value), word)
    assert word.asked == 4


def test_a_warehouse_answers_from_its_own_rows() -> None:
    """The words are shared, the rows are not."""
    with house() as one, house() as other:
        one.execute("INSERT INTO silver.orders VALUES ('a', 5)")
        other.execute("INSERT INTO silver.orders VALUES ('b', 6)")
        found = [each.fetch(each.table("silver", "orders").select("who")).to_pylist() for each in (one, other)]
    assert found == [[{"who": "a"}], [{"who": "b"}]]
