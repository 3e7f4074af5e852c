"""What Python makes is declared column by column; here each step is done again on disturbed input, and only what is declared changes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from patron.origins import Made, Place, place
from patron.pipeline.lineage.lineage import grounds_of, lineage
from patron.pipeline.runner import RunOutcome, Watcher, opened_run
from patron.pipeline.step import Run, Step
from patron.pipeline.steps import STEPS
from patron.reports.lineage import Lineage

NAMED = {step.name: step for step in STEPS}
Tables = dict[str, pa.Table]


@pytest.fixture(scope="module")
def run(shop_outcome: RunOutcome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The shop after a run, opened to do steps again; whatever a test disturbs it puts back."""
    folder = Path(shutil.copytree(shop_outcome.workspace, tmp_path_factory.mktemp("again") / "shop"))
    with opened_run(folder, Watcher()) as opened:
        yield opened


@pytest.fixture(scope="module")
def told(run: Run) -> Lineage:
    return Lineage(lineage(grounds_of(run)))


def ordered(run: Run, step: Step) -> Tables:
    """The gold tables that a step writes, each in an order of its own, by name."""
    names = [table.removeprefix("gold.") for table in step.writes if table.startswith("gold.")]
    tables = {name: run.warehouse.fetch(run.warehouse.table("gold", name)) for name in names}
    return {
        name: table.sort_by([(column, "ascending") for column in table.column_names[:2]])
        for name, table in tables.items()
    }


@contextmanager
def disturbed(run: Run, table: str, columns: set[str], change: Callable[[pa.Array], pa.Array]) -> Iterator[None]:
    """One table with these columns changed, until the end of the context."""
    schema, name = table.split(".")
    before = run.warehouse.fetch(run.warehouse.table(schema, name))
    after = before
    for column in columns:
        at = before.column_names.index(column)
        values = change(before[column].combine_chunks())
        after = after.set_column(at, column, values.cast(before.schema.field(column).type))
    run.warehouse.replace(schema, name, after)
    try:
        yield
    finally:
        run.warehouse.replace(schema, name, before)


def larger(values: pa.Array) -> pa.Array:
    """Other values of the same kind; numbers grow by a third and stay whole if they were."""
    if pa.types.is_floating(values.type) or pa.types.is_integer(values.type) or pa.types.is_decimal(values.type):
        numbers = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
        grown = np.where(numbers == 0, numbers, numbers * 1.5)
        return pa.array(np.floor(grown) if pa.types.is_integer(values.type) else grown, from_pandas=True)
    if pa.types.is_boolean(values.type):
        return pa.array([None if value is None else not value for value in values.to_pylist()])
    return turned(values)


def turned(values: pa.Array) -> pa.Array:
    """The values the other way round: what is ranked does not change when all grow alike."""
    return values.take(pa.array(np.arange(len(values))[::-1]))


def smaller(values: pa.Array) -> pa.Array:
    """Whole numbers cut by a third."""
    return pa.array(np.floor(values.to_numpy(zero_copy_only=False) / 1.5).astype(np.int64))


def changed_columns(before: Tables, after: Tables) -> set[str]:
    return {
        f"{table}.{column}"
        for table in before
        for column in before[table].column_names
        if before[table][column] != after[table][column]
    }


def declared_from(told: Lineage, source: Place, step: Step) -> set[str]:
    """The gold columns of a step that its declarations make from one column, also by way of each other."""
    found, waiting = set(), [source]
    while waiting:
        for edge in told.out_of.get(waiting.pop(), ()):
            if edge.step == step.name and edge.target.layer == "gold" and str(edge.target) not in found:
                found.add(str(edge.target))
                waiting.append(edge.target)
    return {name.removeprefix("gold.") for name in found}


def done_again(run: Run, step: Step) -> Tables:
    step.do(run)
    return ordered(run, step)


# Step, the table that is disturbed, and the columns of it that are disturbed one by one.
CASES = [
    ("score", "gold.customer_features", ("frequency", "recency", "T", "monetary_value", "historic_value")),
    ("segment", "gold.scores", ("expected_value",)),
    ("segment", "gold.customer_features", ("days_since_last_purchase", "orders", "trailing_value")),
    ("behave", "gold.scores", ("expected_value", "probability_no_purchase")),
    ("behave", "gold.customer_features", ("days_since_last_purchase", "trailing_value")),
    ("forecast", "gold.scores", ("expected_value",)),
    ("forecast", "gold.customer_features", ("frequency", "recency", "T")),
    ("forecast", "work.order_parts", ("net",)),
]


def paced(step: str, table: str, *columns: tuple[str, ...]) -> object:
    """A case with its name; the steps after the scores take seconds each time they are made."""
    marks = [pytest.mark.slow] if step in ("forecast", "segment", "behave") else []
    return pytest.param(step, table, *columns, marks=marks, id=f"{step}-{table}")


KEYS = {"as_of_day", "customer_id", "customer_key", "as_of"}


@pytest.mark.parametrize(("step_name", "table", "columns"), [paced(*case) for case in CASES])
def test_a_disturbed_column_changes_what_is_declared_from_it_and_nothing_else(
    run: Run, told: Lineage, step_name: str, table: str, columns: tuple[str, ...]
) -> None:
    step = NAMED[step_name]
    before = done_again(run, step)
    layer, _, name = table.partition(".")
    for column in columns:
        expected = declared_from(told, Place(layer, name, column), step)
        change = turned if step_name == "segment" else smaller if column == "recency" else larger
        with disturbed(run, table, {column}, change):
            changed = changed_columns(before, done_again(run, step))
        assert changed, f"{step.name} does not read {table}.{column}, though it is declared"
        assert changed <= expected, f"{table}.{column} changes {sorted(changed - expected)}, which is not declared"


@pytest.mark.parametrize(("step_name", "table"), [paced(*case[:2]) for case in CASES])
def test_all_that_is_not_declared_can_be_disturbed_at_once_and_nothing_changes(
    run: Run, told: Lineage, step_name: str, table: str
) -> None:
    step = NAMED[step_name]
    before = done_again(run, step)
    layer, _, name = table.partition(".")
    columns = set(run.warehouse.table(layer, name).columns) - KEYS
    undeclared = {column for column in columns if not declared_from(told, Place(layer, name, column), step)}
    assert undeclared or table == "work.order_parts"
    with disturbed(run, table, undeclared, larger):
        assert changed_columns(before, done_again(run, step)) == set()


@pytest.mark.parametrize("step_name", ["score", "segment", "behave", "forecast"])
def test_a_step_recalls_no_fact_that_its_columns_are_not_declared_from(
    run: Run, told: Lineage, step_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recalled: set[str] = set()
    asked = Run.recall

    def noted(self: Run, name: str) -> object:
        recalled.add(name)
        return asked(self, name)

    monkeypatch.setattr(Run, "recall", noted)
    NAMED[step_name].do(run)
    declared = {edge.source.column for edge in told.edges if edge.step == step_name and edge.source.table == "facts"}
    # The totals of the folds only bound the total in the report, which is no table; which model tells the last weeks
    # again, and which areas are shown, stand in the report alone; which release is the one before is a column's place.
    assert recalled <= declared | {"totals_by_fold", "contest", "places", "previous"}


def test_a_declaration_names_whole_places() -> None:
    assert place("setting.models.seed") == Place("setting", "patron.toml", "models.seed")
    assert place("bronze.raw_x.odd.name") == Place("bronze", "raw_x", "odd.name")
    assert Made("tier", "computed", ("gold.scores.expected_value",), "").sources == ("gold.scores.expected_value",)
