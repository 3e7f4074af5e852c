"""Which kinds of streams there are: built in, and those that other packages offer as entry points."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Final

from patron.errors import UnknownName
from patron.sources.streams.redis_stream import open_redis
from patron.sources.streams.stream import Opens

GROUP: Final = "patron.streams"
_BUILT_IN: Final[dict[str, Opens]] = {"redis": open_redis}


def stream_kind(name: str) -> Opens:
    """What opens streams of this kind; UnknownName with the known ones."""
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in found:
        raise UnknownName("kind of stream", name, (*_BUILT_IN, *found))
    opens: Opens = found[name].load()
    return opens
