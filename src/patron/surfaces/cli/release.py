"""`patron release`: list, show, roll back."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import typer

from patron.errors import NothingThere
from patron.pipeline.report import write_report
from patron.releases.contents import CARD_TEXT
from patron.releases.manifest import read_manifest, verify
from patron.releases.shelf import Shelf
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
        typer.echo(json.dumps([asdict(m) | {"current": m.id == current} for m in manifests], indent=2))
        return
    if not manifests:
        typer.echo("Nothing is published here yet. Run 'patron run' first.")
    for m in manifests:
        mark = "→" if m.id == current else " "
        typer.echo(f"{mark} {m.id}  as of {m.as_of}  {m.customers:>10,} customers  {m.horizon_days} days  {m.champion}")


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
