"""Paths whose parts may hold a '/': sent as %2F, it does not part them."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from pydantic import BeforeValidator
from starlette.types import Scope

_SLASH: Final = "\x1f"
"""A control sign, which no id may hold; one that was sent as such becomes another, and is refused like it."""


def keep_slashes(scope: Scope) -> None:
    """Have the path parted by the slashes that were sent as such; servers hand over %2F already turned into one."""
    raw = scope.get("raw_path")
    if raw and b"%" in raw:
        told = raw.decode("latin-1").replace("%1f", "%7F").replace("%1F", "%7F")
        scope["path"] = unquote(told.replace("%2f", _SLASH).replace("%2F", _SLASH))


def _with_slashes(sent: object) -> object:
    return sent.replace(_SLASH, "/") if isinstance(sent, str) else sent


SLASHES: Final = BeforeValidator(_with_slashes)
"""For the type of a path's parameter: what was sent as %2F is a '/' in it."""
