"""`patron overrides`: what people set by hand over what was published, and whether they were right."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from patron.governance.overrides.override import Override
    from patron.governance.state.opened import State
    from patron.reports.override_score import PersonScore

overrides_app = typer.Typer(
    help="What people set by hand over what was published: list it, see whether they were right.", no_args_is_help=True
)
Workspace = Annotated[
    Path, typer.Option("--workspace", "-w", help="The folder that holds patron.toml.", show_default="this folder")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@overrides_app.command("list")
def list_overrides(
    workspace: Workspace = Path(),
    status: Annotated[
        str, typer.Option(help="waiting, in force, expired, withdrawn, refused or replaced.", show_default=False)
    ] = "",
    limit: Annotated[int, typer.Option("-n", min=1, help="Overrides to show.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the overrides, the newest first: for whom, what, by whom, until when."""
    from patron.errors import UnknownName
    from patron.governance.overrides.asking import overrides
    from patron.governance.overrides.override import STATUSES
    from patron.surfaces.cli.listing import print_json, print_table

    chosen = next((one for one in STATUSES if one == status), None)
    if status and chosen is None:
        raise UnknownName("status", status, STATUSES)
    with closing(_state(workspace)) as state:
        found = list(islice(overrides(state, status=chosen), limit))
    if as_json:
        print_json([_plain(one) for one in found])
    elif not found:
        typer.echo(
            "Nothing is set by hand. POST /v1/customers/{id}/overrides sets a value: docs/people-in-the-loop.md."
        )
    else:
        headings = ("customer", "status", "by", "until", "set to", "published", "why")
        print_table(headings, map(_row, found), words=4, sentence=True)


@overrides_app.command("report")
def report(workspace: Workspace = Path(), as_json: AsJson = False) -> None:
    """Show whether people were right: their error beside the model's own, once the horizon has passed."""
    from patron.governance.overrides.asking import overrides
    from patron.reports.wording import count
    from patron.surfaces.cli.listing import print_json, print_table
    from patron.surfaces.override_scores import override_report

    with closing(_state(workspace)) as state:
        found = override_report(workspace, overrides(state))
    if as_json:
        print_json(found.to_dict())
        return
    if not found.people:
        typer.echo("Nobody has set a value by hand yet.")
    else:
        headings = ("by", "right", "wrong", "even", "not yet", "no outcome", "own error", "model's error")
        print_table(headings, map(_score_row, found.people))
    typer.echo(f"\n{count(found.tiers, 'tier')} set by hand, which nothing is held to; {found.withdrawn} withdrawn.")


def _row(one: Override) -> tuple[str, ...]:
    from patron.governance.state.opened import now_in_microseconds

    until = f"{datetime.fromtimestamp(one.until // 1_000_000, UTC):%Y-%m-%d %H:%M}"
    status = one.status_at(now_in_microseconds())
    return one.customer_id, status, one.made_by, until, one.value, one.published, one.because


def _score_row(one: PersonScore) -> tuple[str, ...]:
    errors = ("–" if error is None else f"{error:,.2f}" for error in (one.own_error, one.model_error))
    return (one.by, *(f"{n:,}" for n in (one.right, one.wrong, one.even, one.not_yet, one.no_outcome)), *errors)


def _plain(one: Override) -> dict[str, object]:
    from dataclasses import asdict

    from patron.governance.state.opened import now_in_microseconds

    row = asdict(one)
    for name in ("made_at", "until", "judged_at", "ended_at"):
        row[name] = None if row[name] is None else datetime.fromtimestamp(row[name] / 1e6, UTC).isoformat()
    return row | {"status": one.status_at(now_in_microseconds())}


def _state(workspace: Path) -> State:
    from patron.credentials import read_credentials
    from patron.governance.state.of_workspace import state_of_workspace
    from patron.pipeline.workspace import Workspace as Held

    held = Held.at(workspace)
    return state_of_workspace(held.folder, held.settings.server.state, read_credentials(held.folder))
