"""A workspace: the folder that holds patron.toml, the warehouse and the releases, and its lock."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from patron.credentials import Credentials, read_credentials
from patron.errors import NothingThere, WorkspaceBusy
from patron.quality.rulebook import rules_in_force
from patron.quality_terms import OwnRule
from patron.segments.rules import rule_faults
from patron.settings import FILE_NAME, OptionFault, Settings, read_settings
from patron.sources.connectors.checked import option_faults
from patron.warehouse import WAREHOUSE_FILE, Warehouse, open_warehouse


@dataclass(frozen=True)
class Workspace:
    """Where one business's patron.toml and everything made from it lives."""

    folder: Path
    settings: Settings
    credentials: Credentials
    proposed_rules: tuple[OwnRule, ...] = ()

    @classmethod
    def at(cls, folder: Path) -> Workspace:
        """The workspace in this folder (or of this patron.toml); raises NothingThere or SettingsError.

        The rules in its settings are those that were approved; what patron.toml says of them are proposals.
        """
        home = folder.parent if folder.name == FILE_NAME else folder
        if not home.is_dir():
            raise NothingThere(
                f"There is no folder {home}.", to_do="Run 'patron init FILE' in the folder you want to use."
            )
        settings = read_settings(home / FILE_NAME, option_faults=_faults)
        in_force = settings.quality.model_copy(update={"rules": rules_in_force(home)})
        held = settings.model_copy(update={"quality": in_force})
        return cls(home, held, read_credentials(home), settings.quality.rules)

    def warehouse(self) -> Warehouse:
        """Its warehouse, opened."""
        return open_warehouse(self.folder, self.settings.warehouse, self.credentials)

    @property
    def is_new(self) -> bool:
        """Whether there is no warehouse yet, and to open it would make an empty one."""
        return self.settings.warehouse.engine == "duckdb" and not (self.folder / WAREHOUSE_FILE).exists()

    def made_warehouse(self) -> Warehouse:
        """Its warehouse with what runs have made, opened to look at; raises NothingThere before the first run."""
        if self.is_new:
            raise NothingThere("Nothing has been read in this workspace yet.", to_do="Run 'patron run' first.")
        return self.warehouse()

    @property
    def releases(self) -> Path:
        return self.folder / "releases"

    @contextmanager
    def locked(self, now: datetime) -> Iterator[None]:
        """Hold the workspace; a second run is told who holds it. The lock dies with the process."""
        holder = self.folder / "run.lock.json"
        lock = FileLock(self.folder / "run.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise WorkspaceBusy(_held_by(holder, self.folder), to_do="Wait until it ends, then run again.") from error
        try:
            holder.write_text(
                json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": f"{now:%Y-%m-%d %H:%M:%S} UTC"})
            )
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()


def _faults(settings: Settings) -> Iterator[OptionFault]:
    """What is wrong with the options of sources and with the rules of segments."""
    yield from option_faults(settings)
    yield from rule_faults(settings)


def _held_by(holder: Path, folder: Path) -> str:
    try:
        told = json.loads(holder.read_text())
    except (OSError, ValueError):
        return f"Another run is at work in {folder}."
    return f"Another run is at work in {folder}: process {told['pid']} on {told['host']}, since {told['since']}."
