"""Which files a source means, and what each one is."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from patron.errors import NothingThere, UsageError
from patron.settings import Source
from patron.sources.files import compression_of, file_id, find_files, format_by_ending, format_of


def a_source(*files: str, **options: object) -> Source:
    return Source.model_validate(
        {
            "table": "transactions",
            "files": list(files),
            "columns": {"occurred_at": "date", "amount": "amount"},
            **options,
        }
    )


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def test_files_globs_and_folders_are_found_once_and_in_a_stable_order(tmp_path: Path) -> None:
    make(tmp_path, "b.csv", "a.csv", "deep/2024/d.parquet", "deep/c.csv.gz", "deep/notes.md", "deep/.hidden.csv")
    found = find_files(a_source("b.csv", "*.csv", "deep"), tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in found] == [
        "b.csv",
        "a.csv",
        "deep/2024/d.parquet",
        "deep/c.csv.gz",
    ]


def test_an_absolute_path_is_taken_as_it_is(tmp_path: Path) -> None:
    make(tmp_path, "a.csv")
    assert find_files(a_source(str(tmp_path / "a.csv")), Path("elsewhere")) == [tmp_path / "a.csv"]


def test_a_name_with_brackets_is_a_file_before_it_is_a_glob(tmp_path: Path) -> None:
    make(tmp_path, "orders[1].csv")
    assert find_files(a_source("orders[1].csv"), tmp_path) == [tmp_path / "orders[1].csv"]


@pytest.mark.parametrize("entry", ["missing.csv", "*.csv", "empty"])
def test_an_entry_that_names_nothing_is_refused(entry: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingThere):
        find_files(a_source(entry), tmp_path)


def test_the_id_of_a_file_is_the_hash_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"abc" * 500_000)
    assert file_id(tmp_path / "a.csv") == hashlib.sha256(b"abc" * 500_000).hexdigest()


@pytest.mark.parametrize(
    ("name", "kind", "packing"),
    [
        ("a.csv", "csv", None),
        ("a.TSV", "csv", None),
        ("a.txt.gz", "csv", "gzip"),
        ("a.ndjson.zst", "jsonl", "zstd"),
        ("a.parquet", "parquet", None),
        ("a.xls", "excel", None),
        ("a.ods", "excel", None),
        ("a.parquet.gz", None, "gzip"),
        ("a", None, None),
    ],
)
def test_an_ending_tells_how_a_file_is_written(name: str, kind: str | None, packing: str | None) -> None:
    assert format_by_ending(Path(name)) == kind
    assert compression_of(Path(name)) == packing


def test_a_declared_format_wins_over_the_ending() -> None:
    assert format_of(Path("orders.data"), a_source("orders.data", format="csv")) == "csv"


def test_an_unknown_ending_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"Known endings: .*\.csv\.gz"):
        format_of(Path("orders.data"), a_source("orders.data"))
