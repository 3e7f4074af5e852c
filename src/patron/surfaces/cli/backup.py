"""`patron backup` and `patron restore`: copies of a workspace, and the way back."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path

import typer

from patron.governance.audit.chain import Act, write
from patron.governance.state.of_workspace import state_of_workspace
from patron.pipeline.backup.contents import MANIFEST
from patron.pipeline.backup.making import make_backup
from patron.pipeline.backup.restoring import restore_backup
from patron.pipeline.workspace import Workspace
from patron.releases.manifest import sha256


def back_up(workspace: Path, destination: Path) -> None:
    """Make the copy, note it in the audit, and say what is in it and what is not."""
    held = Workspace.at(workspace)
    state = state_of_workspace(held.folder, held.settings.server.state, held.credentials)
    try:
        made = make_backup(held, destination, datetime.now(UTC))
        digest = sha256(made.folder / MANIFEST)
        told = {"files": len(made.manifest.files), "bytes": made.bytes, "left_out": made.manifest.left_out}
        write(state, [_act("backup.make", digest, told)])
    finally:
        state.close()
    typer.echo(f"✓ {made.folder}: {len(made.manifest.files):,} files, {made.bytes:,} bytes, manifest {digest}")
    for one in made.manifest.left_out:
        typer.echo(f"  left out: {one}", err=True)


def put_back(source: Path, workspace: Path) -> None:
    """Restore, and say what must be done by hand."""
    folder = workspace.resolve()
    made = restore_backup(
        source, folder, lambda one: _act("backup.restore", sha256(source / MANIFEST), {"made_at": one.made_at})
    )
    typer.echo(f"✓ {folder}: {len(made.files):,} files of {made.made_at}, each as it was backed up")
    for one in made.left_out:
        typer.echo(f"  not in it: {one}", err=True)
    typer.echo(
        "Nobody is logged in. Keys that were revoked and accounts that were closed since then work again: end them anew.",
        err=True,
    )


def _act(action: str, subject: str, told: dict[str, object]) -> Act:
    return Act(getpass.getuser(), "", "command line", "", action, subject, "done", told)
