"""`patron quality`, `patron rules` and `patron contract`, as a person and as a machine call them."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from patron.pipeline.runner import run_workspace
from patron.surfaces.cli.main import app

SETTINGS = """\
[sources.sales]
table = "transactions"
files = "sales.csv"
[sources.sales.columns]
customer_id = "who"
occurred_at = "when"
amount = "amount"
[models]
candidates = ["bg_nbd"]
"""
RULE = """
[[quality.rules]]
name = "not_too_dear"
table = "transactions"
column = "amount"
at_most = 15
action = "warn"
words = "nothing here costs more than 15"
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quality")
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(60)]
    rows = [f"{('Ada', 'Bruno', 'Chen')[n % 3]},{day},{10 + n % 7}.50\n" for n, day in enumerate(days)]
    (folder / "sales.csv").write_text("who,when,amount\n" + "".join(rows), "utf-8")
    (folder / "patron.toml").write_text(SETTINGS, "utf-8")
    run_workspace(folder)
    return folder


def called(*words: str) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.stdout


def test_quality_shows_four_open_gates(shop: Path) -> None:
    told = called("quality", "-w", str(shop))
    assert re.findall(r"✓ (\w+)", told) == ["lake", "bronze", "silver", "gold"]
    facts = json.loads(called("quality", "-w", str(shop), "--json"))
    assert [gate["state"] for gate in facts["gates"]] == ["open"] * 4
    assert all(result["passed"] for result in facts["results"])


def test_quality_writes_a_page_that_opens_without_a_network(shop: Path, tmp_path: Path) -> None:
    called("quality", "-w", str(shop), "--html", str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "All gates are open." in page
    assert "gold.scores.probability_alive.range" in page
    assert re.findall(r"""(?:src|href)\s*=\s*["']?https?:""", page) == []


def test_a_rule_is_previewed_approved_and_listed(shop: Path) -> None:
    (shop / "patron.toml").write_text(SETTINGS + RULE, "utf-8")
    assert "16 of 60 rows (26.67%) would be told" in called("rules", "preview", "-w", str(shop))
    approved = called("rules", "approve", "--by", "Ada Lovelace", "--note", "agreed", "-w", str(shop), "--json")
    assert json.loads(approved)["affected"][0]["rows"] == 16
    listed = called("rules", "list", "-w", str(shop))
    assert "transactions.amount must be at most 15" in listed
    assert re.search(r"version 1 .* by Ada Lovelace \(agreed\): added not_too_dear", listed)
    assert "are those of version 1, which is in force" in called("rules", "preview", "-w", str(shop))


@pytest.mark.parametrize(
    ("form", "file", "told"),
    [
        ("soda", "checks.yml", "missing_count(customer_id) = 0"),
        ("great_expectations", "gold_scores.json", "expect_column_values_to_not_be_null"),
        ("dbt", "models/sources.yml", "not_null"),
        ("json", "contract.json", "gold__scores__expected_value__range"),
    ],
)
def test_the_contract_is_written_in_each_form(shop: Path, tmp_path: Path, form: str, file: str, told: str) -> None:
    files = json.loads(called("contract", "export", str(tmp_path), "--to", form, "-w", str(shop), "--json"))
    assert str(tmp_path / file) in files
    assert told in (tmp_path / file).read_text("utf-8")


def test_an_unknown_form_is_refused_by_name(shop: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["contract", "export", str(tmp_path), "--to", "sodaa", "-w", str(shop)])
    assert "Did you mean 'soda'?" in str(done.exception)
