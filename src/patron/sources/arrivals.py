"""Files as they arrive where sources look for them: which are whole, which still grow, which are left alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from patron.errors import NothingThere
from patron.settings import FILES_CONNECTOR, Source
from patron.sources.files import file_id, find_files, format_by_ending

Stamp = tuple[int, int]  # size and time of the last change, in nanoseconds


@dataclass(frozen=True)
class Arrival:
    """One whole file of one source, known by its content."""

    source_name: str
    path: Path
    file_id: str

    @property
    def identity(self) -> tuple[str, str]:
        return self.source_name, self.file_id


@dataclass(frozen=True)
class Look:
    """What one look found: whole files, those that may still be written to, and those left alone, with the reason."""

    whole: tuple[Arrival, ...]
    growing: tuple[tuple[str, Path], ...]
    ignored: tuple[tuple[Path, str], ...]

    @property
    def waiting_sources(self) -> frozenset[str]:
        """Sources of whose files none is whole yet."""
        return frozenset(name for name, _ in self.growing) - {file.source_name for file in self.whole}


class Arrivals:
    """The files of some sources, look after look.

    A file is whole when two looks in a row find it with the same size and time of change, and something in it.
    """

    def __init__(self) -> None:
        self._stamps: dict[Path, Stamp] = {}
        self._ids: dict[tuple[Path, Stamp], str] = {}

    def look(self, sources: Mapping[str, Source], root: Path) -> Look:
        """What is there now; a file is read once for each time that it changed."""
        before, self._stamps = self._stamps, {}
        whole, growing, ignored = [], [], []
        for name, path in _named(sources, root):
            if not _is_readable(path, sources[name]):
                ignored.append((path, "its ending does not tell how to read it"))
                continue
            stamp = _stamp(path)
            if stamp is None:
                continue
            self._stamps[path] = stamp
            is_steady = before.get(path) == stamp
            digest = self._digest(path, stamp) if stamp[0] and is_steady else None
            if is_steady and not stamp[0]:
                ignored.append((path, "it is empty"))
            elif digest is None:
                growing.append((name, path))
            else:
                whole.append(Arrival(name, path, digest))
        self._ids = {key: digest for key, digest in self._ids.items() if self._stamps.get(key[0]) == key[1]}
        return Look(tuple(whole), tuple(growing), tuple(ignored))

    def is_unchanged(self, path: Path) -> bool:
        """Whether a file still is as the last look found it."""
        return _stamp(path) == self._stamps.get(path)

    def _digest(self, path: Path, stamp: Stamp) -> str | None:
        """The file's content by its hash; None if it changes meanwhile, or somebody still holds it."""
        if (path, stamp) not in self._ids:
            try:
                digest = file_id(path)
            except OSError:
                return None
            if _stamp(path) != stamp:
                return None
            self._ids[path, stamp] = digest
        return self._ids[path, stamp]


def _named(sources: Mapping[str, Source], root: Path) -> Iterator[tuple[str, Path]]:
    """Every file that a source names now; a source may have none yet."""
    for name, source in sources.items():
        if source.connector == FILES_CONNECTOR:
            for entry in source.files:
                try:
                    found = find_files(source.model_copy(update={"files": (entry,)}), root)
                except NothingThere:
                    continue
                for path in found:
                    yield name, path


def _is_readable(path: Path, source: Source) -> bool:
    return source.format != "auto" or format_by_ending(path) is not None


def _stamp(path: Path) -> Stamp | None:
    """A file's size and time of change; None if it is gone."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_size, seen.st_mtime_ns
