"""Whether the current release is older than it should be: newer data was refused, and why.

``releases/stale.json`` stands beside ``current`` from the first refusal until the next release is published.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

STALE = "stale.json"


@dataclass(frozen=True)
class Stale:
    """Which release stays current although newer data came, since when, and why that was refused."""

    release: str
    since: str
    why: tuple[str, ...]


def mark_stale(folder: Path, release: str, why: tuple[str, ...], at: datetime) -> Stale:
    """Mark the current release; it stays stale since the first refusal."""
    known = read_stale(folder)
    since = known.since if known and known.release == release else f"{at:%Y-%m-%dT%H:%M:%SZ}"
    stale = Stale(release, since, why)
    draft = folder / f".{STALE}"
    draft.write_text(json.dumps(asdict(stale), indent=2, ensure_ascii=False) + "\n", "utf-8")
    draft.replace(folder / STALE)
    return stale


def read_stale(folder: Path) -> Stale | None:
    """The mark on a shelf of releases, if there is one."""
    try:
        told = json.loads((folder / STALE).read_text("utf-8"))
    except FileNotFoundError:
        return None
    return Stale(told["release"], told["since"], tuple(told["why"]))


def unmark(folder: Path) -> None:
    """Take the mark away: what is current is up to date."""
    (folder / STALE).unlink(missing_ok=True)
