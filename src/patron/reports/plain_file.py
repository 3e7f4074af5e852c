"""Typed content read back from a release's JSON."""

from __future__ import annotations

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from patron.errors import DamagedRelease

Content = TypeVar("Content")


def read_as(adapter: TypeAdapter[Content], text: str | bytes, file: str, what: str) -> Content:
    """The content of a file's text; raises DamagedRelease with the place where it does not fit."""
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise DamagedRelease(
            f"{file} does not hold {what}: {where}: {first['msg']}.",
            to_do="Run 'patron run' again to publish a whole release.",
        ) from error
