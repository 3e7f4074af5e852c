"""The table of scores: exact sums, clear confidence, sane dates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import poisson

from patron.models.customers import Customers, Prediction
from patron.periods import day_number
from patron.scores.table import VALUED, scores, valued
from patron.scores.untested import model_bounds
from patron.scores.views import customers_of, past_of
from patron.settings import WarehouseSettings
from patron.tables import SCORES
from patron.warehouse import DuckDBWarehouse

AS_OF = day_number(date(2024, 6, 30))
IDS = pa.array(["Ada", "Bruno"])
ADA_BRUNO = Customers(AS_OF, np.arange(2), {"historic_value": np.array([100.0, 0.1])})
PREDICTION = Prediction(
    expected_value=np.array([50.00005, 0.0]),
    expected_orders=np.array([2.0, 0.0]),
    probability_alive=np.array([0.9, 0.1]),
    probability_no_purchase=np.array([0.2, 1.0]),
    next_purchase_from_days=np.array([2.4, 0.2]),
    next_purchase_to_days=np.array([60.0, 80.0]),
)
BOUNDS = (np.array([10.0, 0.0]), np.array([90.0, 5.0]))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[DuckDBWarehouse]:
    with DuckDBWarehouse(None, WarehouseSettings(), spill=tmp_path) as open_house:
        yield open_house


def rows_of(house: DuckDBWarehouse, usual: float = 25.0, *, proven: bool = True) -> pa.Table:
    batch = valued(IDS, ADA_BRUNO, PREDICTION, BOUNDS, 90, "bg_nbd")
    house.replace("work", "valued", pa.Table.from_batches([batch]))
    return house.fetch(scores(house.table("work", "valued"), usual, proven=proven))


def confidence(house: DuckDBWarehouse, expected: np.ndarray, width: np.ndarray, usual: float) -> list[str]:
    nothing = {name: pa.nulls(len(expected), VALUED.field(name).type) for name in VALUED.names}
    columns = nothing | {"exact_value": pa.array(expected), "exact_width": pa.array(width)}
    house.replace("work", "valued", pa.table(columns, schema=VALUED))
    return house.fetch(scores(house.table("work", "valued"), usual, proven=True))["confidence"].to_pylist()


def test_the_columns_are_those_declared(house: DuckDBWarehouse) -> None:
    assert tuple(rows_of(house).column_names) == SCORES.names


def test_total_is_historic_plus_expected(house: DuckDBWarehouse) -> None:
    rows = rows_of(house).to_pylist()
    assert rows[0]["total_value"] == round(rows[0]["historic_value"] + rows[0]["expected_value"], 4)


def test_the_next_purchase_window_is_in_calendar_days_after_as_of(house: DuckDBWarehouse) -> None:
    rows = rows_of(house).to_pylist()
    assert rows[0]["next_purchase_from"] == date(2024, 7, 2)
    assert rows[0]["next_purchase_to"] == date(2024, 8, 29)
    assert rows[1]["next_purchase_from"] > rows[1]["as_of"]


def test_without_a_backtest_no_confidence_is_more_than_low(house: DuckDBWarehouse) -> None:
    assert rows_of(house, proven=False)["confidence"].to_pylist() == ["low", "low"]


def test_a_narrower_interval_never_has_less_confidence(house: DuckDBWarehouse) -> None:
    words = confidence(house, np.full(50, 100.0), np.linspace(0, 600, 50), usual=100.0)
    rank = [("high", "medium", "low").index(word) for word in words]
    assert rank == sorted(rank)
    assert set(words) == {"high", "medium", "low"}


def test_where_nobody_is_worth_anything_confidence_is_still_told(house: DuckDBWarehouse) -> None:
    assert confidence(house, np.zeros(2), np.array([0.0, 9.0]), usual=0.0) == ["high", "low"]


def test_untested_bounds_are_poisson_quantiles_of_orders_times_value_per_order() -> None:
    low, high = model_bounds(PREDICTION, usual_history=50.05)
    assert low[0] == poisson.ppf(0.1, 2.0) * 25.000025
    assert high[0] == poisson.ppf(0.9, 2.0) * 25.000025
    assert low[1] == high[1] == 0


def test_feature_tables_become_sorted_arrays_with_nan_for_missing_and_without_text() -> None:
    rows = {"as_of_day": [1, 1], "customer_id": ["b", "a"], "orders": [2, None], "channel": ["web", "shop"]}
    customers = customers_of(pa.table(rows), 1)
    assert list(customers.customer_id) == ["a", "b"]
    assert list(customers.columns) == ["orders"]
    assert np.isnan(customers.column("orders")[0])


def test_an_outcome_is_given_as_it_was_known_by_a_day() -> None:
    rows = {"as_of_day": [1, 1], "customer_id": ["b", "a"], "orders": [2, 1]}
    outcomes = {
        "as_of_day": [1, 1, 1, 1],
        "known_by": [5, 5, 9, 9],
        "customer_id": ["a", "b", "b", "a"],
        "future_value": [5.0, 7.0, 8.0, 5.0],
        "future_orders": [1, 1, 2, 1],
    }
    past = past_of(pa.table(rows), pa.table(outcomes))
    assert past.window(1, 5).future_value.tolist() == [5.0, 7.0]
    assert past.window(1, 9).future_value.tolist() == [5.0, 8.0]
    assert past.windows([1, 2], 9)[0].future_orders.tolist() == [1.0, 2.0]
    assert past.early == {}
    early = past_of(pa.table(rows), pa.table(outcomes | {"future_early_value": [1.0, 2.0, 3.0, 4.0]})).early
    assert {pair: values.tolist() for pair, values in early.items()} == {(1, 5): [1.0, 2.0], (1, 9): [4.0, 3.0]}
