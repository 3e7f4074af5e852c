"""The shelf of releases: publish, list, open, roll back.

``releases/current`` is a one-line file that names the current release; it is replaced atomically, so that a
reader sees one whole release or the previous one. A release is written beside the shelf under a name that
begins with a dot and moved in when it is whole.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from patron.errors import DamagedRelease, NothingThere, UnknownName
from patron.releases.manifest import MANIFEST, Manifest, file_hashes, verify
from patron.releases.stale import unmark

CURRENT = "current"


@dataclass(frozen=True)
class Shelf:
    """The releases of one workspace."""

    folder: Path

    def names(self) -> list[str]:
        """The names of all releases, newest first."""
        if not self.folder.is_dir():
            return []
        whole = (
            path.name for path in self.folder.iterdir() if not path.name.startswith(".") and (path / MANIFEST).is_file()
        )
        return sorted(whole, reverse=True)

    def current_name(self) -> str | None:
        """The name of the current release, if any was published."""
        try:
            return (self.folder / CURRENT).read_text("utf-8").strip() or None
        except FileNotFoundError:
            return None

    def path(self, name: str | None = None) -> Path:
        """The folder of a release (default: the current one); raises NothingThere or UnknownName."""
        chosen = name or self.current_name()
        if chosen is None:
            raise NothingThere(f"Nothing is published in {self.folder.parent} yet.", to_do="Run 'patron run' first.")
        known = self.names()
        if chosen not in known:
            raise UnknownName("release", chosen, known)
        return self.folder / chosen

    def publish(self, manifest: Manifest, write: Callable[[Path], None], now: datetime, keep: int) -> Manifest:
        """Write a release whole and make it current; gives its manifest with the hash of every file.

        A release of the same run that was published before a crash is found again, not published twice.
        """
        earlier = self._already(manifest)
        published = earlier or self._write(manifest, write, now)
        self.make_current(published.id)
        unmark(self.folder)
        self._tidy(keep)
        return published

    def rollback(self, name: str | None = None) -> str:
        """Make an earlier release current (default: the one before the current one); gives its name."""
        names = self.names()
        if name is None:
            current = self.current_name()
            older = [known for known in names if current is None or known < current]
            if not older:
                raise NothingThere(
                    "There is no earlier release to roll back to.", allowed=f"Published: {', '.join(names) or 'none'}."
                )
            name = older[0]
        target = self.path(name)
        verify(target)
        self.make_current(target.name)
        return target.name

    def _already(self, manifest: Manifest) -> Manifest | None:
        for name in self.names()[:1]:
            try:
                known = verify(self.folder / name)
            except DamagedRelease:
                continue
            if (known.run_key, known.score_digest) == (manifest.run_key, manifest.score_digest):
                return known
        return None

    def _write(self, manifest: Manifest, write: Callable[[Path], None], now: datetime) -> Manifest:
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{now:%Y%m%dT%H%M%S}Z-{manifest.score_digest[:12]}"
        draft = self.folder / f".{name}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        write(draft)
        whole = replace(manifest, id=name, files=file_hashes(draft))
        (draft / MANIFEST).write_text(whole.to_json(), "utf-8")
        _flush(draft)
        final = self.folder / name
        draft.rename(final)
        return whole

    def make_current(self, name: str) -> None:
        """Point to a release; readers see the old one or the new one, never neither."""
        pointer = self.folder / f".{CURRENT}"
        with pointer.open("w", encoding="utf-8") as file:
            file.write(name + "\n")
            file.flush()
            os.fsync(file.fileno())
        pointer.replace(self.folder / CURRENT)

    def _tidy(self, keep: int) -> None:
        current = self.current_name()
        for name in self.names()[keep:]:
            if name != current:
                shutil.rmtree(self.folder / name)
        for draft in self.folder.glob(".2*"):
            shutil.rmtree(draft, ignore_errors=True)


def _flush(folder: Path) -> None:
    """Have every file of a release on disk before it is named."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
