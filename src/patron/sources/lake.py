"""The lake: what connectors fetched, file by file as it came, never changed, each with a manifest beside it.

``<workspace>/lake/<source>/000001-rows.parquet`` has its manifest in ``manifests/000001-rows.parquet.json``, a
folder apart, for what is fetched may be called anything. A file counts once its manifest is there; whatever lies there
without one was being written when a run was killed, and is removed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from patron.errors import DamagedLake
from patron.sources.connectors.watermark import Watermark
from patron.sources.files import LAKE, MANIFESTS, file_id

ROWS: Final = "rows"
STAGING: Final = ".staging"
VERSIONS: Final = "versions.json"
_NUMBERED: Final = re.compile(r"^(\d{6,})-.+$")


@dataclass(frozen=True)
class Manifest:
    """What is known of one landed file. ``asked`` is a digest of what the source was asked for, ``origin`` its own name for it."""

    number: int
    source: str
    connector: str
    asked: str
    origin: str
    version: str
    fetched_at: str
    rows: int | None
    bytes: int
    sha256: str
    content: str
    watermark_from: Watermark | None
    watermark_to: Watermark | None


@dataclass(frozen=True)
class LakeFile:
    """One landed file and its manifest."""

    path: Path
    manifest: Manifest

    @property
    def known_as(self) -> str:
        """What tells it from others of its source; two files known as one are two states of one thing.

        A whole table, fetched again, is the same table; what came after a watermark is a thing of its own.
        """
        return self.manifest.origin if self.manifest.watermark_to is None else self.path.name

    def verified(self) -> str:
        """The sha256 of its bytes; DamagedLake if they are not those that landed."""
        found = file_id(self.path)
        if found != self.manifest.sha256:
            raise _damaged(self.path, "is not what was fetched: its bytes have changed since.")
        return found


_MANIFEST: Final = TypeAdapter(Manifest)


def lake_folder(workspace: Path, source: str) -> Path:
    """Where the files of a source lie."""
    return workspace / LAKE / source


def lake_files(workspace: Path, source: str) -> tuple[LakeFile, ...]:
    """Every landed file of a source, in the order in which they landed; DamagedLake where one is missing or unreadable."""
    folder = lake_folder(workspace, source)
    found = sorted(
        (_read(path) for path in (folder / MANIFESTS).glob("*.json") if _NUMBERED.match(path.name)), key=_number
    )
    for place, file in enumerate(found, start=1):
        if file.manifest.number != place:
            raise _damaged(folder, f"lacks the file that landed as number {place}.")
        if not file.path.is_file():
            raise _damaged(file.path, "is missing.")
    return tuple(found)


def manifest_path(path: Path) -> Path:
    """Where a landed file's manifest stands."""
    return path.parent / MANIFESTS / f"{path.name}.json"


def manifest_text(manifest: Manifest) -> str:
    """A manifest as it is written."""
    return json.dumps(asdict(manifest), indent=1, ensure_ascii=False) + "\n"


def sweep(folder: Path, files: Sequence[LakeFile]) -> None:
    """Remove what a killed run left half-way: files without a manifest."""
    landed = {file.path.name for file in files}
    for path in folder.glob("*"):
        if path.is_file() and _NUMBERED.match(path.name) and path.name not in landed:
            path.unlink()


def _number(file: LakeFile) -> int:
    return file.manifest.number


def _read(path: Path) -> LakeFile:
    try:
        manifest = _MANIFEST.validate_json(path.read_bytes())
    except ValidationError as error:
        raise _damaged(path, "cannot be read as a manifest.") from error
    return LakeFile(path.parent.parent / path.name.removesuffix(".json"), manifest)


def _damaged(path: Path, why: str) -> DamagedLake:
    return DamagedLake(
        f"{path} {why}",
        allowed="What has been fetched never changes.",
        to_do="Put it back from a backup. Or give the source another name in patron.toml: everything is then fetched anew.",
    )
