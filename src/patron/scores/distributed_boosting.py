"""The boosting model taught by everybody, where the rows live: for more rows than one computer should hold.

What is learnt, from which columns and to which end, is the local model's (``models.valuing.boosting``); so are the artifacts,
and the code that predicts. Only three things happen elsewhere: the executors describe the past, XGBoost grows its trees
on all of them together, and the totals are added up there. What needs a few rows only, the processes at each cutoff and the
calibration, is fitted here to the sample that the backtest uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol, runtime_checkable

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import xgboost as xgb

from patron.errors import UsageError
from patron.models.arrays import Floats, hashed
from patron.models.customers import OUTCOME_PREFIX, History
from patron.models.valuing.boosting import FittedBoosting, Parts, calibration_of, chance_objective, ratio_objective
from patron.models.valuing.process_value import bg_nbd_value
from patron.models.valuing.teaching import WINDOWS_PER_CUSTOMER, Described, Foundation, Teaching, lots, teaching
from patron.models.valuing.trees import Shape
from patron.scores.views import numbered
from patron.warehouse import Warehouse
from patron.warehouse.growing import GrowsTrees, Growth

DESCRIBED, LESSONS, TOTALS = ("work", "described"), ("work", "lessons"), ("work", "told_totals")
_EXPECTED: Final = ("value_if_buying", "orders_if_buying")
_DONE: Final = ("value_done", "orders_done")


@runtime_checkable
class TeachingWarehouse(Warehouse, GrowsTrees, Protocol):
    """A warehouse that can train: its engine maps rows and grows trees on the machines that hold them."""


def fit_distributed(
    warehouse: TeachingWarehouse, history: History, past: ir.Table, seed: int, shape: Shape | None = None
) -> FittedBoosting:
    """Boosting, taught by all rows of ``past``: features at earlier cutoffs, each with future_value and future_orders.

    ``history`` holds the same cutoffs of a sample. Raises DataError where that sample has too few buyers to learn from.
    """
    shape = shape or Shape()
    taught = teaching(history, "Boosting")
    columns = tuple(taught.table.columns)
    write_lessons(warehouse, history, taught, past)
    parts = _grown(warehouse, columns, shape, seed)
    levelled = _levelled(warehouse, parts, columns)
    for table in (DESCRIBED, LESSONS, TOTALS):
        warehouse.drop(*table)
    return FittedBoosting(taught.reach, levelled, calibration_of(taught, shape, seed))


def write_lessons(warehouse: TeachingWarehouse, history: History, taught: Teaching, past: ir.Table) -> ir.Table:
    """Every row of the past as a lesson, each customer's at most three, drawn as the local model draws them."""
    columns, foundations = tuple(taught.table.columns), _foundations(history, taught)
    told = past.filter(past.as_of_day.isin(list(foundations)))
    warehouse.map_rows(*DESCRIBED, told, Describing(foundations, columns), lesson_schema(columns))
    described = warehouse.table(*DESCRIBED)
    turn = ibis.row_number().over(ibis.window(group_by=described.who, order_by=described.lot))
    placed = described.mutate(turn=turn)
    warehouse.replace(*LESSONS, placed.filter(placed.turn < WINDOWS_PER_CUSTOMER).drop("turn", "who", "lot"))
    return warehouse.table(*LESSONS)


def require_trees(warehouse: Warehouse, engine: str) -> TeachingWarehouse:
    """The warehouse, as one that grows trees; UsageError for an engine that cannot."""
    if not isinstance(warehouse, TeachingWarehouse):
        raise UsageError(
            f"models.distributed is on, but the engine '{engine}' cannot train models where its rows live.",
            allowed="Only spark can.",
            to_do="Set models.distributed = false, or warehouse.engine to one that can.",
        )
    return warehouse


@dataclass(frozen=True, eq=False)
class Describing:
    """Makes lessons of a batch of past features beside what came of them; shipped to the executors."""

    foundations: Mapping[int, Foundation]
    columns: tuple[str, ...]

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        days = batch.column("as_of_day").to_numpy(zero_copy_only=False)
        parts = [
            self._lessons(batch.filter(pa.array(days == day)), foundation)
            for day, foundation in self.foundations.items()
            if (days == day).any()
        ]
        made = pa.Table.from_batches(parts, lesson_schema(self.columns)).combine_chunks().to_batches()
        return made[0] if made else pa.RecordBatch.from_pylist([], lesson_schema(self.columns))

    def _lessons(self, batch: pa.RecordBatch, foundation: Foundation) -> pa.RecordBatch:
        told = [name for name in batch.schema.names if not name.startswith(OUTCOME_PREFIX)]
        day = int(batch.column("as_of_day")[0].as_py())
        described = foundation.describe(numbered(batch.select(told), day))
        who = hashed(batch.column("customer_id").to_pylist()).astype(np.uint64)
        lot = lots(who, np.full(len(who), day, dtype=np.uint64))
        numbers = {
            **dict(zip(_EXPECTED, (described.value_if_buying, described.orders_if_buying), strict=True)),
            **dict(zip(_DONE, (_number(batch, "future_value"), _number(batch, "future_orders")), strict=True)),
            "who": who.astype(np.int64),
            # Moved down by half its range, an unsigned number keeps its place among signed ones.
            "lot": (lot ^ np.uint64(1 << 63)).view(np.int64),
        }
        inputs = [pa.array(column, pa.float32()) for column in described.matrix.T]
        return pa.RecordBatch.from_arrays(
            [*inputs, *map(pa.array, numbers.values())], schema=lesson_schema(self.columns)
        )


