"""What a backup is: which files it may hold, and a manifest with the hash of every one.

Secrets are no part of it: ``secrets.toml``, and ``keyring.sqlite``, for data keys that were destroyed must not come back.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from patron.errors import DamagedBackup
from patron.governance.state.opened import FILE_NAME as STATE
from patron.quality.rulebook import FILE as RULES
from patron.releases.manifest import file_hashes, sha256
from patron.settings import FILE_NAME as SETTINGS
from patron.warehouse import WAREHOUSE_FILE as WAREHOUSE

MANIFEST: Final = "backup.json"
FORM: Final = 1
RELEASES: Final = "releases"
_MAY_HOLD: Final = re.compile(
    rf"(?:{re.escape(SETTINGS)}|{re.escape(STATE)}|{re.escape(WAREHOUSE)}(?:\.wal)?|{re.escape(RULES)}|{RELEASES}/[^\\]+)"
)


@dataclass(frozen=True)
class BackupManifest:
    """What a backup says of itself. ``left_out`` tells in words what is not in it, and why."""

    form: int
    made_at: str
    code_version: str
    left_out: list[str]
    files: dict[str, str]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"


def read_backup(folder: Path) -> BackupManifest:
    """The manifest of a backup; DamagedBackup if it is none, or one that could lead outside of it."""
    try:
        told = BackupManifest(**json.loads((folder / MANIFEST).read_text("utf-8")))
        listed = {**told.files}
    except (OSError, ValueError, TypeError) as error:
        raise DamagedBackup(
            f"{folder} has no readable {MANIFEST}.", to_do="Name the folder that 'patron backup' made."
        ) from error
    if told.form != FORM:
        raise DamagedBackup(
            f"The backup {folder} has the form {told.form}.",
            allowed=f"This version knows {FORM}.",
            to_do="Use the version that made it.",
        )
    for name in listed:
        if not _MAY_HOLD.fullmatch(name) or ".." in name.split("/"):
            raise DamagedBackup(f"The backup {folder} lists '{name}', which is no part of a backup.")
    return told


def check_backup(folder: Path) -> BackupManifest:
    """The manifest, once every file is found to be as it was copied; DamagedBackup, naming those that are not."""
    manifest = read_backup(folder)
    compare(folder, manifest.files)
    return manifest


def compare(folder: Path, wanted: dict[str, str]) -> None:
    """Nothing, if the folder's files are these; DamagedBackup with each that is missing, was changed, or was added."""
    found = hashes(folder)
    wrong = [
        f"{name} {'is missing' if name not in found else 'was added' if name not in wanted else 'was changed'}"
        for name in sorted(wanted.keys() | found.keys())
        if found.get(name) != wanted.get(name)
    ]
    if wrong:
        raise DamagedBackup(
            f"The backup {folder} is not as it was made: {'; '.join(wrong[:20])}.", to_do="Use another backup."
        )


def hashes(folder: Path) -> dict[str, str]:
    """sha256 of every file of a backup but its manifest, by relative name; those of releases have manifests of their own."""
    found = file_hashes(folder)
    inner = {path.relative_to(folder).as_posix(): sha256(path) for path in folder.rglob("manifest.json")}
    return {name: digest for name, digest in {**found, **inner}.items() if name != MANIFEST}


def flush(folder: Path) -> None:
    """Have every file below a folder on disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
