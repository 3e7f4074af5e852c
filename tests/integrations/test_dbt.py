"""The dbt package, built by dbt itself on real warehouses, without network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

import patron
from integrations.environments import environment
from patron.pipeline.inquiries.dbt_package import write_dbt_package
from patron.pipeline.runner import run_workspace
from patron.sources.samples import prepare_sample

pytestmark = pytest.mark.integrations
NOWHERE = "http://127.0.0.1:9"
REPORTS = {
    "report_customer",
    "report_sales",
    "report_transactions",
    "report_country_customer",
    "report_product_invoices",
    "report_year_invoices",
}


@pytest.fixture(scope="session")
def dbt() -> Path:
    """dbt in an environment of its own, with the DuckDB that wrote the warehouse."""
    wanted = ["dbt-core>=1.8,<1.12", "dbt-duckdb>=1.8,<1.12", f"duckdb=={duckdb.__version__}"]
    return environment("dbt", wanted).parent / "dbt"


@pytest.fixture(scope="module", params=["shop", "bank"])
def workspace(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world after its run; the shop has lists of customers and products, the bank has none of products."""
    folder = tmp_path_factory.mktemp(request.param) / "workspace"
    prepare_sample(request.param, folder, customers=200, seed=3)
    run_workspace(folder)
    return folder


@pytest.fixture(scope="module")
def project(dbt: Path, workspace: Path) -> Path:
    """The package of that world, built."""
    folder = workspace.parent / "dbt"
    assert write_dbt_package(workspace, folder).has_profile
    done = called(dbt, folder, "build")
    assert done.returncode == 0, done.stdout[-4000:]
    return folder


def called(dbt: Path, project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """dbt on a project, with every way to the network closed."""
    closed = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), NOWHERE)
    environ = {**os.environ, **closed, "DO_NOT_TRACK": "1", "DBT_PROFILES_DIR": str(project)}
    environ.pop("PYTHONPATH", None)
    return subprocess.run([dbt, *words], cwd=project, env=environ, capture_output=True, text=True, check=False)


def results(project: Path) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads((project / "target" / "run_results.json").read_text("utf-8"))["results"]
    return told


def test_every_model_is_built_and_every_test_passes(project: Path) -> None:
    statuses = {row["unique_id"]: row["status"] for row in results(project)}
    assert set(statuses.values()) <= {"success", "pass", "no-op"}
    assert sum(name.startswith("test.") for name in statuses) > 90
    built = {name.rpartition(".")[2] for name in statuses if name.startswith("model.")}
    assert built == REPORTS | {"stg_transactions", "dim_customer", "dim_product", "dim_datetime", "fct_invoices"}


def test_the_report_tables_reconcile_with_the_warehouse(project: Path, workspace: Path) -> None:
    with duckdb.connect(str(workspace / "warehouse.duckdb"), read_only=True) as warehouse:
        silver = "FROM silver.transactions WHERE superseded_at IS NULL"
        revenue, lines = warehouse.sql(f"SELECT sum(amount), count(*) {silver}").fetchall()[0]
        customers, expected = warehouse.sql("SELECT count(*), sum(expected_value) FROM gold.scores").fetchall()[0]
    with duckdb.connect(str(project / "for_bi.duckdb"), read_only=True) as reports:

        def one(sql: str) -> Any:
            return reports.sql(sql).fetchall()[0][0]

        assert one("SELECT sum(revenue) FROM reports.report_year_invoices") == revenue
        assert one("SELECT sum(revenue) FROM reports.report_sales") == revenue
        assert one("SELECT sum(total) FROM reports.report_transactions") == revenue
        assert one("SELECT count(*) FROM dimensions.fct_invoices") == lines
        assert one("SELECT sum(customers) FROM reports.report_country_customer") == customers
        assert one("SELECT sum(expected_value) FROM reports.report_customer") == pytest.approx(expected)


def test_every_column_is_documented_and_no_other(project: Path, dbt: Path) -> None:
    assert called(dbt, project, "docs", "generate").returncode == 0
    manifest = json.loads((project / "target" / "manifest.json").read_text("utf-8"))["nodes"]
    catalog = json.loads((project / "target" / "catalog.json").read_text("utf-8"))["nodes"]
    for name, node in catalog.items():
        told = {column: words["description"] for column, words in manifest[name]["columns"].items()}
        assert all(told.values()), name
        if not name.endswith("stg_transactions"):  # its columns are those of silver.transactions
            assert set(told) == set(node["columns"]), name


def test_a_customer_who_stands_twice_in_the_scores_fails_the_build(workspace: Path, dbt: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(workspace, tmp_path / "broken"))
    with duckdb.connect(str(broken / "warehouse.duckdb")) as warehouse:
        warehouse.execute("INSERT INTO gold.scores SELECT * FROM gold.scores LIMIT 1")
    folder = tmp_path / "dbt"
    write_dbt_package(broken, folder)
    assert called(dbt, folder, "build").returncode == 1
    failed = {row["unique_id"].split(".")[2] for row in results(folder) if row["status"] == "fail"}
    assert "source_unique_gold_scores_customer_id" in failed


def test_the_warehouse_is_only_read(project: Path, workspace: Path) -> None:
    with duckdb.connect(str(workspace / "warehouse.duckdb"), read_only=True) as warehouse:
        schemas = {
            name for (name,) in warehouse.sql("SELECT DISTINCT table_schema FROM information_schema.tables").fetchall()
        }
    assert schemas == {"bronze", "silver", "gold", "work"}


def test_the_report_tables_of_online_retail_hold_what_its_summary_page_shows(
    shared_data: Path, dbt: Path, tmp_path: Path
) -> None:
    patron.init(shared_data / "online_retail" / "online_retail.parquet", tmp_path / "shop", currency="GBP")
    run_workspace(tmp_path / "shop")
    folder = write_dbt_package(tmp_path / "shop", tmp_path / "dbt").folder
    done = called(dbt, folder, "build")
    assert done.returncode == 0, done.stdout[-4000:]
    summary = """SELECT count(DISTINCT customer_id), count(DISTINCT invoice_id), sum(items), round(sum(total), 2)
                 FROM reports.report_transactions WHERE customer_id IS NOT NULL"""
    with duckdb.connect(str(folder / "for_bi.duckdb"), read_only=True) as reports:
        assert reports.sql(summary).fetchall() == [(4372, 22190, 4906888, Decimal("8300065.81"))]
