"""Queries kept planned: each asking sees its own rows only, whatever was there when the plan was made."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import duckdb
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from patron.errors import UsageError
from patron.warehouse.kept_queries import KeptQueries

ROWS = pa.schema([("who", pa.string()), ("paid", pa.decimal128(18, 4))])


def doubled(tables: Mapping[str, ir.Table]) -> ir.Table:
    rows = tables["rows"]
    return rows.mutate(paid=rows.paid * 2)


def summed(tables: Mapping[str, ir.Table]) -> ir.Table:
    rows = tables["doubled"]
    chosen = rows.inner_join(tables["chosen"], "who")
    return chosen.group_by("who").aggregate(paid=chosen.paid.sum().cast("float64"))


@pytest.fixture
def queries() -> KeptQueries:
    return KeptQueries(
        {"rows": ROWS, "chosen": pa.schema([("who", pa.string())])}, [("doubled", doubled), ("sums", summed)]
    )


def ask(queries: KeptQueries, who: str, *paid: int) -> list[dict[str, object]]:
    rows = pa.table({"who": [who] * len(paid), "paid": pa.array(paid, pa.decimal128(18, 4))}, schema=ROWS)
    return queries.answer({"rows": rows, "chosen": pa.table({"who": [who]})}).to_pylist()


def test_an_asking_sees_its_own_rows_and_none_of_an_earlier_one(queries: KeptQueries) -> None:
    assert ask(queries, "Ada", 1, 2) == [{"who": "Ada", "paid": 6.0}]
    assert ask(queries, "Ada", 5) == [{"who": "Ada", "paid": 10.0}]
    assert ask(queries, "Bruno") == []


def test_a_plan_made_over_no_rows_holds_for_any(queries: KeptQueries) -> None:
    for amount in (10**13, -(10**13), 0):
        assert ask(queries, "Ada", *[amount] * 3000) == [{"who": "Ada", "paid": amount * 6000.0}]


def test_several_may_ask_at_once_and_get_their_own_answers(queries: KeptQueries) -> None:
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda number: ask(queries, f"c{number}", number, number), range(200)))
    assert told == [[{"who": f"c{number}", "paid": number * 4.0}] for number in range(200)]


def test_sums_beyond_the_engines_numbers_are_refused_in_words() -> None:
    def counted(tables: Mapping[str, ir.Table]) -> ir.Table:
        return tables["rows"].aggregate(paid=tables["rows"].paid.sum().cast("decimal(18,4)"))

    queries = KeptQueries({"rows": ROWS}, [("sums", counted)])
    with pytest.raises(UsageError, match="more than can be counted"):
        queries.answer({"rows": pa.table({"who": ["Ada"] * 2, "paid": pa.array([9 * 10**13] * 2, ROWS.field(1).type)})})


def test_rows_that_do_not_fit_leave_nothing_behind(queries: KeptQueries) -> None:
    with pytest.raises(duckdb.Error):
        queries.answer({"rows": pa.table({"who": ["Ada", "Ada"]})})
    assert ask(queries, "Ada", 1) == [{"who": "Ada", "paid": 2.0}]
