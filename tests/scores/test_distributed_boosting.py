"""Boosting taught by Spark's executors together is the local model, but for the little that a joint sketch costs."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from models.simulated_customers import history, shop, window
from patron.errors import DataError, UsageError
from patron.models.arrays import Floats
from patron.models.customers import History, Window
from patron.models.valuing.boosting import fit_boosting
from patron.models.valuing.teaching import teaching
from patron.models.valuing.trees import Shape
from patron.scores.distributed_boosting import fit_distributed, require_trees, write_lessons
from patron.settings import WarehouseSettings
from patron.warehouse import DuckDBWarehouse
from patron.warehouse.spark import SparkWarehouse

SALES = shop(1500)
HISTORY = history(SALES, 420, 60, windows=5)
EVERY_ROW = Shape(row_share=1.0)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkWarehouse]:
    folder = tmp_path_factory.mktemp("spark")
    with SparkWarehouse(folder, WarehouseSettings(engine="spark", threads=2, memory_gb=1.5)) as warehouse:
        yield warehouse


def past(house: SparkWarehouse, told: History) -> str:
    """The history's windows as one table, as the warehouse keeps them; gives its name."""
    house.replace("work", "past", pa.concat_tables([rows(one) for one in told.windows]))
    return "past"


def rows(one: Window) -> pa.Table:
    customers = one.customers
    return pa.table(
        {
            "as_of_day": pa.array(np.full(len(customers), customers.as_of_day), pa.int32()),
            "customer_id": pa.array(customers.customer_id.astype(str)),
            **{name: pa.array(column) for name, column in customers.columns.items()},
            "future_value": pa.array(one.future_value),
            "future_orders": pa.array(one.future_orders),
        }
    )


def apart(first: Floats, second: Floats) -> float:
    """The sum of all differences, as a share of the sum of all values."""
    return float(np.abs(first - second).sum() / np.abs(first).sum())


@pytest.mark.engines
def test_the_lessons_are_the_local_models_to_the_bit(house: SparkWarehouse) -> None:
    taught = teaching(HISTORY, "Boosting")
    found = house.fetch(write_lessons(house, HISTORY, taught, house.table("work", past(house, HISTORY))))
    table = taught.table
    known = np.column_stack(
        [table.matrix, table.value_if_buying, table.orders_if_buying, taught.value, taught.orders]
    ).astype(np.float64)
    made = np.column_stack([column.to_numpy().astype(np.float64) for column in found.columns])
    assert found.num_rows == len(taught.value)
    np.testing.assert_array_equal(made[np.lexsort(made.T)], known[np.lexsort(known.T)])


@pytest.mark.engines
def test_values_are_near_the_local_models_and_as_good(house: SparkWarehouse) -> None:
    local = fit_boosting(teaching(HISTORY, "Boosting"), EVERY_ROW, 7)
    joint = fit_distributed(house, HISTORY, house.table("work", past(house, HISTORY)), 7, EVERY_ROW)
    first, second = local.predict(HISTORY.now), joint.predict(HISTORY.now)
    assert apart(first.expected_value, second.expected_value) < 0.05
    assert apart(first.expected_orders, second.expected_orders) < 0.05
    assert second.expected_value.sum() == pytest.approx(first.expected_value.sum(), rel=0.005)
    actual = window(SALES, 420, 60).future_value
    errors = [float(np.sqrt(np.mean((told.expected_value - actual) ** 2))) for told in (first, second)]
    assert errors[1] == pytest.approx(errors[0], rel=0.01)
    assert joint.calibration == local.calibration


@pytest.mark.engines
def test_the_artifacts_are_the_local_models_and_the_work_tables_are_gone(house: SparkWarehouse) -> None:
    joint = fit_distributed(house, HISTORY, house.table("work", past(house, HISTORY)), 7, Shape(rounds=3))
    local = fit_boosting(teaching(HISTORY, "Boosting"), Shape(rounds=3), 7)
    assert joint.artifacts().keys() == local.artifacts().keys()
    told, known = (json.loads(fitted.artifacts()["boosting.json"]) for fitted in (joint, local))
    assert told["columns"] == known["columns"]
    assert house.names("work") == ("past",)


@pytest.mark.engines
def test_a_sample_of_too_few_buyers_is_refused_before_any_work(house: SparkWarehouse) -> None:
    few = History(HISTORY.now, tuple(one.rows(np.arange(3)) for one in HISTORY.windows), HISTORY.horizon_days)
    with pytest.raises(DataError, match="buyers to learn from"):
        fit_distributed(house, few, house.table("work", past(house, HISTORY)), 7)


def test_an_engine_that_grows_no_trees_is_refused_by_name() -> None:
    with (
        DuckDBWarehouse(None, WarehouseSettings()) as warehouse,
        pytest.raises(UsageError, match=r"engine 'duckdb' cannot train .* Set models\.distributed = false"),
    ):
        require_trees(warehouse, "duckdb")
