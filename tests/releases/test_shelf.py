"""Publishing is atomic, rolling back loses nothing, damage is seen."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from patron.errors import DamagedRelease, NothingThere, UnknownName
from patron.releases.manifest import Manifest, read_manifest, verify
from patron.releases.shelf import Shelf

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
PLAIN = Manifest("", "2026-01-02", "run-1", "d" * 64, "h", "0", "retail", "EUR", "2025-12-31", 90, 3, "bg_nbd", {})


def publish(shelf: Shelf, number: int, keep: int = 20) -> Manifest:
    manifest = replace(PLAIN, run_key=f"run-{number}", score_digest=f"{number:064x}")
    return shelf.publish(manifest, lambda folder: _write(folder, number), NOON + timedelta(minutes=number), keep)


def _write(folder: Path, number: int) -> None:
    (folder / "models").mkdir()
    (folder / "scores.parquet").write_text(f"scores {number}")
    (folder / "models" / "a.json").write_text(f"model {number}")


def test_a_published_release_is_current_and_every_file_is_hashed(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "releases")
    made = publish(shelf, 1)
    assert shelf.current_name() == made.id
    assert set(verify(shelf.path()).files) == {"scores.parquet", "models/a.json"}


def test_the_same_run_published_again_after_a_crash_is_not_doubled(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "releases")
    assert publish(shelf, 1).id == publish(shelf, 1).id
    assert len(shelf.names()) == 1


def test_rollback_goes_one_back_and_then_says_when_there_is_no_more(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "releases")
    first, second = publish(shelf, 1), publish(shelf, 2)
    assert shelf.rollback() == first.id
    assert shelf.names() == [second.id, first.id]
    with pytest.raises(NothingThere, match="no earlier release"):
        shelf.rollback()
    assert shelf.rollback(second.id) == second.id


def test_an_unknown_release_is_named_with_the_known_ones(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "releases")
    made = publish(shelf, 1)
    with pytest.raises(UnknownName, match=made.id):
        shelf.path("2020")


@pytest.mark.parametrize("harm", ["change", "remove", "add"])
def test_damage_to_any_file_is_found_and_named(tmp_path: Path, harm: str) -> None:
    shelf = Shelf(tmp_path / "releases")
    publish(shelf, 1)
    victim = shelf.path() / "models" / ("b.json" if harm == "add" else "a.json")
    victim.unlink() if harm == "remove" else victim.write_text("other")
    with pytest.raises(DamagedRelease, match=victim.name):
        verify(shelf.path())


def test_old_releases_beyond_the_kept_ones_go_but_never_the_current_one(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "releases")
    made = [publish(shelf, n, keep=3) for n in range(5)]
    assert shelf.names() == [m.id for m in reversed(made[2:])]


def test_a_reader_during_publishing_sees_one_whole_release(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "releases")
    publish(shelf, 0)
    seen: set[bool] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            folder = shelf.path()
            number = int(read_manifest(folder).score_digest, 16)
            seen.add((folder / "scores.parquet").read_text() == f"scores {number}")

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 25):
        publish(shelf, number, keep=100)
    stop.set()
    reader.join()
    assert seen == {True}


def test_a_half_written_draft_is_never_a_release(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "releases")
    first = publish(shelf, 1)

    def fail(folder: Path) -> None:
        (folder / "scores.parquet").write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        shelf.publish(replace(PLAIN, run_key="x", score_digest="f" * 64), fail, NOON, 20)
    assert shelf.names() == [first.id]
    assert shelf.current_name() == first.id
