"""A watched folder starts exactly one run for each new file, come what may."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from patron.pipeline import watch as watching
from patron.pipeline.runner import RunOutcome, Watcher, run_until
from patron.pipeline.step import Run
from patron.pipeline.watch import Event, Pace, Watch, keep_watching
from patron.pipeline.workspace import Workspace

HEADER = "who,when,amount\n"
SETTINGS = """\
[sources.sales]
table = "transactions"
files = "in/*"
repeated_rows = "keep"
columns = { customer_id = "who", occurred_at = "when", amount = "amount" }
"""


def read_and_checked(run: Run, watcher: Watcher) -> RunOutcome:
    """The first two steps of a run, which do all that a watch depends on; the others take the time."""
    run_until(run, "check", watcher)
    return RunOutcome(
        run.workspace.folder, "a release", run.workspace.folder, unchanged=False, steps=(), totals={}, expected={}
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "patron.toml").write_text(SETTINGS, "utf-8")
    monkeypatch.setattr(watching, "run_to_release", read_and_checked)
    return tmp_path


def put(folder: Path, name: str, first: int = 0, rows: int = 12, bad: int = 0) -> None:
    lines = [f"c{n % 5},{date(2024, 1, 1) + timedelta(days=n)},{10 + n}.50\n" for n in range(first, first + rows)]
    (folder / "in" / name).write_text(HEADER + "".join(lines) + "Ada,soon,1\n" * bad, "utf-8")


class Diary:
    """What a watch told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def of(self, what: str) -> list[tuple[str, ...]]:
        return [event.files for event in self.events if event.what == what]


def looks(watch: Watch, number: int = 4) -> None:
    for _ in range(number):
        watch.look()


def loaded(folder: Path) -> int:
    with Workspace.at(folder).warehouse() as house:
        return house.count("silver", "transactions")


def test_each_new_file_starts_exactly_one_run(folder: Path) -> None:
    told = Diary()
    watch = Watch(folder, told)
    looks(watch)
    assert watch.runs == 0
    put(folder, "a.csv")
    looks(watch)
    put(folder, "b.csv", first=12)
    looks(watch)
    assert told.of("run_started") == told.of("run_finished") == [("a.csv",), ("b.csv",)]
    assert loaded(folder) == 24


def test_files_that_come_together_share_one_run(folder: Path) -> None:
    told = Diary()
    put(folder, "a.csv")
    put(folder, "b.csv", first=12)
    looks(Watch(folder, told))
    assert told.of("run_started") == [("a.csv", "b.csv")]


def test_files_that_come_while_a_run_is_at_work_get_one_further_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(run: Run, watcher: Watcher) -> RunOutcome:
        outcome = read_and_checked(run, watcher)
        if len(run.files) == 1:
            put(folder, "b.csv", first=12)
            put(folder, "c.csv", first=24)
        return outcome

    monkeypatch.setattr(watching, "run_to_release", slowly)
    told = Diary()
    put(folder, "a.csv")
    looks(Watch(folder, told), 6)
    assert told.of("run_started") == [("a.csv",), ("b.csv", "c.csv")]
    assert loaded(folder) == 36


def test_the_same_bytes_under_another_name_start_none_and_are_told(folder: Path) -> None:
    told = Diary()
    watch = Watch(folder, told)
    put(folder, "a.csv")
    looks(watch)
    put(folder, "copy.csv")
    looks(watch)
    (folder / "in" / "a.csv").unlink()
    looks(watch)
    assert watch.runs == 1
    assert told.of("duplicate") == [("copy.csv",)]


def test_an_ending_that_nobody_reads_is_left_alone(folder: Path) -> None:
    told = Diary()
    watch = Watch(folder, told)
    put(folder, "a.csv")
    put(folder, "b.csv.part", first=12)
    looks(watch)
    assert (told.of("run_finished"), told.of("ignored")) == ([("a.csv",)], [("b.csv.part",)])
    (folder / "in" / "b.csv.part").rename(folder / "in" / "b.csv")
    looks(watch)
    assert told.of("run_finished")[1:] == [("b.csv",)]


def test_a_run_that_fails_is_told_once_and_tried_again_when_something_changes(folder: Path) -> None:
    told = Diary()
    watch = Watch(folder, told)
    put(folder, "a.csv")
    looks(watch)
    put(folder, "bad.csv", first=40, rows=5, bad=20)
    looks(watch, 6)
    assert told.of("run_started") == [("a.csv",), ("bad.csv",)]
    assert told.of("run_failed") == [("bad.csv",)]
    settings = folder / "patron.toml"
    settings.write_text(SETTINGS + "[quality]\nquarantine_limit = 1.0\n", "utf-8")
    looks(watch)
    assert told.of("run_finished") == [("a.csv",), ("bad.csv",)]
    assert watch.last_error is None
    assert loaded(folder) == 17


