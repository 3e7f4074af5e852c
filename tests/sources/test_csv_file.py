"""Delimited text: exact rows, exact lines, nothing lost."""

from __future__ import annotations

import csv
import gzip
import io
import random
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patron.errors import BrokenContract, UnreadableFile
from patron.sources import row_blocks, text_blocks
from patron.sources.raw import read_raw
from sources.reading import a_source, read

HEADER = "order_id,customer_id,date,amount"


def write(folder: Path, text: str, name: str = "orders.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_values_are_text_and_empty_ones_are_null(tmp_path: Path) -> None:
    rows, rejected = read(write(tmp_path, f'{HEADER}\nO1,,2024-01-05,"1,5"\n"",Anna,"",007\n'))
    assert rows == [
        {"line": 2, "order_id": "O1", "customer_id": None, "date": "2024-01-05", "amount": "1,5"},
        {"line": 3, "order_id": None, "customer_id": "Anna", "date": None, "amount": "007"},
    ]
    assert not rejected


def test_lines_are_exact_behind_values_of_several_lines_and_blank_lines(tmp_path: Path) -> None:
    text = f'\n{HEADER}\r\nO1,"An\nna\r\n!",d,1\n\n\nO2,Bert,d,2\rO3,Cleo,d,3\n'
    rows, _ = read(write(tmp_path, text))
    assert [(row["line"], row["order_id"]) for row in rows] == [(3, "O1"), (8, "O2"), (9, "O3")]
    assert rows[0]["customer_id"] == "An\nna\r\n!"


def test_a_ragged_row_is_told_with_its_line_and_text(tmp_path: Path) -> None:
    rows, rejected = read(write(tmp_path, f'{HEADER}\nO1,"a\nb",d,1\nO2,x\nO3,y,d,3,4\nO4,z,d,4\n'))
    assert [row["order_id"] for row in rows] == ["O1", "O4"]
    assert [(row.line, row.reason, row.raw) for row in rejected] == [(4, "ragged", "O2,x"), (5, "ragged", "O3,y,d,3,4")]
    assert rejected[0].detail == "2 values where the header has 4 columns"


def test_undecodable_rows_keep_their_bytes_in_sight(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(f"{HEADER}\nO1,".encode() + b"Zo\xeb,d,1\nO2,Anna,d,2\nO3,\xff\xfe,d,3\n")
    rows, rejected = read(path)
    assert [row["order_id"] for row in rows] == ["O2"]
    assert [(row.line, row.reason, row.raw) for row in rejected] == [
        (2, "bad_encoding", "O1,Zo\\xeb,d,1"),
        (4, "bad_encoding", "O3,\\xff\\xfe,d,3"),
    ]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "iso8859-2", "utf-8-sig", "shift_jis"])
def test_any_declared_encoding_is_read(encoding: str, tmp_path: Path) -> None:
    name = "山田" if encoding == "shift_jis" else "Božena" if encoding == "iso8859-2" else "Zoë"
    rows, rejected = read(write(tmp_path, f"{HEADER}\nO1,{name},d,1\n", encoding=encoding), encoding=encoding)
    assert [row["customer_id"] for row in rows] == [name]
    assert not rejected


def test_without_a_quote_sign_quotes_are_text(tmp_path: Path) -> None:
    rows, _ = read(write(tmp_path, f'{HEADER}\nO1,"Anna,d,1\n'), quote="")
    assert rows[0]["customer_id"] == '"Anna'


@pytest.mark.parametrize(("name", "pack"), [("orders.csv.gz", "gzip"), ("orders.csv.zst", "zstd")])
def test_packed_files_read_like_plain_ones(name: str, pack: str, tmp_path: Path) -> None:
    plain = f"{HEADER}\nO1,Anna,d,1\n".encode()
    path = tmp_path / name
    path.write_bytes(
        gzip.compress(plain, mtime=0) if pack == "gzip" else pa.compress(plain, codec="zstd", asbytes=True)
    )
    rows, _ = read(path)
    assert [row["order_id"] for row in rows] == ["O1"]


def test_a_bomb_is_refused_before_it_fills_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_blocks, "MAX_EXPANDED_BYTES", 1 << 20)
    monkeypatch.setattr(text_blocks, "BLOCK_BYTES", 1 << 18)
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(f"{HEADER}\n".encode() + b"O1,Anna,d,1\n" * 500_000, mtime=0))
    with pytest.raises(UnreadableFile, match="expand to more than"):
        read(path)


