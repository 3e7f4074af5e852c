"""What bronze knows of the files that have landed, and what their rows were judged by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path

import ibis.expr.types as ir

from patron.pipeline.step import Run, SourceFile
from patron.quality.decisions import Decision, decisions_digest
from patron.settings import FILES_CONNECTOR, Settings, Source
from patron.sources.lake import lake_folder
from patron.tables import FILES, TRANSACTIONS

# How a file is cut into rows and values; all else in a source says what the values mean.
_READING = ("format", "delimiter", "quote", "encoding", "skip_lines", "sheet")
_BY_PSEUDONYM = "p"  # no digit of a digest
# What to do with a new file, or where it is fetched, does not change what an old row means.
_NOT_MEANING = {"repeated_rows", "options"}


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
    bytes: int

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
            row["bytes"],
        )
        for row in rows
        if row["source"] in run.settings.sources
        and is_named(row["path"], row["source"], run.settings.sources[row["source"]])
    ]


def is_named(path: str, name: str, source: Source) -> bool:
    """Whether the source's ``files`` name this path, be it still there or not: as a file, in a folder, by a glob.

    Of a source that is fetched: whether it was fetched, and not read from a file when the source was one of files.
    """
    if source.connector != FILES_CONNECTOR:
        return path.startswith(_lake_path(name, ""))
    return any(
        path == entry or path.startswith(entry.rstrip("/") + "/") or entry == "." or fnmatch(path, entry)
        for entry in (Path(text).as_posix() for text in source.files)
    )


def reading_digest(settings: Settings, source: Source) -> str:
    """What a file's rows in bronze depend on besides its bytes."""
    how = {name: getattr(source, name) for name in _READING}
    if source.personal:
        how |= {"personal": source.personal, "plain_too": sorted(source.plain_too)}
    digest = _digest(how)
    return f"{_BY_PSEUDONYM}{digest[1:]}" if _replaces_ids(settings, source) else digest


def is_sealed(settings: Settings, source: Source) -> bool:
    """Whether a source tells of persons what may not stand in the warehouse in plain text."""
    return bool(source.personal) or _replaces_ids(settings, source)


def reading_is_plain(settings: Settings, source: Source, reading: str) -> bool:
    """Whether a file was read with its ids as they came, where they may not stand so any more."""
    return _replaces_ids(settings, source) and not reading.startswith(_BY_PSEUDONYM)


def _replaces_ids(settings: Settings, source: Source) -> bool:
    return settings.privacy.pseudonyms and "customer_id" in source.columns


def meaning_digest(settings: Settings, table: str, decisions: Iterable[Decision] = ()) -> str:
    """What the rows of a silver table depend on besides bronze: its sources' mappings, the row rules, people's decisions."""
    sources = {
        name: source.model_dump(mode="json", exclude=_NOT_MEANING)
        for name, source in settings.sources.items()
        if source.table == table
    }
    rules: list[object] = [settings.value.currency, settings.quality.earliest] if table == TRANSACTIONS.name else []
    rules += [rule.model_dump(mode="json") for rule in settings.quality.rules if rule.table == table]
    decided = decisions_digest(decisions, sources)
    return _digest([sources, rules, decided] if decided else [sources, rules])


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:24]


def path_of(folder: Path, file: SourceFile) -> str:
    """The path by which bronze knows a file: where it lies, or of a fetched one its source and its name there.

    Two files of one path are two states of one thing.
    """
    return _lake_path(file.source_name, file.origin) if file.origin else path_in(folder, file.path)


def _lake_path(source: str, origin: str) -> str:
    return f"{lake_folder(Path(), source).as_posix()}/{origin}"


def path_in(folder: Path, path: Path) -> str:
    """A file's path as patron.toml would write it: from the workspace, with forward slashes."""
    text = path.as_posix()
    return text.removeprefix(folder.as_posix() + "/") if folder != Path() else text


def raw_table(source_name: str) -> str:
    """The bronze table of a source's rows; no source can be named so that it meets one of Patron's own."""
    return f"raw_{source_name}"


def raw_rows(run: Run, file: LandedFile) -> ir.Table:
    """The file's rows as they landed: line, and its columns by their own names (a warehouse may not mind their case)."""
    bronze = run.warehouse.table("bronze", raw_table(file.source_name))
    stored = {name.lower(): name for name in bronze.columns}
    columns = {name: bronze[name if name in bronze.columns else stored[name.lower()]] for name in file.columns}
    return bronze.filter(bronze.file_id == file.file_id).select("line", **columns)
