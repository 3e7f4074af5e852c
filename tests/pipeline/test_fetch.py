"""Fetched sources in a run: once, from where the last fetch ended, and a line that is down changes nothing."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from patron.errors import BrokenContract, DamagedLake, SourceFailed, UnknownName, UsageError
from patron.pipeline.landing.fetch import fetch_workspace
from patron.pipeline.landing.source_states import source_states
from patron.pipeline.runner import RunOutcome, Watcher, opened_run, run_until, run_workspace
from patron.pipeline.workspace import Workspace
from patron.releases.shelf import Shelf
from patron.releases.stale import read_stale
from patron.sources.lake import lake_files
from sources.connectors import one_shop
from sources.connectors.services import Answer, Asked, service

DAY_AFTER = datetime(2023, 6, 6, 12, tzinfo=UTC)  # the last of 120 rows
BY_TIME = 'dsn = "sqlite:///shop.db"\ntable = "orders"\nwatermark = "bought"'
WHOLE = 'dsn = "sqlite:///shop.db"\ntable = "orders"'


def workspace(folder: Path, options: str = BY_TIME, more: str = "", rows: int = 120) -> Path:
    made = one_shop.write_settings(folder / "work", one_shop.settings("database", options, more))
    one_shop.fill_sqlite(made / "shop.db", one_shop.rows(0, rows))
    return made


def counts(outcome: RunOutcome) -> tuple[float, ...]:
    return tuple(outcome.totals[name] for name in ("rows_in", "accepted", "duplicate", "quarantined"))


def checked(folder: Path) -> dict[str, int]:
    """What the step check counts."""
    with opened_run(folder, Watcher()) as run:
        return run_until(run, "check", Watcher())[-1].counts


def read_words(folder: Path) -> str:
    with opened_run(folder, Watcher()) as run:
        return run_until(run, "ingest", Watcher())[-1].words


def test_a_run_fetches_what_is_new_and_a_line_that_is_down_leaves_the_release(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    first = run_workspace(folder)
    assert counts(first) == (120, 120, 0, 0)
    assert run_workspace(folder).unchanged
    one_shop.fill_sqlite(folder / "shop.db", one_shop.rows(120, 150))
    second = run_workspace(folder)
    assert counts(second) == (150, 150, 0, 0)
    (state,) = source_states(folder)
    assert (state.files, state.rows, state.watermark) == (2, 150, str(one_shop.rows(149, 150)[0][2]))
    (folder / "shop.db").unlink()
    with pytest.raises(
        SourceFailed, match=r"Source 'sales' could not be fetched: there is no file.*the last release stays"
    ):
        run_workspace(folder)
    assert Shelf(folder / "releases").current_name() == second.release_id


def test_a_run_killed_between_landing_and_reading_fetches_nothing_twice(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    code = (
        "import os, patron.pipeline.landing.ingest as i, patron.pipeline.steps as s\n"
        "from dataclasses import replace\nfrom pathlib import Path\nimport patron.pipeline.runner as r\n"
        "r.STEPS = (replace(r.STEPS[0], do=lambda run: os._exit(9)), *r.STEPS[1:])\n"
        "r.run_workspace(Path('.'))\n"
    )
    killed = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert killed.returncode == 9, killed.stderr
    landed = lake_files(folder, "sales")
    assert [file.manifest.rows for file in landed] == [120]
    assert checked(folder)["rows_in"] == 120
    assert lake_files(folder, "sales") == landed


def test_a_fetch_killed_while_it_lands_begins_again_from_the_last_whole_file(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    fetch_workspace(folder)
    one_shop.fill_sqlite(folder / "shop.db", one_shop.rows(120, 130))
    code = (
        "import os\nfrom pathlib import Path\nimport patron.sources.landing_zone as z\n"
        "z._write_durably = lambda *_: os._exit(9)\n"
        "from patron.pipeline.landing.fetch import fetch_workspace\nfetch_workspace(Path('.'))\n"
    )
    killed = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert killed.returncode == 9, killed.stderr
    assert (folder / "lake" / "sales" / "000002-rows.parquet").exists(), (
        "it was killed after the file, before its manifest"
    )
    assert [file.manifest.rows for file in lake_files(folder, "sales")] == [120]
    assert fetch_workspace(folder)[0].rows == 10
    assert checked(folder)["accepted"] == 130


def test_a_fetched_file_that_was_changed_stops_a_run(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    fetch_workspace(folder)
    path = lake_files(folder, "sales")[0].path
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"Bruno", b"Brutus"))
    with pytest.raises(DamagedLake, match="is not what was fetched"):
        run_workspace(folder)


@pytest.mark.parametrize("more", ["", 'repeated_rows = "replace"'])
def test_a_whole_table_fetched_again_takes_the_place_of_what_it_was(tmp_path: Path, more: str) -> None:
    folder = workspace(tmp_path, WHOLE, more)
    assert checked(folder)["accepted"] == 120
    one_shop.fill_sqlite(folder / "shop.db", one_shop.rows(120, 130))
    fetch_workspace(folder)
    assert read_words(folder) == "130 rows from 1 new file"
    with opened_run(folder, Watcher()) as run:
        run_until(run, "check", Watcher())
        rows = run.warehouse.table("silver", "transactions")
        held = run.warehouse.fetch(rows.filter(rows.superseded_at.isnull()).count().as_table()).column(0)[0].as_py()
    assert held == 130


def test_increments_are_files_of_their_own(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    assert "120 rows from 1 new file" in read_words(folder)
    one_shop.fill_sqlite(folder / "shop.db", one_shop.rows(120, 130))
    assert read_words(folder) == "10 rows from 1 new file, 1 already read"


def test_a_mapped_column_that_the_source_lacks_is_told_before_anything_lands(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    one_shop.write_settings(folder, one_shop.settings("database", BY_TIME).replace('"paid"', '"payed"'))
    with pytest.raises(BrokenContract, match=r"Source 'sales' has no column 'payed'.*line_id"):
        run_workspace(folder)
    assert lake_files(folder, "sales") == ()


def test_a_field_that_an_increment_lacks_is_empty_there(tmp_path: Path) -> None:
    told = [{"client": "Ada", "bought": "2024-01-02", "paid": 5, "shop": "B1"}]

    def answers(asked: Asked) -> Answer:
        since = asked.params.get("since", "")
        return Answer(one_shop.json.dumps([row for row in told if str(row["bought"]) >= since]).encode())

    with service(answers) as shop:
        options = f'url = "{shop.url}"\nwatermark = "bought"\nwatermark_param = "since"'
        folder = one_shop.write_settings(tmp_path, one_shop.settings("rest", options))
        assert checked(folder)["accepted"] == 1
        told.append({"client": "Bruno", "bought": "2024-01-03", "paid": 6})
        assert checked(folder)["accepted"] == 1


def test_one_source_can_be_fetched_alone_and_a_source_of_files_not_at_all(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    more = '\n[sources.people]\ntable = "customers"\nfiles = "p.csv"\n[sources.people.columns]\ncustomer_id = "id"\n'
    one_shop.write_settings(folder, one_shop.settings("database", BY_TIME) + more)
    assert fetch_workspace(folder, "sales", now=datetime(2026, 1, 1, tzinfo=UTC))[0].files == 1
    with pytest.raises(UsageError, match="'people' is of local files"):
        fetch_workspace(folder, "people")
    with pytest.raises(UnknownName, match="No source named 'slaes'.*Did you mean 'sales'"):
        fetch_workspace(folder, "slaes")


def test_a_source_that_changes_from_files_to_a_database_does_not_count_twice(tmp_path: Path) -> None:
    folder = one_shop.write_settings(tmp_path / "work", one_shop.of_files("orders.csv"))
    one_shop.write_csv(folder / "orders.csv", one_shop.rows(0, 120))
    assert checked(folder)["accepted"] == 120
    one_shop.fill_sqlite(folder / "shop.db", one_shop.rows(0, 120))
    one_shop.write_settings(folder, one_shop.settings("database", BY_TIME))
    assert checked(folder)["accepted"] == 120
    with Workspace.at(folder).warehouse() as warehouse:
        assert warehouse.count("silver", "transactions") == 120


def test_a_workspace_that_was_moved_with_its_lake_goes_on(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    assert checked(folder)["accepted"] == 120
    moved = Path(shutil.move(folder, tmp_path / "elsewhere"))
    with sqlite3.connect(moved / "shop.db") as connection:
        connection.execute("INSERT INTO orders VALUES (999, 'Ada', '2030-01-01', '5', 'B1')")
    connection.close()
    assert read_words(moved) == "1 rows from 1 new file, 1 already read"


def test_a_source_of_a_whole_folder_does_not_take_what_was_fetched_for_another(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    more = '\n[sources.till]\ntable = "transactions"\nfiles = "."\n[sources.till.columns]\n' + one_shop.MAPPING
    one_shop.write_settings(folder, one_shop.settings("database", BY_TIME) + more)
    one_shop.write_csv(folder / "till.csv", one_shop.rows(500, 520))
    assert checked(folder)["accepted"] == 140
    assert checked(folder)["accepted"] == 140


def test_a_source_that_is_down_does_not_keep_old_data_fresh(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    with (folder / "patron.toml").open("a", encoding="utf-8") as settings:
        settings.write('[quality.sla]\nfreshness = "2 days"\n')
    first = run_workspace(folder, now=DAY_AFTER)
    (folder / "shop.db").unlink()
    with pytest.raises(SourceFailed):
        run_workspace(folder, now=DAY_AFTER + timedelta(hours=1))
    assert read_stale(first.workspace / "releases") is None
    with pytest.raises(SourceFailed):
        run_workspace(folder, now=DAY_AFTER + timedelta(days=9))
    stale = read_stale(first.workspace / "releases")
    assert stale is not None
    assert "days old when the run began" in stale.why[0]


def test_a_state_that_was_refused_does_not_stand_in_the_way_of_the_one_that_mends_it(tmp_path: Path) -> None:
    folder = workspace(tmp_path, WHOLE)
    with closing(sqlite3.connect(folder / "shop.db")) as shop, shop:
        shop.execute("UPDATE orders SET paid = 'much' WHERE line_id < 60")
    with pytest.raises(BrokenContract, match="cannot be believed"):
        run_workspace(folder)
    one_shop.fill_sqlite(folder / "shop.db", one_shop.rows(120, 130))
    with closing(sqlite3.connect(folder / "shop.db")) as shop, shop:
        shop.execute("UPDATE orders SET paid = 10 WHERE line_id < 60")
    assert counts(run_workspace(folder)) == (130, 130, 0, 0)
