"""What careless settings, clashing names and damaged files must not do: double, crash, or pass unnoticed."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from patron.errors import BrokenContract, DamagedRelease, DamagedWarehouse, NothingThere, UsageError
from patron.pipeline.inquiries.quarantine import quarantined_rows
from patron.pipeline.runner import RunOutcome, run_workspace
from patron.pipeline.workspace import Workspace
from patron.releases.contents import load_release
from patron.releases.shelf import Shelf

CAST = ("Ada", "Bruno", "Chen", "Dara", "Emil")
COLUMNS = {"customer_id": "who", "occurred_at": "when", "amount": "amount"}


def workspace(folder: Path, *sources: str, columns: dict[str, str] | None = None, settings: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    mapping = "".join(f"{name} = {json.dumps(column)}\n" for name, column in (columns or COLUMNS).items())
    parts = [f'[models]\ncandidates = ["bg_nbd"]\n{settings}']
    for source in sources or ('sales]\ntable = "transactions"\nfiles = "a.csv"',):
        name = source.partition("]")[0]
        parts.append(f"[sources.{source}\n[sources.{name}.columns]\n{mapping}")
    (folder / "patron.toml").write_text("\n".join(parts), "utf-8")
    return folder


def lines(first: int, last: int, extra: str = "") -> str:
    start = date(2024, 1, 1)
    return "".join(f"{CAST[n % 5]},{start + timedelta(days=n)},{10 + n}.00{extra}\n" for n in range(first, last))


def write(path: Path, body: str, header: str = "who,when,amount\n") -> None:
    path.write_text(header + body, "utf-8")


def net(outcome: RunOutcome) -> float:
    return outcome.totals["net_revenue"]


def review(folder: Path) -> dict[str, int]:
    with Workspace.at(folder).warehouse() as warehouse:
        flags = warehouse.fetch(warehouse.table("silver", "review"))["flag"].to_pylist()
    return {flag: flags.count(flag) for flag in set(flags)}


def test_one_file_in_two_sources_of_a_table_is_refused(tmp_path: Path) -> None:
    one = 'one]\ntable = "transactions"\nfiles = "a.csv"'
    folder = workspace(tmp_path, one, one.replace("one]", "two]"))
    write(folder / "a.csv", lines(0, 60))
    with pytest.raises(UsageError, match="'one' and 'two'; it would count twice"):
        run_workspace(folder)


@pytest.mark.parametrize(
    ("rule", "rows"), [("drop", 100), pytest.param("keep", 140, marks=pytest.mark.slow), ("refuse", 140)]
)
def test_repeats_below_the_limit_are_dropped_kept_or_counted_and_flagged(tmp_path: Path, rule: str, rows: int) -> None:
    folder = workspace(tmp_path, f'sales]\ntable = "transactions"\nfiles = "*.csv"\nrepeated_rows = "{rule}"')
    write(folder / "a.csv", lines(0, 60))
    run_workspace(folder)
    write(folder / "b.csv", lines(20, 100))
    if rule == "refuse":
        write(folder / "b.csv", lines(40, 100))
        rows = 120
    assert run_workspace(folder).totals["accepted"] == rows
    assert review(folder).get("repeated_row", 0) == (20 if rule == "refuse" else 0)


def test_a_row_known_in_the_far_future_does_not_move_the_run(tmp_path: Path) -> None:
    folder = workspace(tmp_path, columns=COLUMNS | {"known_at": "known"})
    write(folder / "a.csv", lines(0, 60, ",2024-03-05") + "Ada,2024-02-01,5.00,2999-01-01\n", "who,when,amount,known\n")
    run_workspace(folder)
    assert load_release(folder).manifest.as_of == "2024-03-05"
    assert quarantined_rows(folder, 1)[0] == {"future_known_at": 1}


def test_a_fold_learns_only_what_was_known_by_its_own_day(tmp_path: Path) -> None:
    def labels(folder: Path, late_amount: str) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
        workspace(folder, columns=COLUMNS | {"known_at": "known"}, settings='[value]\nhorizon = "30 days"')
        body = "".join(f"{CAST[n % 5]},{date(2024, 1, 1) + timedelta(days=n % 150)},9.00,\n" for n in range(900))
        write(folder / "a.csv", body + f"Ada,2024-03-10,{late_amount},2024-05-29\n" * 3, "who,when,amount,known\n")
        run_workspace(folder)
        with Workspace.at(folder).warehouse() as warehouse:
            rows = warehouse.fetch(warehouse.table("work", "past_outcomes")).to_pylist()
        told = sorted((r["known_by"], r["as_of_day"], r["customer_id"], r["future_value"]) for r in rows)
        now = max(row[0] for row in told)
        return [row for row in told if row[0] < now], [row for row in told if row[0] == now]

    learnt, tested = labels(tmp_path / "small", "5.00")
    learnt_too, tested_too = labels(tmp_path / "large", "5000.00")
    assert learnt
    assert learnt == learnt_too
    assert tested != tested_too


def test_a_damaged_release_is_published_anew_and_never_rolled_back_to(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    write(folder / "a.csv", lines(0, 60))
    first = run_workspace(folder).release_id
    (folder / "releases" / first / "scores.parquet").write_bytes(b"damaged")
    second = run_workspace(folder)
    assert not second.unchanged
    assert second.release_id != first
    load_release(folder).verify()
    with pytest.raises(DamagedRelease, match=r"scores\.parquet was changed"):
        Shelf(folder / "releases").rollback(first)
    assert load_release(folder).id == second.release_id


@pytest.mark.slow
def test_a_release_without_a_readable_manifest_does_not_stop_the_next_run(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    write(folder / "a.csv", lines(0, 60))
    first = run_workspace(folder).release_id
    (folder / "releases" / first / "manifest.json").write_text("{")
    write(folder / "a.csv", lines(0, 61))
    (folder / "patron.toml").write_text(
        (folder / "patron.toml").read_text().replace('"a.csv"', '"a.csv"\nrepeated_rows = "replace"')
    )
    assert run_workspace(folder).totals["customers"] == 5
    load_release(folder).verify()


def test_a_deleted_report_is_written_again(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    write(folder / "a.csv", lines(0, 60))
    run_workspace(folder)
    (folder / "report.html").unlink()
    assert run_workspace(folder).unchanged
    assert (folder / "report.html").exists()


@pytest.mark.parametrize(
    "name",
    ["select", *(pytest.param(n, marks=pytest.mark.slow) for n in ("files", "rejects", "transactions", "raw_files"))],
)
def test_a_source_may_be_called_anything(tmp_path: Path, name: str) -> None:
    folder = workspace(tmp_path, f'{name}]\ntable = "transactions"\nfiles = "a.csv"')
    write(folder / "a.csv", lines(0, 60))
    assert net(run_workspace(folder)) == sum(10 + n for n in range(60))


@pytest.mark.parametrize(
    "extra",
    [
        "file_id",
        "line,source_line",
        "sé{}lect;--",
        *(
            pytest.param(n, marks=pytest.mark.slow)
            for n in ("reason", "detail", "fate", "as_of_day", 'a "quoted" one', "source")
        ),
    ],
)
def test_a_column_may_be_called_anything(tmp_path: Path, extra: str) -> None:
    folder = workspace(tmp_path, settings="[quality]\nquarantine_limit = 0.5\n")
    names = extra.split(",")
    header = ",".join(["who", "when", "amount", *(f'"{n.replace(chr(34), chr(34) * 2)}"' for n in names)]) + "\n"
    write(folder / "a.csv", lines(0, 60, ",x" * len(names)) + "Ada,2999-01-01,3.00" + ",x" * len(names) + "\n", header)
    outcome = run_workspace(folder)
    assert outcome.totals["accepted"] == 60
    reasons, rows = quarantined_rows(folder, 5)
    assert reasons == {"future_date": 1}
    assert json.loads(rows[0]["raw"])["when"] == "2999-01-01"


def test_columns_of_two_files_may_differ_in_case(tmp_path: Path) -> None:
    folder = workspace(tmp_path, 'sales]\ntable = "transactions"\nfiles = "*.csv"')
    write(folder / "a.csv", lines(0, 60, ",x"), "who,when,amount,Note\n")
    write(folder / "b.csv", lines(60, 90, ",y"), "who,when,amount,note\n")
    assert run_workspace(folder).totals["accepted"] == 90


def test_amounts_that_cannot_be_added_up_are_set_aside(tmp_path: Path) -> None:
    folder = workspace(tmp_path, settings="[quality]\nquarantine_limit = 0.5\n")
    write(folder / "a.csv", lines(0, 60) + "Ada,2024-02-01,99999999999999.00\n" * 3)
    assert run_workspace(folder).totals["accepted"] == 60
    assert quarantined_rows(folder, 1)[0] == {"amount_too_large": 3}


def test_a_file_that_is_no_warehouse_is_told_from_a_busy_one(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    write(folder / "a.csv", lines(0, 60))
    (folder / "warehouse.duckdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(DamagedWarehouse, match="Move it away"):
        run_workspace(folder)


def test_settings_of_reading_cannot_change_for_a_file_that_is_gone(tmp_path: Path) -> None:
    folder = workspace(tmp_path, 'sales]\ntable = "transactions"\nfiles = "*.csv"\nencoding = "cp1252"')
    write(folder / "a.csv", lines(0, 60))
    run_workspace(folder)
    (folder / "a.csv").unlink()
    write(folder / "b.csv", lines(60, 90))
    toml = folder / "patron.toml"
    toml.write_text(toml.read_text().replace("cp1252", "utf-8"))
    with pytest.raises(BrokenContract, match=r"a\.csv was read with other settings"):
        run_workspace(folder)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('as_of = "2030-01-01"', "days after the last transaction"),
        ('as_of = "2020-01-01"', "before the first transaction"),
    ],
)
def test_a_day_outside_of_history_is_refused(tmp_path: Path, settings: str, words: str) -> None:
    folder = workspace(tmp_path)
    toml = folder / "patron.toml"
    toml.write_text(settings + "\n" + toml.read_text())
    write(folder / "a.csv", lines(0, 60))
    with pytest.raises(UsageError, match=words):
        run_workspace(folder)


def test_the_quarantine_of_a_workspace_that_never_ran_is_not_made_up(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    with pytest.raises(NothingThere, match="Run 'patron run' first"):
        quarantined_rows(folder, 1)
    assert not (folder / "warehouse.duckdb").exists()
