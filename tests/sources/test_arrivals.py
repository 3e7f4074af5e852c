"""A file counts once it is whole; what still grows, is empty or of an unknown ending waits or is left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from patron.settings import Source
from patron.sources.arrivals import Arrivals, Look

COLUMNS = {"customer_id": "who", "occurred_at": "when", "amount": "amount"}
SALES = {"sales": Source(table="transactions", files=("in",), columns=COLUMNS)}


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def names(look: Look) -> list[str]:
    return [file.path.name for file in look.whole]


def test_a_file_is_whole_when_two_looks_find_it_alike(inbox: Path) -> None:
    arrivals = Arrivals()
    (inbox / "a.csv").write_text("who,when,amount\n")
    first = arrivals.look(SALES, inbox.parent)
    assert (first.whole, first.waiting_sources) == ((), {"sales"})
    second = arrivals.look(SALES, inbox.parent)
    assert (names(second), second.waiting_sources) == (["a.csv"], frozenset())


def test_a_file_that_grows_between_looks_is_not_whole(inbox: Path) -> None:
    arrivals = Arrivals()
    for line in range(3):
        with (inbox / "a.csv").open("a") as stream:
            stream.write(f"{line}\n")
        assert names(arrivals.look(SALES, inbox.parent)) == []
    assert names(arrivals.look(SALES, inbox.parent)) == ["a.csv"]


def test_a_file_written_anew_with_as_many_bytes_is_another_one(inbox: Path) -> None:
    arrivals = Arrivals()
    path = inbox / "a.csv"
    path.write_text("one")
    arrivals.look(SALES, inbox.parent)
    before = arrivals.look(SALES, inbox.parent).whole[0]
    path.write_text("two")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1_000_000))
    assert not arrivals.is_unchanged(path)
    assert names(arrivals.look(SALES, inbox.parent)) == []
    after = arrivals.look(SALES, inbox.parent).whole[0]
    assert after.file_id != before.file_id


def test_an_empty_file_waits_for_content(inbox: Path) -> None:
    arrivals = Arrivals()
    (inbox / "a.csv").touch()
    first, second = (arrivals.look(SALES, inbox.parent) for _ in range(2))
    assert (names(first), len(first.growing), first.ignored) == ([], 1, ())
    assert (names(second), second.growing, second.ignored) == ([], (), ((inbox / "a.csv", "it is empty"),))


def test_equal_bytes_under_two_names_are_one_content(inbox: Path) -> None:
    arrivals = Arrivals()
    for name in ("a.csv", "b.csv"):
        (inbox / name).write_text("the same")
    arrivals.look(SALES, inbox.parent)
    assert len({file.identity for file in arrivals.look(SALES, inbox.parent).whole}) == 1


def test_an_ending_that_nobody_reads_is_told_apart_where_a_glob_names_it(inbox: Path) -> None:
    arrivals = Arrivals()
    (inbox / "a.csv.part").write_text("half")
    anything = {"sales": SALES["sales"].model_copy(update={"files": ("in/*",)})}
    look = arrivals.look(anything, inbox.parent)
    assert look.ignored == ((inbox / "a.csv.part", "its ending does not tell how to read it"),)
    assert look.growing == ()


def test_a_folder_that_is_not_there_yet_holds_nothing(tmp_path: Path) -> None:
    assert Arrivals().look(SALES, tmp_path) == Look((), (), ())


def test_one_whole_file_is_enough_for_a_source_that_gets_more(inbox: Path) -> None:
    arrivals = Arrivals()
    (inbox / "a.csv").write_text("whole")
    arrivals.look(SALES, inbox.parent)
    (inbox / "b.csv").write_text("half")
    look = arrivals.look(SALES, inbox.parent)
    assert (names(look), [path.name for _, path in look.growing], look.waiting_sources) == (
        ["a.csv"],
        ["b.csv"],
        frozenset(),
    )
