"""`patron release`: list, show, roll back."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from patron.errors import NothingThere
from patron.pipeline.publishing.report import write_report
from patron.releases.contents import CARD_TEXT
from patron.releases.manifest import read_manifest, verify
from patron.releases.shelf import Shelf
from patron.releases.stale import read_stale
from patron.reports.card_story import calibration_sentence, fairness_sentence, worst_sentence
from patron.reports.model_card import read_card
from patron.reports.summary import plain_summary


def list_releases(workspace: Path, *, as_json: bool) -> None:
    """Print each release with its date, size and champion; the current one is marked."""
    if not workspace.is_dir():
        raise NothingThere(f"There is no folder {workspace}.")
    shelf = Shelf(workspace / "releases")
    current = shelf.current_name()
    manifests = [read_manifest(shelf.path(name)) for name in shelf.names()]
    if as_json:
        facts = [asdict(m) | {"current": m.id == current, "stale": _stale_facts(shelf, m.id)} for m in manifests]
        typer.echo(json.dumps(facts, indent=2))
        return
    if not manifests:
        typer.echo("Nothing is published here yet. Run 'patron run' first.")
    for m in manifests:
        mark = "→" if m.id == current else " "
        stale = _stale_facts(shelf, m.id)
        late = f"  stale since {stale['since']}" if stale else ""
        typer.echo(
            f"{mark} {m.id}  as of {m.as_of}  {m.customers:>10,} customers  {m.horizon_days} days  {m.champion}{late}"
        )


def _stale_facts(shelf: Shelf, name: str) -> dict[str, Any] | None:
    """The mark on this release, if it is stale."""
    stale = read_stale(shelf.folder)
    return asdict(stale) if stale and stale.release == name else None


def show_release(workspace: Path, name: str | None, *, as_json: bool) -> None:
    """Check a release against its hashes and say what it holds."""
    folder = Shelf(workspace / "releases").path(name)
    manifest = verify(folder)
    if as_json:
        typer.echo(json.dumps(asdict(manifest), indent=2))
        return
    typer.echo(
        f"Release {manifest.id}, published {manifest.created_at}; all {len(manifest.files)} files are as published."
    )
    stale = _stale_facts(Shelf(folder.parent), manifest.id)
    if stale:
        typer.echo(f"It is stale since {stale['since']}: newer data came and was refused. See 'patron quality'.")
    for line in plain_summary(folder):
        typer.echo(line)
    card = read_card(folder)
    if card is not None:
        typer.echo("")
        for line in filter(None, (worst_sentence(card), fairness_sentence(card), calibration_sentence(card))):
            typer.echo(line)
        typer.echo(f"Model card  {folder / CARD_TEXT}")


def roll_back(workspace: Path, name: str | None, *, as_json: bool) -> None:
    """Make an earlier release current."""
    chosen = Shelf(workspace / "releases").rollback(name)
    write_report(workspace, chosen)
    words = f"Current is now {chosen}, and report.html shows it. Nothing was deleted."
    typer.echo(json.dumps({"current": chosen}) if as_json else words)
