"""What `patron rules` prints: what was approved, and whom a proposal would meet."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from patron.pipeline.gates.rules import Affected, Preview, approve_rules, preview_rules, rule_versions
from patron.quality.own_rules import told
from patron.quality.rulebook import Version
from patron.surfaces.cli.progress import called_as


def list_rules(workspace: Path, *, as_json: bool) -> None:
    """Print the rules in force and every version before them."""
    versions = rule_versions(workspace)
    if as_json:
        typer.echo(json.dumps([_version_facts(version) for version in versions], indent=2, ensure_ascii=False))
        return
    if not versions:
        typer.echo(
            "No rule of your own is in force. Write [[quality.rules]] in patron.toml, then 'patron rules preview'."
        )
        return
    for rule in versions[-1].rules:
        typer.echo(f"{rule.name:<24}  {rule.action:<10}  {told(rule)}{f': {rule.words}' if rule.words else ''}")
    if not versions[-1].rules:
        typer.echo("The version in force holds no rule.")
    typer.echo("")
    for version in reversed(versions):
        note = f" ({version.note})" if version.note else ""
        typer.echo(
            f"version {version.version}  {version.approved_at}  by {version.approved_by}{note}: {version.changes.told}"
        )


def show_preview(workspace: Path, *, as_json: bool) -> None:
    """Print what patron.toml proposes and the rows that each new or changed rule would meet."""
    preview = preview_rules(workspace)
    if as_json:
        typer.echo(json.dumps(_preview_facts(preview), indent=2, ensure_ascii=False, default=str))
        return
    _tell(preview)
    if preview.changes:
        typer.echo(f"\nNothing is in force yet: {called_as()} rules approve --by NAME -w {workspace}")


def approve(workspace: Path, by: str, note: str, *, as_json: bool) -> None:
    """Put the proposed rules in force, and say what changes."""
    version, preview = approve_rules(workspace, by=by, note=note)
    if as_json:
        typer.echo(
            json.dumps(_version_facts(version) | _preview_facts(preview), indent=2, ensure_ascii=False, default=str)
        )
        return
    _tell(preview)
    typer.echo(
        f"\nVersion {version.version} is approved by {version.approved_by}; it is in force from the next run on."
    )


def _tell(preview: Preview) -> None:
    if not preview.changes:
        held = f"version {preview.version}, which is in force" if preview.version else "none, and none is in force"
        typer.echo(f"The rules of patron.toml are those of {held}.")
    for one in preview.affected:
        typer.echo(f"{one.change:<8} {one.rule}: {one.words}")
        typer.echo(f"         {_met(one)}")
        for row in one.first:
            typer.echo("           " + ", ".join(f"{name} {value}" for name, value in row.items() if name != "file_id"))


def _met(one: Affected) -> str:
    back = f"; {one.back:,} rows that it set aside would be judged anew" if one.back else ""
    if one.change == "removed":
        return f"no row would be judged by it any more{back}"
    what = {"quarantine": "would be set aside", "block": "would stop the run", "warn": "would be told"}[one.action]
    return f"{one.rows:,} of {one.of:,} rows ({one.share:.2%}) {what}{back}"


def _version_facts(version: Version) -> dict[str, Any]:
    return asdict(version) | {"rules": [rule.model_dump(mode="json", exclude_none=True) for rule in version.rules]}


def _preview_facts(preview: Preview) -> dict[str, Any]:
    return {"in_force": preview.version, "affected": [asdict(one) | {"share": one.share} for one in preview.affected]}
