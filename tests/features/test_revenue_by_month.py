"""Revenue by month and cohort, as it was known on a day."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import ibis.expr.types as ir
import pytest

from features.silver_cast import Line, on, prepare, silver, warehouse
from patron.features.revenue_by_month import anonymous_revenue, cohort_revenue, newcomers, revenue_between
from patron.models.forecasting.months import label
from patron.warehouse.duckdb import DuckDBWarehouse

LINES = (
    Line("Ada", "a1", on(2024, 1, 31), "10"),
    Line("Ada", "a2", on(2024, 2, 1), "20"),
    Line("Ada", "a3", on(2024, 2, 20), "-5", refund=True),
    Line("Bea", "b1", on(2024, 2, 29), "40", known=on(2024, 3, 10)),
    Line("Bea", "b2", on(2024, 3, 5), "7"),
    Line(None, "n1", on(2024, 2, 2), "3"),
    Line("Cid", "c1", on(2024, 3, 1), "100", superseded=True),
)


@pytest.fixture(scope="module")
def house() -> Iterator[DuckDBWarehouse]:
    with warehouse() as opened:
        yield opened


@pytest.fixture(scope="module")
def tables(house: DuckDBWarehouse) -> dict[str, ir.Table]:
    rows = silver(house, LINES, ())
    return {**rows, **prepare(house, rows)}


def answers(house: DuckDBWarehouse, rows: ir.Table) -> set[tuple[object, ...]]:
    found = house.fetch(rows).to_pylist()
    return {tuple(label(v) if k in ("cohort", "month") else v for k, v in sorted(row.items())) for row in found}


def test_revenue_stands_in_the_month_it_was_earned_and_the_month_its_customer_came(
    house: DuckDBWarehouse, tables: dict[str, ir.Table]
) -> None:
    assert answers(house, cohort_revenue(tables, on(2024, 3, 31))) == {
        ("2024-01", "2024-01", Decimal(10)),
        ("2024-01", "2024-02", Decimal(15)),
        ("2024-02", "2024-02", Decimal(40)),
        ("2024-02", "2024-03", Decimal(7)),
    }


def test_what_was_not_known_by_then_is_not_in_it(house: DuckDBWarehouse, tables: dict[str, ir.Table]) -> None:
    early = answers(house, cohort_revenue(tables, on(2024, 3, 6)))
    assert ("2024-03", "2024-03", Decimal(7)) in early, (
        "Bea's earlier order was unknown: she seems to have come in March"
    )
    assert answers(house, newcomers(tables, on(2024, 3, 6))) == {("2024-01", 1), ("2024-03", 1)}
    assert answers(house, newcomers(tables, on(2024, 3, 31))) == {("2024-01", 1), ("2024-02", 1)}


def test_anonymous_revenue_stands_apart(house: DuckDBWarehouse, tables: dict[str, ir.Table]) -> None:
    assert answers(house, anonymous_revenue(tables["transactions"], on(2024, 3, 31))) == {("2024-02", Decimal(3))}
    assert answers(house, anonymous_revenue(tables["transactions"], on(2024, 2, 1))) == set()


def test_revenue_between_two_days_counts_everybody(house: DuckDBWarehouse, tables: dict[str, ir.Table]) -> None:
    found = revenue_between(tables["transactions"], on(2024, 3, 31), on(2024, 2, 1), on(2024, 3, 5))
    assert answers(house, found) == {("2024-02", Decimal(38)), ("2024-03", Decimal(7))}
