"""What bronze knows of the files that have landed, and what their rows were judged by."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path

from patron.pipeline.step import Run
from patron.settings import Settings, Source
from patron.tables import FILES, TRANSACTIONS

# How a file is cut into rows and values; all else in a source says what the values mean.
_READING = ("format", "delimiter", "quote", "encoding", "skip_lines", "sheet")
# What to do with a new file does not change what an old row means.
_NOT_MEANING = {"repeated_rows"}


@dataclass(frozen=True)
class LandedFile:
    """One file of a declared source, as it landed."""

    source_name: str
    source: Source
    file_id: str
    name: str
    path: str
    columns: tuple[str, ...]
    rows_in: int
    arrived_at: datetime
    reading: str

    @property
    def identity(self) -> tuple[str, str]:
        return self.source_name, self.file_id


def landed_files(run: Run) -> list[LandedFile]:
    """Every landed file that patron.toml names, in the order they came; also one that has been moved away since."""
    rows = run.warehouse.fetch(run.warehouse.table("bronze", FILES.name)).to_pylist()
    place = {(file.source_name, file.file_id): number for number, file in enumerate(run.files)}
    rows.sort(key=lambda row: (row["arrived_at"], place.get((row["source"], row["file_id"]), -1), row["name"]))
    return [
        LandedFile(
            row["source"],
            run.settings.sources[row["source"]],
            row["file_id"],
            row["name"],
            row["path"],
            tuple(json.loads(row["columns"])),
            row["rows_in"],
            row["arrived_at"],
            row["reading"],
        )
        for row in rows
        if row["source"] in run.settings.sources and is_named(row["path"], run.settings.sources[row["source"]])
    ]


def is_named(path: str, source: Source) -> bool:
    """Whether the source's ``files`` name this path, be it still there or not: as a file, in a folder, by a glob."""
    return any(
        path == entry or path.startswith(entry.rstrip("/") + "/") or entry == "." or fnmatch(path, entry)
        for entry in (Path(text).as_posix() for text in source.files)
    )


def reading_digest(source: Source) -> str:
    """What a file's rows in bronze depend on besides its bytes."""
    return _digest({name: getattr(source, name) for name in _READING})


def meaning_digest(settings: Settings, table: str) -> str:
    """What the rows of a silver table depend on besides bronze: the mappings of all its sources, and the row rules."""
    sources = {
        name: source.model_dump(mode="json", exclude=_NOT_MEANING)
        for name, source in settings.sources.items()
        if source.table == table
    }
    rules = [settings.value.currency, settings.quality.earliest] if table == TRANSACTIONS.name else []
    return _digest([sources, rules])


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:24]


def path_in(folder: Path, path: Path) -> str:
    """A file's path as patron.toml would write it: from the workspace, with forward slashes."""
    text = path.as_posix()
    return text.removeprefix(folder.as_posix() + "/") if folder != Path() else text


def raw_table(source_name: str) -> str:
    """The bronze table of a source's rows; no source can be named so that it meets one of Patron's own."""
    return f"raw_{source_name}"
