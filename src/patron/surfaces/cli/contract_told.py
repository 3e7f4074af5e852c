"""What `patron contract` prints: the files written, or whether a file keeps the contract."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import typer

from patron.pipeline.inquiries.contract import check_file, export_contract

_BROKEN = 3


def export_and_tell(workspace: Path, form: str, folder: Path, *, as_json: bool) -> None:
    """Write the contract and name the files."""
    files = export_contract(workspace, form, folder)
    if as_json:
        typer.echo(json.dumps([str(file) for file in files], indent=2))
        return
    typer.echo(f"{len(files)} file{'s' * (len(files) != 1)} written to {folder}:")
    for file in files[:10]:
        typer.echo(f"  {file.relative_to(folder)}")
    if len(files) > 10:
        typer.echo(f"  … {len(files) - 10} more")


def check_and_tell(workspace: Path, file: Path, source: str | None, *, as_json: bool) -> None:
    """Say whether a file keeps the contract; one that does not ends with the exit code of data at fault."""
    verdict = check_file(workspace, file, source)
    if as_json:
        typer.echo(json.dumps(asdict(verdict), indent=2, ensure_ascii=False))
    else:
        sign = "✓" if verdict.kept else "✗"
        typer.echo(f"{sign} {file} {'keeps' if verdict.kept else 'breaks'} the contract of source {verdict.source}.")
        typer.echo(f"  {verdict.words}")
        for warning in verdict.warnings:
            typer.echo(f"! {warning}")
    if not verdict.kept:
        raise typer.Exit(_BROKEN)
