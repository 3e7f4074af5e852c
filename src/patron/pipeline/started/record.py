"""What is kept of a started run: who asked for it, how it stands, and what it said, in ``runs/<id>/`` of the workspace."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from filelock import FileLock, Timeout

from patron.errors import NothingThere

Status = Literal["running", "published", "unchanged", "refused", "cancelled", "died"]
RUNS: Final = "runs"
RECORD, PROGRESS, ALIVE, CANCEL = "record.json", "progress.jsonl", "alive.lock", "cancel"
_BEGINS_WITHIN: Final = timedelta(minutes=1)
_ID: Final = re.compile(r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{16}$")


@dataclass(frozen=True)
class RunRecord:
    """One started run. ``release`` is what it published or found to hold still, ``because`` why it did not come to that."""

    id: str
    asked_by: str
    started_at: str
    again: bool = False
    status: Status = "running"
    ended_at: str | None = None
    release: str | None = None
    because: str | None = None
    to_do: str | None = None


def run_folder(workspace: Path, run_id: str) -> Path:
    """Where a run's record lies; NothingThere for an id that is none."""
    folder = workspace / RUNS / run_id
    if not _ID.match(run_id) or not (folder / RECORD).is_file():
        raise NothingThere(f"There is no run '{run_id}'.", to_do="Ask for the list of runs.")
    return folder


def read_record(folder: Path) -> RunRecord:
    """A run's record; one whose process is gone without a word has died."""
    held = RunRecord(**json.loads((folder / RECORD).read_text("utf-8")))
    return replace(held, status="died") if held.status == "running" and not _is_alive(folder, held) else held


def records(workspace: Path) -> list[RunRecord]:
    """Every started run, the newest first."""
    folders = sorted((workspace / RUNS).glob(f"*/{RECORD}"), reverse=True)
    return [read_record(path.parent) for path in folders if _ID.match(path.parent.name)]


def write_record(folder: Path, record: RunRecord) -> None:
    """Put a record in the place of the one before; nobody sees half of it."""
    draft = folder / f"{RECORD}.draft"
    draft.write_text(json.dumps(asdict(record), indent=1), "utf-8")
    draft.replace(folder / RECORD)


def progress(folder: Path, after: int = 0) -> list[tuple[int, dict[str, object]]]:
    """What a run has said so far, numbered from 1: whole lines only, those after a number."""
    path = folder / PROGRESS
    text = path.read_text("utf-8") if path.is_file() else ""
    lines = enumerate(text[: text.rfind("\n") + 1].splitlines(), start=1)
    return [(number, json.loads(line)) for number, line in lines if number > after]


def say(folder: Path, kind: str, at: datetime, **told: object) -> None:
    """Add a line to what a run says."""
    with (folder / PROGRESS).open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({"kind": kind, "at": at.isoformat(), **told}) + "\n")


def alive_lock(folder: Path) -> FileLock:
    """What the process of a run holds while it lives; the system lets go of it, however the process ends."""
    return FileLock(folder / ALIVE)


def _is_alive(folder: Path, held: RunRecord) -> bool:
    if not (folder / ALIVE).exists():  # its process has not come to it yet
        return datetime.now(UTC) - datetime.fromisoformat(held.started_at) < _BEGINS_WITHIN
    lock = alive_lock(folder)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False
