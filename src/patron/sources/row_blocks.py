"""Delimited text as blocks of whole rows, each row with the physical line it starts on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from patron.errors import UnreadableFile, UsageError
from patron.settings import Source
from patron.sources.row_ends import CR, LF, RowEnds, find_row_ends
from patron.sources.text_blocks import text_blocks

MAX_ROW_BYTES: Final = 1 << 20
MAX_LINES_IN_ROW: Final = 1000


@dataclass(frozen=True)
class Dialect:
    """How delimited text is written; one byte each, and no quote at all if ``quote`` is None."""

    delimiter: int
    quote: int | None

    @property
    def delimiter_text(self) -> str:
        return chr(self.delimiter)


@dataclass(frozen=True)
class RowBlock:
    """Whole rows: row i is ``data[starts[i]:ends[i]]`` and starts on physical line ``lines[i]``."""

    data: bytes
    starts: np.ndarray
    ends: np.ndarray
    lines: np.ndarray
    stray: np.ndarray

    def __len__(self) -> int:
        return len(self.ends)

    def text(self, row: int) -> bytes:
        """A row's bytes without its line end."""
        return self.data[self.starts[row] : self.ends[row]].rstrip(b"\r\n")

    def rows_at(self, offsets: np.ndarray) -> np.ndarray:
        """The rows that hold these bytes, each once."""
        return np.unique(np.searchsorted(self.ends, offsets, side="right"))

    def after(self, first: int) -> RowBlock:
        """The same block without its first rows."""
        return RowBlock(self.data, self.starts[first:], self.ends[first:], self.lines[first:], self.stray)


def dialect_of(source: Source, path: Path) -> Dialect:
    """The declared delimiter and quote. Raises UsageError for signs that cannot do that work."""
    for sign, name in ((source.delimiter, "delimiter"), (source.quote, "quote")):
        if sign and (not sign.isascii() or sign in "\r\n\0"):
            raise UsageError(
                f"{path}: {sign!r} cannot be the {name}.",
                allowed="Any ASCII character but NUL and line ends.",
                to_do="Mend it in patron.toml.",
            )
    if source.delimiter == source.quote:
        raise UsageError(f"{path}: {source.quote!r} cannot be delimiter and quote at once.", to_do="Mend patron.toml.")
    return Dialect(ord(source.delimiter), ord(source.quote) if source.quote else None)


def row_blocks(path: Path, source: Source, dialect: Dialect) -> Iterator[RowBlock]:
    """The file's rows after ``skip_lines``, blank ones included, in blocks of about 16 MB.

    Raises UnreadableFile for a row of more than 1 MB or 1,000 lines, and for a quote that is never closed.
    """
    blocks = text_blocks(path, source.encoding)
    rest, line = _skip(blocks, source.skip_lines)
    for block in blocks:
        rest += block
        found = find_row_ends(rest, dialect.quote, dialect.delimiter, last=False)
        _refuse_endless(path, rest, found, line)
        if found.complete:
            yield _row_block(path, rest, found, line)
        line += int(np.searchsorted(found.line_ends, found.complete, side="right"))
        rest = rest[found.complete :]
    if rest:
        found = find_row_ends(rest, dialect.quote, dialect.delimiter, last=True)
        _refuse_endless(path, rest, found, line)
        if found.open_quote >= 0:
            raise _never_closed(path, found, line, "before the file ends")
        yield _row_block(path, rest, found, line)


def _skip(blocks: Iterator[bytes], count: int) -> tuple[bytes, int]:
    """The text behind the first ``count`` physical lines, as far as it was read, and the line it starts on."""
    rest = b""
    if not count:
        return rest, 1
    for block in blocks:
        rest += block
        ends = find_row_ends(rest, None, LF, last=False).ends
        if len(ends) >= count:
            return rest[int(ends[count - 1]) :], count + 1
    return b"", count + 1


def _row_block(path: Path, data: bytes, found: RowEnds, line: int) -> RowBlock:
    starts, lines = found.starts, found.lines + line
    block = RowBlock(data, starts, found.ends, lines, found.stray[found.stray < found.complete])
    lengths = block.ends - starts
    if len(lengths) and lengths.max() > MAX_ROW_BYTES:
        raise _too_long(path, int(lines[int(lengths.argmax())]))
    heights = np.diff(np.append(lines, line + np.searchsorted(found.line_ends, found.complete, side="right")))
    if len(heights) and heights.max() > MAX_LINES_IN_ROW:
        tallest = int(heights.argmax())
        raise UnreadableFile(
            str(path),
            f"one row takes {int(heights[tallest]):,} lines (at most {MAX_LINES_IN_ROW:,}): a quote is probably not closed.",
            line=int(lines[tallest]),
            to_do="Close the quote, or set quote to another sign in patron.toml.",
        )
    return block


def _refuse_endless(path: Path, data: bytes, found: RowEnds, line: int) -> None:
    """Refuse the unfinished last row once it is too long to be one."""
    if len(data) - found.complete <= MAX_ROW_BYTES:
        return
    if found.open_quote >= 0:
        raise _never_closed(path, found, line, "within 1 MB")
    raise _too_long(path, line + int(np.searchsorted(found.line_ends, found.complete, side="right")))


def _too_long(path: Path, line: int) -> UnreadableFile:
    return UnreadableFile(
        str(path),
        f"the row is longer than {MAX_ROW_BYTES:,} bytes.",
        line=line,
        to_do="Mend or remove that line; the file may not be delimited text.",
    )


def _never_closed(path: Path, found: RowEnds, line: int, by_when: str) -> UnreadableFile:
    opened = line + int(np.searchsorted(found.line_ends, found.open_quote, side="right"))
    return UnreadableFile(
        str(path),
        f"the quote that opens here is not closed {by_when}.",
        line=opened,
        to_do="Close the quote; or set quote to another sign, or to '' for none, in patron.toml.",
    )


def blank_rows(block: RowBlock) -> np.ndarray:
    """The rows that hold nothing but their line end."""
    short = np.flatnonzero(block.ends - block.starts <= 2)
    codes = np.frombuffer(block.data, np.uint8)
    first = codes[block.starts[short]]
    return short[(first == LF) | (first == CR)]
