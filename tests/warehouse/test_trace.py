"""What a query's columns are made from, on queries small enough to see it."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pytest

from patron.origins import Place, place
from patron.warehouse.trace import trace

ORDERS = ibis.table({"who": "string", "amount": "int64", "day": "int64", "T": "int64"}, name="orders", database="work")
PEOPLE = ibis.table({"person": "string", "city": "string"}, name="people", database="work")


def told(query: ir.Table, **parameters: Place) -> dict[str, dict[str, str]]:
    """For each column, what it comes from and how, by the source's table and column."""
    found = trace(query, parameters)
    return {name: {f"{p.table}.{p.column}": how for p, how in one.origins()} for name, one in found.items()}


def test_a_column_that_is_only_renamed_is_copied() -> None:
    assert told(ORDERS.select(name="who")) == {"name": {"orders.who": "copied"}}


def test_capital_and_small_letters_are_two_names() -> None:
    assert told(ORDERS.select("T", t="day")) == {"T": {"orders.T": "copied"}, "t": {"orders.day": "copied"}}


def test_a_formula_comes_from_every_column_in_it() -> None:
    query = ORDERS.mutate(half=ORDERS.amount / 2).select(made=ibis._.half + ORDERS.day)
    assert told(query) == {"made": {"orders.amount": "computed", "orders.day": "computed"}}


def test_a_filter_decides_on_rows_of_every_column() -> None:
    query = ORDERS.filter(ORDERS.day > 3).select("who", "amount")
    assert told(query)["who"] == {"orders.who": "copied", "orders.day": "filtered"}


def test_a_sum_comes_from_what_is_summed_and_is_grouped_by_the_key() -> None:
    query = ORDERS.group_by("who").aggregate(total=ORDERS.amount.sum())
    assert told(query)["total"] == {"orders.amount": "computed", "orders.who": "filtered"}


def test_counted_rows_come_from_what_decides_which_there_are() -> None:
    query = ORDERS.filter(ORDERS.amount > 0).group_by("who").aggregate(orders=ibis._.count())
    assert told(query)["orders"] == {"orders.amount": "counted", "orders.who": "counted"}


def test_a_window_reads_its_value_and_is_ordered_by_the_rest() -> None:
    before = ORDERS.amount.lag().over(ibis.window(group_by="who", order_by="day"))
    assert told(ORDERS.select(before=before))["before"] == {
        "orders.amount": "computed",
        "orders.who": "filtered",
        "orders.day": "filtered",
    }


def test_what_is_joined_from_the_left_decides_only_on_its_own_columns() -> None:
    rows = ORDERS.left_join(PEOPLE, ORDERS.who == PEOPLE.person)
    found = told(rows.select("amount", "city"))
    assert found["amount"] == {"orders.amount": "copied"}
    assert found["city"] == {"people.city": "copied", "orders.who": "filtered", "people.person": "filtered"}


@pytest.mark.parametrize("kind", ["inner", "semi", "anti"])
def test_other_joins_decide_on_all_rows(kind: str) -> None:
    rows = ORDERS.join(PEOPLE, ORDERS.who == PEOPLE.person, how=kind).select("amount")
    assert told(rows)["amount"] == {"orders.amount": "copied", "orders.who": "filtered", "people.person": "filtered"}


def test_a_union_comes_from_both_sides() -> None:
    query = ORDERS.select(name="who").union(PEOPLE.select(name="city"))
    assert told(query) == {"name": {"orders.who": "copied", "people.city": "copied"}}


def test_a_list_asked_for_decides_on_rows() -> None:
    query = ORDERS.filter(ORDERS.who.isin(PEOPLE.filter(PEOPLE.city == "Bern").person)).select("amount")
    assert told(query)["amount"] == {
        "orders.amount": "copied",
        "orders.who": "filtered",
        "people.person": "filtered",
        "people.city": "filtered",
    }


def test_the_first_rows_of_an_order_are_decided_by_the_order() -> None:
    query = ORDERS.order_by("day").limit(3).select("amount")
    assert told(query)["amount"] == {"orders.amount": "copied", "orders.day": "filtered"}


def test_a_constant_has_the_place_that_its_name_is_given() -> None:
    rows = ORDERS.cross_join(ibis.literal(20_000).name("as_of").as_table())
    query = rows.select(age=rows.as_of - rows.day, always=ibis.literal(1))
    found = told(query, as_of=place("setting.as_of"))
    assert found["age"] == {"patron.toml.as_of": "computed", "orders.day": "computed"}
    assert found["always"] == {}


def test_a_formula_is_told_without_the_compilers_names() -> None:
    query = ORDERS.group_by("who").aggregate(total=ORDERS.amount.sum()).select(double=ibis._.total * 2)
    assert trace(query, {})["double"].formula == "total * 2"
