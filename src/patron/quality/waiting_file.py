"""What waits in the exception queue, as the last run left it: a file, for those who do not open the warehouse."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from patron.errors import StorageFailed
from patron.quality.decisions import Standing, Verdict

FILE_NAME: Final = "waiting.json"
MOST: Final = 1000


@dataclass(frozen=True)
class WaitingRecord:
    """A record that waits: why, where it first stands, what may be decided on it, and its content, which is what is decided on."""

    entry: str
    source: str
    standing: Standing
    reason: str
    detail: str
    file: str
    line: int
    rows: int
    content: str
    readable: bool
    may: tuple[Verdict, ...]


@dataclass(frozen=True)
class WaitingRecords:
    """How many records wait in all, as of a moment, and the first thousand of them."""

    written_at: datetime
    total: int
    records: tuple[WaitingRecord, ...]


def write_waiting(folder: Path, told: WaitingRecords) -> None:
    """Put the file of a workspace in place whole, readable by its owner alone: rows hold what customers are told by."""
    content = {
        "written_at": told.written_at.isoformat(),
        "total": told.total,
        "records": [asdict(one) for one in told.records],
    }
    draft = folder / f".{FILE_NAME}"
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(content, file)
        draft.replace(folder / FILE_NAME)
    except OSError as error:
        raise StorageFailed(
            f"{folder / FILE_NAME} cannot be written: {error.strerror}.", to_do="Free disk space, then run again."
        ) from error


def read_waiting(folder: Path) -> WaitingRecords | None:
    """What the last run left; None where none has left anything yet."""
    try:
        told = json.loads((folder / FILE_NAME).read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StorageFailed(
            f"{folder / FILE_NAME} cannot be read: {error}", to_do="Run 'patron run --again': it is written anew."
        ) from error
    records = tuple(WaitingRecord(**{**one, "may": tuple(one["may"])}) for one in told["records"])
    return WaitingRecords(datetime.fromisoformat(told["written_at"]), told["total"], records)
