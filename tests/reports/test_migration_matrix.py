"""Flows as a matrix: rows add up, in customers and in money."""

from __future__ import annotations

import pytest

from patron.reports.migration_matrix import migration_matrix
from patron.reports.segment_answers import Flow

FLOWS = (
    Flow("low", "high", 1, 0.25, 10.0, 500.0),
    Flow("low", "low", 3, 0.75, 30.0, 20.0),
    Flow("high", "high", 2, 1.0, 900.0, 800.0),
    Flow("(not yet there)", "low", 5, 1.0, 0.0, 250.0),
)


def test_rows_stand_in_the_order_of_the_tiers_and_comers_last() -> None:
    matrix = migration_matrix("tier", FLOWS)
    assert matrix.columns == ("High", "Low")
    assert [row.name for row in matrix.rows] == ["High", "Low", "Came since"]
    assert [row.customers for row in matrix.rows] == [2, 4, 5]


def test_each_row_adds_up_in_customers_and_in_money() -> None:
    for row in migration_matrix("tier", FLOWS).rows:
        cells = [cell for cell in row.cells if cell is not None]
        assert sum(cell.share for cell in cells) == pytest.approx(1.0)
        assert sum(cell.money or 0.0 for cell in cells) == pytest.approx(1.0)
    assert migration_matrix("tier", FLOWS).rows[2].value_now == 250.0


def test_a_row_without_money_shares_none_out() -> None:
    (row,) = migration_matrix("rfm_segment", (Flow("Lost", "Lost", 1, 1.0, -225.0, 0.0),)).rows
    assert row.cells[0] is not None
    assert row.cells[0].money is None
    assert row.cells[0].stayed
