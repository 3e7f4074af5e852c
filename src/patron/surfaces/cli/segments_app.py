"""The commands about customers and their segments, beside those of ``main``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from patron.errors import UsageError

segments_app = typer.Typer()

Workspace = Annotated[
    Path, typer.Option("--workspace", "-w", help="The folder that holds patron.toml.", show_default="this folder")
]
InRelease = Annotated[str, typer.Option("--release", help="A release.", show_default="the current one")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
CsvFile = Annotated[
    Path | None,
    typer.Option("--csv", help="Write the whole list there, safe to open in a spreadsheet.", show_default=False),
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="Customers to show.")]


@segments_app.command()
def customer(
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="The customer's id.", show_default=False)],
    workspace: Workspace = Path(),
    release: InRelease = "",
    as_json: AsJson = False,
) -> None:
    """Show one customer: value and why, segments and why, where heading, behaviour, what would lift it, what changed."""
    from patron.surfaces.cli.customer import show_customer

    show_customer(workspace, customer_id, release or None, as_json=as_json)


@segments_app.command()
def segments(
    name: Annotated[
        str, typer.Argument(help="A segment, to list its members; without it, the segments.", show_default=False)
    ] = "",
    workspace: Workspace = Path(),
    by: Annotated[
        str | None,
        typer.Option(
            help="The view: tier, rfm_segment, lifecycle, cluster, seasonal_type, place or rule.", show_default="tier"
        ),
    ] = None,
    limit: Limit = 20,
    check: Annotated[
        bool, typer.Option("--check", help="Count the rules of patron.toml on the release instead, without a run.")
    ] = False,
    release: InRelease = "",
    csv: CsvFile = None,
    as_json: AsJson = False,
) -> None:
    """Show the segments of a view with their customers and money, or the members of one, or try your own rules."""
    if check and (name or by or csv):
        raise UsageError("--check counts the rules of patron.toml.", to_do="Leave out the name, --by and --csv.")
    if check:
        from patron.surfaces.cli.segment_rules import show_rule_check

        show_rule_check(workspace, release or None, as_json=as_json)
        return
    from patron.surfaces.cli.segments import Asked, show_segments

    show_segments(workspace, Asked(name or None, by, limit, release or None), csv, as_json=as_json)


@segments_app.command()
def moves(
    workspace: Workspace = Path(),
    view: Annotated[
        str | None, typer.Option(help="tier, rfm_segment, lifecycle or cluster.", show_default="all")
    ] = None,
    limit: Limit = 10,
    release: InRelease = "",
    csv: CsvFile = None,
    as_json: AsJson = False,
) -> None:
    """Show who belongs to another segment than in the release before, with money and reasons."""
    from patron.surfaces.cli.moves import show_moves

    show_moves(workspace, view, limit, release or None, csv, as_json=as_json)


@segments_app.command()
def alerts(
    workspace: Workspace = Path(),
    level: Annotated[str | None, typer.Option(help="'act now' or 'watch'.", show_default="both")] = None,
    rising: Annotated[bool, typer.Option("--rising", help="Those who may grow most, instead.")] = False,
    at_risk: Annotated[
        bool, typer.Option("--at-risk", help="Those with most to save, whatever their alert, instead.")
    ] = False,
    limit: Limit = 20,
    release: InRelease = "",
    csv: CsvFile = None,
    as_json: AsJson = False,
) -> None:
    """List whom to act on, with why, what is at stake, and how often such alerts were right."""
    from patron.surfaces.cli.alerts import show_alerts

    show_alerts(workspace, level, limit, release or None, csv, rising=rising, at_risk=at_risk, as_json=as_json)


@segments_app.command()
def bridge(
    earlier: Annotated[str, typer.Argument(help="A release; without it, the one before.", show_default=False)] = "",
    later: Annotated[
        str, typer.Argument(help="A later release; without it, the current one.", show_default=False)
    ] = "",
    workspace: Workspace = Path(),
    by: Annotated[
        str | None, typer.Option(help="tier, rfm_segment, lifecycle, cluster or branch.", show_default="the portfolio")
    ] = None,
    customer: Annotated[str, typer.Option(help="One customer's id instead.", show_default="everybody")] = "",
    as_json: AsJson = False,
) -> None:
    """Show why the value changed between two releases: purchases, silence, refunds, corrections, the model …"""
    from patron.surfaces.cli.bridge import show_bridge

    show_bridge(workspace, (earlier or None, later or None), by, customer or None, as_json=as_json)
