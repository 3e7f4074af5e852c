"""A connector of another package: installed for real, it is listed, passes the test kit, and feeds a run; the core stays as it is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "patron-kyc-sheet"
SETTINGS = """\
[sources.sales]
table = "transactions"
files = "orders.csv"

[sources.sales.columns]
customer_id = "client"
occurred_at = "day"
amount = "paid"

[sources.people]
table = "customers"
connector = "kyc_sheet"

[sources.people.options]
folder = "sheets"

[sources.people.columns]
customer_id = "Customer No"
birth_date = "Date of Birth"
branch_id = "Home Branch"
"""
UP_TO_CHECK = """
from pathlib import Path
from patron.pipeline.runner import Watcher, opened_run, run_until
with opened_run(Path(), Watcher()) as run:
    run_until(run, "check", Watcher())
    people = run.warehouse.table("silver", "customers").order_by("customer_id")
    print([(row["customer_id"], row["branch_id"]) for row in run.warehouse.fetch(people).to_pylist()])
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a Python that has the example package installed."""
    folder = tmp_path_factory.mktemp("plugin")
    copy = Path(shutil.copytree(EXAMPLE, folder / "source"))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    made = subprocess.run([*command, "--target", folder / "site", copy], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(folder / "site"), *filter(None, sys.path)])}


def python(environment: dict[str, str], *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )


def listed(environment: dict[str, str], folder: Path) -> dict[str, dict[str, Any]]:
    told = python(environment, "-m", "patron", "sources", "--json", folder=folder)
    assert told.returncode == 0, told.stderr
    return {entry["name"]: entry for entry in json.loads(told.stdout)["connectors"]}


def test_it_is_listed_with_its_options(installed: dict[str, str], tmp_path: Path) -> None:
    connectors = listed(installed, tmp_path)
    assert {option["name"] for option in connectors["kyc_sheet"]["options"]} == {"credential", "folder", "pattern"}
    assert connectors.keys() - listed(dict(os.environ), tmp_path).keys() == {"kyc_sheet"}


def test_its_own_test_passes_the_kit(installed: dict[str, str], tmp_path: Path) -> None:
    ran = python(
        installed,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-W",
        "error",
        str(EXAMPLE / "tests"),
        "--rootdir",
        str(tmp_path),
        "-c",
        os.devnull,
        folder=tmp_path,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout


def test_a_run_reads_its_sheets_and_a_misspelt_option_is_told(installed: dict[str, str], tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE / "tests" / "sheets", tmp_path / "sheets")
    (tmp_path / "patron.toml").write_text(SETTINGS, "utf-8")
    (tmp_path / "orders.csv").write_text("client,day,paid\n1004,2024-01-02,10\n1017,2024-02-03,20\n", "utf-8")
    fetched = python(installed, "-m", "patron", "fetch", "--json", folder=tmp_path)
    assert fetched.returncode == 0, fetched.stderr
    assert json.loads(fetched.stdout) == [
        {"source": "people", "connector": "kyc_sheet", "files": 1, "rows": 2, "watermark": None}
    ]
    ran = python(installed, "-c", UP_TO_CHECK, folder=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "[('1004', 'B2'), ('1017', 'B1')]"
    (tmp_path / "patron.toml").write_text(SETTINGS.replace("folder =", "foldr ="), "utf-8")
    refused = python(installed, "-m", "patron", "fetch", folder=tmp_path)
    assert refused.returncode == 2
    assert "line 15: sources.people.options.foldr: is not an option of 'kyc_sheet'" in refused.stderr
    assert "Did you mean 'folder'?" in refused.stderr


def test_without_the_package_the_connector_is_told_to_be_unknown(tmp_path: Path) -> None:
    (tmp_path / "patron.toml").write_text(SETTINGS, "utf-8")
    refused = python(dict(os.environ), "-m", "patron", "fetch", folder=tmp_path)
    assert refused.returncode == 2
    assert "line 12: sources.people.connector: No connector named 'kyc_sheet'." in refused.stderr
    assert "bigquery, database, files, object_store, rest" in refused.stderr
