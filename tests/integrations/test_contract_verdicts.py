"""The exported contract gives Patron's own verdicts in Soda, Great Expectations and dbt, check by check."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import UTC
from pathlib import Path

import duckdb
import numpy as np
import pytest

from integrations.environments import environment
from patron.pipeline.inquiries.contract import export_contract
from patron.pipeline.runner import run_workspace
from patron.quality.contract.contract import Contract, contract_of
from patron.quality.declared import all_expectations
from patron.quality.expectations import Verdict
from patron.quality.measures import measured, measured_reference, measured_types
from patron.segments.rfm import RFM_CATALOGUE
from patron.settings import WarehouseSettings
from patron.tables import ALL_TABLES, silver_columns
from patron.warehouse.duckdb import DuckDBWarehouse
from quality.clean_worlds import Shop, as_csv, batch_name, day_after, workspace

pytestmark = pytest.mark.integrations
FILLED = ("transactions", "branches")
BATCHES = 6
# What breaks each warehouse, and the checks that must find it.
BROKEN: dict[str, tuple[str, set[str]]] = {
    "good": ("", set()),
    "gold": (
        """
        UPDATE gold.scores SET expected_value = 'nan' WHERE customer_id = (SELECT min(customer_id) FROM gold.scores);
        UPDATE gold.scores SET model = NULL, horizon_days = 0, probability_alive = 1.2, value_low = value_high + 1,
          total_value = 1e9, confidence = 'certain'
          WHERE customer_id = (SELECT max(customer_id) FROM gold.scores);
        INSERT INTO gold.segments SELECT * FROM gold.segments LIMIT 2;
        UPDATE gold.segments SET tier = 'platinum', recency_score = 9
          WHERE customer_id = (SELECT max(customer_id) FROM gold.segments);
        """,
        {
            "gold__scores__expected_value__range",
            "gold__scores__model__required",
            "gold__scores__horizon_days__range",
            "gold__scores__probability_alive__range",
            "gold__scores__value_low_expected_value_value_high__ordered",
            "gold__scores__total_value_historic_value_expected_value__adds_up",
            "gold__scores__confidence__accepted",
            "gold__segments__customer_id__unique",
            "gold__segments__tier__accepted",
            "gold__segments__recency_score__range",
        },
    ),
    "silver": (
        """
        INSERT INTO silver.branches SELECT * FROM silver.branches LIMIT 1;
        ALTER TABLE silver.branches ALTER region TYPE INTEGER USING NULL;
        UPDATE silver.transactions SET unit_price = -1 WHERE line % 20 = 0;
        UPDATE silver.transactions SET branch_id = 'b99' WHERE line % 3 = 0;
        UPDATE silver.transactions SET occurred_at = NULL WHERE line = 7;
        """,
        {
            "silver__branches__branch_id__unique",
            "silver__branches__region__type",
            "silver__transactions__unit_price__range",
            "silver__transactions__branch_id__reference",
            "silver__transactions__occurred_at__required",
        },
    ),
    "corrected": (
        """
        INSERT INTO silver.branches SELECT * FROM silver.branches LIMIT 1;
        UPDATE silver.branches SET superseded_at = arrived_at WHERE rowid = (SELECT max(rowid) FROM silver.branches);
        UPDATE silver.transactions SET unit_price = -1 WHERE line = 20;
        UPDATE silver.transactions SET branch_id = 'b99' WHERE line = 30;
        """,
        set(),
    ),
    "empty": (
        "DELETE FROM gold.segments; DELETE FROM silver.branches;",
        {"gold__segments__rows", "silver__branches__rows", "silver__transactions__branch_id__reference"},
    ),
}
TOOLS = {
    "soda": ["soda-core-duckdb==3.5.*"],  # it brings DuckDB 1.0, which reads what 1.5 wrote
    "great_expectations": [
        "great_expectations==1.24.*",
        "duckdb-engine==0.17.*",
        "sqlalchemy<2.1",
        f"duckdb=={duckdb.__version__}",
    ],
    "dbt": ["dbt-core>=1.8,<1.12", "dbt-duckdb>=1.8,<1.12", f"duckdb=={duckdb.__version__}"],
}


@pytest.fixture(scope="module")
def contract() -> Contract:
    return contract_of(all_expectations([segment.name for segment in RFM_CATALOGUE], FILLED))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace after a run."""
    folder = workspace(tmp_path_factory.mktemp("contract") / "shop")
    shop = Shop.drawn(np.random.default_rng(5), rows_a_day=15)
    for number in range(BATCHES):
        rows = shop.batch(np.random.default_rng(number), number)
        (folder / "in" / batch_name(number)).write_bytes(as_csv(rows))
    run_workspace(folder, now=day_after(shop, BATCHES).replace(tzinfo=UTC))
    return folder


@pytest.fixture(scope="module")
def warehouses(home: Path) -> dict[str, Path]:
    """The good warehouse and the broken ones."""
    made = {}
    for name, (statements, _) in BROKEN.items():
        made[name] = home / f"warehouse_{name}.duckdb"
        shutil.copyfile(home / "warehouse.duckdb", made[name])
        with duckdb.connect(str(made[name])) as connection:
            connection.execute(statements or "SELECT 1")
    return made


def own_verdicts(contract: Contract, path: Path) -> dict[str, bool]:
    """Patron's verdicts on the rows that hold."""
    verdicts: list[Verdict] = []
    with DuckDBWarehouse(path, WarehouseSettings()) as warehouse:
        held = {name: warehouse.table("silver", name) for name in FILLED}
        held = {name: rows.filter(rows.superseded_at.isnull()) for name, rows in held.items()}
        for layer, name in contract.tables:
            rows = held[name] if layer == "silver" else warehouse.table(layer, name)
            asked = [check.expectation for check in contract.of(layer, name)]
            declared = next((table for table in ALL_TABLES if (table.layer, table.name) == (layer, name)), None)
            if declared:
                columns = silver_columns(declared) if layer == "silver" else declared.columns
                verdicts += measured_types(rows, columns, asked)
            verdicts += measured(warehouse, rows, asked)
            found = [measured_reference(warehouse, rows, held, one) for one in asked if one.kind == "reference"]
            verdicts += [verdict for verdict in found if verdict]
    names = {check.expectation: check.name for check in contract.checks}
    return {names[verdict.expectation]: verdict.passed for verdict in verdicts}


@pytest.mark.parametrize("name", BROKEN)
def test_patron_finds_what_was_broken_and_nothing_else(
    name: str, contract: Contract, warehouses: dict[str, Path]
) -> None:
    verdicts = own_verdicts(contract, warehouses[name])
    assert set(verdicts) == {check.name for check in contract.checks}
    assert {check for check, passed in verdicts.items() if not passed} == BROKEN[name][1]


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_gives_the_same_verdict_on_every_check(
    tool: str, contract: Contract, home: Path, warehouses: dict[str, Path], tmp_path: Path
) -> None:
    export_contract(home, tool, tmp_path)
    python = environment(tool, TOOLS[tool])
    script = Path(__file__).with_name(f"{tool}_verdicts.py")
    quiet = {
        **os.environ,
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    command = [python, script, tmp_path, *warehouses.values()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=quiet)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    for name, path in warehouses.items():
        assert found[str(path)] == own_verdicts(contract, path), name
