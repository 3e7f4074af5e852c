"""Typed Arrow columns as text, one way only: the text that parses back to the same value."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_WHOLE_FLOATS: Final = 2.0**53


def is_nested(kind: pa.DataType) -> bool:
    """Whether a column holds lists or records (or something else that is not one value)."""
    return (
        pa.types.is_nested(kind)
        or isinstance(kind, pa.BaseExtensionType)
        or pa.types.is_interval(kind)
        or (pa.types.is_dictionary(kind) and is_nested(kind.value_type))
    )


def as_text(column: pa.Array, *, decimal: str = ".") -> pa.Array:
    """A column as text: plain whole numbers, the shortest decimals, ISO days and times, true and false.

    Numbers are written with the decimal sign given, so that they parse like the source's text does.
    Empty text is null. Text that is not UTF-8 stays as it is; ``bad_text_rows`` finds it.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _null_if_empty(column.cast(pa.string()))
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _null_if_empty(column.cast(pa.binary()).view(pa.string()))
    if pa.types.is_floating(kind):
        return _with_decimal(_floats(column), decimal)
    if pa.types.is_decimal(kind):
        return _with_decimal(column.cast(pa.string()), decimal)
    if pa.types.is_timestamp(kind):
        return _moments(column)
    return column.cast(pa.string())


def _null_if_empty(text: pa.Array) -> pa.Array:
    empty = pc.equal(pc.binary_length(text), 0)
    return pc.if_else(empty, pa.scalar(None, pa.string()), text) if pc.any(empty).as_py() else text


def _floats(column: pa.Array) -> pa.Array:
    if pa.types.is_float16(column.type):
        column = column.cast(pa.float32())
    whole = pc.and_(pc.equal(pc.trunc(column), column), pc.less(pc.abs(column), _WHOLE_FLOATS))
    text = column.cast(pa.string())
    if not pc.any(whole).as_py():
        return text
    # Arrow writes 31198570047.0 as 3.1198570047e+10; an id kept in a float column must stay readable.
    digits = pc.if_else(whole, column, 0.0).cast(pa.int64()).cast(pa.string())
    return pc.if_else(whole, digits, text)


def _with_decimal(text: pa.Array, decimal: str) -> pa.Array:
    return text if decimal == "." else pc.replace_substring(text, ".", decimal)


def _moments(column: pa.Array) -> pa.Array:
    """Times to the microsecond; those with a zone are told in UTC and end with Z."""
    zoned = column.type.tz is not None
    naive = column.cast(pa.timestamp(column.type.unit, "UTC")).cast(pa.timestamp(column.type.unit))
    micro = (naive if zoned else column).cast(pa.timestamp("us"), safe=False)
    text = micro.cast(pa.string())
    return pc.binary_join_element_wise(text, "Z", "") if zoned else text


def bad_text_rows(columns: list[pa.Array]) -> dict[int, tuple[int, str, str]]:
    """The rows that hold what is not text: for each, the first such column, a reason and a detail."""
    bad: dict[int, tuple[int, str, str]] = {}
    for number, column in enumerate(columns):
        for row in _not_utf8(column):
            bad.setdefault(row, (number, "bad_encoding", "the value is not UTF-8 text"))
        for row in _with_nul(column):
            bad.setdefault(row, (number, "nul_byte", "the value holds a NUL byte"))
    return bad


def _not_utf8(column: pa.Array) -> list[int]:
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return [row for row, value in enumerate(column.cast(pa.binary())) if not _is_utf8(value.as_py())]
    return []


def _is_utf8(value: bytes | None) -> bool:
    try:
        (value or b"").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _with_nul(column: pa.Array) -> list[int]:
    data = column.buffers()[2]
    if data is None or not data.size or np.frombuffer(data, np.uint8).min() > 0:
        return []
    return [row for row, value in enumerate(column.cast(pa.binary())) if b"\0" in (value.as_py() or b"")]
