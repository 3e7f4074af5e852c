"""The exception queue: what people decide on a row is kept, holds for the next load too, and can be taken back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from patron.errors import BrokenContract, NothingThere, UnknownName, UsageError
from patron.pipeline.queue.queue import Judgement, decide, history, show, undo, waiting
from patron.pipeline.runner import Watcher, opened_run, run_until
from patron.pipeline.workspace import Workspace

SETTINGS = """\
[sources.sales]
table = "transactions"
files = "in/*.csv"
ROW_ID
[sources.sales.columns]
customer_id = "who"
occurred_at = "when"
amount = "amount"
currency = "money"

[quality]
quarantine_limit = 0.2
"""
CAST = ("Ada", "Bruno", "Chen", "Dara", "Emil")
GOOD = "".join(f"r{n},{CAST[n % 5]},2024-02-{n % 28 + 1:02},{10 + n}.50,EUR\n" for n in range(60))
FOREIGN, WORDS, UNREAD = "x1,Ada,2024-03-01,12.00,USD\n", "x2,Bruno,2024-03-02,twelve,EUR\n", "x3,Chen\n"


def shop(folder: Path, body: str, *, row_id: bool = False) -> Path:
    (folder / "in").mkdir(parents=True)
    (folder / "patron.toml").write_text(SETTINGS.replace("ROW_ID", 'row_id = "id"\n' if row_id else ""), "utf-8")
    add(folder, "a.csv", body)
    return folder


def add(folder: Path, name: str, body: str) -> None:
    (folder / "in" / name).write_text("id,who,when,amount,money\n" + body, "utf-8")


def check(folder: Path) -> dict[str, int]:
    """Read and judge; gives the counts over all files, which must balance."""
    with opened_run(folder, Watcher()) as run:
        run_until(run, "check", Watcher())
        rows = run.warehouse.fetch(run.warehouse.table("silver", "intake")).to_pylist()
    counts = {name: sum(row[name] for row in rows) for name in ("rows_in", "accepted", "duplicate", "quarantined")}
    assert counts["rows_in"] == counts["accepted"] + counts["duplicate"] + counts["quarantined"]
    return counts


def rows_of(folder: Path, schema: str, table: str) -> list[dict[str, Any]]:
    with Workspace.at(folder).warehouse() as warehouse:
        return warehouse.fetch(warehouse.table(schema, table)).to_pylist()


def entry(folder: Path, reason: str) -> str:
    (record,) = waiting(folder, reason=reason).records
    return record.entry


def reasons(folder: Path) -> dict[str, int]:
    return {count.reason: count.records for count in waiting(folder).counts}


def told(verdict: Any, **changes: str) -> Judgement:
    return Judgement(verdict, "we asked the shop", "Dara", changes)


def test_what_was_set_aside_waits_each_record_once_with_its_place(tmp_path: Path) -> None:
    folder = shop(tmp_path, GOOD + FOREIGN + FOREIGN + WORDS + UNREAD)
    check(folder)
    assert reasons(folder) == {"unknown_currency": 1, "unparseable_number": 1, "ragged": 1}
    (record,) = waiting(folder, reason="unknown_currency").records
    assert (record.file, record.line, record.rows, record.standing) == ("a.csv", 62, 2, "quarantined")
    assert "USD" in record.detail
    shown = show(folder, record.entry[:5])
    assert shown.columns["who"] == "Ada"
    assert shown.may == ("accept", "fix", "drop")


def test_an_accepted_row_is_believed_with_the_next_run_and_in_the_next_file(tmp_path: Path) -> None:
    folder = shop(tmp_path, GOOD + FOREIGN)
    assert check(folder)["accepted"] == 60
    decide(folder, [entry(folder, "unknown_currency")], told("accept"))
    assert reasons(folder) == {}
    assert check(folder) == {"rows_in": 61, "accepted": 61, "duplicate": 0, "quarantined": 0}
    add(folder, "b.csv", "y1,Emil,2024-03-05,3.00,EUR\ny2,Emil,2024-03-06,3.00,EUR\n" + FOREIGN)
    assert check(folder)["accepted"] == 64
    assert reasons(folder) == {"repeated_row": 1}  # the equal row of the first file is still told


def test_an_accepted_rule_lifts_no_other(tmp_path: Path) -> None:
    folder = shop(tmp_path, GOOD + FOREIGN.replace("2024-03-01", "2999-03-01"))
    check(folder)
    decide(folder, [entry(folder, "future_date")], told("accept"))
    assert check(folder)["quarantined"] == 1
    assert reasons(folder) == {"unknown_currency": 1}


def test_a_row_that_cannot_be_parsed_can_be_fixed_but_not_accepted(tmp_path: Path) -> None:
    folder = shop(tmp_path, GOOD + WORDS)
    check(folder)
    bad = entry(folder, "unparseable_number")
    with pytest.raises(UsageError, match="cannot be accepted.*twelve"):
        decide(folder, [bad], told("accept"))
    with pytest.raises(UsageError, match="as fixed could not be believed either.*dozen"):
        decide(folder, [bad], told("fix", amount="dozen"))
    assert history(folder) == ()


def test_a_fix_puts_a_value_in_place_leaves_bronze_alone_and_leaves_a_line_for_the_audit(tmp_path: Path) -> None:
    folder = shop(tmp_path, GOOD + WORDS)
    check(folder)
    decide(folder, [entry(folder, "unparseable_number")], told("fix", amount="12.00"))
    assert check(folder) == {"rows_in": 61, "accepted": 61, "duplicate": 0, "quarantined": 0}
    (fixed,) = (row for row in rows_of(folder, "silver", "transactions") if row["line"] == 62)
    assert (str(fixed["amount"]), fixed["customer_id"]) == ("12.0000", "Bruno")
    (raw,) = (row for row in rows_of(folder, "bronze", "raw_sales") if row["line"] == 62)
    assert raw["amount"] == "twelve"
    (mark,) = rows_of(folder, "silver", "decided")
    assert (mark["line"], mark["verdict"], mark["by"], mark["because"]) == (62, "fix", "Dara", "we asked the shop")
    assert json.loads(mark["changes"]) == {"amount": {"came": "twelve", "now": "12.00"}}


def test_no_value_is_filled_in_that_nobody_gave(tmp_path: Path) -> None:
    folder = shop(tmp_path, GOOD + "x4,,2024-03-04,5.00,\n" + "x5,Ada,2024-03-04,,EUR\n")
    check(folder)
    (anonymous,) = (row for row in rows_of(folder, "silver", "transactions") if row["line"] == 62)
    assert anonymous["customer_id"] is None
    assert anonymous["currency"] is None
    assert reasons(folder) == {"missing_amount": 1}
    assert rows_of(folder, "silver", "decided") == []


def test_a_line_that_could_not_be_read_becomes_a_row_by_a_fix(tmp_path: Path) -> None:
    folder = shop(tmp_path, GOOD + UNREAD)
    check(folder)
    bad = entry(folder, "ragged")
    assert show(folder, bad).subject.content == "x3,Chen"
    decide(folder, [bad], told("fix", customer_id="Chen", when="2024-03-03", amount="7"))
    assert check(folder) == {"rows_in": 61, "accepted": 61, "duplicate": 0, "quarantined": 0}
    undo(folder, [bad], because="it was another", by="Emil")
    assert check(folder)["quarantined"] == 1
    assert reasons(folder) == {"ragged": 1}


def test_a_dropped_row_stays_set_aside_and_is_not_asked_about_again(tmp_path: Path) -> None:
    folder = shop(tmp_path, GOOD + WORDS)
    check(folder)
    decide(folder, [entry(folder, "unparseable_number")], told("drop"))
    assert reasons(folder) == {}
    add(folder, "b.csv", "y1,Emil,2024-03-05,3.00,EUR\n" * 4 + WORDS)
    assert check(folder)["quarantined"] == 2
    assert "unparseable_number" not in reasons(folder)


def test_what_a_person_dropped_does_not_count_towards_the_limit(tmp_path: Path) -> None:
    folder = shop(tmp_path, GOOD + WORDS)
    check(folder)
    decide(folder, [entry(folder, "unparseable_number")], told("drop"))
    add(folder, "b.csv", WORDS)
    assert check(folder)["quarantined"] == 2
    add(folder, "c.csv", WORDS.replace("x2", "x9"))
    with pytest.raises(BrokenContract, match="cannot be believed"):
        check(folder)


def test_a_flag_is_settled_by_accepting_and_the_row_leaves_silver_by_dropping(tmp_path: Path) -> None:
    folder = shop(tmp_path, GOOD + "x6,Ada,2024-03-01,0,EUR\nx7,Emil,2024-03-01,0,EUR\n")
    before = check(folder)
    first, second = (record.entry for record in waiting(folder, reason="zero_price").records)
    decide(folder, [first], told("accept"))
    assert reasons(folder) == {"zero_price": 1}
    assert check(folder) == before
    decide(folder, [second], told("drop"))
    assert check(folder) == {"rows_in": 62, "accepted": 61, "duplicate": 0, "quarantined": 1}
    assert reasons(folder) == {}
    (aside,) = rows_of(folder, "silver", "quarantine")
    assert aside["reason"] == "zero_price"
    assert "dropped by Dara: we asked the shop" in aside["detail"]


@pytest.mark.parametrize(("verdict", "changes"), [("accept", {}), ("fix", {"money": "EUR"}), ("drop", {})])
def test_taken_back_a_decision_leaves_every_row_as_it_was_before(
    tmp_path: Path, verdict: str, changes: dict[str, str]
) -> None:
    folder = shop(tmp_path, GOOD + FOREIGN + "x6,Ada,2024-03-01,0,EUR\n")
    check(folder)
    before = [rows_of(folder, "silver", table) for table in ("transactions", "quarantine", "review", "intake")]
    ids = [entry(folder, "unknown_currency"), *([entry(folder, "zero_price")] if verdict == "drop" else [])]
    decide(folder, ids, told(verdict, **changes))
    check(folder)
    undo(folder, ids, because="too quick", by="Emil")
    check(folder)
    after = [rows_of(folder, "silver", table) for table in ("transactions", "quarantine", "review", "intake")]
    assert [in_order(rows) for rows in after] == [in_order(rows) for rows in before]
    assert [decision.verdict for decision in history(folder)[: len(ids)]] == ["undo"] * len(ids)


def in_order(rows: Sequence[dict[str, Any]]) -> list[str]:
    return sorted(str(row) for row in rows)


def test_of_rows_that_share_an_id_the_accepted_one_stays_or_those_that_were_not_dropped(tmp_path: Path) -> None:
    two = "r99,Ada,2024-03-01,5.00,EUR\nr99,Ada,2024-03-01,6.00,EUR\n"
    folder = shop(tmp_path, GOOD + two, row_id=True)
    assert check(folder)["quarantined"] == 2
    lower, higher = waiting(folder, reason="conflicting_id").records
    decide(folder, [higher.entry], told("accept"))
    assert check(folder)["accepted"] == 61
    assert [str(r["amount"]) for r in rows_of(folder, "silver", "transactions") if r["row_id"] == "r99"] == ["6.0000"]
    undo(folder, [higher.entry], because="the other", by="Emil")
    decide(folder, [higher.entry], told("drop"))
    check(folder)
    assert [str(r["amount"]) for r in rows_of(folder, "silver", "transactions") if r["row_id"] == "r99"] == ["5.0000"]
    assert lower.entry != higher.entry


def test_only_a_decision_that_moves_rows_makes_a_run_judge_again_and_only_the_table_it_is_about(tmp_path: Path) -> None:
    folder = shop(tmp_path, GOOD + FOREIGN + WORDS)
    with (folder / "patron.toml").open("a", encoding="utf-8") as settings:
        settings.write(
            '[sources.people]\ntable = "customers"\nfiles = "people.csv"\n[sources.people.columns]\n'
            'customer_id = "who"\nregion = "town"\n'
        )
    (folder / "people.csv").write_text("who,town\n" + "".join(f"{name},Ulm\n" for name in CAST), "utf-8")
    check(folder)
    decide(folder, [entry(folder, "unparseable_number")], told("drop"))
    assert judged_rows(folder) is None  # the run's key is the same: nothing is done
    decide(folder, [entry(folder, "unknown_currency")], told("accept"))
    assert judged_rows(folder) == 62


def judged_rows(folder: Path) -> int | None:
    """Rows judged by a run that finds its steps not done yet."""
    with opened_run(folder, Watcher()) as run:
        done = run_until(run, "check", Watcher())[-1]
    return None if done.resumed else done.counts["rows_in"]


def test_a_decision_needs_a_reason_and_a_record_that_is_there(tmp_path: Path) -> None:
    folder = shop(tmp_path, GOOD + FOREIGN)
    with pytest.raises(NothingThere, match="Run 'patron run' first"):
        waiting(folder)
    check(folder)
    with pytest.raises(UsageError, match="needs a reason"):
        Judgement("accept", "  ", "Dara")
    with pytest.raises(UsageError, match="needs at least one new value"):
        Judgement("fix", "so", "Dara")
    with pytest.raises(NothingThere, match="No record in the queue has the id 'ffffff'"):
        decide(folder, ["ffffff"], told("accept"))
    with pytest.raises(UnknownName, match="no_such_reason"):
        waiting(folder, reason="no_such_reason")
    with pytest.raises(UnknownName, match="No column of this source named 'colour'"):
        decide(folder, [entry(folder, "unknown_currency")], told("fix", colour="red"))
    with pytest.raises(NothingThere, match="No decision in force"):
        undo(folder, [entry(folder, "unknown_currency")], because="so", by="Dara")


def test_a_fixed_row_that_other_settings_set_aside_again_waits_again(tmp_path: Path) -> None:
    folder = shop(tmp_path, GOOD.replace(".50", "") + WORDS)
    check(folder)
    decide(folder, [entry(folder, "unparseable_number")], told("fix", amount="12.25"))
    assert check(folder)["quarantined"] == 0
    text = (folder / "patron.toml").read_text("utf-8")
    (folder / "patron.toml").write_text(text.replace("files =", 'decimal = ","\nfiles ='), "utf-8")
    assert check(folder)["quarantined"] == 1
    assert reasons(folder) == {"unparseable_number": 1}


def test_dropping_a_repeat_leaves_the_sale_that_it_repeats_also_in_the_next_file(tmp_path: Path) -> None:
    twin = "z,Ada,2024-03-04 10:00,77.00,EUR\n"
    folder = shop(tmp_path, GOOD + twin + twin)
    text = (
        (folder / "patron.toml")
        .read_text("utf-8")
        .replace('currency = "money"', 'currency = "money"\norder_id = "none"')
    )
    (folder / "patron.toml").write_text(
        text.replace('files = "in/*.csv"', 'files = "in/*.csv"\nrepeated_rows = "keep"'), "utf-8"
    )
    body = (folder / "in" / "a.csv").read_text("utf-8").replace("money\n", "money,none\n", 1).replace("EUR\n", "EUR,\n")
    (folder / "in" / "a.csv").write_text(body, "utf-8")
    check(folder)
    decide(folder, [entry(folder, "probable_repeat")], told("drop"))
    check(folder)
    assert amounts(folder).count("77.0000") == 1
    (folder / "in" / "b.csv").write_text("id,who,when,amount,money,none\n" + twin.replace("EUR", "EUR,"), "utf-8")
    check(folder)
    assert amounts(folder).count("77.0000") == 1


def amounts(folder: Path) -> list[str]:
    return [str(row["amount"]) for row in rows_of(folder, "silver", "transactions") if row["superseded_at"] is None]


def test_a_second_fix_of_a_row_stands_on_the_first(tmp_path: Path) -> None:
    folder = shop(tmp_path, GOOD + "x1,Ada,some day,90000.00,EUR\n")
    check(folder)
    decide(folder, [entry(folder, "unparseable_date")], told("fix", when="2024-03-05"))
    check(folder)
    outlier = entry(folder, "outlier")
    decide(folder, [outlier], told("fix", amount="90.00"))
    check(folder)
    (row,) = [row for row in rows_of(folder, "silver", "transactions") if str(row["amount"]) == "90.0000"]
    assert f"{row['occurred_at']:%Y-%m-%d}" == "2024-03-05"
    assert [one.reason for one in show(folder, outlier).decisions] == ["unparseable_date", "outlier"]


def test_what_waited_of_a_file_waits_no_longer_when_another_state_takes_its_place(tmp_path: Path) -> None:
    folder = shop(tmp_path, GOOD + FOREIGN)
    text = (folder / "patron.toml").read_text("utf-8")
    (folder / "patron.toml").write_text(
        text.replace('files = "in/*.csv"', 'files = "in/*.csv"\nrepeated_rows = "replace"'), "utf-8"
    )
    check(folder)
    assert reasons(folder) == {"unknown_currency": 1}
    add(folder, "a.csv", GOOD + FOREIGN.replace("USD", "EUR"))
    check(folder)
    assert reasons(folder) == {}
    counted = {row["superseded_at"] is None: row["accepted"] for row in rows_of(folder, "silver", "intake")}
    assert counted == {False: 60, True: 61}
