"""Rules of the user's own: what is proposed, whom it would meet, and having it approved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis.expr.types as ir

from patron.errors import UsageError
from patron.pipeline.workspace import Workspace
from patron.quality.own_rules import broken_by, told
from patron.quality.rulebook import Changes, Version, approve, changes_between, versions
from patron.quality_terms import OwnRule
from patron.tables import FILES, QUARANTINE, source_table
from patron.warehouse import Warehouse

FIRST_ROWS = 5


@dataclass(frozen=True)
class Affected:
    """One rule that is proposed, changed or dropped, and the rows it would meet.

    ``rows`` hold now and would break it, of ``of``; ``back`` were set aside by the version in force and would be judged anew.
    """

    rule: str
    change: str
    words: str
    action: str
    rows: int
    of: int
    back: int
    first: tuple[dict[str, Any], ...]  # Any: a row of a silver table

    @property
    def share(self) -> float:
        return self.rows / self.of if self.of else 0.0


@dataclass(frozen=True)
class Preview:
    """What patron.toml proposes against the version in force."""

    version: int
    changes: Changes
    affected: tuple[Affected, ...]


def rule_versions(folder: Path) -> tuple[Version, ...]:
    """Every approved version, the oldest first."""
    return versions(Workspace.at(folder).folder)


def unapproved(workspace: Workspace) -> tuple[str, ...]:
    """That patron.toml proposes rules which nobody has approved, in words; nothing where all are."""
    changes = changes_between(workspace.settings.quality.rules, workspace.proposed_rules)
    if not changes:
        return ()
    approved = len(versions(workspace.folder))
    held = f"version {approved} stays in force" if approved else "no rule is in force"
    return (
        f"quality.rules: patron.toml proposes rules that nobody has approved ({changes.told}); {held}. "
        "See 'patron rules preview', then 'patron rules approve --by NAME'.",
    )


def preview_rules(folder: Path, *, first: int = FIRST_ROWS) -> Preview:
    """Whom each new, changed or dropped rule would meet among the rows that hold now; nothing is changed."""
    return _preview(Workspace.at(folder), first)


def approve_rules(folder: Path, *, by: str, note: str = "", now: datetime | None = None) -> tuple[Version, Preview]:
    """Put the rules of patron.toml in force from the next run on, by name; raises UsageError where nothing changes."""
    if not by.strip():
        raise UsageError("A rule needs somebody who approves it.", to_do="Name the person: --by 'Ada Lovelace'.")
    at, workspace = now or datetime.now(UTC), Workspace.at(folder)
    with workspace.locked(at):
        seen = _preview(workspace, FIRST_ROWS)
        if not seen.changes:
            raise UsageError(
                f"The rules of patron.toml are those of version {seen.version}, which is in force."
                if seen.version
                else "patron.toml holds no rule.",
                to_do="Change [[quality.rules]] in patron.toml first.",
            )
        affected = {one.rule: one.rows for one in seen.affected if one.change != "removed"}
        version = approve(workspace.folder, workspace.proposed_rules, affected, by=by.strip(), note=note, at=at)
    return version, seen


def _preview(workspace: Workspace, first: int) -> Preview:
    held, proposed = workspace.settings.quality.rules, workspace.proposed_rules
    _refuse_twins(proposed)
    changes = changes_between(held, proposed)
    by_name = {rule.name: rule for rule in (*held, *proposed)}
    kinds = dict.fromkeys(changes.added, "added") | dict.fromkeys(changes.changed, "changed")
    kinds |= dict.fromkeys(changes.removed, "removed")
    affected: list[Affected] = []
    if kinds:
        with workspace.warehouse() as warehouse:
            affected = [_affected(warehouse, by_name[name], kind, first) for name, kind in sorted(kinds.items())]
    return Preview(len(versions(workspace.folder)), changes, tuple(affected))


def _refuse_twins(rules: tuple[OwnRule, ...]) -> None:
    names = [rule.name for rule in rules]
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise UsageError(f"Two rules of patron.toml are named '{twins[0]}'.", to_do="Give each rule a name of its own.")


def _affected(warehouse: Warehouse, rule: OwnRule, change: str, first: int) -> Affected:
    back = _set_aside(warehouse, rule.name)
    if not warehouse.exists("silver", rule.table):
        return Affected(rule.name, change, told(rule), rule.action, 0, 0, back, ())
    rows = _holding(warehouse, rule.table)
    total = int(warehouse.fetch(rows.count().as_table()).column(0)[0].as_py())
    if change == "removed":
        return Affected(rule.name, change, told(rule), rule.action, 0, total, back, ())
    broken = rows.filter(broken_by(rule, rows, _parents(warehouse, rule)))
    count = int(warehouse.fetch(broken.count().as_table()).column(0)[0].as_py())
    shown = dict.fromkeys((*source_table(rule.table).key, rule.column, "source", "line"))
    files = warehouse.table("bronze", FILES.name).select("source", "file_id", file="name")
    named = broken.join(files, ["source", "file_id"]).order_by(["source", "file", "file_id", "line"])
    some = warehouse.fetch(named.limit(first).select(*shown, "file")).to_pylist()
    return Affected(rule.name, change, told(rule), rule.action, count, total, back, tuple(some))


def _parents(warehouse: Warehouse, rule: OwnRule) -> Mapping[str, ir.Table]:
    if rule.known_in is None or not warehouse.exists("silver", rule.known_in):
        return {}
    return {rule.known_in: _holding(warehouse, rule.known_in)}


def _holding(warehouse: Warehouse, table: str) -> ir.Table:
    rows = warehouse.table("silver", table)
    return rows.filter(rows.superseded_at.isnull())


def _set_aside(warehouse: Warehouse, rule: str) -> int:
    if not warehouse.exists("silver", QUARANTINE.name):
        return 0
    rows = warehouse.table("silver", QUARANTINE.name)
    return int(warehouse.fetch(rows.filter(rows.reason == rule).count().as_table()).column(0)[0].as_py())
