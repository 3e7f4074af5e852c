"""What people decided on rows that were set aside or flagged, and which rows each decision is about.

A decision is about a *record*: the content of a row as it came, whichever file and line it comes on. It is known by
its entry: a hash of the source, of why the row waits, and of that content.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, Literal

Verdict = Literal["accept", "fix", "drop", "undo"]
Standing = Literal["quarantined", "flagged"]
Content = dict[str, str]

STATE_FILE: Final = "state.sqlite"
VERDICTS: Final = ("accept", "fix", "drop", "undo")
CONFLICTING_ID: Final = "conflicting_id"
_ENTRY_LENGTH: Final = 12


@dataclass(frozen=True)
class Decision:
    """One line of the log: what was decided on a record that waited for one reason, by whom, when and why.

    ``content`` is the row as it came, as a canonical text; ``readable`` is false for a line that could not be read as a
    row. ``changes`` are the texts a fix puts in place of what came, by the source's column.
    """

    number: int
    entry: str
    source: str
    reason: str
    standing: Standing
    verdict: Verdict
    content: str
    readable: bool
    detail: str
    changes: Mapping[str, str | None]
    by: str
    because: str
    decided_at: datetime

    @property
    def moves_rows(self) -> bool:
        """Whether a run must judge rows anew for it; else it only says that nobody needs to be asked again."""
        match self.verdict:
            case "fix":
                return True
            case "accept":
                return self.standing == "quarantined"
            case "drop":
                return self.standing == "flagged" or self.reason == CONFLICTING_ID
        return False


def canonical(raw: str) -> str:
    """A row's content as one text, the same whichever way its JSON was written; a line that is no row stays as it is."""
    try:
        content = json.loads(raw)
    except ValueError:
        return raw
    return raw if not isinstance(content, dict) else canonical_content(content)


def canonical_content(content: Mapping[str, str | None]) -> str:
    """A row's filled columns by name; a column that is empty says the same as one that is not there."""
    filled = {name: content[name] for name in sorted(content) if content[name] is not None}
    return json.dumps(filled, ensure_ascii=False, separators=(",", ":"))


def entry_of(source: str, reason: str, content: str) -> str:
    """The id under which a record waits for one reason: the same in any file, on any line."""
    return hashlib.sha256("\0".join((source, reason, content)).encode("utf-8", "surrogatepass")).hexdigest()[
        :_ENTRY_LENGTH
    ]


def one_text(content: Mapping[str, str | None], columns: Sequence[str]) -> str | None:
    """A row's content over these columns as one text, as ``repeats.fingerprint`` makes it; None if it has others."""
    if any(value is not None and name not in columns for name, value in content.items()):
        return None
    values = (content.get(name) for name in columns)
    return "".join("-" if value is None else f"{len(value)}:{value}" for value in values)


def in_force(log: Iterable[Decision]) -> tuple[Decision, ...]:
    """Of the log, in its order, the last decision on each entry, unless that undid the one before."""
    last: dict[str, Decision] = {}
    for decision in log:
        last[decision.entry] = decision
    held = (decision for decision in last.values() if decision.verdict != "undo")
    return tuple(sorted(held, key=lambda decision: decision.number))


def decisions_digest(decisions: Iterable[Decision], sources: Iterable[str] | None = None) -> str:
    """What rows depend on of the decisions on these sources (on all, if none are named); '' if on none."""
    named = None if sources is None else frozenset(sources)
    moving = [
        {key: value for key, value in asdict(decision).items() if key in ("entry", "verdict", "changes")}
        for decision in decisions
        if decision.moves_rows and (named is None or decision.source in named)
    ]
    moving.sort(key=lambda told: str(told["entry"]))
    return hashlib.sha256(json.dumps(moving, sort_keys=True).encode()).hexdigest() if moving else ""
