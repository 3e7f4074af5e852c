"""A started run is a process of its own: it tells how it ended, ends when it is asked to, and leaves what is published."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from patron.errors import NothingThere, UsageError, WorkspaceBusy
from patron.pipeline.started.record import RunRecord, progress, read_record, records, run_folder
from patron.pipeline.started.start import cancel_run, start_run

SETTINGS = """
[sources.orders]
table = "transactions"
files = "orders.csv"
columns = { customer_id = "who", occurred_at = "when", amount = "amount" }
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "patron.toml").write_text(SETTINGS, "utf-8")
    return tmp_path


def waited(folder: Path, run_id: str, until: Callable[[RunRecord], bool]) -> RunRecord:
    began = time.monotonic()
    while time.monotonic() < began + 60:
        record = read_record(run_folder(folder, run_id))
        if until(record):
            return record
        time.sleep(0.05)
    raise AssertionError(f"still {record}")


def process_of(run_id: str) -> int:
    """The process of a run, by its command."""
    commands = {int(path.parent.name): path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")}
    return next(number for number, command in commands.items() if run_id.encode() in command)


def has_ended(record: RunRecord) -> bool:
    return record.status != "running"


def test_a_run_that_is_refused_says_why(shop: Path) -> None:
    record = start_run(shop, "marie")
    assert (record.status, record.asked_by) == ("running", "marie")
    ended = waited(shop, record.id, has_ended)
    assert (ended.status, ended.release) == ("refused", None)
    assert "orders.csv" in (ended.because or "")
    assert [told["kind"] for _, told in progress(run_folder(shop, record.id))][-1:] == ["ended"]
    assert [one.id for one in records(shop)] == [record.id]


def test_a_workspace_that_is_held_is_said_at_once(shop: Path) -> None:
    hold = f"import time; from datetime import datetime, UTC; from pathlib import Path\nfrom patron.pipeline.workspace import Workspace\nwith Workspace.at(Path({str(shop)!r})).locked(datetime.now(UTC)):\n    print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            with pytest.raises(WorkspaceBusy):
                start_run(shop, "marie")
        finally:
            holder.kill()
    assert records(shop) == []


def test_an_unknown_run_is_nothing(shop: Path) -> None:
    for name in ("x", "../patron.toml", "20261101T000000Z-0123456789abcdef"):
        with pytest.raises(NothingThere):
            run_folder(shop, name)


@pytest.mark.slow
def test_a_run_is_ended_and_another_one_publishes(shop: Path) -> None:
    rows = [
        f"c{number % 300},2026-{1 + number % 9:02}-{1 + number % 28:02},{5 + number % 50}" for number in range(6_000)
    ]
    (shop / "orders.csv").write_text("who,when,amount\n" + "\n".join(rows) + "\n", "utf-8")
    record = start_run(shop, "marie")
    waited(shop, record.id, lambda _: len(progress(run_folder(shop, record.id))) > 2)
    cancel_run(shop, record.id)
    assert waited(shop, record.id, has_ended).status == "cancelled"
    assert not (shop / "releases" / "current").exists()
    with pytest.raises(UsageError, match="has ended"):
        cancel_run(shop, record.id)
    published = waited(shop, start_run(shop, "marie").id, has_ended)
    assert published.status == "published"
    assert (shop / "releases" / "current").read_text().strip() == published.release


@pytest.mark.slow
@pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(), reason="finds the run's process in /proc, which is not here"
)
def test_a_run_whose_process_was_killed_has_died(shop: Path) -> None:
    rows = [
        f"c{number % 300},2026-{1 + number % 9:02}-{1 + number % 28:02},{5 + number % 50}" for number in range(6_000)
    ]
    (shop / "orders.csv").write_text("who,when,amount\n" + "\n".join(rows) + "\n", "utf-8")
    record = start_run(shop, "marie")
    waited(shop, record.id, lambda _: len(progress(run_folder(shop, record.id))) > 2)
    os.kill(process_of(record.id), signal.SIGKILL)
    assert waited(shop, record.id, has_ended).status == "died"
