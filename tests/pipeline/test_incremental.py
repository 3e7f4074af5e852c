"""Files that come later: the same file twice changes nothing, new rows append, corrections supersede."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

import patron
from patron.errors import BrokenContract
from patron.pipeline.inquiries.quarantine import quarantined_rows
from patron.pipeline.runner import RunOutcome, run_workspace
from patron.pipeline.workspace import Workspace
from patron.releases.contents import load_release

HEADER = "id,who,when,amount\n"
DATED = "id,customer,order_date,amount\n"
CAST = ("Ada", "Bruno", "Chen", "Dara", "Emil")
SETTINGS = """\
[sources.sales]
table = "transactions"
files = "in/*.csv"
ROW_ID

[sources.sales.columns]
customer_id = "who"
occurred_at = "when"
amount = "amount"

[models]
candidates = ["bg_nbd"]
"""


def shop(folder: Path, *, row_id: bool = False, extra: str = "") -> Path:
    (folder / "in").mkdir(parents=True)
    text = SETTINGS.replace("ROW_ID", ('row_id = "id"' if row_id else "") + extra)
    (folder / "patron.toml").write_text(text, "utf-8")
    return folder


def rows(first: int, last: int) -> str:
    start = date(2024, 1, 1)
    return "".join(f"r{n},{CAST[n % 5]},{start + timedelta(days=n)},{10 + n % 7}.50\n" for n in range(first, last))


def add(folder: Path, name: str, body: str) -> None:
    (folder / "in" / name).write_text(HEADER + body, "utf-8")


def counts(outcome: RunOutcome) -> tuple[float, ...]:
    return tuple(outcome.totals[name] for name in ("rows_in", "accepted", "duplicate", "quarantined"))


def test_the_same_file_under_another_name_changes_nothing(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    add(folder, "a.csv", rows(0, 60))
    first = run_workspace(folder)
    add(folder, "copy of a.csv", rows(0, 60))
    second = run_workspace(folder)
    assert counts(second) == counts(first) == (60, 60, 0, 0)
    assert second.totals["net_revenue"] == first.totals["net_revenue"]


def test_a_new_file_appends(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    add(folder, "a.csv", rows(0, 60))
    run_workspace(folder)
    add(folder, "b.csv", rows(60, 90))
    outcome = run_workspace(folder)
    assert counts(outcome) == (90, 90, 0, 0)
    assert next(step for step in outcome.steps if step.name == "ingest").counts["files"] == 1


def test_a_corrected_row_supersedes_the_old_one_and_both_are_kept(tmp_path: Path) -> None:
    folder = shop(tmp_path, row_id=True)
    add(folder, "a.csv", rows(0, 60))
    before = run_workspace(folder)
    add(folder, "b.csv", "r5,Ada,2024-01-06,1015.50\n" + rows(6, 8) + rows(60, 62))
    after = run_workspace(folder)
    assert counts(after) == (65, 63, 2, 0)
    assert after.totals["net_revenue"] == pytest.approx(before.totals["net_revenue"] + 1000 + 14.5 + 15.5)
    with Workspace.at(folder).warehouse() as warehouse:
        held = warehouse.table("silver", "transactions")
        both = warehouse.fetch(held.filter(held.row_id == "r5").order_by("arrived_at")).to_pylist()
    assert [float(row["amount"]) for row in both] == [15.5, 1015.5]
    assert both[0]["superseded_at"] == both[1]["arrived_at"]
    assert both[1]["superseded_at"] is None


def test_one_id_with_two_contents_in_one_file_is_quarantined_with_both_lines(tmp_path: Path) -> None:
    folder = shop(tmp_path, row_id=True)
    add(folder, "a.csv", rows(0, 60) + "r5,Ada,2024-01-06,99.00\n")
    outcome = run_workspace(folder)
    assert counts(outcome) == (61, 59, 0, 2)
    reasons, found = quarantined_rows(folder, 10)
    assert reasons == {"conflicting_id": 2}
    assert [row["line"] for row in found] == [7, 62]
    assert '"99.00"' in found[1]["raw"]


def test_identical_lines_of_one_file_are_both_kept_without_a_row_id(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    add(folder, "a.csv", rows(0, 60) + rows(59, 60))
    assert counts(run_workspace(folder)) == (61, 61, 0, 0)


@pytest.mark.slow
def test_a_newer_export_of_the_same_rows_stops_and_asks(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    add(folder, "a.csv", rows(0, 60))
    before = run_workspace(folder)
    add(folder, "b.csv", rows(0, 70))
    with pytest.raises(BrokenContract, match=r"b\.csv: 85\.7% of its rows are already loaded.*repeated_rows"):
        run_workspace(folder)
    toml = folder / "patron.toml"
    toml.write_text(toml.read_text().replace('files = "in/*.csv"', 'files = "in/*.csv"\nrepeated_rows = "drop"'))
    outcome = run_workspace(folder)
    assert counts(outcome) == (130, 70, 60, 0)
    assert outcome.totals["net_revenue"] > before.totals["net_revenue"]


def test_a_corrected_file_in_place_of_a_refused_one_goes_through(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    add(folder, "a.csv", rows(0, 30) + "x,Ada,soon,1\n" * 20)
    with pytest.raises(BrokenContract, match=r"20 of 50 rows \(40.0%\) cannot be believed \(unparseable_date 20\)"):
        run_workspace(folder)
    add(folder, "a.csv", rows(0, 50))
    assert counts(run_workspace(folder)) == (50, 50, 0, 0)


def test_a_column_that_a_newer_file_lacks_is_named(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    add(folder, "a.csv", rows(0, 60))
    run_workspace(folder)
    (folder / "in" / "b.csv").write_text("id,client,when,amount\nr1,Ada,2024-05-01,3\n")
    with pytest.raises(BrokenContract, match=r"b\.csv.*'who'.*(client|It has)"):
        run_workspace(folder)


def test_too_little_history_gets_a_plain_verdict_and_flagged_scores(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    add(folder, "a.csv", rows(0, 12))
    run_workspace(folder)
    release = load_release(folder)
    evidence = release.evidence()
    assert evidence["gate"]["passed"] is False
    assert any("would be enough" in reason for reason in evidence["gate"]["reasons"])
    assert set(release.scores()["confidence"].to_pylist()) == {"low"}
    assert release.scores().num_rows == 5


def with_words(folder: Path, old: str, new: str) -> None:
    toml = folder / "patron.toml"
    text = toml.read_text("utf-8")
    assert old in text
    toml.write_text(text.replace(old, new), "utf-8")


@pytest.mark.slow
def test_a_changed_mapping_judges_rows_anew_from_bronze(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    body = "".join(f"r{n},{CAST[n % 5]},2024-01-{1 + n % 28:02d},{n}.00,{n + 1}.00\n" for n in range(60))
    (folder / "in" / "a.csv").write_text("id,who,when,amount,gross\n" + body, "utf-8")
    before = run_workspace(folder)
    with_words(folder, 'amount = "amount"', 'amount = "gross"')
    after = run_workspace(folder)
    assert counts(after) == counts(before) == (60, 60, 0, 0)
    assert after.totals["net_revenue"] == before.totals["net_revenue"] + 60
    assert next(step for step in after.steps if step.name == "ingest").counts["files"] == 0


def test_a_changed_way_of_reading_reads_the_same_file_anew(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    body = "".join(f"r{n},J\xf6rg{n % 5},2024-01-{1 + n % 28:02d},{n}.00\n" for n in range(60))
    (folder / "in" / "a.csv").write_bytes((HEADER + body).encode("latin-1"))
    with pytest.raises(BrokenContract, match="bad_encoding"):
        run_workspace(folder)
    with_words(folder, 'files = "in/*.csv"', 'files = "in/*.csv"\nencoding = "latin-1"')
    assert counts(run_workspace(folder)) == (60, 60, 0, 0)


@pytest.mark.slow
def test_a_renamed_source_is_not_counted_twice(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    add(folder, "a.csv", rows(0, 60))
    before = run_workspace(folder)
    with_words(folder, "sources.sales", "sources.orders")
    after = run_workspace(folder)
    assert counts(after) == counts(before)
    assert after.totals["net_revenue"] == before.totals["net_revenue"]


@pytest.mark.slow
def test_an_archived_file_still_counts(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    add(folder, "a.csv", rows(0, 60))
    run_workspace(folder)
    (folder / "in" / "a.csv").unlink()
    add(folder, "b.csv", rows(60, 90))
    assert counts(run_workspace(folder)) == (90, 90, 0, 0)


@pytest.mark.slow
def test_equal_ids_of_two_sources_are_two_rows(tmp_path: Path) -> None:
    folder = shop(tmp_path, row_id=True)
    add(folder, "a.csv", rows(0, 60))
    run_workspace(folder)
    text = (folder / "patron.toml").read_text("utf-8")
    second = text[: text.index("[models]")].replace("sources.sales", "sources.web").replace("in/", "web/")
    (folder / "patron.toml").write_text(text + second, "utf-8")
    (folder / "web").mkdir()
    (folder / "web" / "w.csv").write_text(HEADER + rows(0, 10).replace(".50", ".70"), "utf-8")
    assert counts(run_workspace(folder)) == (70, 70, 0, 0)


def test_two_equal_files_in_one_run_count_once(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    add(folder, "a.csv", rows(0, 60))
    add(folder, "b.csv", rows(0, 60))
    assert counts(run_workspace(folder)) == (60, 60, 0, 0)


def test_a_file_written_anew_takes_the_place_of_what_it_was(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    add(folder, "a.csv", rows(0, 60))
    add(folder, "b.csv", rows(60, 90))
    before = run_workspace(folder)
    add(folder, "a.csv", rows(0, 59) + "r59,Emil,2024-02-29,1012.50\n")
    with pytest.raises(BrokenContract, match=r'98\.3% .* repeated_rows = "replace"'):
        run_workspace(folder)
    with_words(folder, 'files = "in/*.csv"', 'files = "in/*.csv"\nrepeated_rows = "replace"')
    after = run_workspace(folder)
    assert after.totals["net_revenue"] == before.totals["net_revenue"] + 1000 - (10 + 59 % 7 + 0.5 - 12.5)
    assert after.totals["invoices"] == 90


@pytest.mark.slow
def test_files_that_the_settings_no_longer_name_no_longer_count(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    add(folder, "a.csv", rows(0, 60))
    add(folder, "b.csv", rows(60, 90))
    run_workspace(folder)
    with_words(folder, 'files = "in/*.csv"', 'files = "in/b.csv"')
    outcome = run_workspace(folder)
    assert counts(outcome) == (30, 30, 0, 0)
    assert load_release(folder).scores().num_rows == 5


@pytest.mark.slow
def test_init_of_a_folder_lets_next_months_file_join(tmp_path: Path) -> None:
    (tmp_path / "months").mkdir()
    (tmp_path / "months" / "2024-01.csv").write_text(DATED + rows(0, 30), "utf-8")
    (tmp_path / "months" / "2024-02.csv").write_text(DATED + rows(30, 60), "utf-8")
    patron.init(tmp_path / "months", tmp_path / "shop")
    run_workspace(tmp_path / "shop")
    (tmp_path / "months" / "2024-03.csv").write_text(DATED + rows(60, 80), "utf-8")
    assert counts(run_workspace(tmp_path / "shop")) == (80, 80, 0, 0)


def test_a_refused_files_bad_rows_can_be_looked_at(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    add(folder, "a.csv", rows(0, 30) + "x,Ada,soon,1\n" * 20)
    with pytest.raises(BrokenContract, match=r"refused-rows\.log"):
        run_workspace(folder)
    told = (folder / "refused-rows.log").read_text("utf-8")
    assert told.count("unparseable_date") == 20
    assert "line 32" in told


@pytest.mark.parametrize("column", ["customer_id", "amount"])
def test_a_mapping_misspelt_after_the_file_was_read_is_refused_by_name(tmp_path: Path, column: str) -> None:
    folder = shop(tmp_path)
    add(folder, "a.csv", rows(0, 60))
    run_workspace(folder)
    settings = folder / "patron.toml"
    line = {"customer_id": 'customer_id = "who"', "amount": 'amount = "amount"'}[column]
    settings.write_text(settings.read_text("utf-8").replace(line, f'{column} = "whoo"'), "utf-8")
    with pytest.raises(BrokenContract, match="no column 'whoo'") as refused:
        run_workspace(folder)
    assert "Its header: 'id', 'who', 'when', 'amount'" in str(refused.value)
