"""The landing zone: what one fetch brings is staged, and lands file by file, each whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from patron.errors import BrokenContract, UnreadableFile
from patron.sources.arrow_text import as_text, is_nested
from patron.sources.connectors.exact_text import text_column
from patron.sources.connectors.watermark import Watermark
from patron.sources.files import MANIFESTS, file_id
from patron.sources.lake import (
    ROWS,
    STAGING,
    VERSIONS,
    LakeFile,
    Manifest,
    lake_files,
    lake_folder,
    manifest_path,
    manifest_text,
    sweep,
)
from patron.sources.parquet_parts import ParquetParts
from patron.sources.row_marks import ContentDigest, RowsSeen

_ROWS_AT_ONCE: Final = 20_000
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME: Final = 80
_READ_ONLY: Final = 0o444


@dataclass(frozen=True)
class Staged:
    """A file of this fetch that has not landed yet."""

    path: Path
    name: str
    origin: str
    version: str
    rows: int | None
    sha256: str
    content: str


class LandingZone:
    """Where a connector puts what it fetches from one source; see ``patron.sources.connectors.Landing``."""

    def __init__(self, workspace: Path, source: str, *, decimal: str, since: Watermark | None) -> None:
        self._folder = lake_folder(workspace, source)
        self._staging = self._folder / STAGING
        self._landed = lake_files(workspace, source)
        self._decimal = decimal
        self._versions = _versions(self._folder, self._landed)
        self._seen = RowsSeen(_rows_from(self._landed, since))
        # Its number makes a file one of a kind: rows that come twice are two rows, and bronze knows a file by its bytes.
        number = {"patron.number": str(len(self._landed) + 1)}
        self._rows, self._digest = ParquetParts(self._staging, ROWS, number), ContentDigest()
        self._objects: list[Staged] = []

    def add_rows(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Add rows of Python values: kept as exact text. Later rows may have other columns."""
        for chunk in _chunks(rows):
            values = [text_column(column, self._decimal) for column in zip(*chunk, strict=True)]
            self._add_texts(pa.RecordBatch.from_arrays(values, names=list(columns)))

    def add_batch(self, batch: pa.RecordBatch) -> None:
        """Add a batch of Arrow columns: kept as exact text."""
        flat = [name for name, kind in zip(batch.schema.names, batch.schema.types, strict=True) if not is_nested(kind)]
        nested = [name for name in batch.schema.names if name not in flat]
        values = {name: as_text(batch.column(name), decimal=self._decimal) for name in flat}
        values |= {name: text_column(batch.column(name).to_pylist(), self._decimal) for name in nested}
        names = batch.schema.names
        self._add_texts(pa.RecordBatch.from_arrays([values[name] for name in names], names=names))

    def add_object(self, name: str, version: str, blocks: Iterable[bytes]) -> None:
        """Add a file with its bytes as they are; ``name`` is the source's own, ``version`` what tells a change."""
        path = self._staging / f"object-{len(self._objects)}"
        digest = hashlib.sha256()
        with path.open("wb") as stream:
            for block in blocks:
                digest.update(block)
                stream.write(block)
        self._objects.append(Staged(path, _file_name(name), name, version, None, digest.hexdigest(), ""))

    def has(self, name: str, version: str) -> bool:
        """Whether this version of a file has landed."""
        return self._versions.get(name) == version

    def land(self, facts: Manifest) -> tuple[LakeFile, ...]:
        """Make all that was added part of the lake; what is there already with the same content does not land again.

        ``facts`` is a manifest with all that the files have in common.
        """
        fresh = [staged for staged in self._staged() if not self._is_there(staged, facts)]
        files = tuple(self._landed_now(facts, staged, place) for place, staged in enumerate(fresh, start=1))
        if self._objects:
            seen = self._versions | {staged.origin: staged.version for staged in self._objects}
            _write_durably(self._folder / VERSIONS, json.dumps(seen, indent=1, sort_keys=True) + "\n")
        return files

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the rows that were added; none where there are no rows."""
        return self._rows.columns

    def is_empty(self) -> bool:
        """Whether nothing was added that had not landed before."""
        return not self._digest.rows and not self._objects

    def _add_texts(self, batch: pa.RecordBatch) -> None:
        _refuse_repeated_names(batch.schema.names)
        unseen = self._seen.unseen(batch)
        if unseen.num_rows:
            self._digest.add(unseen)
            self._rows.add(unseen)

    def _staged(self) -> list[Staged]:
        path = self._rows.whole()
        if path is None:
            return self._objects
        rows = Staged(path, f"{ROWS}.parquet", ROWS, "", self._digest.rows, file_id(path), self._digest.text())
        return [*self._objects, rows]

    def _is_there(self, staged: Staged, facts: Manifest) -> bool:
        """Whether the newest landed file of this origin holds just the same; equal rows of two fetches in a row are two."""
        newest = next((f.manifest for f in reversed(self._landed) if f.manifest.origin == staged.origin), None)
        if newest is None or facts.watermark_to is not None:
            return False
        return newest.sha256 == staged.sha256 or (staged.content != "" and newest.content == staged.content)

    def _landed_now(self, facts: Manifest, staged: Staged, place: int) -> LakeFile:
        number = len(self._landed) + place
        path = self._folder / f"{number:06d}-{staged.name}"
        manifest = replace(
            facts,
            number=number,
            origin=staged.origin,
            version=staged.version,
            rows=staged.rows,
            bytes=staged.path.stat().st_size,
            sha256=staged.sha256,
            content=staged.content,
        )
        _fsync(staged.path)
        staged.path.chmod(_READ_ONLY)
        staged.path.replace(path)
        _fsync_folder(self._folder)
        _write_durably(manifest_path(path), manifest_text(manifest))
        manifest_path(path).chmod(_READ_ONLY)
        return LakeFile(path, manifest)

    def close(self) -> None:
        """Drop what has not landed."""
        self._rows.close()
        shutil.rmtree(self._staging, ignore_errors=True)


@contextmanager
def landing_zone(
    workspace: Path, source: str, *, decimal: str = ".", since: Watermark | None = None
) -> Iterator[LandingZone]:
    """A source's landing zone, empty; what was not landed at the end is dropped. One process at a time.

    Rows that landed at ``since`` or later are known: they do not land again.
    """
    folder = lake_folder(workspace, source)
    shutil.rmtree(folder / STAGING, ignore_errors=True)
    (folder / STAGING).mkdir(parents=True)
    (folder / MANIFESTS).mkdir(exist_ok=True)
    sweep(folder, lake_files(workspace, source))
    zone = LandingZone(workspace, source, decimal=decimal, since=since)
    try:
        yield zone
    finally:
        zone.close()


def common_facts(
    source: str, connector: str, asked: str, at: datetime, span: tuple[Watermark | None, Watermark | None]
) -> Manifest:
    """A manifest of what all files of one fetch have in common."""
    return Manifest(0, source, connector, asked, "", "", at.isoformat(), None, 0, "", "", *span)


def _chunks(rows: Iterable[Sequence[object]]) -> Iterator[list[Sequence[object]]]:
    chunk: list[Sequence[object]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _ROWS_AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _rows_from(landed: Sequence[LakeFile], watermark: Watermark | None) -> Iterator[pa.RecordBatch]:
    """The rows of files that reach up to a watermark or beyond: a fetch from there on meets some of them again."""
    if watermark is None:
        return
    for file in landed:
        reached = file.manifest.watermark_to
        if file.manifest.origin == ROWS and reached is not None and _at_least(reached, watermark):
            file.verified()
            with pq.ParquetFile(file.path) as content:
                yield from content.iter_batches(_ROWS_AT_ONCE)


def _at_least(reached: Watermark, watermark: Watermark) -> bool:
    if reached.kind != watermark.kind:
        return True
    return reached.value() >= watermark.value()  # type: ignore[operator]  # two of one kind


def _versions(folder: Path, landed: Sequence[LakeFile]) -> dict[str, str]:
    """By file of the source, the version last seen: also of one that was touched and not changed."""
    found = {file.manifest.origin: file.manifest.version for file in landed if file.manifest.version}
    path = folder / VERSIONS
    if not path.is_file():
        return found
    try:
        seen = json.loads(path.read_bytes())
    except ValueError as error:
        raise UnreadableFile(str(path), "it is no JSON.", to_do="Delete it; it is made anew.") from error
    return found | {name: version for name, version in seen.items() if name in found}


def _refuse_repeated_names(names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise BrokenContract(
            f"Several columns are named '{repeated[0]}'.", to_do="Name each column differently in the query (AS …)."
        )


def _file_name(name: str) -> str:
    plain = _NOT_IN_NAMES.sub("_", name.rstrip("/").rsplit("/", 1)[-1])[-_LONGEST_NAME:].lstrip(".")
    return plain or "object"


def _write_durably(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, "utf-8")
    _fsync(draft)
    draft.replace(path)
    _fsync_folder(path.parent)


def _fsync(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _fsync_folder(folder: Path) -> None:
    if os.name == "nt":  # a folder cannot be opened there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
