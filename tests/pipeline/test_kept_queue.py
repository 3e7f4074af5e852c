"""What waits is left in a file at the end of a run: the same as the queue shows, and enough to decide by."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from patron.errors import StorageFailed
from patron.governance.state.opened import open_state
from patron.pipeline.judging.kept_queue import keep_waiting
from patron.pipeline.queue.queue import show, waiting
from patron.pipeline.runner import RunOutcome, Watcher, opened_run, run_until
from patron.quality.decision_log import append_decisions, logged_decisions
from patron.quality.decisions import Decision
from patron.quality.waiting_file import FILE_NAME, WaitingRecords, read_waiting
from pipeline.test_queue import FOREIGN, GOOD, UNREAD, WORDS, shop


def left_by_a_run(folder: Path) -> WaitingRecords:
    with opened_run(folder, Watcher()) as run:
        run_until(run, "check", Watcher())
        keep_waiting(run)
    found = read_waiting(folder)
    assert found is not None
    return found


def test_the_file_holds_what_the_queue_shows(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop", "id,who,when,amount,money\n" + GOOD + FOREIGN + WORDS + UNREAD)
    assert read_waiting(folder) is None
    kept = left_by_a_run(folder)
    shown = waiting(folder, limit=None)
    assert kept.total == shown.total >= 3
    assert [one.entry for one in kept.records] == [one.entry for one in shown.records]
    for one in kept.records[:2]:
        whole = show(folder, one.entry)
        assert (one.content, one.readable, one.may) == (whole.subject.content, whole.subject.readable, whole.may)
        assert (one.standing, one.reason, one.detail) == (
            whole.subject.standing,
            whole.subject.reason,
            whole.subject.detail,
        )
    assert stat.S_IMODE((folder / FILE_NAME).stat().st_mode) == 0o600


def test_a_run_that_publishes_leaves_it(shop_outcome: RunOutcome) -> None:
    kept = read_waiting(shop_outcome.workspace)
    assert kept is not None
    assert kept.total == waiting(shop_outcome.workspace).total


def test_what_is_decided_by_the_file_alone_is_settled_in_the_next_run(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop", "id,who,when,amount,money\n" + GOOD + FOREIGN + WORDS)
    kept = left_by_a_run(folder)
    (one,) = [record for record in kept.records if "x2" in record.content]
    append_decisions(
        folder,
        [
            Decision(
                0, one.entry, one.source, one.reason, one.standing, "drop", one.content, one.readable, one.detail, {},
                "anna", "Nonsense", kept.written_at,
            )
        ],
    )  # fmt: skip
    after = left_by_a_run(folder)
    assert {record.entry for record in kept.records} - {record.entry for record in after.records} == {one.entry}


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("{", "utf-8")
    with pytest.raises(StorageFailed, match="cannot be read"):
        read_waiting(tmp_path)


def test_decisions_are_read_while_somebody_writes_to_the_state(tmp_path: Path) -> None:
    state = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    with state.changing() as connection:
        connection.execute(text("UPDATE audit_head SET place = 0"))
        assert logged_decisions(tmp_path) == ()
    state.close()
