"""Delimited text: rows as text columns, exact lines, and every bad row with its reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from patron.errors import UnreadableFile
from patron.settings import Source
from patron.sources.header import require_columns, stored_columns
from patron.sources.row_blocks import Dialect, RowBlock, blank_rows, dialect_of, row_blocks
from patron.sources.rows import RawBatch, RawFile, RejectedRow, raw_batch
from patron.sources.sniff import FALLBACK_ENCODING
from patron.sources.text_blocks import BAD_BYTES_IN_UTF8, codec_name

_MOST_SHOWN: Final = 200
_MARK_SHOWN: Final = BAD_BYTES_IN_UTF8.decode("utf-8", "backslashreplace")


@dataclass(frozen=True)
class _Parsed:
    """What Arrow made of a block: the good rows' values, their places, and the places of ragged rows."""

    values: pa.Table
    good: np.ndarray
    ragged: list[tuple[int, int]]


def read_csv(path: Path, source: Source) -> RawFile:
    """A delimited file. Raises UnreadableFile if it has no header and BrokenContract if a mapped column is missing."""
    dialect = dialect_of(source, path)
    header = _header(path, source, dialect)
    require_columns(path, header, source, delimiter=dialect.delimiter_text)
    columns = stored_columns(path, header)
    return RawFile(path, columns, lambda: _batches(path, source, dialect, columns))


def _header(path: Path, source: Source, dialect: Dialect) -> list[str]:
    for block in row_blocks(path, source, dialect):
        for row in range(len(block)):
            if block.text(row).strip():
                return _header_cells(path, source, dialect, block, row)
    raise UnreadableFile(str(path), "it is empty: there is not even a header.", to_do="Export it again.")


def _header_cells(path: Path, source: Source, dialect: Dialect, block: RowBlock, row: int) -> list[str]:
    text, line = block.text(row), int(block.lines[row])
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            str(path),
            f"the header is not {codec_name(source.encoding)}: {_shown(text[:_MOST_SHOWN])}",
            line=line,
            to_do=_other_encoding(text, codec_name(source.encoding)),
        ) from error
    if b"\0" in text:
        raise UnreadableFile(str(path), "the header holds a NUL byte.", line=line, to_do="Export it again.")
    return _cells(path, text.decode("utf-8"), dialect, line)


def _other_encoding(text: bytes, tried: str) -> str:
    signs = sum(1 for byte in text if byte < 32 and byte not in b"\t\r\n")
    if signs > len(text) // 20:
        return "It seems to be no text at all: name a file of rows (CSV, JSON Lines, Parquet, Excel)."
    other = "utf-16" if tried == FALLBACK_ENCODING else FALLBACK_ENCODING
    return f"Set 'encoding' of this source in patron.toml to what wrote the file, for example to {other}."


def _cells(path: Path, text: str, dialect: Dialect, line: int) -> list[str]:
    quoting: Any = (
        {"quoting": csv.QUOTE_NONE} if dialect.quote is None else {"quotechar": chr(dialect.quote)}
    )  # Any: either option of csv.reader
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter_text, **quoting))
    except csv.Error as error:
        raise UnreadableFile(str(path), f"the header cannot be read ({error}).", line=line) from error


def _batches(path: Path, source: Source, dialect: Dialect, columns: Sequence[str]) -> Iterator[RawBatch]:
    header_seen = False
    for block in row_blocks(path, source, dialect):
        rows = block
        if not header_seen:
            header = next((row for row in range(len(block)) if block.text(row).strip()), None)
            if header is None:
                continue
            header_seen, rows = True, block.after(header + 1)
        if len(rows):
            yield _batch(path, rows, dialect, columns)


def _batch(path: Path, block: RowBlock, dialect: Dialect, columns: Sequence[str]) -> RawBatch:
    bad = _unreadable_rows(block)
    skipped = np.union1d(blank_rows(block), np.fromiter(bad, np.int64, len(bad))).astype(np.int64)
    kept = np.delete(np.arange(len(block)), skipped) if len(skipped) else np.arange(len(block))
    parsed = _parse(path, _text_of(block, kept, all_rows=not len(skipped)), dialect, columns, kept)
    rejected = [row for place, reason in bad.items() for row in _rejected(block, place, *reason)]
    rejected += [
        _ragged(block, place, found, len(columns)) for place, found in parsed.ragged if block.text(place).strip()
    ]
    rejected.sort(key=lambda row: row.line)
    values = [column.combine_chunks() for column in parsed.values.columns]
    return raw_batch(columns, block.lines[parsed.good], [_one_array(value) for value in values], rejected)


def _one_array(column: Any) -> pa.Array:
    """The single chunk of a column; Arrow gives back a chunked array of none when there are no rows."""
    if isinstance(column, pa.ChunkedArray):
        return column.chunk(0) if column.num_chunks else pa.array([], pa.string())
    return column


