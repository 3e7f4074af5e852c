"""Files are read in a child: whatever a file does to it, the one who asks lives on and is told in words."""

from __future__ import annotations

import gzip
import os
import signal
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

import patron.errors
from patron.errors import GateClosed, LeakFound, PatronError, SettingsError, UnknownName, UnreadableFile
from patron.sources.isolated import reader
from patron.sources.isolated.frames import error_body, error_of
from patron.sources.raw import Limits, read_raw
from sources.malformed_files import GOOD_ROWS, HEADER, text
from sources.reading import a_source

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows bounds neither memory nor powers of a process here")
GOOD = text(*GOOD_ROWS)


def rows_of(path: Path, limits: Limits | None = None) -> int:
    raw = read_raw(path, a_source(path), limits or reader.LIMITS)
    return sum(batch.rows.num_rows + len(batch.rejected) for batch in raw.batches())


def a_file(folder: Path, content: bytes = GOOD, name: str = "orders.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_the_child_that_reads_has_given_up_every_power(tmp_path: Path) -> None:
    (tmp_path / "victim.txt").write_text("here")
    with socket.create_server(("127.0.0.1", 0)) as server:
        program = [sys.executable, str(Path(__file__).with_name("powers.py")), str(tmp_path)]
        told = subprocess.run(
            [*program, str(server.getsockname()[1])], capture_output=True, text=True, check=False, timeout=60
        )
    assert told.returncode == 0, told.stderr
    still_possible = told.stdout.splitlines()
    if sys.platform != "linux":  # only Linux bounds a process's address space for certain
        still_possible = [name for name in still_possible if name != "take memory"]
    assert still_possible == []
    assert [path.name for path in tmp_path.iterdir()] == ["victim.txt"]


def test_what_the_child_reads_is_what_this_process_would_read(tmp_path: Path) -> None:
    from patron.sources.formats import read_here

    path = a_file(tmp_path, text(*GOOD_ROWS, "O99,Anna,2024-01-05", "O98,Änne \U0001f600,2024-01-05,5.00"))
    there, here = (list(read(path, a_source(path)).batches()) for read in (read_raw, read_here))
    assert [batch.rejected for batch in there] == [batch.rejected for batch in here]
    assert [batch.rows for batch in there] == [batch.rows for batch in here]


def test_a_child_that_dies_while_it_reads_costs_one_file(tmp_path: Path) -> None:
    many = a_file(tmp_path, (HEADER + "\n" + "O1,Anna,2024-01-01,1.50\n" * 3_000_000).encode())
    batches = read_raw(many, a_source(many)).batches()
    next(batches)
    os.kill(reader._READER.child(reader.LIMITS)._process.pid, signal.SIGKILL)
    with pytest.raises(UnreadableFile, match="ended the process that read it"):
        list(batches)
    assert rows_of(a_file(tmp_path, name="good.csv")) == len(GOOD_ROWS)


def test_a_file_that_takes_too_long_is_refused_and_the_next_one_read(tmp_path: Path) -> None:
    path = a_file(tmp_path)
    with pytest.raises(UnreadableFile, match="took longer than 0.01 seconds"):
        rows_of(path, Limits(seconds=0.01))
    assert rows_of(path) == len(GOOD_ROWS)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds a process's address space for certain")
def test_a_file_that_takes_too_much_memory_is_refused_and_the_next_one_read(tmp_path: Path) -> None:
    path = tmp_path / "wide.parquet"
    columns = {f"c{n}": np.random.default_rng(n).integers(0, 1 << 60, 600_000) for n in range(120)}
    wide = pa.table({"order_id": columns["c0"], "customer_id": columns["c1"], "date": columns["c2"], **columns})
    wide = wide.append_column("amount", wide["c3"])
    pq.write_table(wide, path, compression="none", row_group_size=600_000)
    with pytest.raises(UnreadableFile, match="more than 1 GB of memory"):
        rows_of(path, Limits(memory_gb=1.0))
    assert rows_of(a_file(tmp_path), Limits(memory_gb=1.0)) == len(GOOD_ROWS)


def _gzip(folder: Path) -> Path:
    path = folder / "orders.csv.gz"
    with gzip.open(path, "wb", compresslevel=6) as stream:
        stream.write(GOOD)
        for _ in range(1024):
            stream.write(b"O1,Anna,2024-01-01,1.50\n" * 43_691)
    return path


def _zstd(folder: Path) -> Path:
    path = folder / "orders.csv.zst"
    with path.open("wb") as file, zstandard.ZstdCompressor().stream_writer(file) as stream:
        stream.write(GOOD)
        for _ in range(1024):
            stream.write(b"O1,Anna,2024-01-01,1.50\n" * 43_691)
    return path


def _parquet(folder: Path) -> Path:
    path = folder / "orders.parquet"
    schema = pa.schema([(name, pa.string()) for name in HEADER.split(",")])
    long = pa.array(["x" * 1000]).take(pa.array(np.zeros(262_144, np.int64)))
    with pq.ParquetWriter(path, schema) as writer:
        for _ in range(2):
            writer.write_table(pa.table([long] * 4, schema=schema))
    return path


def _workbook(folder: Path) -> Path:
    path = folder / "orders.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet,
    ):
        for _ in range(1024):
            sheet.write(b" " * (1 << 20))
    return path


