"""Sources that number the versions of their rows: the newest holds, in whatever order the files come."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from patron.errors import BrokenContract, SettingsError, UsageError
from patron.pipeline.inquiries.quarantine import quarantined_rows
from patron.pipeline.queue.queue import Judgement, decide, undo, waiting
from patron.pipeline.runner import Watcher, opened_run, run_until
from patron.pipeline.workspace import Workspace

SALES = """\
[sources.sales]
table = "transactions"
files = "sales"
row_id = "id"
row_version = "changed"
deleted_when = { column = "state", equals = ["deleted"] }
columns = { customer_id = "who", order_id = "receipt", occurred_at = "when", amount = "amount" }

[quality]
quarantine_limit = 1.0
"""
PEOPLE = """
[sources.people]
table = "customers"
files = "people"
row_version = "edition"
columns = { customer_id = "who", country = "country" }
"""
HEADERS = {"sales": "id,changed,state,who,receipt,when,amount", "people": "who,edition,country", "web": "who,country"}
FIRST = "n1,2024-03-01 09:00,,Ada,,2024-02-28,10"
SECOND = "n1,2024-03-01 09:05,,Ada,,2024-02-28,12"
GONE = "n1,2024-03-02,deleted,,,,"
OTHER = "n2,2024-03-01,,Bruno,R7,2024-02-29,5"


def shop(folder: Path, text: str = SALES) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "patron.toml").write_text(text, "utf-8")
    return folder


def load(folder: Path, source: str, name: str, *rows: str) -> dict[str, int]:
    """Put a file there and judge it; gives what became of its rows."""
    (folder / source).mkdir(exist_ok=True)
    (folder / source / name).write_text("\n".join([HEADERS[source], *rows]) + "\n", "utf-8")
    counts = judge_again(folder)
    return {key: counts[key] for key in ("accepted", "duplicate", "quarantined")}


def judge_again(folder: Path) -> dict[str, int]:
    with opened_run(folder, Watcher()) as run:
        return run_until(run, "check", Watcher())[-1].counts


def fates(accepted: int, duplicate: int, quarantined: int) -> dict[str, int]:
    return {"accepted": accepted, "duplicate": duplicate, "quarantined": quarantined}


def kept(folder: Path, table: str = "transactions") -> list[dict[str, Any]]:
    with Workspace.at(folder).warehouse() as house:
        return house.fetch(house.table("silver", table).order_by(["row_version", "line"])).to_pylist()


def holding(folder: Path, table: str = "transactions", value: str = "amount") -> list[str]:
    return sorted(str(row[value]) for row in kept(folder, table) if row["superseded_at"] is None)


def test_a_late_older_version_is_kept_but_the_newer_one_holds(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    assert load(folder, "sales", "b.csv", SECOND, OTHER) == fates(2, 0, 0)
    assert load(folder, "sales", "a.csv", FIRST) == fates(1, 0, 0)
    assert holding(folder) == ["12.0000", "5.0000"]
    late = next(row for row in kept(folder) if str(row["amount"]) == "10.0000")
    assert late["superseded_at"] == late["arrived_at"]


def test_two_versions_in_one_file_are_no_conflict(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    assert load(folder, "sales", "a.csv", SECOND, FIRST, FIRST) == fates(2, 1, 0)
    assert holding(folder) == ["12.0000"]


def test_a_row_without_an_order_that_comes_again_in_another_file_is_a_duplicate(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    load(folder, "sales", "a.csv", FIRST)
    assert load(folder, "sales", "b.csv", OTHER, FIRST) == fates(1, 1, 0)
    assert [row["order_id"] for row in kept(folder)] == ["R7", "sales-n1"]


FIRST_ORDER, *MORE_ORDERS = permutations(range(3))


@pytest.mark.parametrize("order", [FIRST_ORDER, *(pytest.param(o, marks=pytest.mark.slow) for o in MORE_ORDERS)])
def test_a_deletion_closes_the_row_whenever_it_comes(tmp_path: Path, order: tuple[int, ...]) -> None:
    folder = shop(tmp_path)
    load(folder, "sales", "0.csv", OTHER)
    told = (FIRST, SECOND, GONE)
    for number in order:
        assert load(folder, "sales", f"{number + 1}.csv", told[number]) == fates(1, 0, 0)
    assert holding(folder) == ["5.0000"]
    assert [row["is_deleted"] for row in kept(folder)] == [False, False, False, True]


def test_one_version_told_in_two_ways_holds_in_neither_until_a_higher_one_comes(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    load(folder, "sales", "a.csv", OTHER, SECOND)
    assert load(folder, "sales", "b.csv", SECOND.replace(",12", ",99")) == fates(0, 0, 1)
    assert holding(folder) == ["5.0000"]
    reasons, found = quarantined_rows(folder, 5)
    assert reasons == {"conflicting_id": 1}
    assert "neither holds until a higher version comes" in found[0]["detail"]
    load(folder, "sales", "c.csv", "n1,2024-03-05,,Ada,,2024-02-28,13")
    assert holding(folder) == ["13.0000", "5.0000"]


@pytest.mark.slow
def test_a_person_settles_a_version_told_in_two_ways_by_dropping_one_or_making_it_the_newer(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    load(folder, "sales", "a.csv", OTHER, SECOND)
    load(folder, "sales", "b.csv", SECOND.replace(",12", ",99"))
    (record,) = waiting(folder, reason="conflicting_id").records
    with pytest.raises(UsageError, match="cannot be accepted"):
        decide(folder, [record.entry], Judgement("accept", "it is right", "Dara"))
    decide(folder, [record.entry], Judgement("drop", "it is wrong", "Dara"))
    judge_again(folder)
    assert holding(folder) == ["12.0000", "5.0000"]
    undo(folder, [record.entry], because="it was right", by="Dara")
    newer = Judgement("fix", "it is right", "Dara", {"changed": "2024-03-01 09:06"})
    decide(folder, [record.entry], newer)
    judge_again(folder)
    assert holding(folder) == ["5.0000", "99.0000"]


def test_a_version_that_cannot_be_read_or_is_missing_is_quarantined(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    bad = [FIRST.replace("2024-03-01 09:00", changed) for changed in ("", "soon")]
    assert load(folder, "sales", "a.csv", *bad, OTHER, "n9,,deleted,,,,") == fates(1, 0, 3)
    reasons, _ = quarantined_rows(folder, 5)
    assert reasons == {"missing_row_version": 2, "unreadable_version": 1}


def test_whole_numbers_order_versions_as_well_as_times(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    rows = [f"n1,{version},,Ada,,2024-02-28,{amount}" for version, amount in ((9, 90), (10, 100), (-1, 1))]
    load(folder, "sales", "a.csv", *rows)
    assert holding(folder) == ["100.0000"]
    assert [row["row_version"] for row in kept(folder)] == [-1, 9, 10]


def test_the_newest_record_of_a_customer_holds_whatever_the_order(tmp_path: Path) -> None:
    folder = shop(tmp_path, SALES + PEOPLE)
    (folder / "people").mkdir()
    (folder / "people" / "a.csv").write_text("who,edition,country\nAda,2,FR\nBruno,1,IT\n")
    load(folder, "sales", "a.csv", FIRST, OTHER)
    load(folder, "people", "b.csv", "Ada,1,DE", "Bruno,2,ES")
    assert holding(folder, "customers", "country") == ["ES", "FR"]
    assert len(kept(folder, "customers")) == 4


def test_sources_of_one_keyed_table_have_versions_all_or_none(tmp_path: Path) -> None:
    web = PEOPLE.replace("people", "web").replace('row_version = "edition"\n', "")
    with pytest.raises(
        SettingsError, match=r"table customers is filled by sources with a row_version and without \(web\)"
    ):
        Workspace.at(shop(tmp_path, SALES + PEOPLE + web))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('row_id = "id"\n', "", "name row_id as well"),
        ('row_version = "changed"\n', "", "deleted_when needs row_version"),
        ('row_id = "id"\n', 'row_id = "id"\nrepeated_rows = "replace"\n', "exclude each other"),
    ],
)
def test_settings_that_cannot_tell_versions_apart_are_refused(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    with pytest.raises(SettingsError, match=complaint):
        Workspace.at(shop(tmp_path, SALES.replace(old, new)))


def test_a_version_column_that_the_file_lacks_is_named(tmp_path: Path) -> None:
    folder = shop(tmp_path, SALES.replace('"changed"', '"updated"'))
    with pytest.raises(BrokenContract, match="no column 'updated'"):
        load(folder, "sales", "a.csv", FIRST)
