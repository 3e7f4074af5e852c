"""How a text file is written: its encoding, what parts its values, and where its header stands."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from patron.errors import UnreadableFile
from patron.sources.text_blocks import byte_blocks

SAMPLE_BYTES: Final = 4 << 20
SAMPLE_ROWS: Final = 2000
MOST_LINES_ABOVE: Final = 50
DELIMITERS: Final = (",", ";", "\t", "|")
FALLBACK_ENCODING: Final = "cp1252"


@dataclass(frozen=True)
class Writing:
    """How a delimited file is written."""

    delimiter: str = ","
    encoding: str = "utf-8"
    skip_lines: int = 0
    quote: str = '"'


def sniff(path: Path, *, delimited: bool = True) -> Writing:
    """How a text file is written: encoding by all of its bytes, the rest by its first 2,000 rows.

    Raises UnreadableFile for an empty file.
    """
    encoding, head = _encoding(path)
    text = head.decode(encoding, "replace").lstrip("\ufeff")
    if not text.strip():
        raise UnreadableFile(str(path), "it is empty.", to_do="Export it again.")
    if not delimited:
        return Writing(encoding=encoding)
    above, text = _separator_line(text)
    lines = text.splitlines(keepends=True)
    if len(head) >= SAMPLE_BYTES:
        lines = lines[:-1]
    delimiter, width, rows = _delimiter(lines)
    if above:
        return Writing(above, encoding, 1)
    return Writing(delimiter, encoding, _lines_above(rows, width))


def _encoding(path: Path) -> tuple[str, bytes]:
    """The encoding that all of the file's bytes fit, and its first 4 MB."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    head, encoding = b"", "utf-8"
    for block in byte_blocks(path):
        if not head:
            head = block[:SAMPLE_BYTES]
            if marked := _marked(head):
                return marked, head
        try:
            decoder.decode(block)
        except UnicodeDecodeError:
            encoding = "utf-8" if _mostly_utf8(block) else FALLBACK_ENCODING
            break
    return encoding, head


def _marked(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    sample = head[:4096]
    if len(sample) >= 8 and sample[1::2].count(0) > len(sample) * 0.35:
        return "utf-16-le"
    if len(sample) >= 8 and sample[0::2].count(0) > len(sample) * 0.35:
        return "utf-16-be"
    return ""


def _mostly_utf8(block: bytes) -> bool:
    """Whether signs beyond ASCII that are whole UTF-8 outnumber the bytes that are not: then those few are damaged."""
    text = block.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    beyond = sum(1 for sign in text if sign > "\x7f") - damaged
    return beyond > damaged


def _separator_line(text: str) -> tuple[str, str]:
    """Excel's own first line, 'sep=;', if it is there, and the text below it."""
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        return first.strip()[4], rest
    return "", text


def _delimiter(lines: Sequence[str]) -> tuple[str, int, list[tuple[int, int]]]:
    """The delimiter that gives the most rows of one width, that width, and (width, first line) of each row."""
    ranked = []
    for place, sign in enumerate(DELIMITERS):
        rows = _widths(lines, sign)
        width, same = Counter(width for width, _ in rows).most_common(1)[0] if rows else (1, 0)
        # A decimal comma parts each row as steadily as a semicolon does, but not the header.
        header_fits = any(found == width for found, _ in rows[: MOST_LINES_ABOVE + 1][:1])
        ranked.append(((width > 1, header_fits, same / max(len(rows), 1) > 0.9, width, -place), sign, width, rows))
    _, sign, width, rows = max(ranked, key=lambda entry: entry[0])
    return sign, width, rows


def _widths(lines: Sequence[str], delimiter: str) -> list[tuple[int, int]]:
    reader = csv.reader(io.StringIO("".join(lines[: SAMPLE_ROWS * 3]), newline=""), delimiter=delimiter)
    widths: list[tuple[int, int]] = []
    before = 0
    try:
        for row in reader:
            if row:
                widths.append((len(row), before))
            before = reader.line_num
            if len(widths) >= SAMPLE_ROWS:
                break
    except csv.Error:
        return widths
    return widths


def _lines_above(rows: Sequence[tuple[int, int]], width: int) -> int:
    """Lines before the first row that is as wide as most: a title, a date of export, a blank."""
    for found, before in rows[:MOST_LINES_ABOVE]:
        if found == width:
            return before if before and rows[0][0] != width else 0
    return 0
