"""`patron profile` as people use it: on a file, at the terminal, as JSON and as a page."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from patron.surfaces.cli.main import app

ORDERS = "order,client,day,total\n" + "".join(
    f"o{n},{('Ada', 'Bruno', 'Chen')[n % 3]},2024-{1 + n % 6:02}-{1 + n % 28:02},{10 + n % 9}.50\n" for n in range(60)
)


def test_a_file_is_told_in_a_table_and_in_suggestions(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS, "utf-8")
    outcome = CliRunner().invoke(app, ["profile", str(tmp_path / "orders.csv")])
    assert outcome.exit_code == 0
    assert "60 rows in 4 columns" in outcome.stdout
    assert "order looks like a key" in " ".join(outcome.stdout.split())
    assert "2024-01-01 to 2024-06-2" in " ".join(outcome.stdout.split())


def test_json_goes_to_stdout_and_the_page_into_its_file(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS, "utf-8")
    page = tmp_path / "orders.html"
    outcome = CliRunner().invoke(app, ["profile", str(tmp_path / "orders.csv"), "--json", "--html", str(page)])
    facts = json.loads(outcome.stdout)
    assert [column["name"] for column in facts["columns"]] == ["order", "client", "day", "total"]
    assert facts["columns"][3]["numbers"]["quantiles"]["0.5"] == 14.5
    assert "<svg" in page.read_text("utf-8")
    assert str(page) in outcome.stderr
