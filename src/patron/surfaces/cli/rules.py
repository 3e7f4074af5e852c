"""`patron rules`: rules of your own, versioned, and in force once somebody has approved them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

rules_app = typer.Typer(
    help="Rules of your own: what is in force, whom a change would meet, approving it.", no_args_is_help=True
)

Workspace = Annotated[
    Path, typer.Option("--workspace", "-w", help="The folder that holds patron.toml.", show_default="this folder")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@rules_app.command("list")
def list_(workspace: Workspace = Path(), as_json: AsJson = False) -> None:
    """List the rules in force and every approved version."""
    from patron.surfaces.cli.rules_told import list_rules

    list_rules(workspace, as_json=as_json)


@rules_app.command()
def preview(workspace: Workspace = Path(), as_json: AsJson = False) -> None:
    """Show the rows that each new or changed rule of patron.toml would meet; nothing is changed."""
    from patron.surfaces.cli.rules_told import show_preview

    show_preview(workspace, as_json=as_json)


@rules_app.command()
def approve(
    by: Annotated[str, typer.Option("--by", help="Who approves.")],
    note: Annotated[str, typer.Option("--note", help="Why.")] = "",
    workspace: Workspace = Path(),
    as_json: AsJson = False,
) -> None:
    """Put the rules of patron.toml in force from the next run on."""
    from patron.surfaces.cli.rules_told import approve as approve_and_tell

    approve_and_tell(workspace, by, note, as_json=as_json)
