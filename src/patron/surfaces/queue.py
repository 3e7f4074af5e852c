"""The exception queue from Python: look at what waits, decide, take back."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from patron.pipeline.judging.waiting import WaitingList
from patron.pipeline.queue.queue import Judgement, Shown, decide, history, show, undo, waiting
from patron.quality.decisions import Decision, Verdict


@dataclass(frozen=True)
class Queue:
    """What waits for a person in one workspace. Decisions take effect with the next run."""

    workspace: Path

    def waiting(self, *, reason: str = "", source: str = "", limit: int | None = 50) -> WaitingList:
        """Counts by reason, and the first records that wait."""
        return waiting(self.workspace, reason=reason, source=source, limit=limit)

    def show(self, entry: str) -> Shown:
        """One record whole, with what may be decided and what was."""
        return show(self.workspace, entry)

    def accept(self, entries: str | Sequence[str], *, because: str, by: str = "") -> tuple[Decision, ...]:
        """Believe records as they came; a flag is settled. Raises UsageError for a row that cannot be read."""
        return self._decide("accept", entries, because, by)

    def fix(
        self, entries: str | Sequence[str], values: Mapping[str, str | None], *, because: str, by: str = ""
    ) -> tuple[Decision, ...]:
        """Put other texts in place of those that came, by column, written as the source writes them."""
        return self._decide("fix", entries, because, by, values)

    def drop(self, entries: str | Sequence[str], *, because: str, by: str = "") -> tuple[Decision, ...]:
        """Leave records out for good, and do not ask again."""
        return self._decide("drop", entries, because, by)

    def undo(self, entries: str | Sequence[str], *, because: str, by: str = "") -> tuple[Decision, ...]:
        """Take decisions back: the records wait again."""
        return undo(self.workspace, _listed(entries), because=because, by=by or getpass.getuser())

    def history(self, *, limit: int | None = None) -> tuple[Decision, ...]:
        """What was decided and undone, the last first."""
        return history(self.workspace, limit=limit)

    def _decide(
        self,
        verdict: Verdict,
        entries: str | Sequence[str],
        because: str,
        by: str,
        values: Mapping[str, str | None] | None = None,
    ) -> tuple[Decision, ...]:
        judgement = Judgement(verdict, because, by or getpass.getuser(), values or {})
        return decide(self.workspace, _listed(entries), judgement)


def queue(workspace: str | Path = ".") -> Queue:
    """What waits for a person in a workspace: rows set aside, and rows that are odd."""
    return Queue(Path(workspace))


def _listed(entries: str | Sequence[str]) -> list[str]:
    return [entries] if isinstance(entries, str) else list(entries)
