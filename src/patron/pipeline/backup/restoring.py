"""Put a backup back: checked byte for byte first, into an empty folder, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import delete

from patron.errors import NothingThere, StorageFailed, UsageError
from patron.governance.audit.chain import Act, write_within
from patron.governance.state.opened import FILE_NAME as STATE
from patron.governance.state.opened import open_state
from patron.governance.state.tables import SESSIONS
from patron.pipeline.backup.contents import BackupManifest, check_backup, compare, flush


def restore_backup(source: Path, folder: Path, noted: Callable[[BackupManifest], Act]) -> BackupManifest:
    """Make a folder the workspace that a backup is of. Nobody is logged in there any more; the audit tells of it."""
    if not source.is_dir():
        raise NothingThere(f"There is no backup at {source}.", to_do="Name the folder that 'patron backup' made.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty.", to_do="Restore into a folder that is empty or does not exist yet.")
    if not folder.parent.is_dir():
        raise NothingThere(f"There is no folder {folder.parent}.", to_do="Make it, or name another folder.")
    manifest = check_backup(source)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name in manifest.files:
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, draft / name)
        compare(draft, manifest.files)  # what was read is what was checked
        _settle(draft, noted(manifest))
        flush(draft)
        draft.rename(folder)
    except OSError as error:
        raise StorageFailed(
            f"The backup could not be restored: {error}.", to_do="See that the disk has room."
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return manifest


def _settle(draft: Path, act: Act) -> None:
    """End the sessions of the time of the backup, and note in its audit that it was restored."""
    if not (draft / STATE).exists():
        return
    (draft / STATE).chmod(0o600)
    state = open_state(f"sqlite:///{(draft / STATE).resolve()}")
    try:
        with state.changing() as connection:
            connection.execute(delete(SESSIONS))
            write_within(connection, [act])
    finally:
        state.close()
