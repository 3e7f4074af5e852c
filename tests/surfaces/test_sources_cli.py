"""`patron sources` and `patron fetch`: what there is, what has come, for people and for machines."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from sources.connectors import one_shop
from surfaces.typed import typed

OPTIONS = 'dsn = "sqlite:///shop.db"\ntable = "orders"\nwatermark = "line_id"'


def patron(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return typed(*words, folder=folder)


def test_sources_lists_connectors_where_there_is_no_workspace(tmp_path: Path) -> None:
    told = patron(tmp_path, "sources")
    assert told.returncode == 0, told.stderr
    assert 'connector = "database"' in told.stdout
    assert "watermark_param" in told.stdout
    assert "Sources of this workspace" not in told.stdout


def test_fetch_tells_what_came_and_sources_what_is_there(tmp_path: Path) -> None:
    folder = one_shop.write_settings(tmp_path, one_shop.settings("database", OPTIONS))
    one_shop.fill_sqlite(folder / "shop.db", one_shop.rows(0, 7))
    first = patron(folder, "fetch")
    assert (first.stdout, first.stderr) == ("sales: 7 new rows, up to 6\n", "Fetching sales …\n")
    assert patron(folder, "fetch", "sales").stdout == "sales: nothing new, up to 6\n"
    one_shop.fill_sqlite(folder / "shop.db", one_shop.rows(7, 8))
    assert json.loads(patron(folder, "fetch", "--json").stdout) == [
        {"source": "sales", "connector": "database", "files": 1, "rows": 1, "watermark": "7"}
    ]
    (state,) = json.loads(patron(folder, "sources", "--json").stdout)["sources"]
    assert state["fetched_at"]
    del state["fetched_at"]
    assert state == {
        "name": "sales",
        "table": "transactions",
        "connector": "database",
        "files": 2,
        "rows": 8,
        "watermark": "7",
    }
    assert "sales   transactions  database   2" in patron(folder, "sources").stdout


@pytest.mark.slow
def test_init_names_the_columns_that_were_not_used(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(
        "order,client,date,total,colour\n" + "1,Ada,2024-01-02,5,red\n2,Bo,2024-01-03,6,blue\n"
    )
    told = patron(tmp_path, "init", "orders.csv", "--yes")
    assert told.returncode == 0, told.stderr
    assert "not used: colour" in told.stderr
    again = patron(tmp_path, "init", "orders.csv", "--yes", "--json", "--force")
    assert json.loads(again.stdout)["sources"][0]["unused_columns"] == ["colour"]