@dataclass(frozen=True, eq=False)
class Totalling:
    """Adds up, batch by batch, what was done and what trees say; shipped to the executors."""

    parts: Parts
    columns: tuple[str, ...]

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = {name: _number(batch, _input(place)) for place, name in enumerate(self.columns)}
        value, orders = (_number(batch, name) for name in _EXPECTED)
        table = Described(columns, value, value, orders, orders, value)
        chance = self.parts.chance(table.matrix)
        told = {"value_told": self.parts.value(table, chance), "orders_told": self.parts.orders(table, chance)}
        done = {name: _number(batch, name) for name in _DONE}
        return pa.RecordBatch.from_pydict({name: [float(column.sum())] for name, column in (told | done).items()})


def lesson_schema(columns: tuple[str, ...]) -> pa.Schema:
    """A lesson: the inputs by place, what a buyer was expected to bring, what was brought, and the customer's lot."""
    inputs = [(_input(place), pa.float32()) for place in range(len(columns))]
    numbers = [(name, pa.float64()) for name in (*_EXPECTED, *_DONE)]
    return pa.schema([*inputs, *numbers, ("who", pa.int64()), ("lot", pa.int64())])


def _foundations(history: History, taught: Teaching) -> dict[int, Foundation]:
    features = taught.reach.taught.features
    return {
        window.customers.as_of_day: Foundation(
            bg_nbd_value(window.customers, history.horizon_of(window)), features, history.horizon_of(window)
        )
        for window in history.windows
        if len(window.customers)
    }


def _grown(warehouse: TeachingWarehouse, columns: tuple[str, ...], shape: Shape, seed: int) -> Parts:
    lessons = warehouse.table(*LESSONS)
    bought = lessons.orders_done > 0
    share = warehouse.fetch(lessons.aggregate(share=bought.cast("float64").mean()))["share"][0].as_py()
    inputs = {_input(place): lessons[_input(place)] for place in range(len(columns))}
    growth = Growth(tuple(inputs), "target", None, {}, shape.rounds, seed % 2**31)
    chance = replace(growth, options={**shape.options, **chance_objective(share, columns, shape)})
    buying = warehouse.grow_trees(lessons.select(**inputs, target=bought.cast("float64")), chance)
    value, orders = (
        _ratio(warehouse, lessons, which, replace(growth, weight="weight"), shape) for which in ("value", "orders")
    )
    return Parts(_booster(buying), value, orders)


def _ratio(warehouse: TeachingWarehouse, lessons: ir.Table, which: str, growth: Growth, shape: Shape) -> xgb.Booster:
    """Trees for value or orders, of those who bought, as a ratio to what was expected of a buyer."""
    done, expected = lessons[f"{which}_done"], lessons[f"{which}_if_buying"]
    learnt = (lessons.orders_done > 0) & (done > 0)
    rows = lessons.filter(learnt)
    sums = warehouse.fetch(rows.aggregate(done=done.sum(), expected=expected.sum(), rows=rows.count()))
    total, usual, count = (sums[name][0].as_py() for name in ("done", "expected", "rows"))
    inputs = {name: lessons[name] for name in growth.inputs}
    lesson = rows.select(**inputs, target=done / expected, weight=expected / (usual / count))
    options = {**shape.options, **ratio_objective(total, usual)}
    return _booster(warehouse.grow_trees(lesson, replace(growth, options=options)))


def _levelled(warehouse: TeachingWarehouse, parts: Parts, columns: tuple[str, ...]) -> Parts:
    """The parts with the levels at which their totals are those taught."""
    made = pa.schema([(name, pa.float64()) for name in ("value_told", "orders_told", *_DONE)])
    warehouse.map_rows(*TOTALS, warehouse.table(*LESSONS), Totalling(parts, columns), made)
    totals = warehouse.fetch(warehouse.table(*TOTALS))
    told = {name: sum(totals[name].to_pylist()) for name in made.names}
    return replace(
        parts,
        value_level=_level(told["value_done"], told["value_told"]),
        orders_level=_level(told["orders_done"], told["orders_told"]),
    )


def _level(done: float, told: float) -> float:
    return max(done / told, 0.0) if told > 0 else 1.0


def _booster(body: bytes) -> xgb.Booster:
    return xgb.Booster(model_file=bytearray(body))


def _input(place: int) -> str:
    return f"input_{place}"


def _number(batch: pa.RecordBatch, name: str) -> Floats:
    return batch.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
