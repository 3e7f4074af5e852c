"""Excel and OpenDocument sheets: the cells' values as text, each row with its number in the sheet."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import python_calamine as calamine

from patron.errors import UnknownName, UnreadableFile
from patron.settings import Source
from patron.sources.header import require_columns, stored_columns
from patron.sources.rows import RawBatch, RawFile, RejectedRow, raw_batch
from patron.sources.text_blocks import ExpansionGuard

Cell = str | float | int | bool | date | datetime | time | timedelta | None
BATCH_ROWS: Final = 50_000
_WHOLE_FLOATS: Final = 2.0**53
MAX_CELLS: Final = 50_000_000
# Everything that looking into a broken archive has been seen to raise.
_BROKEN_ARCHIVE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    ValueError,
    struct.error,
)
SMALL_SHEET_BYTES: Final = 50 << 20
_CELL_PLACE: Final = re.compile(rb'<c [^>]*?r="([A-Z]{1,3})(\d{1,7})"')


def read_excel(path: Path, source: Source) -> RawFile:
    """A sheet of a workbook: rows are numbered as Excel shows them, rows without any value are not rows."""
    _refuse_bomb(path)
    _, header = _header(path, source, _rows(path, source))
    require_columns(path, header, source)
    columns = stored_columns(path, header)
    return RawFile(path, columns, lambda: _batches(path, source, columns))


def sheet_names(path: Path) -> list[str]:
    """The sheets of a workbook, in its order. Raises UnreadableFile if it is none."""
    _refuse_bomb(path)
    with _workbook(path) as book:
        return list(book.sheet_names)


def _refuse_bomb(path: Path) -> None:
    """Refuse a workbook that claims to unpack beyond measure, or whose few cells span a vast sheet."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            claimed = sum(member.file_size for member in archive.infolist())
            spans = [_span(archive, member) for member in archive.infolist() if _is_small_sheet(member)]
    except _BROKEN_ARCHIVE as error:
        raise _not_a_workbook(path, error) from error
    ExpansionGuard(path, path.stat().st_size).add(claimed)
    if max(spans, default=0) > MAX_CELLS:
        raise UnreadableFile(
            str(path),
            f"its cells span an area of {max(spans):,} (at most {MAX_CELLS:,}): a stray value stands far from the rest.",
            to_do="Delete the empty rows and columns behind the data, or export CSV.",
        )


def _is_small_sheet(member: zipfile.ZipInfo) -> bool:
    """Whether a member is a sheet of few cells: only these can span far more than they hold."""
    return member.filename.startswith("xl/worksheets/") and member.file_size <= SMALL_SHEET_BYTES


def _span(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    """Rows × columns up to the last cell. The reader lays out that whole area in memory."""
    places = _CELL_PLACE.findall(archive.read(member))
    rows = max((int(row) for _, row in places), default=0)
    columns = max((_column_number(letters) for letters in {letters for letters, _ in places}), default=0)
    return rows * columns


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _workbook(path: Path) -> calamine.CalamineWorkbook:
    try:
        return calamine.CalamineWorkbook.from_path(str(path))
    except calamine.PasswordError as error:
        raise UnreadableFile(str(path), "it is locked with a password.", to_do="Save it without a password.") from error
    except (calamine.CalamineError, OSError) as error:
        raise _not_a_workbook(path, error) from error


def _not_a_workbook(path: Path, error: Exception) -> UnreadableFile:
    return UnreadableFile(
        str(path), f"it is not a whole Excel or OpenDocument workbook ({error}).", to_do="Save it again, or export CSV."
    )


def _rows(path: Path, source: Source) -> Iterator[tuple[int, Sequence[Cell]]]:
    """Every row below ``skip_lines`` that has a value, with its number in the sheet."""
    with _workbook(path) as book:
        names = book.sheet_names
        name = source.sheet or (names[0] if names else "")
        if name not in names:
            raise UnknownName(f"sheet of {path}", name, names)
        try:
            sheet = book.get_sheet_by_name(name)
        except (calamine.CalamineError, OSError) as error:
            raise _not_a_workbook(path, error) from error
        # Rows above the first value are counted in, columns left of it are not.
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            if number > source.skip_lines and any(cell not in ("", None) for cell in cells):
                yield number, cells


def _header(path: Path, source: Source, rows: Iterator[tuple[int, Sequence[Cell]]]) -> tuple[int, list[str]]:
    """The number of the header's row and its names."""
    for number, cells in rows:
        return number, [_text(cell, source.decimal) or "" for cell in cells]
    raise UnreadableFile(str(path), "its sheet is empty: there is not even a header.", to_do="Export it again.")


def _batches(path: Path, source: Source, columns: Sequence[str]) -> Iterator[RawBatch]:
    rows = _rows(path, source)
    _header(path, source, rows)
    lines: list[int] = []
    texts: list[list[str | None]] = []
    rejected: list[RejectedRow] = []
    for number, cells in rows:
        texts_of_row = [_text(cell, source.decimal) for cell in cells]
        if any(text and "\0" in text for text in texts_of_row):
            rejected.append(RejectedRow(number, "nul_byte", "a cell holds a NUL character", _raw(texts_of_row)))
            continue
        lines.append(number)
        texts.append(texts_of_row)
        if len(lines) == BATCH_ROWS:
            yield _batch(columns, lines, texts, rejected)
            lines, texts, rejected = [], [], []
    if lines or rejected:
        yield _batch(columns, lines, texts, rejected)


def _batch(
    columns: Sequence[str], lines: list[int], texts: list[list[str | None]], rejected: list[RejectedRow]
) -> RawBatch:
    values = [pa.array([row[i] for row in texts], pa.string()) for i in range(len(columns))]
    return raw_batch(columns, np.array(lines, np.int64), values, rejected)


def _text(cell: Cell, decimal: str) -> str | None:
    """A cell's value as text: whole numbers plain, times as ISO, nothing as None."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        whole = cell.is_integer() and abs(cell) < _WHOLE_FLOATS
        return str(int(cell)) if whole else repr(cell).replace(".", decimal)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time(0) else cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)


def _raw(texts: Sequence[str | None]) -> str:
    return ", ".join((text or "").replace("\0", "\\0") for text in texts)
