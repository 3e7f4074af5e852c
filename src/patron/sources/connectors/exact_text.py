"""Python values, as drivers and JSON give them, as the text that parses back to the same value."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

import pyarrow as pa

_WHOLE_FLOATS: Final = 2.0**53


def text_column(values: Sequence[object], decimal: str = ".") -> pa.Array:
    """A column of values as text: numbers with all their digits, times in ISO (UTC where they have a zone), nothing as null."""
    kinds = set(map(type, values))
    if kinds <= {str, type(None)}:
        texts = [value or None for value in values]
    else:
        texts = [text_of(value, decimal) for value in values]
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:
        # Bytes that were no text stay as they were, for the reader to set their rows aside.
        raw = [None if text is None else str(text).encode("utf-8", "surrogateescape") for text in texts]
        return pa.array(raw, pa.binary()).view(pa.string())


def text_of(value: object, decimal: str = ".") -> str | None:
    """One value as text; None for nothing."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return str(value)
    return _WRITERS.get(type(value), _other)(value, decimal)


def _number(value: object, decimal: str) -> str:
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    return text if decimal == "." else text.replace(".", decimal)


def _float(value: object, decimal: str) -> str:
    assert isinstance(value, float)  # noqa: S101 - _WRITERS chose by type
    whole = value.is_integer() and abs(value) < _WHOLE_FLOATS
    return str(int(value)) if whole else repr(value).replace(".", decimal)


def _moment(value: object, _: str) -> str:
    assert isinstance(value, datetime)  # noqa: S101 - _WRITERS chose by type
    if value.tzinfo is None:
        return value.isoformat(sep=" ")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ") + "Z"


def _span(value: object, _: str) -> str:
    assert isinstance(value, timedelta)  # noqa: S101 - _WRITERS chose by type
    return str(value)


def _bytes(value: object, _: str) -> str | None:
    data = bytes(value)  # type: ignore[call-overload]  # bytes, bytearray or memoryview
    try:
        return data.decode("utf-8") or None
    except UnicodeDecodeError:
        return data.hex()


def _nested(value: object, _: str) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=lambda part: text_of(part))


def _other(value: object, decimal: str) -> str | None:
    """A kind that stands in no list: a subclass of one that does, or whatever its own words are."""
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write(value, decimal)
    return str(value) or None


_WRITERS: Final[dict[type, Callable[[object, str], str | None]]] = {
    bool: lambda value, _: "true" if value else "false",
    int: _number,
    float: _float,
    Decimal: _number,
    datetime: _moment,
    date: lambda value, _: str(value),
    time: lambda value, _: str(value),
    timedelta: _span,
    bytes: _bytes,
    bytearray: _bytes,
    memoryview: _bytes,
    dict: _nested,
    list: _nested,
    tuple: _nested,
}
