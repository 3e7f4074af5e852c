"""Trees grown by Spark's executors together are the trees that XGBoost grows alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import xgboost as xgb

from patron.models.arrays import Floats
from patron.models.valuing.trees import Matrix, Shape, answers, grow
from patron.settings import WarehouseSettings
from patron.warehouse.growing import GrowsTrees, Growth
from patron.warehouse.spark import SparkWarehouse

pytestmark = pytest.mark.engines

ROWS, COLUMNS = 6000, 5
EVERY_ROW = Shape(rounds=30, row_share=1.0)
NAMES = tuple(f"input_{place}" for place in range(COLUMNS))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SparkWarehouse]:
    with SparkWarehouse(tmp_path, WarehouseSettings(engine="spark", threads=2, memory_gb=1.5)) as warehouse:
        yield warehouse


def lesson(distinct: int | None) -> tuple[Matrix, Floats, Floats]:
    """Inputs (of so many values each, some missing), what to answer, and weights."""
    rng = np.random.default_rng(5)
    inputs = rng.integers(0, distinct, (ROWS, COLUMNS)) if distinct else 50 * rng.random((ROWS, COLUMNS))
    matrix = inputs.astype(np.float32)
    target = matrix[:, 0] * 2.0 + np.sqrt(matrix[:, 1]) * matrix[:, 2] + rng.normal(0, 3, ROWS)
    matrix[rng.random(matrix.shape) < 0.05] = np.nan
    return matrix, target, 0.5 + rng.random(ROWS)


def grown_together(
    house: SparkWarehouse, matrix: Matrix, target: Floats, weight: Floats | None, objective: dict[str, object]
) -> xgb.Booster:
    columns = {name: pa.array(matrix[:, place]) for place, name in enumerate(NAMES)}
    told = {"target": target} | ({"weight": weight} if weight is not None else {})
    house.replace("work", "lessons", pa.table(columns | told))
    # Written in two, so that each of the two executors' threads has rows of its own.
    half = house.table("work", "lessons")
    house.replace("work", "halves", half.filter(half.target <= float(np.median(target))))
    house.append("work", "halves", half.filter(half.target > float(np.median(target))))
    options = {**EVERY_ROW.options, **objective}
    growth = Growth(NAMES, "target", "weight" if weight is not None else None, options, EVERY_ROW.rounds, 11)
    return xgb.Booster(model_file=bytearray(house.grow_trees(house.table("work", "halves"), growth)))


def apart(first: Floats, second: Floats) -> float:
    """The largest difference, as a share of the spread of the answers."""
    return float(np.abs(first - second).max() / first.std())


def rms(difference: Floats) -> float:
    return float(np.sqrt(np.mean(difference**2)))


def test_with_few_values_in_each_input_the_answers_are_equal_to_a_hundred_thousandth(house: SparkWarehouse) -> None:
    matrix, target, weight = lesson(distinct=60)
    objective: dict[str, object] = {"objective": "reg:squarederror", "base_score": float(target.mean())}
    alone = grow(matrix, target, objective, EVERY_ROW, 11, weight)
    together = grown_together(house, matrix, target, weight, objective)
    assert together.num_boosted_rounds() == EVERY_ROW.rounds
    assert apart(answers(alone, matrix), answers(together, matrix)) < 1e-5


def test_chances_under_a_monotone_constraint_are_equal_to_a_hundred_thousandth(house: SparkWarehouse) -> None:
    matrix, target, _ = lesson(distinct=60)
    bought = (target > np.median(target)).astype(np.float64)
    objective: dict[str, object] = {
        "objective": "binary:logistic",
        "base_score": 0.5,
        "monotone_constraints": "(1,0,0,0,0)",
        "min_child_weight": 15.0,
    }
    alone = grow(matrix, bought, objective, EVERY_ROW, 11)
    together = grown_together(house, matrix, bought + 0.0, None, objective)
    told = answers(together, matrix)
    assert apart(answers(alone, matrix), told) < 1e-5
    assert ((told > 0) & (told < 1)).all()


def test_with_any_values_answers_are_equal_to_a_twentieth_of_their_spread_and_as_good_to_a_hundredth(
    house: SparkWarehouse,
) -> None:
    """Each executor sketches where its own values lie; the cuts between bins then differ a little from one sketch's."""
    matrix, target, weight = lesson(distinct=None)
    objective: dict[str, object] = {"objective": "reg:squarederror", "base_score": float(target.mean())}
    alone = answers(grow(matrix, target, objective, EVERY_ROW, 11, weight), matrix)
    together = answers(grown_together(house, matrix, target, weight, objective), matrix)
    assert rms(alone - together) / float(alone.std()) < 0.05
    assert rms(together - target) / rms(alone - target) == pytest.approx(1, abs=0.01)
    assert float(together.sum() / alone.sum()) == pytest.approx(1, abs=0.001)


def test_a_spark_warehouse_is_one_that_grows_trees(house: SparkWarehouse) -> None:
    assert isinstance(house, GrowsTrees)