@pytest.mark.parametrize(
    "make",
    [pytest.param(_gzip, marks=pytest.mark.slow), _zstd, _parquet, pytest.param(_workbook, marks=pytest.mark.slow)],
)
def test_a_file_that_expands_to_a_gigabyte_is_refused_in_bounded_memory(make: object, tmp_path: Path) -> None:
    path = make(tmp_path)  # type: ignore[operator]
    assert path.stat().st_size < 8 << 20
    with pytest.raises(UnreadableFile, match="expand"):
        rows_of(path, Limits(memory_gb=2.0))
    assert rows_of(a_file(tmp_path, name="good.csv"), Limits(memory_gb=2.0)) == len(GOOD_ROWS)


def test_readings_may_be_left_and_mixed(tmp_path: Path) -> None:
    long = a_file(tmp_path, (HEADER + "\n" + "O1,Anna,2024-01-01,1.50\n" * 1_500_000).encode())
    short = a_file(tmp_path, name="short.csv")
    left = read_raw(long, a_source(long)).batches()
    next(left)
    left.close()
    mixed = read_raw(long, a_source(long)).batches()
    counted = next(mixed).rows.num_rows
    assert rows_of(short) == len(GOOD_ROWS)
    assert counted + sum(batch.rows.num_rows for batch in mixed) == 1_500_000


def test_a_workbook_with_paths_that_lead_out_of_it_writes_nothing(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    path = inner / "orders.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../escaped.txt", "out")
        archive.writestr("/tmp/escaped.txt", "out")  # noqa: S108 - what must not be written
    with pytest.raises(UnreadableFile, match="not a whole Excel"):
        rows_of(path)
    assert sorted(found.name for found in tmp_path.rglob("*")) == ["inner", "orders.xlsx"]


def test_every_refusal_comes_over_as_what_it_was() -> None:
    refusals: list[PatronError] = [
        UnreadableFile("orders.csv", "it is 'änne' \udcff.", line=3, to_do="Mend it."),
        UnknownName("sheet", "Sheet9", ["Sheet1"]),
        GateClosed("silver", ["no customer", "no day"], to_do="Mend it."),
        LeakFound("boosting", "refund", "knows"),
        *(
            kind("what", allowed="allowed", to_do="to do")
            for kind in vars(patron.errors).values()
            if isinstance(kind, type)
            and issubclass(kind, PatronError)
            and kind not in (GateClosed, UnreadableFile, UnknownName, LeakFound, SettingsError)
        ),
    ]
    assert len(refusals) >= 12
    for refusal in refusals:
        again = error_of(memoryview(error_body(refusal)))
        assert type(again) is type(refusal)
        assert str(again).encode("utf-8", "backslashreplace") == str(refusal).encode("utf-8", "backslashreplace")
        assert again.exit_code == refusal.exit_code


def test_a_relative_path_means_the_folder_of_the_one_who_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, rows in (("first", GOOD_ROWS), ("second", GOOD_ROWS[:3])):
        (tmp_path / name).mkdir()
        a_file(tmp_path / name, text(*rows))
        monkeypatch.chdir(tmp_path / name)
        assert rows_of(Path("orders.csv")) == len(rows)


def test_a_child_that_has_read_enough_is_relieved_and_what_it_has_begun_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_MOST_READINGS", 5)
    path = a_file(tmp_path)
    begun = read_raw(path, a_source(path)).batches()
    first = next(begun)
    served = set()
    for _ in range(12):
        assert rows_of(path) == first.rows.num_rows
        served.add(reader._READER._child)
    assert len(served) > 3
    assert list(begun) == []
    reader._READER.end()
    assert [one for one in served if one is not None and one.alive] == []