def test_a_missing_column_is_told_with_the_header_found(tmp_path: Path) -> None:
    path = write(tmp_path, "order_id,date,amount\nO1,d,1\n")
    with pytest.raises(BrokenContract, match="no column 'customer_id'.*'order_id', 'date', 'amount'"):
        read(path)


def test_a_wrong_delimiter_is_told_with_the_likely_one(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER.replace(",", ";") + "\nO1;Anna;d;1\n")
    with pytest.raises(BrokenContract, match='a semicolon: set delimiter = ";"'):
        read(path)


def test_an_unclosed_quote_is_told_with_the_line_it_opens_on(tmp_path: Path) -> None:
    path = write(tmp_path, f'{HEADER}\nO1,Anna,d,1\nO2,"Bert,d,2\n' + "O3,Cleo,d,3\n" * 50)
    with pytest.raises(UnreadableFile, match=r"line 3: the quote that opens here is not closed") as refusal:
        read(path)
    assert refusal.value.line == 3


def test_a_source_column_called_line_keeps_its_values(tmp_path: Path) -> None:
    path = write(tmp_path, f"line,{HEADER}\nfirst,O1,Anna,d,1\n")
    raw = read_raw(path, a_source(path))
    assert raw.columns[0] == "source_line"
    row = next(raw.batches()).rows.to_pylist()[0]
    assert (row["line"], row["source_line"]) == (2, "first")


def test_batches_can_be_read_again_from_the_start(tmp_path: Path) -> None:
    path = write(tmp_path, f"{HEADER}\nO1,Anna,d,1\n")
    raw = read_raw(path, a_source(path))
    assert [batch.rows.num_rows for batch in raw.batches()] == [batch.rows.num_rows for batch in raw.batches()] == [1]


def test_a_block_may_end_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f'{HEADER}\r\nO1,"An""n\r\na",d,1\r\n\r\nO2,5" pipe,d,2\rO3,"x"y,d,3\nO4,Zoë,d,4'
    path = write(tmp_path, text)
    expected = read(path)
    assert [row.reason for row in expected[1]] == ["stray_quote"]
    for size in range(1, 40):
        monkeypatch.setattr(text_blocks, "BLOCK_BYTES", size)
        assert read(path) == expected


_CELL = st.text(st.sampled_from('ab,;"\n\r é\u00a0'), max_size=6)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(_CELL, _CELL, _CELL, st.sampled_from(["1", "2.5"])), max_size=8),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    size=st.integers(1, 64),
)
def test_what_a_csv_writer_writes_is_what_is_read(
    rows: list[tuple[str, ...]], end: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = io.StringIO(newline="")
    # Python leaves a lone CR unquoted unless CR is among the line ends.
    writer = csv.writer(sink, lineterminator=end, quoting=csv.QUOTE_MINIMAL if end == "\r\n" else csv.QUOTE_ALL)
    lines = []
    writer.writerow(HEADER.split(","))
    for row in rows:
        written = sink.getvalue().replace("\r\n", "\n").replace("\r", "\n")
        lines.append(written.count("\n") + 1)
        writer.writerow(row)
    monkeypatch.setattr(text_blocks, "BLOCK_BYTES", size)
    found, rejected = read(write(tmp_path, sink.getvalue()))
    assert not rejected
    assert [row["line"] for row in found] == lines
    assert [tuple(list(row.values())[1:]) for row in found] == [tuple(cell or None for cell in row) for row in rows]


@pytest.mark.parametrize("seed", range(30))
def test_no_row_of_noise_is_lost(seed: int, tmp_path: Path) -> None:
    """Without quotes every line that is not blank is one row: good or rejected."""
    dice = random.Random(seed)  # noqa: S311 - noise, not secrets
    noise = bytes(dice.choices(b"abc,,,\n\n\r\xc3\xa9\xff\0 1", k=400))
    path = tmp_path / "orders.csv"
    path.write_bytes(HEADER.encode() + b"\n" + noise)
    rows, rejected = read(path, quote="")
    lines = noise.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    expected = [number for number, line in enumerate(lines, start=2) if line.strip()]
    assert sorted([row["line"] for row in rows] + [row.line for row in rejected]) == expected


def test_the_limits_are_those_the_manual_names() -> None:
    assert (row_blocks.MAX_ROW_BYTES, row_blocks.MAX_LINES_IN_ROW) == (1 << 20, 1000)
    assert (text_blocks.MAX_EXPANSION, text_blocks.MAX_EXPANDED_BYTES) == (200, 256 << 20)
