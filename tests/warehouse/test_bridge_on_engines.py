"""Every engine tells the same bridge, to the ten-thousandth, and keeps its money digit for digit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.random_world import FIRST, random_facts, random_lines
from features.silver_cast import EVERYTHING, HORIZON, prepare, silver, warehouse
from patron.features.catalogue import available_features
from patron.features.customer_features import customer_features
from patron.models.customers import Customers, History
from patron.models.valuing.baselines import FittedRule, RFMRate
from patron.periods import day_of
from patron.pipeline.modelling.bridge_states import Later, build_bridge
from patron.releases.contents import FEATURES, SCORES, Release
from patron.releases.manifest import Manifest
from patron.scores.bridge import BRIDGE, PARTS, Bridge
from patron.scores.views import customers_of
from patron.warehouse import Warehouse
from warehouse.engines import ENGINES

THEN, NOW = FIRST + 300, FIRST + 390
LINES, FACTS = random_lines(1), random_facts(2)
ALL = available_features(EVERYTHING)
pytestmark = pytest.mark.engines
CONTRACT = {"value.basis": "revenue", "value.margin_rate": "1.0", "value.refunds": "net"}


def fitted() -> FittedRule:
    names = ("frequency", "recency", "orders", "historic_value")
    columns = {name: np.array([1.0, 0.0, 2.0]) for name in names} | {"T": np.array([90.0, 50.0, 120.0])}
    return RFMRate().fit(History(Customers(THEN, np.array(["x", "y", "z"]), columns), (), HORIZON), 1)


def values_at(model: FittedRule, features: pa.Table, day: int) -> pa.Table:
    values = np.round(model.predict(customers_of(features, day)).expected_value, 4)
    ids = features.sort_by("customer_id")["customer_id"]
    return pa.table({"customer_id": ids, "expected_value": values})


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A release of the world as of THEN, before a tenth of its rows had come."""
    folder, model = tmp_path_factory.mktemp("release"), fitted()
    with warehouse() as house:
        prepared = prepare(house, silver(house, LINES[: len(LINES) * 9 // 10], FACTS))
        features = house.fetch(customer_features(prepared, [THEN], HORIZON, ALL).order_by("customer_id"))
    pq.write_table(features, folder / FEATURES)
    pq.write_table(values_at(model, features, THEN), folder / SCORES)
    (folder / "models").mkdir()
    for name, body in model.artifacts().items():
        (folder / "models" / name).write_bytes(body)
    day = day_of(THEN).isoformat()
    moment = "2024-01-01T00:00:00Z"
    manifest = Manifest("r", moment, "k", "d", "h", "0", "retail", "EUR", day, HORIZON, 1, "rfm_rate", {})
    return Release(folder, manifest)


@pytest.fixture(scope="module")
def rows() -> tuple[dict[str, pa.Table], pa.Table]:
    """All rows of silver, and the values that they come to as of NOW."""
    with warehouse() as house:
        tables = silver(house, LINES, FACTS)
        features = house.fetch(customer_features(prepare(house, tables), [NOW], HORIZON, ALL))
        return {name: house.fetch(table) for name, table in tables.items()}, values_at(fitted(), features, NOW)


def bridge_on(house: Warehouse, release: Release, rows: tuple[dict[str, pa.Table], pa.Table]) -> Bridge:
    """The bridge to NOW with all rows, told and stored on this engine."""
    with house.transaction():
        for name, table in rows[0].items():
            house.replace("silver", name, table)
    with house.transaction():
        prepared = prepare(house, {name: house.table("silver", name) for name in rows[0]})  # type: ignore[arg-type]
    later = Later(house, prepared, EVERYTHING, NOW, HORIZON, rows[1], CONTRACT, None, lambda _: None)
    with house.transaction():
        found = build_bridge(release, later)
        house.replace("gold", "bridge", found.table())
    return found


@pytest.fixture(scope="module")
def mine(release: Release, rows: tuple[dict[str, pa.Table], pa.Table]) -> Bridge:
    """The bridge as DuckDB tells it."""
    with warehouse() as house:
        return bridge_on(house, release, rows)


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "duckdb"])
def test_an_engine_tells_the_bridge_as_duckdb_does(
    engine: str, release: Release, rows: tuple[dict[str, pa.Table], pa.Table], mine: Bridge, tmp_path: Path
) -> None:
    with ENGINES[engine](tmp_path) as house:
        found = bridge_on(house, release, rows)
        kept = house.fetch(house.table("gold", "bridge").order_by("customer_id"))
        with house.transaction():
            house.replace("gold", "bridge", BRIDGE.empty_table())
        assert house.fetch(house.table("gold", "bridge")).num_rows == 0
    assert found.table().equals(mine.table())
    assert kept.select(BRIDGE.names).cast(BRIDGE).to_pylist() == mine.table().to_pylist()


def test_this_world_has_something_of_every_part_that_rows_can_make(mine: Bridge) -> None:
    parts = mine.total().parts
    assert {part for part in PARTS if not parts[part]} == {"new", "model_change", "overrides"}
