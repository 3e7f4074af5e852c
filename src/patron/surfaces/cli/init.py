"""`patron init`: look at raw files, show what each column seems to mean, ask, and write patron.toml."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from patron.errors import UsageError
from patron.settings import FILE_NAME
from patron.sources.propose import Proposal, ProposedSource
from patron.surfaces.cli.progress import called_as
from patron.surfaces.notebook import proposed, written

SURE, FAIRLY_SURE = 0.85, 0.7


def init_workspace(
    files: list[Path],
    workspace: Path,
    profile: str,
    currency: str | None,
    date_format: str | None,
    *,
    yes: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Propose, ask (unless told yes), and write."""
    proposal = proposed(files, workspace, profile=profile, currency=currency, date_format=date_format, force=force)
    if as_json:
        if not yes:
            raise UsageError("--json cannot ask.", to_do="Add --yes to take the proposed mapping.")
    else:
        _show(proposal)
        if not yes:
            _ask(workspace / FILE_NAME)
    target = written(proposal, workspace)
    if as_json:
        typer.echo(json.dumps(_plain(proposal, target), indent=2))
        return
    typer.echo(f"\nWrote {target}; change it by hand wherever the proposal is wrong.")
    typer.echo(f"Next  {called_as()} run" + ("" if workspace == Path() else f" -w {workspace}"))


def _show(proposal: Proposal) -> None:
    console = Console(stderr=True, highlight=False)
    for source in proposal.sources:
        _show_source(console, source)
    for file in proposal.unused:
        console.print(f"\n[bold]{escape(file.name)}[/] is left out: {escape(file.why)}")
    for note in proposal.notes:
        console.print(f"• {escape(note)}")
    console.print(f"Profile {proposal.profile}, currency {proposal.currency}")


def _show_source(console: Console, source: ProposedSource) -> None:
    names = ", ".join(path.name for path in source.files[:3]) + (" …" if len(source.files) > 3 else "")
    names += f", sheet '{source.source.sheet}'" if source.source.sheet else ""
    table = Table("Patron's column", "← in the file", "an example", "sure", box=None, pad_edge=False)
    for column in source.columns:
        table.add_row(column.name, escape(column.source_column), escape(column.example), _sure(column.confidence))
    console.print(f"\n[bold]{escape(names)}[/] → table [bold]{source.source.table}[/]")
    console.print(table)
    if source.unused_columns:
        console.print(f"  not used: {escape(', '.join(source.unused_columns))}")
    for note in source.notes:
        console.print(f"  • {escape(note)}")


def _sure(confidence: float) -> str:
    word = "sure" if confidence >= SURE else "likely" if confidence >= FAIRLY_SURE else "please check"
    return f"{word} ({confidence:.0%})"


def _ask(target: Path) -> None:
    try:
        agreed = typer.confirm(f"\nWrite this to {target}?", default=True, err=True)
    except typer.Abort as error:
        raise UsageError(
            "Nobody answered, so nothing was written.", to_do="Add --yes to take the proposed mapping."
        ) from error
    if not agreed:
        raise UsageError(
            "Nothing was written.",
            to_do="Take the mapping with --yes and correct patron.toml by hand, or rename columns.",
        )


def _plain(proposal: Proposal, target: Path) -> dict[str, Any]:
    return {
        "written": str(target),
        "profile": proposal.profile,
        "currency": proposal.currency,
        "sources": [
            {
                "name": source.name,
                "table": source.source.table,
                "files": [str(path) for path in source.files],
                "columns": [asdict(column) for column in source.columns],
                "example": source.example,
                "unused_columns": list(source.unused_columns),
                "notes": list(source.notes),
            }
            for source in proposal.sources
        ],
        "unused": [{"file": str(file.path), "sheet": file.sheet, "why": file.why} for file in proposal.unused],
        "notes": list(proposal.notes),
    }
