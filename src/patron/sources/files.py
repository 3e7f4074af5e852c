"""Which files a source means, what each one is, and its fingerprint."""

from __future__ import annotations

import glob
import hashlib
from pathlib import Path
from typing import Final, Literal

from patron.errors import NothingThere, UsageError
from patron.settings import Source

Format = Literal["csv", "parquet", "jsonl", "excel"]
Compression = Literal["gzip", "zstd"]

FORMAT_OF_ENDING: Final[dict[str, Format]] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".xls": "excel",
    ".xlsb": "excel",
    ".ods": "excel",
}
COMPRESSION_OF_ENDING: Final[dict[str, Compression]] = {".gz": "gzip", ".zst": "zstd"}
PACKABLE: Final = ("csv", "jsonl")
HASH_BLOCK: Final = 1 << 20
# The folder of what is fetched, and within a source's own the one of the files' manifests.
LAKE: Final = "lake"
MANIFESTS: Final = "manifests"


def find_files(source: Source, root: Path) -> list[Path]:
    """Every file a source names, each once: in the order of its entries, and by name within a glob or folder.

    Entries are relative to ``root``. Raises NothingThere for an entry that names no file.
    """
    found: dict[Path, None] = {}
    for entry in source.files:
        for path in _files_of_entry(entry, root):
            found.setdefault(path, None)
    return list(found)


def _files_of_entry(entry: str, root: Path) -> list[Path]:
    path = root / entry
    if path.is_file():
        return [path]
    if path.is_dir():
        return _files_of_folder(path)
    if glob.has_magic(entry):
        return _files_of_glob(entry, root)
    if path.exists():
        raise UsageError(f"{path} is not a regular file.", to_do="Name a file, a glob or a folder.")
    raise NothingThere(f"There is no file {path}.", to_do="Mend 'files' of this source in patron.toml.")


def _files_of_folder(folder: Path) -> list[Path]:
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and _has_known_ending(path) and _is_data(path, folder)
    )
    if not files:
        raise NothingThere(
            f"The folder {folder} holds no data file.", to_do=f"Known endings: {', '.join(known_endings())}."
        )
    return files


def _is_data(path: Path, folder: Path) -> bool:
    """Not hidden, and neither part of a release that Patron published below the same folder nor fetched for another source."""
    inside = path.relative_to(folder)
    if path.parent.parent.name == LAKE and (path.parent / MANIFESTS / f"{path.name}.json").is_file():
        return False
    if path.parent.name == MANIFESTS and path.parent.parent.parent.name == LAKE:
        return False
    within_release = any((folder / parent / "manifest.json").is_file() for parent in inside.parents)
    return not within_release and not any(part.startswith(".") for part in inside.parts)


def _files_of_glob(pattern: str, root: Path) -> list[Path]:
    matches = sorted(root / match for match in glob.glob(pattern, root_dir=root, recursive=True))  # noqa: PTH207 - takes absolute patterns, Path.glob does not
    files = [path for path in matches if path.is_file()]
    if not files:
        raise NothingThere(
            f"No file matches '{pattern}' in {root}.", to_do="Mend 'files' of this source in patron.toml."
        )
    return files


def file_id(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def format_of(path: Path, source: Source) -> Format:
    """How a file is written: as its source declares, else by its ending. Raises UsageError for an unknown ending."""
    if source.format != "auto":
        return source.format
    known = format_by_ending(path)
    if known is None:
        raise UsageError(
            f"{path}: the ending '{path.suffix}' does not tell how the file is written.",
            allowed=f"Known endings: {', '.join(known_endings())}.",
            to_do="Rename it, or set 'format' of this source in patron.toml.",
        )
    return known


def format_by_ending(path: Path) -> Format | None:
    """How a file is written, judged by its ending alone; None if that does not tell."""
    suffix = path.suffix.lower()
    if suffix in COMPRESSION_OF_ENDING:
        inner = FORMAT_OF_ENDING.get(Path(path.stem).suffix.lower())
        return inner if inner in PACKABLE else None
    return FORMAT_OF_ENDING.get(suffix)


def compression_of(path: Path) -> Compression | None:
    """How a text file is packed, by its ending; None if it is not."""
    return COMPRESSION_OF_ENDING.get(path.suffix.lower())


def known_endings() -> tuple[str, ...]:
    """Every file ending that can be read, the packed ones included."""
    packed = [
        ending + pack for ending, kind in FORMAT_OF_ENDING.items() if kind in PACKABLE for pack in COMPRESSION_OF_ENDING
    ]
    return (*FORMAT_OF_ENDING, *packed)


def _has_known_ending(path: Path) -> bool:
    return not path.name.startswith(".") and format_by_ending(path) is not None
