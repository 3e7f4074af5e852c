"""Anchors: copies of the chain's head in places that whoever can write to the state cannot reach."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from patron.audit_terms import AuditSettings
from patron.credentials import Credentials, Secret
from patron.errors import SourceFailed, StorageFailed, UsageError
from patron.governance.audit.chain import Head, anchor_of

CREDENTIAL: Final = "anchors"
_PATIENCE_SECONDS: Final = 10


@dataclass(frozen=True)
class Anchors:
    """Where heads are written: a file, an address, or both."""

    file: Path | None
    address: str
    token: Secret | None
    minutes: int

    def write(self, head: Head) -> None:
        """Write the head wherever it shall be; where the file has it already, nothing is added."""
        if self.file is not None and _last(self.file) != _told(head):
            _add(self.file, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {_told(head)}\n")
        if self.address:
            self._send(head)

    def kept(self) -> tuple[list[Head], list[str]]:
        """The heads in the file, and what is wrong with it, in words. An address tells nothing back."""
        if self.file is None:
            return [], []
        try:
            lines = self.file.read_text("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return [], [f"The file of anchors, {self.file}, is missing."]
        except OSError as error:
            raise StorageFailed(f"The file of anchors, {self.file}, cannot be read: {error}.") from error
        heads, wrong = [], []
        for number, line in enumerate(lines, start=1):
            try:
                heads.append(anchor_of(line.rpartition(" ")[2]))
            except UsageError:
                wrong.append(f"Line {number} of the file of anchors is no anchor.")
        return heads, wrong

    def _send(self, head: Head) -> None:
        told = json.dumps({"place": head.place, "hash": head.hash, "anchor": _told(head)}).encode()
        headers = {"Content-Type": "application/json"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token.reveal()}"
        # S310: the settings take https, or http on this computer, and nothing else.
        request = urllib.request.Request(self.address, told, headers, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS):  # noqa: S310
                pass
        except (urllib.error.URLError, OSError) as error:
            raise SourceFailed(f"The audit's head could not be sent to {self.address}: {error}.") from error


def anchors_of(folder: Path, settings: AuditSettings, credentials: Credentials) -> Anchors | None:
    """Where the heads of a workspace go; None where nowhere was said."""
    if not settings.is_on:
        return None
    token = credentials.secret(CREDENTIAL) if CREDENTIAL in credentials else None
    return Anchors(folder / settings.file if settings.file else None, settings.address, token, settings.minutes)


def _told(head: Head) -> str:
    return f"{head.place}:{head.hash}"


def _last(file: Path) -> str:
    try:
        return next(_backwards(file), "").rpartition(" ")[2]
    except FileNotFoundError:
        return ""


def _backwards(file: Path) -> Iterator[str]:
    """The last lines of a file, the last one first, from its end alone."""
    with file.open("rb") as content:
        content.seek(max(0, content.seek(0, os.SEEK_END) - 1000))
        yield from reversed(content.read().decode("utf-8", "replace").splitlines())


def _add(file: Path, line: str) -> None:
    """Add a line, on disk when this ends; opened to be added to, as a file that allows nothing else must be."""
    try:
        opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(opened, line.encode())
            os.fsync(opened)
        finally:
            os.close(opened)
    except OSError as error:
        raise StorageFailed(f"The audit's head could not be added to {file}: {error}.") from error
