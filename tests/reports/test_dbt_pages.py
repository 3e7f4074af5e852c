"""The generated parts of the dbt package, and the package as `patron dbt` writes it; dbt itself runs in tests/integrations."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from patron.errors import UsageError
from patron.pipeline.inquiries.dbt_package import write_dbt_package
from patron.reports.dbt_pages import dbt_pages
from patron.sources.samples import prepare_sample
from patron.tables import ALL_TABLES, SOURCE_TABLES

PACKAGE = Path(__file__).resolve().parents[2] / "integrations" / "dbt" / "patron"


@pytest.mark.parametrize("name", dbt_pages())
def test_the_generated_parts_are_up_to_date(name: str) -> None:
    assert (PACKAGE / name).read_text("utf-8") == dbt_pages()[name], "run: python docs/generate.py"


def test_every_source_and_gold_table_is_a_source_with_all_of_its_columns() -> None:
    text = dbt_pages()["models/sources.yml"]
    for table in (*SOURCE_TABLES, *(table for table in ALL_TABLES if table.layer == "gold")):
        told = text.partition(f"      - name: {table.name}\n")[2].partition("\n      - name: ")[0]
        assert set(table.names) <= set(re.findall(r"- name: (\w+)", told)), table.name


def test_every_word_that_a_model_borrows_is_there() -> None:
    known = set(re.findall(r"{% docs (\w+) %}", dbt_pages()["models/columns.md"]))
    borrowed = {
        name for file in PACKAGE.glob("models/*.yml") for name in re.findall(r"doc\('(\w+)'\)", file.read_text("utf-8"))
    }
    assert borrowed
    assert borrowed <= known


def test_the_package_is_written_for_a_workspace(tmp_path: Path) -> None:
    prepare_sample("shop", tmp_path / "shop", customers=60, seed=1)
    written = write_dbt_package(tmp_path / "shop", tmp_path / "dbt")
    assert written.has_profile
    project = (tmp_path / "dbt" / "dbt_project.yml").read_text("utf-8")
    assert 'patron_database: "patron"' in project
    assert "patron_tables: [branches, campaigns, contacts, customers, products, transactions]" in project
    profile = (tmp_path / "dbt" / "profiles.yml").read_text("utf-8")
    assert str((tmp_path / "shop" / "warehouse.duckdb").resolve()) in profile
    assert "read_only: true" in profile


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    prepare_sample("shop", tmp_path / "shop", customers=60, seed=1)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine", "utf-8")
    with pytest.raises(UsageError, match="is not empty"):
        write_dbt_package(tmp_path / "shop", tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]
