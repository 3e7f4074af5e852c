"""`patron contract`: the data contract for others: exported to their tools, or held against a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

contract_app = typer.Typer(
    help="The data contract: export it to other tools, or test a file against it.", no_args_is_help=True
)

Workspace = Annotated[
    Path, typer.Option("--workspace", "-w", help="The folder that holds patron.toml.", show_default="this folder")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@contract_app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="The folder to write to.")],
    to: Annotated[str, typer.Option("--to", help="soda, great_expectations, dbt or json.")],
    workspace: Workspace = Path(),
    as_json: AsJson = False,
) -> None:
    """Write the checks on silver and gold tables as another tool's own."""
    from patron.surfaces.cli.contract_told import export_and_tell

    export_and_tell(workspace, to, folder, as_json=as_json)


@contract_app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The file to test.")],
    source: Annotated[
        str, typer.Option("--source", help="The source it is meant for.", show_default="the only one of its table")
    ] = "",
    workspace: Workspace = Path(),
    as_json: AsJson = False,
) -> None:
    """Test a file as a run would, without a run: nothing of the workspace is changed."""
    from patron.surfaces.cli.contract_told import check_and_tell

    check_and_tell(workspace, file, source or None, as_json=as_json)
