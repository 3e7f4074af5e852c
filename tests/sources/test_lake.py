"""The lake: files land whole or not at all, never change, and what a killed run left is cleared away."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from patron.errors import BrokenContract, DamagedLake
from patron.sources.connectors import Watermark
from patron.sources.lake import LakeFile, lake_files, lake_folder, manifest_path
from patron.sources.landing_zone import common_facts, landing_zone
from patron.sources.row_marks import ContentDigest, RowsSeen, row_marks
from sources.connectors.fetches import NOW


def land(
    workspace: Path, rows: Sequence[Sequence[object]], columns: Sequence[str] = ("id", "at")
) -> tuple[LakeFile, ...]:
    with landing_zone(workspace, "sales") as zone:
        zone.add_rows(columns, rows)
        return zone.land(common_facts("sales", "database", "asked", NOW, (None, None)))


def folder(workspace: Path) -> Path:
    return lake_folder(workspace, "sales")


def test_a_landed_file_is_read_only_and_its_manifest_says_all_of_it(tmp_path: Path) -> None:
    (file,) = land(tmp_path, [(1, "a"), (2, "b")])
    assert lake_files(tmp_path, "sales") == (file,)
    assert file.path == folder(tmp_path) / "000001-rows.parquet"
    told = json.loads(manifest_path(file.path).read_text())
    assert told == {
        "number": 1,
        "source": "sales",
        "connector": "database",
        "asked": "asked",
        "origin": "rows",
        "version": "",
        "fetched_at": "2026-03-01T12:00:00+00:00",
        "rows": 2,
        "bytes": file.path.stat().st_size,
        "sha256": file.verified(),
        "content": told["content"],
        "watermark_from": None,
        "watermark_to": None,
    }
    for path in (file.path, manifest_path(file.path)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert sorted(path.name for path in folder(tmp_path).iterdir()) == [
        "000001-rows.parquet",
        "manifests",
    ]


def test_nothing_is_left_of_a_landing_that_failed(tmp_path: Path) -> None:
    land(tmp_path, [(1, "a")])
    before = sorted(folder(tmp_path).iterdir())

    def broken_line() -> Iterator[tuple[int, str]]:
        yield (2, "b")
        raise ConnectionResetError

    def half_landed() -> None:
        with landing_zone(tmp_path, "sales") as zone:
            zone.add_object("a.csv", "1", [b"a"])
            zone.add_rows(("id", "at"), broken_line())

    with pytest.raises(ConnectionResetError):
        half_landed()
    assert sorted(folder(tmp_path).iterdir()) == before


def test_a_file_whose_manifest_was_never_written_is_cleared_away_and_its_number_taken_again(tmp_path: Path) -> None:
    land(tmp_path, [(1, "a")])
    (folder(tmp_path) / "000002-rows.parquet").write_bytes(b"half")
    (folder(tmp_path) / ".staging").mkdir()
    (folder(tmp_path) / ".staging" / "rows-0.parquet").write_bytes(b"half")
    assert len(lake_files(tmp_path, "sales")) == 1
    (file,) = land(tmp_path, [(2, "b")])
    assert file.path.name == "000002-rows.parquet"
    assert file.verified()
    assert not (folder(tmp_path) / ".staging").exists()


def test_a_changed_a_missing_and_an_unreadable_file_are_told(tmp_path: Path) -> None:
    (first,) = land(tmp_path, [(1, "a")])
    (second,) = land(tmp_path, [(2, "b")])
    second.path.chmod(0o644)
    second.path.write_bytes(second.path.read_bytes()[:-1] + b"x")
    with pytest.raises(DamagedLake, match=r"000002-rows\.parquet is not what was fetched"):
        second.verified()
    second.path.unlink()
    with pytest.raises(DamagedLake, match=r"000002-rows\.parquet is missing"):
        lake_files(tmp_path, "sales")
    first.path.unlink()
    manifest_path(first.path).unlink()
    with pytest.raises(DamagedLake, match="lacks the file that landed as number 1"):
        lake_files(tmp_path, "sales")
    manifest = manifest_path(second.path)
    manifest.chmod(0o644)
    manifest.write_text("{}")
    with pytest.raises(DamagedLake, match="cannot be read as a manifest"):
        lake_files(tmp_path, "sales")


def test_columns_that_come_later_are_empty_in_the_rows_before(tmp_path: Path) -> None:
    with landing_zone(tmp_path, "sales") as zone:
        zone.add_rows(("id",), [(1,)])
        zone.add_rows(("at", "id"), [("b", 2)])
        zone.add_batch(pa.record_batch({"paid": pa.array([1.5]), "tags": pa.array([["x"]])}))
        zone.land(common_facts("sales", "rest", "asked", NOW, (None, None)))
    (file,) = lake_files(tmp_path, "sales")
    assert pa.parquet.read_table(file.path).to_pylist() == [
        {"id": "1", "at": None, "paid": None, "tags": None},
        {"id": "2", "at": "b", "paid": None, "tags": None},
        {"id": None, "at": None, "paid": "1.5", "tags": '["x"]'},
    ]


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenContract, match="Several columns are named 'id'"):
        land(tmp_path, [(1, 2)], ("id", "id"))


def test_equal_rows_after_a_watermark_are_rows_of_their_own(tmp_path: Path) -> None:
    for count in (1, 2):
        mark = Watermark("text", "a") if count == 2 else None
        with landing_zone(tmp_path, "sales", since=mark) as zone:
            zone.add_rows(("id", "at"), [(1, "a")] * count)
            zone.land(common_facts("sales", "database", "asked", NOW, (mark, Watermark("text", "a"))))
    digests = [file.manifest.sha256 for file in lake_files(tmp_path, "sales")]
    assert len(set(digests)) == 2, "bronze knows a file by its bytes: two files of one row each must differ"


def test_a_row_is_told_by_names_and_values_whatever_their_order(tmp_path: Path) -> None:
    one = pa.record_batch({"a": pa.array(["x", "y", None]), "b": pa.array(["y", "x", "z"])})
    other = pa.record_batch({"b": one.column("b"), "a": one.column("a"), "c": pa.nulls(3, pa.string())})
    assert row_marks(one).tolist() == row_marks(other).tolist()
    assert len(set(row_marks(one).tolist())) == 3
    forth, back = ContentDigest(), ContentDigest()
    forth.add(one)
    back.add(one.take(pa.array([2, 0, 1])))
    assert forth.text() == back.text()
    back.add(one.slice(0, 1))
    assert forth.text() != back.text()


def test_of_a_row_that_landed_twice_the_third_is_new() -> None:
    row = pa.record_batch({"a": pa.array(["x"])})
    seen = RowsSeen([row, row])
    assert [seen.unseen(row).num_rows for _ in range(4)] == [0, 0, 1, 1]
