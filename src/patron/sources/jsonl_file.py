"""JSON lines: one object per line, its values as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from patron.errors import UnreadableFile
from patron.settings import Source
from patron.sources.header import mapped_columns, require_columns, stored_columns
from patron.sources.row_blocks import Dialect, RowBlock, row_blocks
from patron.sources.rows import RawBatch, RawFile, RejectedRow, raw_batch

# Keys are gathered from so many lines; a mapped key that comes later is looked for in the whole file.
LINES_FOR_KEYS: Final = 2000
_LINES_ONLY: Final = Dialect(delimiter=ord(","), quote=None)


class _BadLineError(ValueError):
    """A line of JSON that is no object with distinct keys, or holds what is not text."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        super().__init__(detail)


def read_jsonl(path: Path, source: Source) -> RawFile:
    """A file of JSON lines; its columns are the keys of the first 2,000 lines and every mapped key."""
    keys = _keys(path, source)
    absent = [name for name in mapped_columns(source) if name not in keys]
    found = [*keys, *(name for name in absent if _occurs(path, source, name))]
    require_columns(path, found, source)
    columns = stored_columns(path, found)
    return RawFile(path, columns, lambda: _batches(path, source, found, columns))


def _blocks(path: Path, source: Source) -> Iterator[RowBlock]:
    return row_blocks(path, source, _LINES_ONLY)


def _keys(path: Path, source: Source) -> list[str]:
    keys: dict[str, None] = {}
    seen, detail = 0, ""
    for block in _blocks(path, source):
        for row in range(len(block)):
            text = block.text(row).strip()
            if not text:
                continue
            _refuse_array(path, text, seen)
            seen += 1
            try:
                keys.update(dict.fromkeys(_object(text)))
            except _BadLineError as error:
                detail = detail or str(error)
            if seen >= LINES_FOR_KEYS:
                return list(keys)
    if not seen:
        raise UnreadableFile(str(path), "it is empty.", to_do="Export it again.")
    if not keys:
        raise UnreadableFile(
            str(path), f"no line holds a JSON object ({detail}).", to_do="Write one object on each line."
        )
    return list(keys)


def _refuse_array(path: Path, text: bytes, seen: int) -> None:
    if not seen and text.startswith(b"[") and not text.endswith(b"]"):
        raise UnreadableFile(
            str(path), "it is one JSON array over several lines.", line=1, to_do="Write one object on each line."
        )


def _occurs(path: Path, source: Source, key: str) -> bool:
    needle = json.dumps(key, ensure_ascii=False).encode()
    return any(needle in block.data for block in _blocks(path, source))


def _batches(path: Path, source: Source, keys: list[str], columns: tuple[str, ...]) -> Iterator[RawBatch]:
    for block in _blocks(path, source):
        yield _batch(block, source, keys, columns)


def _batch(block: RowBlock, source: Source, keys: list[str], columns: tuple[str, ...]) -> RawBatch:
    lines: list[int] = []
    objects: list[dict[str, Any]] = []
    rejected: list[RejectedRow] = []
    for row in range(len(block)):
        text = block.text(row).strip()
        if not text:
            continue
        try:
            objects.append(_object(text, decimal=source.decimal))
            lines.append(int(block.lines[row]))
        except _BadLineError as error:
            raw = text.decode("utf-8", "backslashreplace").replace("\0", "\\0")
            rejected.append(RejectedRow(int(block.lines[row]), error.reason, str(error), raw))
    values = [pa.array([found.get(key) for found in objects], pa.string()) for key in keys]
    return raw_batch(columns, np.array(lines, np.int64), values, rejected)


def _object(text: bytes, *, decimal: str = ".") -> dict[str, str | None]:
    """One line's values as text; numbers keep their digits as written."""
    try:
        line = text.decode("utf-8")
        pairs = _DECODER.decode(line)
    except UnicodeDecodeError as error:
        raise _BadLineError("bad_encoding", "the line is not text in the declared encoding") from error
    except (ValueError, RecursionError) as error:
        raise _BadLineError("not_json", f"the line is not JSON: {error}") from error
    if not isinstance(pairs, _Pairs):
        raise _BadLineError("not_json", "the line is JSON, but not an object")
    found = {key: _text(value, decimal) for key, value in pairs}
    if len(found) != len(pairs):
        raise _BadLineError("not_json", "the line names a key twice")
    if "\\u" in line or "\0" in line:
        _refuse_odd_text(found)
    return found


class _Number(str):
    """The digits of a JSON number, as written."""

    __slots__ = ()


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object, repeated keys included; values are whatever JSON holds."""


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_float=_Number, parse_int=_Number, parse_constant=_Number
)


def _text(value: Any, decimal: str) -> str | None:  # Any: whatever JSON holds
    if isinstance(value, _Number):
        return str(value) if decimal == "." else value.replace(".", decimal)
    if isinstance(value, str):
        return value or None
    if value is None:
        return None
    if value is True or value is False:
        return "true" if value else "false"
    return _compact(value)


def _compact(value: Any) -> str:  # Any: whatever JSON holds
    """A list or object as JSON text, its numbers as written."""
    if isinstance(value, _Pairs):
        return "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{_compact(part)}" for key, part in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_compact(part) for part in value) + "]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


def _refuse_odd_text(found: dict[str, str | None]) -> None:
    for key, value in found.items():
        for text in (key, value or ""):
            if "\0" in text:
                raise _BadLineError("nul_byte", f"{key!r} holds a NUL character")
            if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
                raise _BadLineError("bad_encoding", f"{key!r} holds half a surrogate pair")
