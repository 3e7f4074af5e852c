"""The command line: instant help, plain errors with exit codes, JSON on stdout and talk on stderr."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from surfaces.typed import typed as patron

ORDERS = "order,client,date,total\n" + "".join(
    f"o{n},{name},2024-{1 + n % 6:02d}-{1 + (n * 7) % 28:02d},{10 + n % 9}.00\n"
    for n, name in enumerate(["Ada", "Bruno", "Chen", "Dara"] * 40)
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small shop, initialised and run at the command line."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "orders.csv").write_text(ORDERS, "utf-8")
    made = patron("init", "orders.csv", "--yes", folder=folder)
    assert made.returncode == 0, made.stderr
    ran = patron("run", folder=folder)
    assert ran.returncode == 0, ran.stderr
    (folder / "stdout.txt").write_text(ran.stdout, "utf-8")
    (folder / "stderr.txt").write_text(ran.stderr, "utf-8")
    return folder


def test_help_answers_within_half_a_second() -> None:
    times = []
    for _ in range(3):
        began = time.perf_counter()
        assert "init" in patron("--help").stdout
        times.append(time.perf_counter() - began)
    assert min(times) < 0.5


def test_every_command_has_help() -> None:
    for words in (
        (),
        ("init",),
        ("run",),
        ("fetch",),
        ("sources",),
        ("demo",),
        ("doctor",),
        ("backtest",),
        ("forecast",),
        ("prospects",),
        ("quarantine",),
        ("customer",),
        ("segments",),
        ("moves",),
        ("alerts",),
        ("bridge",),
        ("release",),
        ("release", "list"),
        ("features", "list"),
    ):
        told = patron(*words, "--help")
        assert told.returncode == 0
        assert "--help" in told.stdout


def test_a_run_tells_results_on_stdout_and_progress_on_stderr(shop: Path) -> None:
    out, err = (shop / "stdout.txt").read_text("utf-8"), (shop / "stderr.txt").read_text("utf-8")
    assert "4 customers are expected" in out
    assert "report.html" in out
    assert "patron release show" in out
    assert "Read the files" in err
    assert "160 accepted" in err


def test_json_is_all_that_stands_on_stdout(shop: Path) -> None:
    told = json.loads(patron("run", "--json", folder=shop).stdout)
    assert told["unchanged"] is True
    assert (told["customers"], told["rows_in"], told["accepted"]) == (4, 160, 160)
    assert [step["name"] for step in told["steps"]][:2] == ["ingest", "check"]


def test_releases_are_listed_shown_and_rolled_back(shop: Path) -> None:
    changed = patron("run", folder=shop, settings={"PATRON_VALUE_REFUNDS": "ignore"})
    assert changed.returncode == 0, changed.stderr
    listed = json.loads(patron("release", "list", "--json", folder=shop).stdout)
    assert [m["current"] for m in listed] == [True, False]
    shown = patron("release", "show", folder=shop)
    assert "files are as published" in shown.stdout
    back = patron("release", "rollback", folder=shop)
    assert listed[1]["id"] in back.stdout
    again = patron("release", "rollback", folder=shop)
    assert again.returncode == 2
    assert "no earlier release" in again.stderr


def test_the_feature_catalogue_is_printed() -> None:
    told = json.loads(patron("features", "list", "--json").stdout)
    assert len(told) >= 40
    assert all(feature["formula"] and feature["unit"] and feature["window"] for feature in told)
    assert "frequency" in patron("features", "list").stdout


def test_no_quarantined_row_is_said_plainly(shop: Path) -> None:
    assert "No row is quarantined" in patron("quarantine", folder=shop).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run",), 2, "Run 'patron init FILE'"),
        (("run", "-w", "nowhere"), 2, "nowhere"),
        (("init", "missing.csv", "--yes"), 2, "missing.csv"),
        (("release", "show"), 2, "patron run"),
        (("release", "show", "2020"), 2, "2020"),
        (("quarantine",), 2, "patron init"),
        (("demo", "--world", "shopp"), 2, "shop"),
        (("demo", "--world", "online-retail"), 2, "--file"),
        (("init", "x.csv", "--profile", "bnak", "--yes"), 2, "retail, bank, subscription"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words_with_an_exit_code(
    tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "x.csv").write_text(ORDERS, "utf-8")
    told = patron(*arguments, folder=tmp_path)
    assert told.returncode == code, told.stderr
    assert words in told.stderr
    assert "Traceback" not in told.stderr


def test_errors_are_json_where_json_was_asked_for(tmp_path: Path) -> None:
    told = patron("run", "--json", folder=tmp_path)
    assert told.returncode == 2
    assert json.loads(told.stdout)["error"] == "NothingThere"


def test_init_asks_and_takes_no_for_an_answer(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS, "utf-8")
    told = patron("init", "orders.csv", folder=tmp_path, answer="n\n")
    assert told.returncode == 2
    assert not (tmp_path / "patron.toml").exists()
    silent = patron("init", "orders.csv", folder=tmp_path)
    assert silent.returncode == 2
    assert "--yes" in silent.stderr
    assert patron("init", "orders.csv", folder=tmp_path, answer="y\n").returncode == 0
    assert 'customer_id = "client"' in (tmp_path / "patron.toml").read_text("utf-8")


def test_init_does_not_stand_over_an_existing_file(shop: Path) -> None:
    before = (shop / "patron.toml").read_text("utf-8")
    told = patron("init", "orders.csv", "--yes", folder=shop)
    assert told.returncode == 2
    assert "exists already" in told.stderr
    assert (shop / "patron.toml").read_text("utf-8") == before


def test_faults_in_the_settings_are_all_told_with_their_lines(shop: Path, tmp_path: Path) -> None:
    text = (shop / "patron.toml").read_text("utf-8").replace("[value]", '[value]\ncolour = "red"\nbasis = "profit"')
    (tmp_path / "patron.toml").write_text(text, "utf-8")
    told = patron("run", folder=tmp_path)
    assert told.returncode == 2
    line = text.splitlines().index("[value]") + 2
    assert f"line {line}: value.colour" in told.stderr
    assert f"line {line + 1}: value.basis" in told.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to another process")
def test_an_interrupted_run_says_how_to_go_on(shop: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    (folder / "patron.toml").write_text((shop / "patron.toml").read_text("utf-8"), "utf-8")
    (folder / "orders.csv").write_text(ORDERS + ORDERS[ORDERS.index("\n") + 1 :] * 150, "utf-8")
    command = [sys.executable, "-m", "patron", "run", "-w", str(folder)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever starts the tests in the background may have them ignore Ctrl-C; a process inherits that.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    while not (folder / "run.lock.json").exists():
        time.sleep(0.01)
    while process.poll() is None:  # an engine deep in a query may miss one
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT), told
    assert "Interrupted" in told
    assert "Traceback" not in told
    assert patron("run", "-w", str(folder)).returncode == 0