def _unreadable_rows(block: RowBlock) -> dict[int, tuple[str, str]]:
    """Reason and detail of every row whose bytes are wrong, whatever its columns."""
    bad: dict[int, tuple[str, str]] = {}
    for row in block.rows_at(block.stray):
        bad[int(row)] = ("stray_quote", "text follows a closing quote")
    if 0 in block.data:
        nul = np.flatnonzero(np.frombuffer(block.data, np.uint8) == 0)
        for row in block.rows_at(nul[nul >= _first_byte(block)]):
            bad.setdefault(int(row), ("nul_byte", "the row holds a NUL byte"))
    for row in _undecodable_rows(block):
        bad.setdefault(row, ("bad_encoding", "the row holds bytes that are not text in the declared encoding"))
    return {row: reason for row, reason in bad.items() if 0 <= row < len(block)}


def _first_byte(block: RowBlock) -> int:
    return int(block.starts[0]) if len(block) else 0


def _undecodable_rows(block: RowBlock) -> list[int]:
    """The rows that are not UTF-8: after each one found, reading goes on behind it."""
    rows: list[int] = []
    view, start, end = memoryview(block.data), _first_byte(block), int(block.ends[-1])
    while start < end:
        try:
            str(view[start:end], "utf-8")
            break
        except UnicodeDecodeError as error:
            row = int(np.searchsorted(block.ends, start + error.start, side="right"))
            rows.append(row)
            start = int(block.ends[row])
    return rows


def _text_of(block: RowBlock, kept: np.ndarray, *, all_rows: bool) -> bytes:
    """The bytes of the kept rows, joined run by run."""
    if not len(kept):
        return b""
    if all_rows:
        return block.data[block.starts[0] : block.ends[-1]]
    breaks = np.flatnonzero(np.diff(kept) > 1)
    firsts = kept[np.concatenate(([0], breaks + 1))]
    lasts = kept[np.concatenate((breaks, [len(kept) - 1]))]
    return b"".join(block.data[start:end] for start, end in zip(block.starts[firsts], block.ends[lasts], strict=True))


def _parse(path: Path, text: bytes, dialect: Dialect, columns: Sequence[str], kept: np.ndarray) -> _Parsed:
    invalid: list[tuple[int, int]] = []

    def note(row: arrow_csv.InvalidRow) -> str:
        invalid.append((row.number - 1, row.actual_columns))
        return "skip"

    if not len(kept):
        return _Parsed(pa.table({str(i): pa.array([], pa.string()) for i in range(len(columns))}), kept, [])
    names = [str(i) for i in range(len(columns))]
    values = arrow_csv.read_csv(
        pa.BufferReader(text),
        arrow_csv.ReadOptions(use_threads=False, column_names=names, block_size=len(text) + 1),
        _parse_options(dialect, note),
        arrow_csv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )
    if values.num_rows + len(invalid) != len(kept):
        raise UnreadableFile(
            str(path), f"{len(kept)} rows were found, but {values.num_rows + len(invalid)} were read.",
            to_do="Please report this file: no row may be lost.",
        )  # fmt: skip
    good = np.delete(kept, [place for place, _ in invalid]) if invalid else kept
    return _Parsed(values, good, [(int(kept[place]), found) for place, found in invalid])


def _parse_options(dialect: Dialect, note: Any) -> arrow_csv.ParseOptions:
    return arrow_csv.ParseOptions(
        delimiter=dialect.delimiter_text,
        quote_char=False if dialect.quote is None else chr(dialect.quote),
        newlines_in_values=True,
        invalid_row_handler=note,
    )


def _ragged(block: RowBlock, place: int, found: int, expected: int) -> RejectedRow:
    detail = f"{found} values where the header has {expected} columns"
    return RejectedRow(int(block.lines[place]), "ragged", detail, _shown(block.text(place)))


def _rejected(block: RowBlock, place: int, reason: str, detail: str) -> list[RejectedRow]:
    """The rejected row; or, where a stray quote swallowed line ends, each of the lines it swallowed."""
    text, line = block.text(place), int(block.lines[place])
    lines = text.splitlines() if reason == "stray_quote" else [text]
    if len(lines) == 1:
        return [RejectedRow(line, reason, detail, _shown(text))]
    return [
        RejectedRow(
            line + i, "unclosed_quote", "a quote runs over the line end and closes inside a value", _shown(part)
        )
        for i, part in enumerate(lines)
        if part.strip()
    ]


def _shown(text: bytes) -> str:
    """Bytes as readable text: what is not UTF-8 is escaped, NUL too."""
    return text.decode("utf-8", "backslashreplace").replace(_MARK_SHOWN, "\ufffd").replace("\0", "\\0")
