"""The manifest: what a release is, with the hash of every file in it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from patron.errors import DamagedRelease

MANIFEST = "manifest.json"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """What a release says of itself."""

    id: str
    created_at: str
    run_key: str
    score_digest: str
    data_hash: str
    code_version: str
    profile: str
    currency: str
    as_of: str
    horizon_days: int
    customers: int
    champion: str
    files: dict[str, str]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a release folder; raises DamagedRelease if it is not one."""
    try:
        return Manifest(**json.loads((folder / MANIFEST).read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise DamagedRelease(
            f"Release {folder.name} has no readable {MANIFEST}.",
            to_do="Roll back to another release with 'patron release rollback'.",
        ) from error


def file_hashes(folder: Path) -> dict[str, str]:
    """sha256 of every file below a folder but the manifest, by relative name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


def verify(folder: Path) -> Manifest:
    """The manifest, once every file is found to be as it was published; raises DamagedRelease."""
    manifest = read_manifest(folder)
    found = file_hashes(folder)
    for name in sorted(manifest.files.keys() | found.keys()):
        if found.get(name) != manifest.files.get(name):
            wrong = "is missing" if name not in found else "was added" if name not in manifest.files else "was changed"
            raise DamagedRelease(
                f"Release {folder.name} is damaged: {name} {wrong} since it was published.",
                to_do="Roll back to another release, or publish anew with 'patron run --again'.",
            )
    return manifest


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
