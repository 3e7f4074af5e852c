"""`patron watch` as people start it: lines as things happen, and a clean end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

SETTINGS = """\
[sources.sales]
table = "transactions"
files = "in"
columns = { customer_id = "who", occurred_at = "when", amount = "amount" }

[models]
candidates = ["bg_nbd"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "patron.toml").write_text(SETTINGS, "utf-8")
    return tmp_path


def put(folder: Path, name: str, bad: int = 0) -> None:
    lines = [f"c{n % 5},{date(2024, 1, 1) + timedelta(days=n)},{10 + n}.50\n" for n in range(12)]
    (folder / "in" / name).write_text("who,when,amount\n" + "".join(lines) + "Ada,soon,1\n" * bad, "utf-8")


def started(folder: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from patron.surfaces.cli.main import entry; entry()", "watch", "-w", str(folder)]
    return subprocess.Popen([*command, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_file_put_there_is_run_once_and_sigterm_ends_the_watch_cleanly(folder: Path) -> None:
    with started(folder, "--every", "0.2s", "--json") as watch:
        assert watch.stdout is not None
        told = [json.loads(watch.stdout.readline())]
        put(folder, "a.csv")
        while told[-1]["event"] not in ("run_finished", "run_failed"):
            told.append(json.loads(watch.stdout.readline()))
        watch.send_signal(signal.SIGTERM)
        rest, talk = watch.communicate(timeout=60)
    told += [json.loads(line) for line in rest.splitlines()]
    assert [event["event"] for event in told] == ["watching", "run_started", "run_finished", "stopped"]
    assert told[2]["files"] == ["a.csv"]
    assert (folder / "releases" / told[2]["release"] / "manifest.json").is_file()
    assert (watch.returncode, "Traceback" in talk) == (0, False)


def test_once_gives_the_exit_code_of_a_run_that_failed(folder: Path) -> None:
    put(folder, "a.csv", bad=20)
    with started(folder, "--every", "0.2s", "--once") as watch:
        told, _ = watch.communicate(timeout=120)
    assert watch.returncode == 3
    assert "✗ a.csv" in told
    assert "not tried again before" in told


def test_a_pace_that_is_no_time_is_refused(folder: Path) -> None:
    with started(folder, "--every", "soon") as watch:
        _, talk = watch.communicate(timeout=60)
    assert watch.returncode == 2
    assert "'soon' is no time to wait between two looks." in talk
