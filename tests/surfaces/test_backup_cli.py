"""`patron backup` and `patron restore` as they are typed: both are in the audit."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from patron.errors import DamagedBackup
from patron.governance.audit.chain import entries
from patron.governance.state.opened import open_state
from patron.surfaces.cli.main import app
from served_workspace import served_workspace


def actions(folder: Path) -> list[str]:
    state = open_state(f"sqlite:///{folder / 'state.sqlite'}")
    told = [entry.action for entry in entries(state)]
    state.close()
    return told


def test_a_backup_is_made_and_put_back_and_both_are_noted(tmp_path: Path) -> None:
    folder = served_workspace(tmp_path / "shop", customers=5)
    made = CliRunner().invoke(app, ["backup", str(tmp_path / "copy"), "-w", str(folder)])
    assert (made.exit_code, "left out: secrets.toml" in made.output) == (0, True), made.output
    back = CliRunner().invoke(app, ["restore", str(tmp_path / "copy"), "-w", str(tmp_path / "again")])
    assert (back.exit_code, "each as it was backed up" in back.output) == (0, True), back.output
    assert actions(folder) == ["backup.make"]
    assert actions(tmp_path / "again") == ["backup.restore"]
    (tmp_path / "copy" / "patron.toml").write_text("", "utf-8")
    refused = CliRunner().invoke(app, ["restore", str(tmp_path / "copy"), "-w", str(tmp_path / "third")])
    assert isinstance(refused.exception, DamagedBackup)
    with pytest.raises(FileNotFoundError):
        (tmp_path / "third").stat()