def test_a_good_file_after_a_bad_one_is_run_once_the_bad_one_is_mended(folder: Path) -> None:
    told = Diary()
    watch = Watch(folder, told)
    put(folder, "bad.csv", rows=5, bad=20)
    looks(watch)
    put(folder, "bad.csv", rows=5)
    looks(watch, 6)
    assert told.of("run_started") == [("bad.csv",), ("bad.csv",)]
    assert told.of("run_finished") == [("bad.csv",)]
    assert loaded(folder) == 5


def test_whatever_breaks_a_run_the_watch_lives_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(run: Run, watcher: Watcher) -> RunOutcome:
        raise ZeroDivisionError

    monkeypatch.setattr(watching, "run_to_release", breaks)
    told = Diary()
    watch = Watch(folder, told)
    put(folder, "a.csv")
    looks(watch)
    assert told.of("run_failed") == [("a.csv",)]
    monkeypatch.setattr(watching, "run_to_release", read_and_checked)
    put(folder, "b.csv", first=12)
    looks(watch)
    assert told.of("run_finished") == [("a.csv", "b.csv")]


def test_a_watch_begun_anew_knows_what_was_run_and_what_failed(folder: Path) -> None:
    put(folder, "a.csv")
    looks(Watch(folder, Diary()))
    put(folder, "bad.csv", first=40, rows=5, bad=20)
    looks(Watch(folder, Diary()))
    later = Watch(folder, told := Diary())
    looks(later)
    assert told.of("run_started") == []
    put(folder, "b.csv", first=12)
    looks(later)
    assert told.of("run_started") == [("b.csv", "bad.csv")]


def test_files_that_were_run_by_hand_start_none(folder: Path) -> None:
    put(folder, "a.csv")
    with watching.opened_run(folder, Watcher()) as run:
        read_and_checked(run, Watcher())
    watch = Watch(folder, Diary())
    looks(watch)
    assert watch.runs == 0


def test_a_run_that_was_cut_off_goes_on_at_the_next_start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(run: Run, watcher: Watcher) -> RunOutcome:
        run_until(run, "ingest", watcher)
        raise KeyboardInterrupt

    monkeypatch.setattr(watching, "run_to_release", cut_off)
    put(folder, "a.csv")
    first = Watch(folder, Diary())
    with pytest.raises(KeyboardInterrupt):
        looks(first)
    assert first.at_work
    monkeypatch.setattr(watching, "run_to_release", read_and_checked)
    looks(Watch(folder, told := Diary()))
    assert told.of("run_finished") == [("a.csv",)]
    assert loaded(folder) == 12


def test_a_settings_file_out_of_order_is_told_once_and_waited_for(folder: Path) -> None:
    told = Diary()
    watch = Watch(folder, told)
    put(folder, "a.csv")
    (folder / "patron.toml").write_text("[sources.sales]\ntable = 3\n", "utf-8")
    looks(watch)
    assert [event.what for event in told.events] == ["not_ready"]
    (folder / "patron.toml").write_text(SETTINGS, "utf-8")
    looks(watch)
    assert told.of("run_finished") == [("a.csv",)]


def in_threads(works: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=180)
    assert not any(thread.is_alive() for thread in threads)


def test_two_watchers_of_one_folder_run_each_file_once_between_them(folder: Path) -> None:
    told, end = Diary(), time.monotonic() + 150

    def watcher() -> None:
        watch = Watch(folder, told)
        while time.monotonic() < end and len(told.of("run_finished")) < 3:
            watch.look()
            time.sleep(0.02)

    def feeder() -> None:
        for number in range(3):
            before = len(told.of("run_finished"))
            put(folder, f"{number}.csv", first=12 * number)
            while time.monotonic() < end and len(told.of("run_finished")) == before:
                time.sleep(0.02)

    put(folder, "0.csv")
    in_threads([watcher, watcher, feeder])
    assert Counter(name for files in told.of("run_started") for name in files) == {"0.csv": 1, "1.csv": 1, "2.csv": 1}
    assert told.of("run_failed") == []


def test_a_file_that_is_written_slowly_is_read_when_it_is_whole(folder: Path) -> None:
    told = Diary()

    def writer() -> None:
        with (folder / "in" / "slow.csv").open("w", encoding="utf-8") as stream:
            stream.write(HEADER)
            for n in range(20):
                stream.write(f"c{n % 5},{date(2024, 1, 1) + timedelta(days=n)},{10 + n}.50\n")
                stream.flush()
                time.sleep(0.05)

    watch = Watch(folder, told)
    in_threads([writer, lambda: keep_watching(watch, Pace(0.4, most_runs=1), time.sleep)])
    assert told.of("run_finished") == [("slow.csv",)]
    assert loaded(folder) == 20


def test_once_ends_when_what_is_there_is_done(folder: Path) -> None:
    told = Diary()
    put(folder, "a.csv")
    keep_watching(Watch(folder, told), Pace(0.01, once=True), time.sleep)
    keep_watching(Watch(folder, told), Pace(0.01, once=True), time.sleep)
    assert [event.what for event in told.events] == ["watching", "run_started", "run_finished", "watching"]
