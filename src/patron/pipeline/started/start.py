"""Start a run in a process of its own, and ask one to end."""

from __future__ import annotations

import secrets
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Final

from patron.errors import UsageError
from patron.pipeline.started.record import CANCEL, RUNS, RunRecord, read_record, run_folder, write_record
from patron.pipeline.workspace import Workspace

_CHILD: Final = "patron.pipeline.started.child"


def start_run(folder: Path, asked_by: str, *, again: bool = False) -> RunRecord:
    """Start a run; WorkspaceBusy while another one holds the workspace.

    It goes on when whoever started it ends.
    """
    workspace, now = Workspace.at(folder), datetime.now(UTC)
    with workspace.locked(now):
        pass  # free at this moment; should another come in between, the run says so itself
    record = RunRecord(f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(8)}", asked_by, now.isoformat(), again)
    home = workspace.folder / RUNS / record.id
    home.mkdir(parents=True)
    write_record(home, record)
    process = subprocess.Popen(
        [sys.executable, "-m", _CHILD, str(workspace.folder.resolve()), record.id],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    Thread(target=process.wait, name=f"patron-run-{record.id}", daemon=True).start()  # so that it leaves no zombie
    return record


def cancel_run(folder: Path, run_id: str) -> RunRecord:
    """Ask a run to end at once; what it had finished is kept for the next, and the current release stays."""
    home = run_folder(folder, run_id)
    record = read_record(home)
    if record.status != "running":
        raise UsageError(
            f"Run '{run_id}' has ended: {record.status}.", to_do="Only a run that is going on can be ended."
        )
    (home / CANCEL).touch()
    return record
