"""A profile from Python: of a table of a workspace, or of any file that Patron can read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patron.pipeline.profiling.profile import profile as measured
from patron.quality.profile.findings import TableProfile
from patron.reports.profile_page import headline, profile_facts, render_profile


@dataclass(frozen=True)
class Profile:
    """What a table holds: ``table`` has every figure; printed it is the headline and the suggestions."""

    table: TableProfile

    def __str__(self) -> str:
        told = [f"{one.column} {one.words}. {one.to_do}".strip() for one in self.table.advice]
        return "\n".join([f"{self.table.name}: {headline(self.table)}.", *told])

    def facts(self) -> dict[str, Any]:  # Any: JSON
        """Everything as plain data."""
        return profile_facts(self.table)

    def to_html(self, path: str | Path) -> Path:
        """Write the page with its pictures; gives where."""
        target = Path(path)
        target.write_text(render_profile(self.table), "utf-8")
        return target


def profile(target: str | Path, workspace: str | Path = ".") -> Profile:
    """The profile of a table (``silver.transactions``, or a source's name) or of a file.

    Raises UnknownName for what is neither, UnreadableFile for a file that cannot be read.
    """
    return Profile(measured(str(target), Path(workspace)))
