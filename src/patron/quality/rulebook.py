"""The approved rules of a workspace: every version that was ever in force, who approved it, when, and what changed.

``rules.jsonl`` is only ever added to, one line per version; the last line holds now. Rules in patron.toml that nobody
has approved are proposals.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from patron.errors import DataError
from patron.quality_terms import OwnRule

FILE: Final = "rules.jsonl"


@dataclass(frozen=True)
class Changes:
    """What one version changes of the one before, by the rules' names."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    @property
    def told(self) -> str:
        """The changes in words."""
        parts = [f"{word} {', '.join(names)}" for word, names in asdict(self).items() if names]
        return "; ".join(parts) or "nothing"


@dataclass(frozen=True)
class Version:
    """One approved set of rules."""

    version: int
    digest: str
    approved_by: str
    approved_at: str
    note: str
    changes: Changes
    affected: dict[str, int]
    rules: tuple[OwnRule, ...]


_VERSION: Final = TypeAdapter(Version)


def versions(folder: Path) -> tuple[Version, ...]:
    """Every approved version in a workspace folder, the oldest first; none before the first approval."""
    path = folder / FILE
    if not path.exists():
        return ()
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        try:
            version = _VERSION.validate_json(line)
        except ValidationError as error:
            raise _damaged(path, number, "cannot be read") from error
        if version.version != number or version.digest != rules_digest(version.rules):
            raise _damaged(path, number, "was changed since it was approved")
        found.append(version)
    return tuple(found)


def rules_in_force(folder: Path) -> tuple[OwnRule, ...]:
    """The rules that were approved last."""
    approved = versions(folder)
    return approved[-1].rules if approved else ()


def rules_digest(rules: Sequence[OwnRule]) -> str:
    """One digest of a set of rules, whatever their order."""
    told = sorted(json.dumps(rule.model_dump(mode="json"), sort_keys=True) for rule in rules)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:24]


def changes_between(before: Sequence[OwnRule], after: Sequence[OwnRule]) -> Changes:
    """What a new set of rules changes of an old one."""
    old, new = ({rule.name: rule for rule in rules} for rules in (before, after))
    return Changes(
        tuple(sorted(new.keys() - old.keys())),
        tuple(sorted(name for name in new.keys() & old.keys() if new[name] != old[name])),
        tuple(sorted(old.keys() - new.keys())),
    )


def approve(
    folder: Path, rules: Sequence[OwnRule], affected: dict[str, int], *, by: str, note: str, at: datetime
) -> Version:
    """Add a version to the book; it is in force from the next run on."""
    known = versions(folder)
    changes = changes_between(known[-1].rules if known else (), rules)
    version = Version(
        len(known) + 1, rules_digest(rules), by, f"{at:%Y-%m-%dT%H:%M:%SZ}", note, changes, affected, tuple(rules)
    )
    with (folder / FILE).open("ab") as file:
        file.write(_VERSION.dump_json(version) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return version


def _damaged(path: Path, line: int, what: str) -> DataError:
    return DataError(
        f"{path}, line {line}: this version of the rules {what}.",
        allowed="The book of approved rules is only ever added to.",
        to_do="Put the file back as it was, from a backup.",
    )
