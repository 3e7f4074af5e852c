"""Make a backup: a consistent copy of a workspace, also while its server answers and a run is at work."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from patron.errors import DamagedRelease, NothingThere, StorageFailed, UsageError, WorkspaceBusy
from patron.governance.state.opened import FILE_NAME as STATE
from patron.pipeline.backup.contents import FORM, MANIFEST, RELEASES, BackupManifest, flush, hashes
from patron.pipeline.workspace import Workspace
from patron.quality.rulebook import FILE as RULES
from patron.releases.manifest import verify
from patron.releases.shelf import Shelf
from patron.settings import FILE_NAME as SETTINGS
from patron.version import VERSION
from patron.warehouse import WAREHOUSE_FILE as WAREHOUSE

_TRIES: Final = 3


@dataclass(frozen=True)
class Backup:
    """A backup that was made."""

    folder: Path
    manifest: BackupManifest
    bytes: int


def make_backup(workspace: Workspace, destination: Path, now: datetime) -> Backup:
    """Copy a workspace into a new folder, whole or not at all. What was left out is told in its manifest."""
    if destination.exists():
        raise UsageError(f"{destination} is there already.", to_do="Name a folder that does not exist yet.")
    if not destination.parent.is_dir():
        raise NothingThere(f"There is no folder {destination.parent}.", to_do="Make it, or name another destination.")
    draft = Path(tempfile.mkdtemp(prefix=f".{destination.name}.", dir=destination.parent))
    try:
        left_out = [
            *_copy_small(workspace, draft),
            *_copy_state(workspace, draft),
            *_copy_releases(workspace, draft),
            *_copy_warehouse(workspace, draft, now),
        ]
        manifest = BackupManifest(FORM, now.isoformat(), VERSION, left_out, hashes(draft))
        (draft / MANIFEST).write_text(manifest.to_json(), "utf-8")
        flush(draft)
        size = sum(path.stat().st_size for path in draft.rglob("*") if path.is_file())
        draft.rename(destination)
    except OSError as error:
        raise StorageFailed(
            f"The backup could not be written: {error}.", to_do="See that the disk has room."
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Backup(destination, manifest, size)


def _copy_small(workspace: Workspace, draft: Path) -> list[str]:
    for name in (SETTINGS, RULES):
        if (workspace.folder / name).exists():
            shutil.copyfile(workspace.folder / name, draft / name)
    return ["secrets.toml and keyring.sqlite: keys are kept apart from backups"]


def _copy_state(workspace: Workspace, draft: Path) -> list[str]:
    """SQLite's own online copy: one picture of the state, whoever writes to it meanwhile."""
    if workspace.settings.server.state != "sqlite":
        return ["the state: it is in PostgreSQL, whose own pg_dump copies it"]
    held = workspace.folder / STATE
    if not held.exists():
        return ["the state: there is none yet"]
    with closing(sqlite3.connect(held)) as source, closing(sqlite3.connect(draft / STATE)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    (draft / STATE).chmod(0o600)
    return []


def _copy_releases(workspace: Workspace, draft: Path) -> list[str]:
    """Every release, each held to its own hashes as a copy; the one that is served must be whole."""
    shelf, copied = Shelf(workspace.releases), Shelf(draft / RELEASES)
    copied.folder.mkdir()
    current = _copy_current(shelf, copied)
    left_out = []
    for name in shelf.names():
        if name != current:
            try:
                _copy_release(shelf, copied, name)
            except FileNotFoundError:
                shutil.rmtree(copied.folder / name, ignore_errors=True)  # tidied away meanwhile
            except DamagedRelease as error:
                shutil.rmtree(copied.folder / name)
                left_out.append(f"release {name}: {error.what}")
    if current is not None:
        copied.make_current(current)
    return left_out


def _copy_current(shelf: Shelf, copied: Shelf) -> str | None:
    for _ in range(_TRIES):
        current = shelf.current_name()
        if current is None:
            return None
        try:
            _copy_release(shelf, copied, current)
        except (FileNotFoundError, DamagedRelease):
            if shelf.current_name() == current:
                raise
            shutil.rmtree(copied.folder / current, ignore_errors=True)  # another was published, this one tidied away
        else:
            return current
    raise DamagedRelease(
        "The current release is not there.", to_do="Roll back to another with 'patron release rollback'."
    )


def _copy_release(shelf: Shelf, copied: Shelf, name: str) -> None:
    try:
        shutil.copytree(shelf.folder / name, copied.folder / name, copy_function=shutil.copyfile)
    except shutil.Error as error:
        raise FileNotFoundError(name) from error
    verify(copied.folder / name)


def _copy_warehouse(workspace: Workspace, draft: Path, now: datetime) -> list[str]:
    if workspace.settings.warehouse.engine != "duckdb":
        return [f"the warehouse: it is in {workspace.settings.warehouse.engine}"]
    held = [path for path in (workspace.folder / WAREHOUSE, workspace.folder / f"{WAREHOUSE}.wal") if path.exists()]
    try:
        with workspace.locked(now):
            for path in held:
                shutil.copyfile(path, draft / path.name)
    except WorkspaceBusy as error:
        return [f"{WAREHOUSE}: {error.what}"]
    return []
